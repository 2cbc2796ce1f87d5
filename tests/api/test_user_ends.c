/* Kernels of the caller's at their ends: dipoles as sources and second derivatives as results. */
#include <math.h>
#include <stddef.h>

#include "scene.h"
#include "user_kernels.h"

enum { N = 2000, M = 300 };

static const double four_pi = 12.566370614359172954;

/* The kernel of the scene. */
static user_kernel scene_kernel;
static dagpole_user_kernel scene_description;

static scene *open_ends(user_kernel k, cloud kind, int sources, int hessians, int digits,
                        int has_targets) {
    scene_kernel = k;
    scene_description = user_describe(&scene_kernel);
    scene_description.hessians = user_hessians;
    dagpole_plan_options options = user_options(&scene_description, digits, 12 * digits);
    options.sources = sources;
    options.hessians = hessians;
    return open_scene(&options, kind, N, has_targets ? M : 0, 1. / 12);
}

static void stretch(int64_t n, const double *a, double power, double *xyz) {
    for (int64_t i = 0; xyz && i < 3 * n; i++)
        xyz[i] *= pow(a[i % 3], power);
}

static void multiply(int64_t n, double factor, double *numbers) {
    for (int64_t i = 0; i < n; i++)
        numbers[i] *= factor;
}

/* The medium is Laplace's kernel, times 4 pi, at A^(-1/2) x, and so are its dipoles. */
static void sum_laplace(scene *s, dagpole_values values) {
    static const int axes[6][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};
    const int64_t n = s->n_targets;
    stretch(N, scene_kernel.a, 0.5, s->sources);
    stretch(M, scene_kernel.a, 0.5, s->targets);
    stretch(N, scene_kernel.a, 0.5, s->dipoles);
    s->options.kernel = DAGPOLE_LAPLACE;
    apply_direct(s, 0, values);
    s->options.kernel = DAGPOLE_USER;
    stretch(N, scene_kernel.a, -0.5, s->sources);
    stretch(M, scene_kernel.a, -0.5, s->targets);
    stretch(N, scene_kernel.a, -0.5, s->dipoles);
    multiply(n, four_pi, values.potentials);
    multiply(3 * n, four_pi, values.gradients);
    stretch(n, scene_kernel.a, 0.5, values.gradients);
    for (int64_t i = 0; values.hessians && i < 6 * n; i++)
        values.hessians[i] *=
            four_pi * sqrt(scene_kernel.a[axes[i % 6][0]] * scene_kernel.a[axes[i % 6][1]]);
}

static void check_medium(scene *s) {
    dagpole_values expected = values_beside(s), random = values_beside(s);
    sum_laplace(s, expected);
    apply_direct(s, 1, random);
    apply(s);
    check_against(s, &expected, &random);
    free_values(&expected);
    free_values(&random);
}

/* _i: a third of the digits. */
START_TEST(a_medium_holds_the_digits_of_dipoles) {
    static const cloud clouds[] = {CLOUD_SPHERE, CLOUD_CUBE};
    for (int has_targets = 0; has_targets < 2; has_targets++) {
        scene *s = open_ends(user_medium(), clouds[has_targets], has_targets ? DAGPOLE_DIPOLES : 3,
                             0, 3 * _i, has_targets);
        scene_description.version = "medium-2-1-1";
        check_medium(s);
        close_scene(s);
    }
}
END_TEST

START_TEST(a_medium_holds_the_digits_of_second_derivatives) {
    scene *s = open_ends(user_medium(), CLOUD_CUBE, DAGPOLE_CHARGES, 1, 3 * _i, _i % 2);
    scene_description.version = "medium-2-1-1";
    check_medium(s);
    close_scene(s);
}
END_TEST

/* Operators of each level by themselves. */
START_TEST(units_are_those_of_levels) {
    for (int hessians = 0; hessians < 2; hessians++) {
        scene *s = open_ends(user_medium(), CLOUD_SPHERE,
                             hessians ? DAGPOLE_CHARGES : DAGPOLE_DIPOLES, hessians, 3, hessians);
        scene_description.is_homogeneous = 0;
        stretch(N, (double[]){1e3, 1e3, 1e3}, 1, s->sources);
        stretch(M, (double[]){1e3, 1e3, 1e3}, 1, s->targets);
        check_medium(s);
        close_scene(s);
    }
}
END_TEST

