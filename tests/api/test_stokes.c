/* Stokes flow: evaluations against direct sums, and bad input. */
#include <math.h>

#include "scene.h"

enum { N = 1200, M = 300 };

static const cloud clouds[] = {CLOUD_CUBE, CLOUD_SPHERE, CLOUD_LOG_RADIAL, CLOUD_PLUMMER};

static scene *open_flow(cloud kind, int sources, int digits, int has_targets) {
    dagpole_plan_options options = quick_options(0);
    options.kernel = DAGPOLE_STOKES;
    options.sources = sources;
    options.digits = digits;
    options.n_crit = 12 * digits;
    return open_scene(&options, kind, N, has_targets ? M : 0, 1. / 3);
}

/* _i: digits, of all precisions of sums. Of many digits, whose operators take seconds, forces alone
 * at an even number and stresslets at an odd one. */
START_TEST(digits_hold) {
    const int begin = _i > 8 && _i % 2 ? 2 : 0, end = _i > 8 && !begin ? 2 : 4;
    for (int k = begin; k < end; k++) {
        scene *s =
            open_flow(clouds[(_i + k) % 4], k < 2 ? DAGPOLE_CHARGES : k, _i, (_i + k) % 3 == 0);
        s->options.n_vectors = k == 1 ? 2 : 1;
        apply(s);
        check_digits(s);
        close_scene(s);
    }
}
END_TEST

/* Stresslets have no force: what is left of them at a distance of R is an R-th of what forces
 * would leave. The nearest targets are in a cube that touches the sources' in a corner. */
START_TEST(digits_hold_far_away) {
    static const double distances[] = {1, 30, 1e4};
    for (int k = 0; k < 3; k++) {
        scene *s = open_flow(CLOUD_CUBE, DAGPOLE_DIPOLES, _i, 1);
        s->options.n_crit = 60;
        for (int i = 0; i < 3 * M; i++)
            s->targets[i] += distances[k];
        apply(s);
        check_digits(s);
        close_scene(s);
    }
}
END_TEST

/* A body and a small one beside it, of equal traction: what comes from afar is nearly the same all
 * over the small one's boxes, whose moments it must not drown. */
START_TEST(velocities_hold_in_small_boxes) {
    scene *s = open_flow(CLOUD_SPHERE, DAGPOLE_CHARGES, _i, 0);
    const double size = 1e-4;
    s->options.n_crit = 40;
    for (int i = 0; i < N; i++)
        for (int d = 0; d < 3; d++) {
            int is_small = i % 2;
            double *x = &s->sources[3 * i + d], *f = &s->charges[3 * i + d];
            *x = is_small ? size * *x + (d == 0 ? 2 : 0) : *x;
            *f = (d == 2 ? 1 + 0.3 * *f : 0) * (is_small ? size * size : 1);
        }
    apply(s);
    double *direct = make_results(3 * N), error = 0, norm = 0;
    dagpole_values values = values_of(s);
    values.potentials = direct;
    values.gradients = values.pressures = NULL;
    apply_direct(s, 0, values);
    for (int i = 3; i < 3 * N; i += i % 3 == 2 ? 4 : 1) { /* the small body's */
        error += pow(s->potentials[i] - direct[i], 2);
        norm += pow(direct[i], 2);
    }
    ck_assert_double_le(sqrt(error / norm), pow(10, -_i));
    free(direct);
    close_scene(s);
}
END_TEST

START_TEST(bits_do_not_depend_on_workers) {
    scene *s = open_flow(CLOUD_PLUMMER, 3, 6, 0);
    double *velocities = make_results(3 * N), *gradients = make_results(9 * N);
    apply(s);
    memcpy(velocities, s->potentials, sizeof velocities[0] * 3 * N);
    memcpy(gradients, s->gradients, sizeof gradients[0] * 9 * N);
    dagpole_context_destroy(s->context);
    s->context = open_context((dagpole_context_options){
        .serial = suite_scheduler() != NULL, .threads = 2, .cache_dir = getenv("XDG_CACHE_HOME")});
    apply(s);
    ck_assert_mem_eq(velocities, s->potentials, sizeof velocities[0] * 3 * N);
    ck_assert_mem_eq(gradients, s->gradients, sizeof gradients[0] * 9 * N);
    free(velocities);
    free(gradients);
    close_scene(s);
}
END_TEST

