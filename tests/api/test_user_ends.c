/* Kernels of the caller's at their ends: dipoles as sources and second derivatives as results. */
#include <math.h>
#include <stddef.h>

#include "user_kernels.h"

enum { N = 2000, M = 300 };

static const double four_pi = 12.566370614359172954;

/* Points, what they carry and what is wanted, with room for results. */
typedef struct scene {
    user_kernel k;
    dagpole_user_kernel described;
    dagpole_context *context;
    dagpole_plan_options options;
    int64_t n_targets;
    double *sources, *targets; /* targets NULL: the sources */
    double charges[N], dipoles[3 * N];
    double results[10 * N], expected[10 * N], squares[3 * N];
} scene;

/* Dipoles are as long as points are apart. */
static scene *open_scene(user_kernel k, cloud kind, int sources, int hessians, int digits,
                         int has_targets) {
    scene *s = calloc(1, sizeof *s);
    uint64_t seed = 11;
    s->k = k;
    s->described = user_describe(&s->k);
    s->described.hessians = user_hessians;
    s->context = open_with_cache();
    s->options = user_options(&s->described, digits, 12 * digits);
    s->options.sources = sources;
    s->options.hessians = hessians;
    s->n_targets = has_targets ? M : N;
    s->sources = cloud_make(kind, N, 5);
    s->targets = has_targets ? cloud_make(CLOUD_CUBE, M, 6) : NULL;
    for (int i = 0; i < N; i++)
        s->charges[i] = 2 * suite_uniform(&seed) - 1;
    for (int i = 0; i < 3 * N; i++)
        s->dipoles[i] = (2 * suite_uniform(&seed) - 1) / 12;
    return s;
}

static void close_scene(scene *s) {
    dagpole_context_destroy(s->context);
    free(s->sources);
    free(s->targets);
    free(s);
}

/* Potentials, gradients and second derivatives one behind the other. */
static dagpole_values values_of(scene *s, double *results) {
    dagpole_values values;
    dagpole_values_init(&values);
    values.charges = s->options.sources & DAGPOLE_CHARGES ? s->charges : NULL;
    values.dipoles = s->options.sources & DAGPOLE_DIPOLES ? s->dipoles : NULL;
    values.potentials = results;
    values.gradients = results + s->n_targets;
    values.hessians = s->options.hessians ? results + 4 * s->n_targets : NULL;
    return values;
}

static dagpole_plan *plan_of(const scene *s) {
    return open_plan(s->context, s->options, N, s->sources, s->targets ? M : 0, s->targets);
}

static void apply(scene *s) {
    dagpole_values values = values_of(s, s->results);
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_apply(plan, &values));
    dagpole_plan_destroy(plan);
}

static void stretch(int64_t n, const double *a, double power, double *xyz) {
    for (int64_t i = 0; xyz && i < 3 * n; i++)
        xyz[i] *= pow(a[i % 3], power);
}

/* The medium is Laplace's kernel, times 4 pi, at A^(-1/2) x, and so are its dipoles. */
static void sum_laplace(scene *s) {
    static const int axes[6][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};
    const int64_t n = s->n_targets;
    dagpole_plan_options options = s->options;
    options.kernel = DAGPOLE_LAPLACE;
    dagpole_values values = values_of(s, s->expected);
    double *gradients = values.gradients, *hessians = values.hessians;
    stretch(N, s->k.a, 0.5, s->sources);
    stretch(M, s->k.a, 0.5, s->targets);
    stretch(N, s->k.a, 0.5, s->dipoles);
    must(dagpole_direct_apply(NULL, &options, N, s->sources, s->targets ? M : 0, s->targets, 0,
                              &values));
    stretch(N, s->k.a, -0.5, s->sources);
    stretch(M, s->k.a, -0.5, s->targets);
    stretch(N, s->k.a, -0.5, s->dipoles);
    for (int64_t i = 0; i < (s->options.hessians ? 10 : 4) * n; i++)
        s->expected[i] *= four_pi;
    stretch(n, s->k.a, 0.5, gradients);
    for (int64_t i = 0; hessians && i < 6 * n; i++)
        hessians[i] *= sqrt(s->k.a[axes[i % 6][0]] * s->k.a[axes[i % 6][1]]);
}

/* Of random signs: where each result's begin. */
static void sum_squares(scene *s) {
    dagpole_values values = values_of(s, s->squares);
    if (values.hessians)
        values.hessians = s->squares + 2 * s->n_targets;
    must(dagpole_direct_apply(NULL, &s->options, N, s->sources, s->targets ? M : 0, s->targets, 1,
                              &values));
}

static double error_of(const scene *s, int order) {
    static const int first[] = {0, 1, 4}, width[] = {1, 3, 6};
    const int64_t n = s->n_targets;
    return promised_error(width[order] * n, s->results + first[order] * n,
                          s->expected + first[order] * n, norm_of(n, s->squares + order * n));
}

static void check_digits(scene *s) {
    sum_laplace(s);
    sum_squares(s);
    apply(s);
    for (int order = 0; order < (s->options.hessians ? 3 : 2); order++)
        ck_assert_double_le(error_of(s, order), pow(10, order - s->options.digits));
}

