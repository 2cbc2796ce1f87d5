/* Arrays of floats: what doubles give for the same values, rounded. */
#include "plans.h"

static float *narrowed(int64_t n, const double *values) {
    float *floats = malloc(sizeof *floats * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++)
        floats[i] = (float)values[i];
    return floats;
}

static double *widened(int64_t n, const float *floats) {
    double *values = malloc(sizeof *values * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++)
        values[i] = floats[i];
    return values;
}

static float *make_float_cloud(cloud kind, int64_t n, uint64_t seed) {
    double *points = cloud_make(kind, n, seed);
    float *floats = narrowed(3 * n, points);
    free(points);
    return floats;
}

static float *make_float_charges(int64_t n, uint64_t seed) {
    double *charges = make_charges(n, seed);
    float *floats = narrowed(n, charges);
    free(charges);
    return floats;
}

static dagpole_plan *open_float_plan(dagpole_context *context, dagpole_plan_options options,
                                     int64_t n_sources, const float *sources, int64_t n_targets,
                                     const float *targets) {
    dagpole_plan *plan;
    must(dagpole_plan_create_float(context, &options, n_sources, sources, n_targets, targets,
                                   &plan));
    return plan;
}

/* ---- values -----------------------------------------------------------------------------------
 */

/* One problem: n potentials and then 3 n gradients are expected. */
typedef struct problem {
    int64_t n_sources, n_targets;
    float *sources, *targets, *charges; /* targets NULL: the sources */
    double *wide_charges, *expected;
} problem;

static int64_t n_of(const problem *p) {
    return p->targets ? p->n_targets : p->n_sources;
}

/* From a plan that never saw a float. */
static dagpole_plan *expect_by_doubles(problem *p, dagpole_context *context,
                                       dagpole_plan_options options) {
    int64_t n = n_of(p);
    double *sources = widened(3 * p->n_sources, p->sources);
    double *targets = p->targets ? widened(3 * p->n_targets, p->targets) : NULL;
    p->wide_charges = widened(p->n_sources, p->charges);
    p->expected = make_results(4 * n);
    dagpole_plan *plan = open_plan(context, options, p->n_sources, sources, p->n_targets, targets);
    must(dagpole_plan_evaluate(plan, p->wide_charges, p->expected, p->expected + n));
    free(sources);
    free(targets);
    return plan;
}

static void expect_rounded(int64_t n, const float *is, const double *expected) {
    for (int64_t i = 0; i < n; i++) {
        float rounded = (float)expected[i];
        if (memcmp(&is[i], &rounded, sizeof rounded) != 0)
            ck_abort_msg("value %lld of %lld is %a, not %a", (long long)i, (long long)n, is[i],
                         rounded);
    }
}

/* Both calls on a plan, with and without gradients. */
static void check_plan(const problem *p, dagpole_plan *plan) {
    int64_t n = n_of(p);
    double *wide = make_results(4 * n), *without = make_results(n);
    float *is = narrowed(4 * n, wide);
    must(dagpole_plan_evaluate_float(plan, p->charges, is, is + n));
    expect_rounded(4 * n, is, p->expected);
    must(dagpole_plan_evaluate(plan, p->wide_charges, without, NULL));
    must(dagpole_plan_evaluate_float(plan, p->charges, is, NULL));
    expect_rounded(n, is, without);
    expect_rounded(3 * n, is + n, p->expected + n); /* left as they were */
    must(dagpole_plan_evaluate(plan, p->wide_charges, wide, wide + n));
    ck_assert_mem_eq(wide, p->expected, sizeof *wide * (size_t)(4 * n));
    free(is);
    free(wide);
    free(without);
}

/* A plan from floats and one from doubles, each evaluated with floats and with doubles. */
static void check_problem(problem p, dagpole_context *context, dagpole_plan_options options) {
    int64_t live = dp_memory_live();
    dagpole_plan *plan = expect_by_doubles(&p, context, options);
    int64_t held = dp_memory_live() - live;
    check_plan(&p, plan);
    dagpole_plan_destroy(plan);
    plan = open_float_plan(context, options, p.n_sources, p.sources, p.n_targets, p.targets);
    ck_assert_int_eq(dp_memory_live() - live, held); /* no copy in doubles is left */
    check_plan(&p, plan);
    ck_assert_int_eq(report_of(plan).n_evaluations, 4);
    dagpole_plan_destroy(plan);
    ck_assert_int_eq(dp_memory_live(), live);
    free(p.wide_charges);
    free(p.expected);
}