/* More than go through a plan at once, in places that are not one behind the other: none depends on
 * what the others are. */
START_TEST(vectors_are_independent) {
    enum { VECTORS = 18, FEW = 200, ALL = 3 * VECTORS * FEW };
    scene *s = open_flow(CLOUD_CUBE, DAGPOLE_CHARGES, 4, 0);
    double *forces = calloc(ALL, sizeof *forces), *all = make_results(ALL),
           *others = make_results(ALL), *one = make_results(ALL);
    for (int i = 0; i < ALL; i++)
        forces[i] = s->charges[i % (3 * N)];
    s->options.n_crit = 30;
    s->options.n_vectors = VECTORS;
    s->options.vector_stride = 1;
    s->options.point_stride = VECTORS;
    dagpole_plan *plan = open_plan(s->context, s->options, FEW, s->sources, 0, NULL);
    must(dagpole_plan_evaluate(plan, forces, all, NULL));
    for (int i = 0; i < ALL; i++)
        forces[i] *= i / 3 % VECTORS % 5 ? 1e7 : 1;
    must(dagpole_plan_evaluate(plan, forces, others, NULL));
    dagpole_plan_destroy(plan);
    s->options.n_vectors = 1;
    plan = open_plan(s->context, s->options, FEW, s->sources, 0, NULL);
    for (int v = 0; v < VECTORS; v += 5) {
        must(dagpole_plan_evaluate(plan, forces + 3 * v, one, NULL));
        for (int i = 0; i < 3 * FEW; i++) {
            int at = 3 * (i / 3 * VECTORS) + i % 3;
            ck_assert_double_eq(others[at + 3 * v], all[at + 3 * v]);
            ck_assert_double_eq_tol(one[at], all[at + 3 * v], 1e-5 * fabs(one[at]) + 1e-5);
        }
    }
    dagpole_plan_destroy(plan);
    free(forces);
    free(all);
    free(others);
    free(one);
    close_scene(s);
}
END_TEST

/* Results that are asked for one by one, by floats, or with targets that are the sources' copies.
 */
START_TEST(any_results_may_be_asked_for) {
    scene *s = open_flow(CLOUD_PLUMMER, 3, 5, 0);
    double *velocities = make_results(3 * N), *pressures = make_results(N),
           *gradients = make_results(9 * N);
    apply(s);
    dagpole_plan *plan = plan_of(s);
    dagpole_values values = values_of(s);
    values.potentials = velocities;
    values.gradients = NULL;
    values.pressures = NULL;
    must(dagpole_plan_apply(plan, &values));
    values.potentials = NULL;
    values.pressures = pressures;
    must(dagpole_plan_apply(plan, &values));
    values.pressures = NULL;
    values.gradients = gradients;
    must(dagpole_plan_apply(plan, &values));
    dagpole_plan_destroy(plan);
    ck_assert_double_le(relative_error(3 * N, velocities, s->potentials), 1e-7);
    ck_assert_double_le(relative_error(N, pressures, s->pressures), 1e-6);
    ck_assert_mem_eq(gradients, s->gradients, sizeof s->gradients[0] * 9 * N);
    for (int i = 0; i < N; i++) { /* a flow has no divergence */
        const double *g = &gradients[9 * i];
        ck_assert_double_le(fabs(g[0] + g[4] + g[8]), 1e-4 * norm_of(9 * N, gradients) / sqrt(N));
    }
    free(velocities);
    free(pressures);
    free(gradients);
    close_scene(s);
}
END_TEST

/* Points of one place are one point with the sum of what they carry. */
START_TEST(points_may_coincide) {
    scene *s = open_flow(CLOUD_CLUMP, 3, 6, 0);
    apply(s);
    check_digits(s);
    close_scene(s);
}
END_TEST

