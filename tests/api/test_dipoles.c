/* Dipoles, alone and beside charges, and second derivatives: evaluations against direct sums, and
 * both against what is known. */
#include <math.h>

#include "scene.h"

enum { N = 1500, M = 400 };

static const cloud clouds[] = {CLOUD_CUBE, CLOUD_SPHERE, CLOUD_LOG_RADIAL, CLOUD_PLUMMER};

static scene *open_layer(cloud kind, int sources, int digits, int has_targets) {
    dagpole_plan_options options = quick_options(0);
    options.sources = sources;
    options.digits = digits;
    options.n_crit = 12 * digits;
    return open_scene(&options, kind, N, has_targets ? M : 0, 1. / 12);
}

/* _i: digits, of all precisions of sums. Of many digits, whose leaves are large, every other case.
 */
START_TEST(digits_hold) {
    const int step = _i > 8 ? 2 : 1, begin = step == 2 ? _i % 2 : 0;
    for (int k = begin; k < 4; k += step) {
        scene *s = open_layer(clouds[(_i + k) % 4], k < 2 ? DAGPOLE_DIPOLES : 1 + 2 * (k == 2), _i,
                              (_i + k) % 3 == 0);
        s->options.n_vectors = k == 1 ? SCENE_VECTORS : 1;
        s->options.hessians = k != 0;
        apply(s);
        check_digits(s);
        close_scene(s);
    }
}
END_TEST

/* Dipoles have no charge: what is left of them at a distance of R is an R-th of what charges
 * would leave. The nearest targets are in a cube that touches the sources' in a corner. */
START_TEST(digits_hold_far_away) {
    static const struct {
        cloud kind;
        double distance;
    } far[] = {{CLOUD_CUBE, 1}, {CLOUD_CUBE, 30}, {CLOUD_CUBE, 1e9}, {CLOUD_LOG_RADIAL, 3}};
    for (int k = 0; k < 4; k++) {
        scene *s = open_layer(far[k].kind, DAGPOLE_DIPOLES, _i, 1);
        s->options.n_crit = 60;
        for (int i = 0; i < 3 * M; i++)
            s->targets[i] += far[k].distance;
        apply(s);
        check_digits(s);
        close_scene(s);
    }
}
END_TEST

/* A screened potential has dipoles and no second derivatives. Each level has operators of its own:
 * the cloud of 20 levels at 4 digits, where they are small. */
START_TEST(digits_hold_for_yukawa) {
    scene *s = open_layer(clouds[(_i + 2) % 4], _i % 2 ? DAGPOLE_DIPOLES : 3, _i, _i % 3 == 0);
    s->options.kernel = DAGPOLE_YUKAWA;
    s->options.lambda = 2;
    apply(s);
    check_digits(s);
    s->options.hessians = 1;
    dagpole_plan *plan;
    expect_failure(dagpole_plan_create(s->context, &s->options, N, s->sources, 0, NULL, &plan),
                   DAGPOLE_UNSUPPORTED, "the kernel is yukawa");
    close_scene(s);
}
END_TEST

/* Two charges that come nearer and nearer. */
START_TEST(a_dipole_is_a_close_pair) {
    const double pair = 1e-4, dipole[3] = {0.3, -0.2, 0.5}, target[3] = {0.6, 0.9, -0.4};
    double points[6], charges[2] = {1 / pair, -1 / pair}, of_pair[4], of_dipole[4];
    for (int d = 0; d < 3; d++) {
        points[d] = pair * dipole[d] / 2;
        points[3 + d] = -points[d];
    }
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 2, points, charges, 1, target, of_pair,
                        of_pair + 1));
    dagpole_plan_options options = quick_options(0);
    options.sources = DAGPOLE_DIPOLES;
    dagpole_values values;
    dagpole_values_init(&values);
    values.dipoles = dipole;
    values.potentials = of_dipole;
    values.gradients = of_dipole + 1;
    must(dagpole_direct_apply(NULL, &options, 1, (double[3]){0}, 1, target, 0, &values));
    for (int k = 0; k < 4; k++)
        ck_assert_double_eq_tol(of_dipole[k], of_pair[k], 1e-8);
}
END_TEST

