/* Plans and direct sums, in serial contexts. */
#include "isa.h"
#include "plans.h"

/* Potentials and gradients of a plan against direct sums of the same call. */
static void check_sums(dagpole_context *context, dagpole_plan_options options, int64_t n_sources,
                       const double *sources, int64_t n_targets, const double *targets) {
    int64_t n = targets ? n_targets : n_sources;
    double *charges = make_charges(n_sources, 3), *is = make_results(4 * n);
    double *expected = make_results(4 * n);
    dagpole_plan *plan = open_plan(context, options, n_sources, sources, n_targets, targets);
    must(dagpole_plan_evaluate(plan, charges, is, is + n));
    must(dagpole_direct(NULL, options.kernel, options.lambda, n_sources, sources, charges,
                        n_targets, targets, expected, expected + n));
    ck_assert_double_lt(relative_error(n, is, expected), 1e-3);
    ck_assert_double_lt(relative_error(3 * n, is + n, expected + n), 1e-2);
    dagpole_plan_destroy(plan);
    free(charges);
    free(is);
    free(expected);
}

START_TEST(plans_match_direct_sums) {
    const int step = SUITE_IS_THREAD_SANITIZED ? 4 : 1; /* one thread */
    dagpole_context *context = open_any();
    for (int kind = 0; kind < N_CLOUDS; kind += step)
        for (int yukawa = 0; yukawa < 2; yukawa++) {
            double *points = cloud_make((cloud)kind, 1000, 5);
            check_sums(context, quick_options(yukawa), 1000, points, 0, NULL);
            check_sums(context, quick_options(yukawa), 700, points, 300, points + 2100);
            free(points);
        }
    dagpole_context_destroy(context);
}
END_TEST

/* The direct sum itself, by the formulas. */
START_TEST(direct_sums_match_the_formulas) {
    enum { N = 70 };
    double *points = cloud_make(CLOUD_CUBE, N, 5), *charges = make_charges(N, 3), lambda = 1.5;
    for (int yukawa = 0; yukawa < 2; yukawa++) {
        double potentials[N], gradients[3 * N];
        must(dagpole_direct(NULL, (dagpole_kernel)yukawa, lambda, N, points, charges, 0, NULL,
                            potentials, gradients));
        for (int j = 0; j < N; j++) {
            double sum = 0, slope[3] = {0};
            for (int i = 0; i < N; i++) {
                double dx[3], r = 0, l = yukawa ? lambda : 0;
                for (int d = 0; d < 3; d++) {
                    dx[d] = points[3 * j + d] - points[3 * i + d];
                    r += dx[d] * dx[d];
                }
                if (i == j)
                    continue;
                r = sqrt(r);
                double g = charges[i] * exp(-l * r) / (4 * M_PI * r);
                sum += g;
                for (int d = 0; d < 3; d++)
                    slope[d] -= g * (l + 1 / r) * dx[d] / r;
            }
            ck_assert_double_eq_tol(potentials[j], sum, 1e-13 * sum);
            for (int d = 0; d < 3; d++)
                ck_assert_double_eq_tol(gradients[3 * j + d], slope[d], 1e-11 * sum);
        }
    }
    free(points);
    free(charges);
}
END_TEST

START_TEST(direct_sums_do_without_points) {
    double point[3] = {1, 2, 3}, charge = 2, potential = 7, gradient[3] = {7, 7, 7};
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 0, NULL, NULL, 0, NULL, NULL, NULL));
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 1, point, &charge, 0, point, NULL, NULL));
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 0, NULL, NULL, 1, point, &potential, gradient));
    ck_assert_double_eq(potential, 0);
    ck_assert_double_eq(gradient[2], 0);
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 1, point, &charge, 0, NULL, &potential, NULL));
    ck_assert_double_eq(potential, 0);
}
END_TEST

START_TEST(direct_sums_are_the_same_with_a_context) {
    enum { N = 300 };
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_SPHERE, N, 5), *charges = make_charges(N, 3);
    double alone[4 * N], with[4 * N];
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, N, points, charges, 0, NULL, alone, alone + N));
    must(dagpole_direct(context, DAGPOLE_LAPLACE, 0, N, points, charges, 0, NULL, with, with + N));
    ck_assert_mem_eq(alone, with, sizeof alone);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
}
END_TEST