START_TEST(floats_are_the_doubles_rounded) {
    enum { FEW = 400 };
    scene *s = open_flow(CLOUD_CUBE, DAGPOLE_CHARGES, 3, 0);
    float forces[3 * FEW], velocities[3 * FEW], gradients[9 * FEW];
    dagpole_plan *plan = open_plan(s->context, s->options, FEW, s->sources, 0, NULL);
    for (int i = 0; i < 3 * FEW; i++)
        s->charges[i] = forces[i] = (float)s->charges[i];
    must(dagpole_plan_evaluate_float(plan, forces, velocities, gradients));
    must(dagpole_plan_evaluate(plan, s->charges, s->potentials, s->gradients));
    for (int i = 0; i < 3 * FEW; i++)
        ck_assert_float_eq(velocities[i], (float)s->potentials[i]);
    for (int i = 0; i < 9 * FEW; i++)
        ck_assert_float_eq(gradients[i], (float)s->gradients[i]);
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

/* Lengths and forces of any unit: velocities are forces over lengths, stresslets' over their
 * squares. */
START_TEST(units_do_not_matter) {
    static const int lengths[] = {-200, 150}, strengths[] = {-300, 300};
    scene *s = open_flow(CLOUD_CUBE, _i ? DAGPOLE_DIPOLES : DAGPOLE_CHARGES, 4, 0);
    double *velocities = make_results(3 * N), *pressures = make_results(N);
    apply(s);
    memcpy(velocities, s->potentials, sizeof velocities[0] * 3 * N);
    memcpy(pressures, s->pressures, sizeof pressures[0] * N);
    for (int i = 0; i < 3 * N; i++)
        s->sources[i] = ldexp(s->sources[i], lengths[_i]);
    for (int i = 0; i < 3 * N; i++)
        s->charges[i] = ldexp(s->charges[i], strengths[_i]);
    for (int i = 0; i < 6 * N; i++)
        s->dipoles[i] = ldexp(s->dipoles[i], strengths[_i] / 2);
    apply(s);
    for (int i = 0; i < 3 * N; i++)
        ck_assert_double_eq(ldexp(s->potentials[i], (1 + _i) * lengths[_i] - strengths[_i]),
                            velocities[i]);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq(ldexp(s->pressures[i], (2 + _i) * lengths[_i] - strengths[_i]),
                            pressures[i]);
    free(velocities);
    free(pressures);
    close_scene(s);
}
END_TEST

/* However long the normals are, one by one: their products with the densities count. */
START_TEST(normals_may_be_of_any_length) {
    scene *s = open_flow(CLOUD_CUBE, DAGPOLE_DIPOLES, 4, 0);
    double *velocities = make_results(3 * N), *direct = make_results(3 * N);
    apply(s);
    memcpy(velocities, s->potentials, sizeof velocities[0] * 3 * N);
    for (int i = 0; i < 6 * N; i++)
        s->dipoles[i] = ldexp(s->dipoles[i], (i / 3 % 2 ? 1 : -1) * (i / 6 % 2 ? 900 : -700));
    apply(s);
    for (int i = 0; i < 3 * N; i++)
        ck_assert_double_eq(s->potentials[i], velocities[i]);
    dagpole_values values = values_of(s);
    values.potentials = direct;
    values.gradients = values.pressures = NULL;
    apply_direct(s, 0, values);
    ck_assert_double_le(relative_error(3 * N, direct, velocities), 1e-4);
    free(velocities);
    free(direct);
    close_scene(s);
}
END_TEST

/* A pressure whose gradient, which nobody asks for, is no double. */
START_TEST(what_is_not_wanted_may_overflow) {
    scene *s = open_flow(CLOUD_CUBE, DAGPOLE_CHARGES, 3, 0);
    for (int i = 0; i < 3 * N; i++)
        s->sources[i] *= 1e-103;
    apply(s);
    for (int i = 0; i < N; i++)
        ck_assert(isfinite(s->pressures[i]));
    for (int i = 0; i < 3 * N; i++)
        s->sources[i] *= 1e-60;
    dagpole_plan *plan = plan_of(s);
    dagpole_values values = values_of(s);
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_NUMERIC, "velocity's");
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

/* A velocity's gradient, and that it has no divergence, by differences of velocities. */
START_TEST(gradients_are_differences) {
    const double step = 1e-3;
    scene *s = open_flow(CLOUD_CUBE, 3, 9, 0);
    double targets[7 * 3], velocities[7 * 3], gradients[7 * 9], divergence = 0;
    for (int k = 0; k < 7; k++)
        for (int d = 0; d < 3; d++)
            targets[3 * k + d] = 1.3 + (k && (k - 1) / 2 == d ? (k % 2 ? step : -step) : 0);
    dagpole_plan *plan = open_plan(s->context, s->options, N, s->sources, 7, targets);
    dagpole_values values = values_of(s);
    values.potentials = velocities;
    values.gradients = gradients;
    values.pressures = NULL;
    must(dagpole_plan_apply(plan, &values));
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            double slope =
                (velocities[3 * (1 + 2 * k) + i] - velocities[3 * (2 + 2 * k) + i]) / (2 * step);
            ck_assert_double_eq_tol(gradients[3 * i + k], slope, 1e-5 * norm_of(9, gradients));
            divergence += i == k ? slope : 0;
        }
    ck_assert_double_le(fabs(divergence), 1e-5 * norm_of(9, gradients));
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

/* ---- bad input ---- */

START_TEST(bad_values_are_named) {
    scene *s = open_flow(CLOUD_CUBE, 3, 3, 0);
    dagpole_plan *plan = plan_of(s), *none;
    dagpole_values values = values_of(s);
    s->charges[3 * 17 + 2] = NAN;
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_NUMERIC, "charges[53] is nan");
    s->charges[3 * 17 + 2] = 0;
    s->dipoles[6 * 8 + 4] = INFINITY;
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_NUMERIC, "dipoles[52] is inf");
    s->dipoles[6 * 8 + 4] = 1;
    expect_failure(dagpole_plan_evaluate(plan, s->charges, s->potentials, NULL),
                   DAGPOLE_UNSUPPORTED, "dagpole_plan_apply");
    values.charges = NULL;
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_BAD_ARGUMENT, "charges is NULL");
    values.charges = s->charges;
    must(dagpole_plan_apply(plan, &values));
    values.hessians = s->gradients;
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_BAD_ARGUMENT, "hessians is not NULL");
    expect_failure(dagpole_plan_expansions(plan, 0, s->potentials, NULL, NULL), DAGPOLE_UNSUPPORTED,
                   "stokes");
    dagpole_plan_destroy(plan);
    s->options.hessians = 1;
    expect_failure(dagpole_plan_create(s->context, &s->options, N, s->sources, 0, NULL, &none),
                   DAGPOLE_UNSUPPORTED, "the kernel is stokes");
    close_scene(s);
}
END_TEST