/* Gauss: a closed double layer of density 1 gives -1 within and 0 outside, for the potential
 * n . grad_y G integrated over it. */
START_TEST(a_double_layer_jumps) {
    enum { POINTS = 6000 };
    const double area = 4 * acos(-1) / POINTS, targets[6] = {0.2, 0.1, -0.3, 2, 1, 1};
    double *points = malloc(3 * POINTS * sizeof *points),
           *dipoles = malloc(3 * POINTS * sizeof *dipoles), potentials[2];
    for (int i = 0; i < POINTS; i++) { /* Fibonacci's */
        double z = 1 - (2 * i + 1.0) / POINTS, turn = i * acos(-1) * (3 - sqrt(5));
        points[3 * i] = sqrt(1 - z * z) * cos(turn);
        points[3 * i + 1] = sqrt(1 - z * z) * sin(turn);
        points[3 * i + 2] = z;
        for (int d = 0; d < 3; d++)
            dipoles[3 * i + d] = area * points[3 * i + d];
    }
    dagpole_context *context = open_any();
    dagpole_plan_options options = quick_options(0);
    options.sources = DAGPOLE_DIPOLES;
    options.digits = 6;
    dagpole_plan *plan = open_plan(context, options, POINTS, points, 2, targets);
    dagpole_values values;
    dagpole_values_init(&values);
    values.dipoles = dipoles;
    values.potentials = potentials;
    must(dagpole_plan_apply(plan, &values));
    ck_assert_double_eq_tol(potentials[0], -1, 1e-5);
    ck_assert_double_eq_tol(potentials[1], 0, 1e-5);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(dipoles);
}
END_TEST

/* Charges by either call give the same bits; a plan with second derivatives sums in another way. */
START_TEST(charges_go_through_both_calls) {
    scene *s = open_layer(CLOUD_CUBE, DAGPOLE_CHARGES, 5, _i);
    double *potentials = make_results(s->n_targets), *gradients = make_results(3 * s->n_targets);
    size_t bytes = (size_t)s->n_targets * sizeof(double);
    dagpole_values values = values_of(s);
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_evaluate(plan, s->charges, potentials, gradients));
    must(dagpole_plan_apply(plan, &values));
    ck_assert_mem_eq(s->potentials, potentials, bytes);
    ck_assert_mem_eq(s->gradients, gradients, 3 * bytes);
    dagpole_plan_destroy(plan);
    s->options.hessians = 1;
    plan = plan_of(s);
    must(dagpole_plan_evaluate(plan, s->charges, s->potentials, NULL));
    ck_assert_double_le(relative_error(s->n_targets, s->potentials, potentials), 1e-5);
    dagpole_plan_destroy(plan);
    free(potentials);
    free(gradients);
    close_scene(s);
}
END_TEST

/* What is wanted does not move what else is wanted by more than roundings, and arrays that are not
 * wanted may be left out. */
START_TEST(any_result_may_be_left_out) {
    scene *s = open_layer(CLOUD_SPHERE, 3, 6, 1);
    double *gradients = make_results(3 * M), *hessians = make_results(6 * M);
    s->options.hessians = 1;
    dagpole_values values = values_of(s);
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_apply(plan, &values));
    values.potentials = NULL;
    values.gradients = gradients;
    values.hessians = NULL;
    must(dagpole_plan_apply(plan, &values));
    ck_assert_double_le(relative_error(3 * M, gradients, s->gradients), 1e-5);
    values.gradients = NULL;
    values.hessians = hessians;
    must(dagpole_plan_apply(plan, &values));
    ck_assert_mem_eq(hessians, s->hessians, 6 * M * sizeof *hessians);
    values.hessians = NULL;
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_BAD_ARGUMENT, "400 targets");
    dagpole_plan_destroy(plan);
    free(gradients);
    free(hessians);
    close_scene(s);
}
END_TEST

