/* Kernels of the caller's hold the digits. */
#include <math.h>

#include "platform/scratch.h"
#include "user_kernels.h"

enum { N = USER_N, M = 400 };

/* Evaluates, with gradients where the kernel has them, and holds both against the sums over all. */
static void check_digits(dagpole_context *context, const user_kernel *k,
                         const dagpole_plan_options *options, const double *sources,
                         const double *targets) {
    int64_t n_targets = targets ? M : N;
    double *charges = make_charges(N, 3), *potentials = make_results(n_targets),
           *gradients = make_results(3 * n_targets);
    int has_gradients = options->user_kernel->gradients != NULL;
    for (int i = 0; i < N; i++)
        charges[i] *= (i % 3 ? 1 : -1) / user_size(k);
    dagpole_plan *plan = open_plan(context, *options, N, sources, targets ? n_targets : 0, targets);
    must(dagpole_plan_evaluate(plan, charges, potentials, has_gradients ? gradients : NULL));
    user_sums sums = user_direct(k, N, sources, charges, n_targets, targets ? targets : sources);
    double promise = pow(10, -options->digits);
    ck_assert_double_le(promised_error(n_targets, potentials, sums.potential, sums.random),
                        promise);
    if (has_gradients)
        ck_assert_double_le(
            promised_error(3 * n_targets, gradients, sums.gradient, sums.random_gradient),
            10 * promise);
    dagpole_plan_destroy(plan);
    user_sums_free(&sums);
    free(charges);
    free(potentials);
    free(gradients);
}

/* Where the sources are the targets, and where they are not; on a sphere and in clusters. */
static void check_both(dagpole_context *context, const user_kernel *k,
                       const dagpole_plan_options *options) {
    double *sphere = cloud_make(CLOUD_SPHERE, N, 5), *clusters = cloud_make(CLOUD_CLUSTER, N, 6),
           *targets = cloud_make(CLOUD_CUBE, M, 7);
    check_digits(context, k, options, sphere, NULL);
    check_digits(context, k, options, clusters, targets);
    free(sphere);
    free(clusters);
    free(targets);
}

START_TEST(a_medium_holds_the_digits) {
    static const int digits[] = {3, 6, 8};
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    described.version = "medium-2-1-1";
    dagpole_context *context = open_with_cache();
    dagpole_plan_options options = user_options(&described, digits[_i], 10 * digits[_i]);
    check_both(context, &k, &options);
    dagpole_context_destroy(context);
}
END_TEST

/* What else a plan can be asked for. */
static void check_queries(dagpole_plan *plan) {
    scratch file = scratch_make("inside.h5");
    double *charges = make_charges(N, 2), *potentials = make_results(N);
    dagpole_arithmetic arithmetic = {.size = sizeof arithmetic};
    dagpole_forecast forecast = {.size = sizeof forecast};
    int n_workers = 64;
    must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    must(dagpole_plan_write_inside(plan, file.path));
    must(dagpole_plan_check(plan, 0));
    must(dagpole_plan_foresee(plan, NULL, 1, &n_workers, &forecast));
    ck_assert_double_gt(forecast.speed_up, 1);
    expect_failure(dagpole_plan_arithmetic(plan, 0, &arithmetic), DAGPOLE_UNSUPPORTED,
                   "kernel is the caller's");
    free(charges);
    free(potentials);
    scratch_remove(&file);
}