START_TEST(few_points_and_none) {
    dagpole_context *context = open_any();
    double points[] = {1, 2, 3, 1, 2, 5}, charges[] = {2, 3}, potentials[] = {7, 7};
    double gradients[6];
    dagpole_plan *plan = open_plan(context, quick_options(0), 0, NULL, 0, NULL);
    must(dagpole_plan_evaluate(plan, NULL, NULL, NULL));
    must(dagpole_plan_check(plan, 1));
    must(dagpole_plan_near_field(plan, NULL, 0, NULL, NULL, NULL));
    must(dagpole_plan_order(plan, NULL, NULL));
    ck_assert_int_eq(report_of(plan).n_boxes, 1);
    ck_assert_int_eq(report_of(plan).n_tasks, 0);
    dagpole_plan_destroy(plan);

    plan = open_plan(context, quick_options(0), 1, points, 0, NULL);
    must(dagpole_plan_evaluate(plan, charges, potentials, gradients));
    ck_assert_double_eq(potentials[0], 0);
    ck_assert_double_eq(gradients[2], 0);
    dagpole_plan_destroy(plan);

    dagpole_plan_options exact = quick_options(0);
    exact.digits = 12;
    plan = open_plan(context, exact, 2, points, 0, NULL);
    must(dagpole_plan_evaluate(plan, charges, potentials, gradients));
    ck_assert_double_eq_tol(potentials[0], 3 / (8 * M_PI), 1e-15);
    ck_assert_double_eq_tol(potentials[1], 2 / (8 * M_PI), 1e-15);
    ck_assert_double_eq_tol(gradients[2], 3 / (16 * M_PI), 1e-15); /* towards the charge */
    ck_assert_double_eq_tol(gradients[5], -2 / (16 * M_PI), 1e-15);
    dagpole_plan_destroy(plan);

    plan = open_plan(context, quick_options(0), 2, points, 0, points); /* no targets */
    must(dagpole_plan_evaluate(plan, charges, NULL, NULL));
    dagpole_plan_destroy(plan);

    plan = open_plan(context, quick_options(0), 0, NULL, 2, points); /* no sources */
    must(dagpole_plan_evaluate(plan, NULL, potentials, gradients));
    ck_assert_double_eq(potentials[1], 0);
    ck_assert_double_eq(gradients[5], 0);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* NULL, the same pointer, n_targets 0 or n_sources: all the same; a copy is as good, by accuracy.
 */
START_TEST(sources_as_targets) {
    enum { N = 600 };
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CLUMP, N, 5), *copy = cloud_make(CLOUD_CLUMP, N, 5);
    double *charges = make_charges(N, 3), results[4][N];
    const double *targets[] = {NULL, NULL, points, copy};
    for (int i = 0; i < 4; i++) {
        dagpole_plan *plan =
            open_plan(context, quick_options(0), N, points, i == 0 ? 0 : N, targets[i]);
        must(dagpole_plan_evaluate(plan, charges, results[i], NULL));
        ck_assert_int_eq(report_of(plan).n_targets, N);
        ck_assert_int_eq(report_of(plan).n_unique_targets, report_of(plan).n_unique_sources);
        ck_assert_int_lt(report_of(plan).n_unique_sources, N);
        dagpole_plan_destroy(plan);
    }
    ck_assert_mem_eq(results[0], results[1], sizeof results[0]);
    ck_assert_mem_eq(results[0], results[2], sizeof results[0]);
    ck_assert_double_lt(relative_error(N, results[3], results[0]), 1e-3);
    dagpole_context_destroy(context);
    free(points);
    free(copy);
    free(charges);
}
END_TEST

/* With and without gradients in turn, charges that change: each evaluation is on its own. */
START_TEST(evaluations_are_repeatable) {
    enum { N = 800 };
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_PLUMMER, N, 5), *charges = make_charges(N, 3);
    double *others = make_charges(N, 4), first[4 * N], again[4 * N], without[N], copy[N];
    dagpole_plan *plan = open_plan(context, quick_options(0), N, points, 0, NULL);
    memcpy(copy, charges, sizeof copy);
    memset(points, 0, sizeof(double) * 3 * N); /* points were copied */
    must(dagpole_plan_evaluate(plan, charges, without, NULL));
    must(dagpole_plan_evaluate(plan, charges, first, first + N));
    must(dagpole_plan_evaluate(plan, others, again, NULL));
    ck_assert_mem_ne(first, again, sizeof without);
    must(dagpole_plan_evaluate(plan, charges, again, again + N));
    ck_assert_mem_eq(first, again, sizeof first);
    ck_assert_double_lt(relative_error(N, without, first), 1e-14);
    ck_assert_mem_eq(copy, charges, sizeof copy);
    ck_assert_int_eq(report_of(plan).n_evaluations, 4);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(others);
}
END_TEST