/* Each vector has its bits, whatever is beside it; strides move values alone. */
START_TEST(vectors_do_not_know_of_others) {
    enum { V = SCENE_VECTORS, STRIDE = V + 1 };
    scene *s = open_layer(CLOUD_CUBE, 3, 4, 1), *t = open_layer(CLOUD_CUBE, 3, 4, 1);
    s->options.hessians = t->options.hessians = 1;
    s->options.n_vectors = V;
    s->options.block_boxes = t->options.block_boxes = 50;
    apply(s);
    for (int v = 0; v < V; v++) {
        memcpy(t->charges, s->charges + v * N, N * sizeof *t->charges);
        memcpy(t->dipoles, s->dipoles + 3 * v * N, 3 * N * sizeof *t->dipoles);
        apply(t);
        ck_assert_mem_eq(t->potentials, s->potentials + v * M, M * sizeof *t->potentials);
        ck_assert_mem_eq(t->gradients, s->gradients + 3 * v * M, 3 * M * sizeof *t->gradients);
        ck_assert_mem_eq(t->hessians, s->hessians + 6 * v * M, 6 * M * sizeof *t->hessians);
    }
    double *charges = make_results(STRIDE * N), *dipoles = make_results(3 * STRIDE * N),
           *hessians = make_results(6 * STRIDE * N), *gradients = make_results(3 * STRIDE * N);
    for (int v = 0; v < V; v++)
        for (int i = 0; i < N; i++) {
            charges[v + STRIDE * i] = s->charges[v * N + i];
            memcpy(dipoles + 3 * (v + STRIDE * i), s->dipoles + 3 * (v * N + i),
                   3 * sizeof *dipoles);
        }
    double *direct = make_results(9 * V * M);
    dagpole_values plain = values_of(s);
    plain.potentials = NULL;
    plain.gradients = direct;
    plain.hessians = direct + 3 * V * M;
    apply_direct(s, 0, plain);
    s->options.vector_stride = 1;
    s->options.point_stride = STRIDE;
    for (int is_direct = 0; is_direct < 2; is_direct++) {
        dagpole_values values = values_of(s);
        dagpole_plan *plan = plan_of(s);
        values.charges = charges;
        values.dipoles = dipoles;
        values.potentials = NULL;
        values.gradients = gradients;
        values.hessians = hessians;
        if (is_direct)
            apply_direct(s, 0, values);
        else
            must(dagpole_plan_apply(plan, &values));
        const double *first = is_direct ? direct : s->gradients,
                     *second = is_direct ? direct + 3 * V * M : s->hessians;
        for (int v = 0; v < V; v++)
            for (int i = 0; i < M; i++) {
                ck_assert_mem_eq(gradients + 3 * (v + STRIDE * i), first + 3 * (v * M + i),
                                 3 * sizeof *first);
                ck_assert_mem_eq(hessians + 6 * (v + STRIDE * i), second + 6 * (v * M + i),
                                 6 * sizeof *second);
            }
        ck_assert(isnan(hessians[6 * V]) && isnan(gradients[3 * V]));
        dagpole_plan_destroy(plan);
    }
    free(charges);
    free(dipoles);
    free(gradients);
    free(hessians);
    free(direct);
    close_scene(s);
    close_scene(t);
}
END_TEST