START_TEST(a_plan_says_what_the_medium_needed) {
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    dagpole_plan *plan = open_plan(context, user_options(&described, 3, 20), N, points, 0, NULL);
    dagpole_report report = report_of(plan);
    ck_assert_int_eq(report.kernel, DAGPOLE_USER);
    ck_assert_int_gt(report.p, 4); /* which Laplace's kernel takes */
    ck_assert_int_gt(report.depth, 2);
    ck_assert_int_eq(report.operators_cached, 0);
    check_queries(plan);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

/* A degree that is not -1, whose units differ from level to level. */
START_TEST(degrees_are_those_of_levels) {
    user_kernel k = user_of(CURVATURE, 0);
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_any();
    for (int is_homogeneous = 0; is_homogeneous < 2; is_homogeneous++) {
        described.is_homogeneous = is_homogeneous;
        described.degree = -3;
        dagpole_plan_options options = user_options(&described, 3, 40);
        check_both(context, &k, &options);
    }
    dagpole_context_destroy(context);
}
END_TEST

/* Operators for each level, of a field that coarse levels carry next to nothing of. */
START_TEST(kernels_with_a_length_hold_the_digits) {
    static const double lengths[] = {1, 30};
    dagpole_context *context = open_any();
    for (int i = 0; i < 2; i++) {
        user_kernel k = user_of(SCREENED, lengths[i]);
        dagpole_user_kernel described = user_describe(&k);
        dagpole_plan_options options = user_options(&described, 3, 50);
        check_both(context, &k, &options);
    }
    dagpole_context_destroy(context);
}
END_TEST

/* The same points in another unit: to the last bit the same numbers, times a power of two. */
START_TEST(the_unit_of_length_does_not_matter) {
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_SPHERE, N, 5), *charges = make_charges(N, 2);
    double *near = make_results(N), *far = make_results(N);
    for (int is_far = 0; is_far < 2; is_far++) {
        for (int i = 0; is_far && i < 3 * N; i++)
            points[i] = ldexp(points[i], 40);
        dagpole_plan *plan =
            open_plan(context, user_options(&described, 3, 40), N, points, 0, NULL);
        must(dagpole_plan_evaluate(plan, charges, is_far ? far : near, NULL));
        dagpole_plan_destroy(plan);
    }
    for (int i = 0; i < N; i++)
        far[i] = ldexp(far[i], 40);
    ck_assert_mem_eq(far, near, N * sizeof *far);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(near);
    free(far);
}
END_TEST

/* A vector's results are those it has at another place, and far from its units. */
START_TEST(vectors_do_not_meet) {
    enum { V = 3 };
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_plan_options options = user_options(&described, 3, 40);
    options.n_vectors = V;
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CLUSTER, N, 5), *charges = make_charges(V * N, 2);
    double *results = make_results(V * N), *slopes = make_results(3 * V * N);
    for (int i = 0; i < N; i++) {
        charges[N + i] *= 1e9;
        charges[2 * N + i] = charges[i];
    }
    dagpole_plan *plan = open_plan(context, options, N, points, 0, NULL);
    must(dagpole_plan_evaluate(plan, charges, results, slopes));
    ck_assert_mem_eq(results, results + 2 * N, N * sizeof *results);
    ck_assert_mem_eq(slopes, slopes + 6 * N, 3 * N * sizeof *slopes);
    user_sums sums = user_direct(&k, N, points, charges + N, N, points);
    ck_assert_double_le(promised_error(N, results + N, sums.potential, sums.random), 1e-3);
    user_sums_free(&sums);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(results);
    free(slopes);
}
END_TEST