/* _i: a third of the digits. */
START_TEST(a_medium_holds_the_digits_of_dipoles) {
    static const cloud clouds[] = {CLOUD_SPHERE, CLOUD_CUBE};
    for (int has_targets = 0; has_targets < 2; has_targets++) {
        scene *s = open_scene(user_medium(), clouds[has_targets], has_targets ? DAGPOLE_DIPOLES : 3,
                              0, 3 * _i, has_targets);
        s->described.version = "medium-2-1-1";
        check_digits(s);
        close_scene(s);
    }
}
END_TEST

START_TEST(a_medium_holds_the_digits_of_second_derivatives) {
    scene *s = open_scene(user_medium(), CLOUD_CUBE, DAGPOLE_CHARGES, 1, 3 * _i, _i % 2);
    s->described.version = "medium-2-1-1";
    check_digits(s);
    close_scene(s);
}
END_TEST

/* Operators of each level by themselves. */
START_TEST(units_are_those_of_levels) {
    for (int hessians = 0; hessians < 2; hessians++) {
        scene *s = open_scene(user_medium(), CLOUD_SPHERE,
                              hessians ? DAGPOLE_CHARGES : DAGPOLE_DIPOLES, hessians, 3, hessians);
        s->described.is_homogeneous = 0;
        stretch(N, (double[]){1e3, 1e3, 1e3}, 1, s->sources);
        stretch(M, (double[]){1e3, 1e3, 1e3}, 1, s->targets);
        check_digits(s);
        close_scene(s);
    }
}
END_TEST

/* A lattice of equal dipoles or charges, whose near parts cancel. */
START_TEST(lattices_hold_the_digits) {
    scene *s =
        open_scene(user_medium(), CLOUD_CUBE, _i ? DAGPOLE_CHARGES : DAGPOLE_DIPOLES, _i, 3, 0);
    for (int i = 0; i < N; i++) {
        for (int d = 0; d < 3; d++)
            s->sources[3 * i + d] = 0.5 + (d == 0 ? i % 12 : d == 1 ? i / 12 % 12 : i / 144);
        s->charges[i] = 1;
        memcpy(s->dipoles + 3 * i, (double[]){0, 0, 1}, 3 * sizeof *s->dipoles);
    }
    s->options.n_crit = 15;
    check_digits(s);
    close_scene(s);
}
END_TEST

/* Laplace's kernel by callbacks: direct sums of all kinds are the built-in kernel's. */
START_TEST(direct_sums_are_laplace_s) {
    user_kernel laplace = {.shape = MEDIUM, .a = {1, 1, 1}, .size = 1 / four_pi};
    for (int sources = 1; sources <= 3; sources++)
        for (int is_rms = 0; is_rms < 2; is_rms++) {
            scene *s = open_scene(laplace, CLOUD_CLUSTER, sources, sources == 1, 3, 1);
            dagpole_plan_options built_in = s->options;
            built_in.kernel = DAGPOLE_LAPLACE;
            dagpole_values values = values_of(s, s->results);
            must(dagpole_direct_apply(NULL, &s->options, N, s->sources, M, s->targets, is_rms,
                                      &values));
            values = values_of(s, s->expected);
            must(dagpole_direct_apply(NULL, &built_in, N, s->sources, M, s->targets, is_rms,
                                      &values));
            int widths[] = {1, is_rms ? 1 : 3, is_rms ? 1 : 6};
            const int first[] = {0, M, 4 * M};
            for (int order = 0; order < (sources == 1 ? 3 : 2); order++)
                ck_assert_double_le(relative_error(widths[order] * M, s->results + first[order],
                                                   s->expected + first[order]),
                                    1e-13);
            close_scene(s);
        }
}
END_TEST

/* And its plans keep to the built-in kernel's, several vectors at once. */
START_TEST(plans_are_laplace_s) {
    enum { FEW = N / 2 };
    user_kernel laplace = {.shape = MEDIUM, .a = {1, 1, 1}, .size = 1 / four_pi};
    scene *s = open_scene(laplace, CLOUD_CUBE, 3, 0, 5, 0);
    s->options.n_vectors = 2;
    s->n_targets = N; /* 2 vectors of FEW */
    dagpole_plan_options built_in = s->options;
    built_in.kernel = DAGPOLE_LAPLACE;
    for (int is_built_in = 0; is_built_in < 2; is_built_in++) {
        dagpole_values values = values_of(s, is_built_in ? s->expected : s->results);
        dagpole_plan *plan =
            open_plan(s->context, is_built_in ? built_in : s->options, FEW, s->sources, 0, NULL);
        must(dagpole_plan_apply(plan, &values));
        dagpole_plan_destroy(plan);
    }
    for (int v = 0; v < 2; v++) {
        ck_assert_double_le(relative_error(FEW, s->results + v * FEW, s->expected + v * FEW), 3e-5);
        ck_assert_double_le(
            relative_error(3 * FEW, s->results + N + 3 * v * FEW, s->expected + N + 3 * v * FEW),
            3e-4);
    }
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
    scene *s = open_scene(user_medium(), CLOUD_CUBE, DAGPOLE_DIPOLES, 0, 3, 0);
    s->described.hessians = NULL;
    dagpole_values values = values_of(s, s->results);
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
    scene *s = open_scene(user_medium(), CLOUD_CUBE, DAGPOLE_DIPOLES, 0, 3, 0);
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