/* A unit of length that is a power of two changes nothing but the scale. */
START_TEST(units_do_not_matter) {
    enum { N = 500 };
    static const int exponents[] = {-400, -3, 10, 400};
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CUBE, N, 5), *moved = cloud_make(CLOUD_CUBE, N, 5);
    double *charges = make_charges(N, 3), first[4 * N], again[4 * N];
    for (int yukawa = 0; yukawa < 2; yukawa++) {
        dagpole_plan *plan = open_plan(context, quick_options(yukawa), N, points, 0, NULL);
        must(dagpole_plan_evaluate(plan, charges, first, first + N));
        dagpole_plan_destroy(plan);
        for (int k = 0; k < 4; k++) {
            double unit = ldexp(1, exponents[k]);
            for (int i = 0; i < 3 * N; i++)
                moved[i] = unit * points[i];
            plan = open_plan(context, quick_options(yukawa / unit), N, moved, 0, NULL);
            must(dagpole_plan_evaluate(plan, charges, again, again + N));
            for (int i = 0; i < 4 * N; i++)
                EXPECT(again[i] * unit * (i < N ? 1 : unit) == first[i]);
            dagpole_plan_destroy(plan);
        }
    }
    dagpole_context_destroy(context);
    free(points);
    free(moved);
    free(charges);
}
END_TEST

/* So strong a screening that no far field is left, and one that is left on fine levels only. */
START_TEST(strong_screening_gives_no_nan) {
    enum { N = 1000 };
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    for (double lambda = 3; lambda < 1e6; lambda *= 4) {
        double *charges = make_charges(N, 3), is[N], expected[N];
        dagpole_plan *plan = open_plan(context, quick_options(lambda), N, points, 0, NULL);
        must(dagpole_plan_evaluate(plan, charges, is, NULL));
        must(dagpole_direct(NULL, DAGPOLE_YUKAWA, lambda, N, points, charges, 0, NULL, expected,
                            NULL));
        ck_assert_msg(relative_error(N, is, expected) < 1e-3, "lambda %g: error %g", lambda,
                      relative_error(N, is, expected));
        dagpole_plan_destroy(plan);
        free(charges);
    }
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

/* The k-th allocation of set-up and evaluation. */
START_TEST(failing_allocations_leave_nothing) {
    enum { N = 150 };
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CUBE, N, 5), *charges = make_charges(N, 3), results[N];
    dagpole_plan_options options = quick_options(0);
    options.p = 3;
    options.tolerance = 1e-1;
    int64_t live = dp_memory_live(), n = 1;
    for (int64_t k = 1; k <= n; k += SUITE_IS_THREAD_SANITIZED ? 7 : 1) {
        dagpole_plan *plan;
        dp_memory_fail_at(k > 1 ? k : 0, 0);
        dagpole_status status = dagpole_plan_create(context, &options, N, points, 0, NULL, &plan);
        if (status == DAGPOLE_OK)
            status = dagpole_plan_evaluate(plan, charges, results, NULL);
        if (k == 1) { /* nothing failed: this one counted */
            must(status);
            n = dp_memory_count();
        }
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(status, k > 1 ? DAGPOLE_NO_MEMORY : DAGPOLE_OK);
        dagpole_plan_destroy(plan);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    ck_assert_int_gt(n, 100);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
}
END_TEST

/* Sizes are known when the graph is built: neither operators nor bodies allocate. */
START_TEST(evaluations_allocate_nothing) {
    enum { N = 2000 };
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_LOG_RADIAL, N, 3), *charges = make_charges(N, 4);
    double *results = make_results(4 * N);
    dagpole_plan *plan = open_plan(context, quick_options(0), N, points, 0, NULL);
    for (int gradients = 0; gradients < 2; gradients++) {
        dp_memory_fail_at(0, 0); /* counts from here */
        must(dagpole_plan_evaluate(plan, charges, results, gradients ? results + N : NULL));
        ck_assert_int_eq(dp_memory_count(), 0);
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(results);
}
END_TEST

/* Two charges whose potential is beyond doubles. */
START_TEST(overflow_is_told) {
    dagpole_context *context = open_any();
    double points[6] = {0, 0, 0, 1e-3, 0, 0}, charges[2] = {1e308, 1e308}, potentials[2];
    dagpole_plan *plan = open_plan(context, quick_options(0), 2, points, 0, NULL);
    expect_failure(dagpole_plan_evaluate(plan, charges, potentials, NULL), DAGPOLE_NUMERIC,
                   "the result at targets[0] overflows");
    charges[0] = charges[1] = 1;
    must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

ISA_SUITE_MAIN("evaluate", 60, plans_match_direct_sums, direct_sums_match_the_formulas,
               direct_sums_do_without_points, direct_sums_are_the_same_with_a_context,
               few_points_and_none, evaluations_allocate_nothing, overflow_is_told,
               sources_as_targets, evaluations_are_repeatable, units_do_not_matter,
               strong_screening_gives_no_nan, failing_allocations_leave_nothing)