START_TEST(results_are_those_of_doubles_rounded) {
    enum { N = 1000 };
    dagpole_context *context = open_any();
    for (int kind = 0; kind < N_CLOUDS; kind++)
        for (int yukawa = 0; yukawa < 2; yukawa++) {
            float *points = make_float_cloud((cloud)kind, N, 5);
            float *charges = make_float_charges(N, 3);
            problem same = {.n_sources = N, .sources = points, .charges = charges};
            problem separate = {700, 300, points, points + 2100, charges, NULL, NULL};
            check_problem(same, context, quick_options(yukawa));
            check_problem(separate, context, quick_options(yukawa));
            free(points);
            free(charges);
        }
    dagpole_context_destroy(context);
}
END_TEST

/* The values themselves, by the formulas. */
START_TEST(two_charges_match_the_formulas) {
    float points[] = {1, 2, 3, 1, 2, 5}, charges[] = {2, 3}, potentials[2], gradients[6];
    dagpole_context *context = open_any();
    dagpole_plan_options exact = quick_options(0);
    exact.digits = 12;
    dagpole_plan *plan = open_float_plan(context, exact, 2, points, 0, NULL);
    must(dagpole_plan_evaluate_float(plan, charges, potentials, gradients));
    ck_assert_float_eq_tol(potentials[0], 3 / (8 * M_PI), 1e-8);
    ck_assert_float_eq_tol(potentials[1], 2 / (8 * M_PI), 1e-8);
    ck_assert_float_eq_tol(gradients[2], 3 / (16 * M_PI), 1e-8); /* towards the charge */
    ck_assert_float_eq_tol(gradients[5], -2 / (16 * M_PI), 1e-8);
    ck_assert_float_eq(gradients[0], 0);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* Charges and results where floats thin out: 1.4e-45 is the smallest. */
START_TEST(tiny_values_are_rounded) {
    enum { N = 60 };
    dagpole_context *context = open_any();
    float *points = make_float_cloud(CLOUD_CUBE, N, 5), charges[N], is[N];
    double wide[N], expected[N];
    dagpole_plan *plan = open_float_plan(context, quick_options(0), N, points, 0, NULL);
    for (int exponent = -40; exponent >= -45; exponent--) {
        for (int i = 0; i < N; i++)
            wide[i] = charges[i] = (float)((1 + i % 7) * pow(10, exponent));
        must(dagpole_plan_evaluate(plan, wide, expected, NULL));
        must(dagpole_plan_evaluate_float(plan, charges, is, NULL));
        ck_assert_float_gt(is[0], 0);
        expect_rounded(N, is, expected);
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

/* ---- points -----------------------------------------------------------------------------------
 */

START_TEST(few_points_and_none) {
    float points[] = {1, 2, 3, 1, 2, 5}, charges[] = {2, 3}, potentials[] = {7, 7};
    float gradients[] = {7, 7, 7, 7, 7, 7};
    dagpole_context *context = open_any();
    dagpole_plan *plan = open_float_plan(context, quick_options(0), 0, NULL, 0, NULL);
    must(dagpole_plan_evaluate_float(plan, NULL, NULL, NULL));
    ck_assert_int_eq(report_of(plan).n_tasks, 0);
    dagpole_plan_destroy(plan);

    plan = open_float_plan(context, quick_options(0), 1, points, 0, NULL);
    must(dagpole_plan_evaluate_float(plan, charges, potentials, gradients));
    ck_assert_float_eq(potentials[0], 0);
    ck_assert_float_eq(gradients[2], 0);
    ck_assert_float_eq(gradients[3], 7);
    dagpole_plan_destroy(plan);

    plan = open_float_plan(context, quick_options(0), 2, points, 0, points); /* no targets */
    ck_assert_int_eq(report_of(plan).n_targets, 0);
    must(dagpole_plan_evaluate_float(plan, charges, NULL, NULL));
    dagpole_plan_destroy(plan);

    plan = open_float_plan(context, quick_options(0), 0, NULL, 2, points); /* no sources */
    must(dagpole_plan_evaluate_float(plan, NULL, potentials, gradients));
    ck_assert_float_eq(potentials[1], 0);
    ck_assert_float_eq(gradients[5], 0);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* NULL or the same array are one set of points; a copy, or a part of the array, are two. */
START_TEST(sources_as_targets) {
    enum { N = 600, N_PART = 100 };
    dagpole_context *context = open_any();
    float *points = make_float_cloud(CLOUD_CLUMP, N, 5),
          *copy = make_float_cloud(CLOUD_CLUMP, N, 5);
    float *charges = make_float_charges(N, 3), results[5][N];
    const float *targets[] = {NULL, NULL, points, copy, points};
    const int64_t counts[] = {0, N, N, N, N_PART};
    int64_t bytes[5];
    for (int i = 0; i < 5; i++) {
        dagpole_plan *plan =
            open_float_plan(context, quick_options(0), N, points, counts[i], targets[i]);
        must(dagpole_plan_evaluate_float(plan, charges, results[i], NULL));
        ck_assert_int_eq(report_of(plan).n_targets, i < 4 ? N : N_PART);
        ck_assert_int_lt(report_of(plan).n_unique_sources, N);
        bytes[i] = report_of(plan).bytes_plan;
        dagpole_plan_destroy(plan);
    }
    for (int i = 1; i < 3; i++) {
        ck_assert_mem_eq(results[0], results[i], sizeof results[0]);
        ck_assert_int_eq(bytes[0], bytes[i]);
    }
    ck_assert_int_gt(bytes[3], bytes[0]);
    for (int i = 0; i < N; i++) {
        EXPECT(fabsf(results[3][i] - results[0][i]) < 1e-3f * results[0][i]);
        EXPECT(i >= N_PART || fabsf(results[4][i] - results[0][i]) < 1e-3f * results[0][i]);
    }
    dagpole_context_destroy(context);
    free(points);
    free(copy);
    free(charges);
}
END_TEST

/* The caller's arrays are copied or left alone. */
START_TEST(arrays_stay_the_callers) {
    enum { N = 400 };
    dagpole_context *context = open_any();
    float *points = make_float_cloud(CLOUD_PLUMMER, N, 5), *charges = make_float_charges(N, 3);
    float kept[3 * N], first[4 * N], again[4 * N];
    memcpy(kept, points, sizeof kept);
    dagpole_plan *plan = open_float_plan(context, quick_options(0), N, points, 0, NULL);
    ck_assert_mem_eq(kept, points, sizeof kept);
    memcpy(kept, charges, sizeof *charges * N);
    must(dagpole_plan_evaluate_float(plan, charges, first, first + N));
    memset(points, 0, sizeof *points * 3 * N);
    dp_memory_fail_at(0, 0); /* counts from here */
    must(dagpole_plan_evaluate_float(plan, charges, again, again + N));
    ck_assert_int_eq(dp_memory_count(), 0);
    ck_assert_mem_eq(kept, charges, sizeof *charges * N);
    ck_assert_mem_eq(first, again, sizeof first);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
}
END_TEST

/* ---- workers ----------------------------------------------------------------------------------
 */

/* Points enough for several chunks of the conversion. */
START_TEST(workers_do_not_matter) {
    enum { N = 50000, N_TARGETS = 45000 };
    suite_own_schedulers();
    static const char *const schedulers[] = {"lws", "prio"};
    float *points = make_float_cloud(CLOUD_CLUSTER, N + N_TARGETS, 5);
    float *charges = make_float_charges(N, 3);
    problem p = {N, N_TARGETS, points, points + 3 * N, charges, NULL, NULL};
    dagpole_plan_options options = quick_options(0);
    options.n_crit = 60;
    dagpole_context *context = open_serial();
    dagpole_plan_destroy(expect_by_doubles(&p, context, options));
    dagpole_context_destroy(context);
    for (int i = 0; i < 2; i++) {
        context =
            open_context((dagpole_context_options){.threads = i + 1, .scheduler = schedulers[i]});
        dagpole_plan *plan = open_float_plan(context, options, N, p.sources, N_TARGETS, p.targets);
        ck_assert_int_eq(report_of(plan).threads, i + 1);
        check_plan(&p, plan);
        dagpole_plan_destroy(plan);
        dagpole_context_destroy(context);
    }
    free(points);
    free(charges);
    free(p.wide_charges);
    free(p.expected);
}
END_TEST

SUITE_MAIN("float", 60, results_are_those_of_doubles_rounded, two_charges_match_the_formulas,
           tiny_values_are_rounded, few_points_and_none, sources_as_targets,
           arrays_stay_the_callers, workers_do_not_matter)