/* A lattice of equal dipoles or charges, whose near parts cancel. */
START_TEST(lattices_hold_the_digits) {
    scene *s =
        open_ends(user_medium(), CLOUD_CUBE, _i ? DAGPOLE_CHARGES : DAGPOLE_DIPOLES, _i, 3, 0);
    for (int i = 0; i < N; i++) {
        for (int d = 0; d < 3; d++)
            s->sources[3 * i + d] = 0.5 + (d == 0 ? i % 12 : d == 1 ? i / 12 % 12 : i / 144);
        s->charges[i] = 1;
        memcpy(s->dipoles + 3 * i, (double[]){0, 0, 1}, 3 * sizeof *s->dipoles);
    }
    s->options.n_crit = 15;
    check_medium(s);
    close_scene(s);
}
END_TEST

/* Laplace's kernel by callbacks: direct sums of all kinds are the built-in kernel's. */
START_TEST(direct_sums_are_laplace_s) {
    user_kernel laplace = {.shape = MEDIUM, .a = {1, 1, 1}, .size = 1 / four_pi};
    for (int sources = 1; sources <= 3; sources++)
        for (int is_rms = 0; is_rms < 2; is_rms++) {
            scene *s = open_ends(laplace, CLOUD_CLUSTER, sources, sources == 1, 3, 1);
            dagpole_values own = values_of(s), built_in = values_beside(s);
            apply_direct(s, is_rms, own);
            s->options.kernel = DAGPOLE_LAPLACE;
            apply_direct(s, is_rms, built_in);
            const int gradient = is_rms ? 1 : 3, hessian = is_rms ? 1 : 6;
            ck_assert_double_le(relative_error(M, own.potentials, built_in.potentials), 1e-13);
            ck_assert_double_le(relative_error(gradient * M, own.gradients, built_in.gradients),
                                1e-13);
            if (own.hessians)
                ck_assert_double_le(relative_error(hessian * M, own.hessians, built_in.hessians),
                                    1e-13);
            free_values(&built_in);
            close_scene(s);
        }
}
END_TEST

/* And its plans keep to the built-in kernel's, several vectors at once. */
START_TEST(plans_are_laplace_s) {
    user_kernel laplace = {.shape = MEDIUM, .a = {1, 1, 1}, .size = 1 / four_pi};
    scene *s = open_ends(laplace, CLOUD_CUBE, 3, 0, 5, 0);
    s->n_sources = s->n_targets = N / 2;
    s->options.n_vectors = 2;
    apply(s);
    s->options.kernel = DAGPOLE_LAPLACE;
    dagpole_values built_in = values_beside(s);
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_apply(plan, &built_in));
    dagpole_plan_destroy(plan);
    for (int v = 0; v < 2; v++) {
        const int64_t n = s->n_targets, first = v * n;
        ck_assert_double_le(relative_error(n, s->potentials + first, built_in.potentials + first),
                            3e-5);
        ck_assert_double_le(
            relative_error(3 * n, s->gradients + 3 * first, built_in.gradients + 3 * first), 3e-4);
    }
    free_values(&built_in);
    close_scene(s);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------- */

START_TEST(missing_callbacks_are_named) {
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_plan_options options = user_options(&described, 3, 60);
    options.sources = DAGPOLE_DIPOLES;
    options.gradients = 1;
    expect_no_plan(options, DAGPOLE_UNSUPPORTED, "second derivatives (hessians is NULL)");
    options.gradients = 0;
    described.gradients = NULL;
    expect_no_plan(options, DAGPOLE_UNSUPPORTED, "no callback for gradients");
    described = user_describe(&k);
    options.sources = 0;
    options.hessians = 1;
    expect_no_plan(options, DAGPOLE_UNSUPPORTED, "second derivatives (hessians is NULL)");
    described.hessians = user_hessians;
    options.sources = 3;
    expect_no_plan(options, DAGPOLE_UNSUPPORTED, "second derivatives of dipoles");
    described.gradients = NULL;
    options.sources = 0;
    options.hessians = 0;
    expect_no_plan(options, DAGPOLE_BAD_ARGUMENT, "user_kernel.gradients is NULL");
}
END_TEST