/* Charges, dipoles and coordinates of any size: units are powers of two. */
START_TEST(magnitudes_do_not_matter) {
    static const int exponents[][2] = {{600, 0}, {-900, 0}, {0, 200}, {0, -200}, {-300, 250}};
    scene *s = open_layer(CLOUD_CUBE, 3, 5, 0), *t = open_layer(CLOUD_CUBE, 3, 5, 0);
    s->options.hessians = t->options.hessians = 1;
    apply(s);
    for (int k = 0; k < 5; k++) {
        const int charge = exponents[k][0], length = exponents[k][1];
        for (int i = 0; i < N; i++)
            t->charges[i] = ldexp(s->charges[i], charge);
        for (int i = 0; i < 3 * N; i++) {
            t->dipoles[i] = ldexp(s->dipoles[i], charge + length);
            t->sources[i] = ldexp(s->sources[i], length);
        }
        apply(t);
        for (int i = 0; i < N; i++) {
            ck_assert(t->potentials[i] == ldexp(s->potentials[i], charge - length));
            for (int d = 3 * i; d < 3 * i + 3; d++)
                ck_assert(t->gradients[d] == ldexp(s->gradients[d], charge - 2 * length));
            for (int d = 6 * i; d < 6 * i + 6; d++)
                ck_assert(t->hessians[d] == ldexp(s->hessians[d], charge - 3 * length));
        }
    }
    close_scene(s);
    close_scene(t);
}
END_TEST

/* Results that no double holds are 0 or told of, however far beyond they are. */
START_TEST(magnitudes_beyond_all_doubles) {
    scene *s = open_layer(CLOUD_CUBE, DAGPOLE_DIPOLES, 5, 0);
    double *sources = s->sources;
    s->sources = malloc(3 * N * sizeof *sources);
    s->options.hessians = 1;
    for (int i = 0; i < 3 * N; i++) {
        s->sources[i] = ldexp(sources[i], 990);
        s->dipoles[i] *= 1e-11;
    }
    apply(s);
    for (int i = 0; i < N; i++)
        ck_assert(s->potentials[i] == 0 && s->gradients[3 * i] == 0 && s->hessians[6 * i] == 0);
    for (int i = 0; i < 3 * N; i++) {
        s->sources[i] = ldexp(sources[i], -700);
        s->dipoles[i] *= 1e300;
    }
    dagpole_values values = values_of(s);
    dagpole_plan *plan = plan_of(s);
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_NUMERIC, "overflows");
    dagpole_plan_destroy(plan);
    free(sources);
    close_scene(s);
}
END_TEST

/* Points in one place are one source, and each of the caller's targets there has the result. */
START_TEST(copies_add_up) {
    scene *s = open_layer(CLOUD_CUBE, 3, 5, 0);
    memcpy(s->sources, s->sources + 3 * 700, 3 * 300 * sizeof *s->sources);
    s->options.hessians = 1;
    apply(s);
    check_digits(s);
    ck_assert_mem_eq(s->hessians, s->hessians + 6 * 700, 6 * 300 * sizeof *s->hessians);
    close_scene(s);
}
END_TEST

START_TEST(second_derivatives_have_no_trace) {
    scene *s = open_layer(CLOUD_CUBE, DAGPOLE_CHARGES, 6, 0);
    s->options.hessians = 1;
    apply(s);
    double trace = 0;
    for (int i = 0; i < N; i++) {
        const double *h = s->hessians + 6 * i;
        trace += (h[0] + h[3] + h[5]) * (h[0] + h[3] + h[5]);
    }
    ck_assert_double_le(sqrt(trace), 1e-4 * norm_of(6 * N, s->hessians));
    close_scene(s);
}
END_TEST

static void expect_options(scene *s, dagpole_status expected, const char *text) {
    dagpole_plan *plan;
    expect_failure(dagpole_plan_create(s->context, &s->options, N, s->sources, 0, NULL, &plan),
                   expected, text);
}