/* dagpole_direct_apply is a reference as for any kernel. */
START_TEST(direct_sums_are_those_of_the_callbacks) {
    enum { FEW = 200 };
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_plan_options options = user_options(&described, 3, 0);
    double *points = cloud_make(CLOUD_CUBE, FEW, 5), *charges = make_charges(FEW, 2);
    double results[FEW], slopes[3 * FEW], squares[FEW], slope_squares[FEW], random = 0, steep = 0;
    dagpole_values values;
    dagpole_values_init(&values);
    values.charges = charges;
    values.potentials = results;
    values.gradients = slopes;
    must(dagpole_direct_apply(NULL, &options, FEW, points, 0, NULL, 0, &values));
    user_sums sums = user_direct(&k, FEW, points, charges, FEW, points);
    ck_assert_double_le(promised_error(FEW, results, sums.potential, 0), 1e-15);
    ck_assert_double_le(promised_error(3 * FEW, slopes, sums.gradient, 0), 1e-15);
    values.potentials = squares;
    values.gradients = slope_squares;
    must(dagpole_direct_apply(NULL, &options, FEW, points, 0, NULL, 1, &values));
    for (int i = 0; i < FEW; i++) {
        random += squares[i] * squares[i];
        steep += slope_squares[i] * slope_squares[i];
    }
    ck_assert_double_eq_tol(sqrt(random), sums.random, 1e-14 * sums.random);
    ck_assert_double_eq_tol(sqrt(steep), sums.random_gradient, 1e-14 * sums.random_gradient);
    k.nan_within = 0.1;
    expect_failure(dagpole_direct_apply(NULL, &options, FEW, points, 0, NULL, 0, &values),
                   DAGPOLE_NUMERIC, "user_kernel gave nan");
    k.nan_within = 0;
    described.gradients = NULL;
    expect_failure(dagpole_direct_apply(NULL, &options, FEW, points, 0, NULL, 0, &values),
                   DAGPOLE_UNSUPPORTED, "no callback for gradients");
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_USER, 0, FEW, points, charges, 0, NULL, results, NULL),
        DAGPOLE_BAD_ARGUMENT, "user_kernel is NULL");
    user_sums_free(&sums);
    free(points);
    free(charges);
}
END_TEST

/* Of few points every pair is summed directly, and so are near sums. */
START_TEST(near_pairs_are_exact) {
    enum { FEW = 300 };
    user_kernel k = user_of(GAUSSIAN, 2); /* that no expansion could carry */
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CUBE, FEW, 5), *charges = make_charges(FEW, 2);
    double potentials[FEW], near[FEW], sums_near[FEW];
    int64_t all[FEW];
    dagpole_plan *plan =
        open_plan(context, user_options(&described, 12, FEW), FEW, points, 0, NULL);
    must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    user_sums sums = user_direct(&k, FEW, points, charges, FEW, points);
    ck_assert_double_le(promised_error(FEW, potentials, sums.potential, 0), 1e-14);
    for (int i = 0; i < FEW; i++)
        all[i] = i;
    must(dagpole_plan_near_field(plan, charges, FEW, all, near, NULL));
    must(dagpole_plan_near_sums(plan, charges, FEW, all, sums_near, NULL));
    ck_assert_double_le(promised_error(FEW, near, sums.potential, 0), 1e-14);
    ck_assert_mem_eq(sums_near, potentials, sizeof potentials);
    user_sums_free(&sums);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
}
END_TEST

/* Whatever unit the caller computes in. */
START_TEST(values_may_be_of_any_size) {
    static const int exponents[] = {-300, 300};
    dagpole_context *context = open_with_cache();
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    for (int i = 0; i < 2; i++) {
        user_kernel k = user_medium();
        k.size = ldexp(1, exponents[i]);
        dagpole_user_kernel described = user_describe(&k);
        dagpole_plan_options options = user_options(&described, 6, 60);
        check_digits(context, &k, &options, points, NULL);
    }
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

/* A point does nothing to itself, however small the cloud. */
START_TEST(the_smallest_clouds) {
    enum { FEW = 50 };
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CUBE, FEW, 5), *charges = make_charges(FEW, 2);
    double potentials[2][FEW];
    for (int i = 0; i < 2; i++) {
        dagpole_plan *plan =
            open_plan(context, user_options(&described, 6, FEW), FEW, points, 0, NULL);
        must(dagpole_plan_evaluate(plan, charges, potentials[i], NULL));
        dagpole_plan_destroy(plan);
        for (int d = 0; d < 3 * FEW; d++)
            points[d] = ldexp(points[d], -300);
    }
    for (int i = 0; i < FEW; i++)
        ck_assert_double_eq_tol(ldexp(potentials[1][i], -300), potentials[0][i],
                                1e-6 * fabs(potentials[0][i]));
    dagpole_context_destroy(context);
    free(points);
    free(charges);
}
END_TEST