START_TEST(gradients_of_dipoles_take_second_derivatives) {
    scene *s = open_ends(user_medium(), CLOUD_CUBE, DAGPOLE_DIPOLES, 0, 3, 0);
    scene_description.hessians = NULL;
    dagpole_values values = values_of(s);
    dagpole_plan *plan = plan_of(s);
    expect_failure(dagpole_plan_apply(plan, &values), DAGPOLE_UNSUPPORTED,
                   "gradients of dipoles are asked for");
    expect_failure(dagpole_direct_apply(NULL, &s->options, N, s->sources, 0, NULL, 0, &values),
                   DAGPOLE_UNSUPPORTED, "hessians is NULL");
    values.gradients = NULL;
    must(dagpole_plan_apply(plan, &values));
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

START_TEST(second_derivatives_are_those_of_gradients) {
    user_kernel k = user_medium();
    k.wrong_bend = 1;
    dagpole_user_kernel described = user_describe(&k);
    described.hessians = user_hessians;
    expect_refusal_of(&described, 3, 60, DAGPOLE_UNSUPPORTED,
                      "hessians does not hold second derivatives");
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "along y and z"));
}
END_TEST

/* What does not hold for dipoles may hold for charges. */
START_TEST(digits_are_those_of_what_is_carried) {
    scene *s = open_ends(user_medium(), CLOUD_CUBE, DAGPOLE_DIPOLES, 0, 3, 0);
    dagpole_plan *plan;
    s->options.p = 6;
    expect_failure(dagpole_plan_create(s->context, &s->options, N, s->sources, 0, NULL, &plan),
                   DAGPOLE_UNSUPPORTED, "of dipoles, of 3 that are asked for");
    s->options.sources = DAGPOLE_CHARGES;
    dagpole_plan_destroy(plan_of(s));
    close_scene(s);
}
END_TEST

/* A program of before second derivatives: its struct ends earlier. */
START_TEST(shorter_kernels_work) {
    static unsigned char place[sizeof(dagpole_user_kernel)];
    user_kernel k = user_medium();
    dagpole_user_kernel *old = (void *)place, described = user_describe(&k);
    size_t size = offsetof(dagpole_user_kernel, hessians);
    memset(place, 0xa5, sizeof place);
    dagpole_user_kernel_init_sized(old, size);
    memcpy(place + sizeof size, (unsigned char *)&described + sizeof size, size - sizeof size);
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    dagpole_plan_options options = user_options(old, 3, 60);
    dagpole_plan_destroy(open_plan(context, options, N, points, 0, NULL));
    options.hessians = 1;
    expect_no_plan(options, DAGPOLE_UNSUPPORTED, "hessians is NULL");
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("user_ends");
    TCase *tcase = tcase_create("user_ends");
    tcase_set_timeout(tcase, 200);
    /* Operators of many digits take seconds, where they are not in the cache. */
    tcase_add_loop_test(tcase, a_medium_holds_the_digits_of_dipoles, 1, SUITE_IS_SANITIZED ? 2 : 3);
    tcase_add_loop_test(tcase, a_medium_holds_the_digits_of_second_derivatives, 1,
                        SUITE_IS_SANITIZED ? 2 : 3);
    tcase_add_loop_test(tcase, lattices_hold_the_digits, 0, 2);
    const TTest *const tests[] = {units_are_those_of_levels,
                                  direct_sums_are_laplace_s,
                                  plans_are_laplace_s,
                                  missing_callbacks_are_named,
                                  gradients_of_dipoles_take_second_derivatives,
                                  second_derivatives_are_those_of_gradients,
                                  digits_are_those_of_what_is_carried,
                                  shorter_kernels_work};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    return suite_run(suite, tcase);
}