START_TEST(bad_input) {
    scene *s = open_layer(CLOUD_CUBE, 4, 3, 0);
    expect_options(s, DAGPOLE_BAD_ARGUMENT, "sources is 4");
    s->options.sources = -1;
    expect_options(s, DAGPOLE_BAD_ARGUMENT, "sources is -1");
    s->options.sources = 3;
    s->options.hessians = 2;
    expect_options(s, DAGPOLE_BAD_ARGUMENT, "hessians is 2");
    s->options.hessians = 0;
    dagpole_plan *plan = plan_of(s);
    dagpole_values good = values_of(s), bad = good;
    must(dagpole_plan_apply(plan, &good));
    bad.dipoles = NULL;
    expect_failure(dagpole_plan_apply(plan, &bad), DAGPOLE_BAD_ARGUMENT, "dipoles is NULL");
    bad = good;
    bad.charges = NULL;
    expect_failure(dagpole_plan_apply(plan, &bad), DAGPOLE_BAD_ARGUMENT, "charges is NULL");
    bad = good;
    bad.hessians = s->hessians;
    expect_failure(dagpole_plan_apply(plan, &bad), DAGPOLE_BAD_ARGUMENT, "options.hessians is 0");
    bad.size = 0;
    expect_failure(dagpole_plan_apply(plan, &bad), DAGPOLE_BAD_ARGUMENT, "dagpole_values_init");
    expect_failure(dagpole_plan_apply(plan, NULL), DAGPOLE_BAD_ARGUMENT, "values is NULL");
    expect_failure(dagpole_plan_apply(NULL, &good), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_evaluate(plan, s->charges, s->potentials, NULL),
                   DAGPOLE_UNSUPPORTED, "dagpole_plan_apply");
    expect_failure(dagpole_plan_near_sums(plan, s->charges, 0, NULL, NULL, NULL),
                   DAGPOLE_UNSUPPORTED, "dipoles");
    expect_failure(dagpole_plan_near_field(plan, s->charges, 0, NULL, NULL, NULL),
                   DAGPOLE_UNSUPPORTED, "dipoles");
    expect_failure(dagpole_direct_apply(NULL, &s->options, N, s->sources, 0, NULL, 2, &good),
                   DAGPOLE_BAD_ARGUMENT, "is_rms is 2");
    static float floats[3 * N];
    expect_failure(dagpole_plan_evaluate_float(plan, floats, floats, NULL), DAGPOLE_UNSUPPORTED,
                   "dagpole_plan_apply");
    s->dipoles[3 * 77 + 2] = INFINITY;
    expect_failure(dagpole_plan_apply(plan, &good), DAGPOLE_NUMERIC, "dipoles[233] is inf");
    expect_failure(dagpole_direct_apply(NULL, &s->options, N, s->sources, 0, NULL, 0, &good),
                   DAGPOLE_NUMERIC, "dipoles[233] is inf");
    dagpole_plan_destroy(plan);
    s->options.sources = DAGPOLE_CHARGES;
    plan = plan_of(s);
    expect_failure(dagpole_plan_apply(plan, &good), DAGPOLE_BAD_ARGUMENT, "dipoles is not NULL");
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dipoles");
    TCase *tcase = tcase_create("dipoles");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, digits_hold, 3, SUITE_IS_SANITIZED ? 5 : 11);
    if (!SUITE_IS_SANITIZED)
        tcase_add_loop_test(tcase, digits_hold, 12, 13);
    tcase_add_loop_test(tcase, digits_hold_far_away, 3, SUITE_IS_SANITIZED ? 4 : 11);
    tcase_add_loop_test(tcase, digits_hold_for_yukawa, 3, SUITE_IS_SANITIZED ? 4 : 8);
    tcase_add_test(tcase, a_dipole_is_a_close_pair);
    tcase_add_test(tcase, a_double_layer_jumps);
    tcase_add_loop_test(tcase, charges_go_through_both_calls, 0, 2);
    tcase_add_test(tcase, any_result_may_be_left_out);
    tcase_add_test(tcase, vectors_do_not_know_of_others);
    tcase_add_test(tcase, magnitudes_do_not_matter);
    tcase_add_test(tcase, magnitudes_beyond_all_doubles);
    tcase_add_test(tcase, copies_add_up);
    tcase_add_test(tcase, second_derivatives_have_no_trace);
    tcase_add_test(tcase, bad_input);
    return suite_run(suite, tcase);
}