/* Gravity softened by a small share of half a leaf's side holds 6 digits, by a hundredth with
 * another cut of the pseudo-inverse. */
START_TEST(softened_gravity_holds_while_leaves_are_large) {
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    user_kernel k = user_of(SOFTENED, 0);
    dagpole_user_kernel described = user_describe(&k);
    dagpole_plan_options options = user_options(&described, 6, 60);
    dagpole_plan *plan = open_plan(context, options, N, points, 0, NULL);
    dagpole_report report = report_of(plan);
    double half = ldexp(report.root_side, -report.depth - 1), cutoff = report.svd_cutoff;
    dagpole_plan_destroy(plan);
    k.e = 0.003 * half;
    check_digits(context, &k, &options, points, NULL);
    k.e = 0.01 * half;
    check_digits(context, &k, &options, points, NULL);
    plan = open_plan(context, options, N, points, 0, NULL);
    ck_assert_double_gt(report_of(plan).svd_cutoff, 2 * cutoff);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    expect_refusal(user_of(SOFTENED, 0.1 * half), 6, "digits in potentials, of 6");
}
END_TEST

/* ---- the cache ------------------------------------------------------------------------------- */

static int is_cached(dagpole_context *context, const dagpole_user_kernel *described,
                     const double *points) {
    dagpole_plan *plan = open_plan(context, user_options(described, 3, 60), N, points, 0, NULL);
    int cached = report_of(plan).operators_cached;
    dagpole_plan_destroy(plan);
    return cached;
}

START_TEST(versions_name_operators) {
    scratch directory = scratch_make("none");
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context =
        open_context((dagpole_context_options){.serial = 1, .cache_dir = directory.directory});
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    ck_assert(!is_cached(context, &described, points));
    ck_assert(!is_cached(context, &described, points));
    described.version = "medium-1";
    ck_assert(!is_cached(context, &described, points));
    ck_assert(is_cached(context, &described, points));
    described.version = "medium-2";
    ck_assert(!is_cached(context, &described, points));
    described.is_homogeneous = 0;
    ck_assert(!is_cached(context, &described, points));
    ck_assert(is_cached(context, &described, points));
    dagpole_plan_options options = user_options(&described, 3, 60);
    expect_failure(dagpole_precompute(context, &options, 1, 3), DAGPOLE_UNSUPPORTED,
                   "kept by the first plan");
    dagpole_context_destroy(context);
    free(points);
    scratch_remove(&directory);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

START_TEST(failing_allocations_leave_nothing) {
    user_kernel k = user_of(SCREENED, 1);
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    dagpole_plan_options options = user_options(&described, 3, 400);
    dagpole_plan *plan;
    int64_t live = dp_memory_live();
    for (int64_t i = 1;; i += 1 + i / 16) {
        dp_memory_fail_at(i, 0);
        dagpole_status status = dagpole_plan_create(context, &options, N, points, 0, NULL, &plan);
        dp_memory_fail_at(0, 0);
        if (status == DAGPOLE_OK)
            break;
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("user");
    TCase *tcase = tcase_create("user");
    tcase_set_timeout(tcase, 200);
    tcase_add_loop_test(tcase, a_medium_holds_the_digits, 0, SUITE_IS_SANITIZED ? 1 : 3);
    const TTest *const tests[] = {a_plan_says_what_the_medium_needed,
                                  degrees_are_those_of_levels,
                                  the_unit_of_length_does_not_matter,
                                  vectors_do_not_meet,
                                  direct_sums_are_those_of_the_callbacks,
                                  near_pairs_are_exact,
                                  values_may_be_of_any_size,
                                  the_smallest_clouds,
                                  versions_name_operators,
                                  failing_allocations_leave_nothing};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    if (!SUITE_IS_SANITIZED) { /* numbers alone, and many */
        tcase_add_test(tcase, kernels_with_a_length_hold_the_digits);
        tcase_add_test(tcase, softened_gravity_holds_while_leaves_are_large);
    }
    return suite_run(suite, tcase);
}