START_TEST(pressures_are_of_stokes_alone) {
    scene *s = open_flow(CLOUD_CUBE, DAGPOLE_CHARGES, 3, 0);
    s->options.kernel = DAGPOLE_LAPLACE;
    dagpole_plan *plan = plan_of(s);
    dagpole_values values = values_of(s);
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_UNSUPPORTED,
                   "the kernel laplace has none");
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stokes");
    TCase *tcase = tcase_create("stokes");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, digits_hold, 3, SUITE_IS_SANITIZED ? 5 : 11);
    if (!SUITE_IS_SANITIZED)
        tcase_add_loop_test(tcase, digits_hold, 12, 13);
    tcase_add_loop_test(tcase, digits_hold_far_away, 3, SUITE_IS_SANITIZED ? 4 : 9);
    tcase_add_loop_test(tcase, velocities_hold_in_small_boxes, 3, SUITE_IS_SANITIZED ? 4 : 9);
    tcase_add_test(tcase, bits_do_not_depend_on_workers);
    tcase_add_test(tcase, normals_may_be_of_any_length);
    tcase_add_test(tcase, what_is_not_wanted_may_overflow);
    tcase_add_test(tcase, vectors_are_independent);
    tcase_add_test(tcase, any_results_may_be_asked_for);
    tcase_add_test(tcase, points_may_coincide);
    tcase_add_test(tcase, floats_are_the_doubles_rounded);
    tcase_add_loop_test(tcase, units_do_not_matter, 0, 2);
    tcase_add_test(tcase, gradients_are_differences);
    tcase_add_test(tcase, bad_values_are_named);
    tcase_add_test(tcase, pressures_are_of_stokes_alone);
    return suite_run(suite, tcase);
}
