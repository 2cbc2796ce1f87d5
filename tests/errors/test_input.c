/* Arrays, counts and options that are not allowed. */
#include "errors.h"

enum { N = 100 };

static double points[3 * N], targets[3 * N], charges[N], potentials[N], gradients[3 * N];
static dagpole_context *context;

static void set_up(void) {
    fill_uniform(3 * N, points, 1);
    fill_uniform(3 * N, targets, 2);
    fill_uniform(N, charges, 3);
    context = open_serial();
}

static dagpole_status create(const dagpole_plan_options *options, int64_t n_sources,
                             const double *sources, int64_t n_targets, const double *given_targets,
                             dagpole_plan **plan) {
    static dagpole_plan *none;
    *plan = (dagpole_plan *)&none; /* to see that a failure sets it to NULL */
    dagpole_status status =
        dagpole_plan_create(context, options, n_sources, sources, n_targets, given_targets, plan);
    ck_assert_ptr_null(*plan);
    return status;
}

static dagpole_status sum(int64_t n_sources, const double *sources, int64_t n_targets,
                          const double *given_targets) {
    return dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, n_sources, sources, charges, n_targets,
                          given_targets, potentials, NULL);
}

START_TEST(coordinates_that_are_not_finite) {
    static const struct {
        double value;
        const char *shown;
    } cases[] = {{NAN, "nan"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}, {1e301, "1e+301"}};
    dagpole_plan *plan;
    set_up();
    for (int i = 0; i < 4; i++) {
        double kept = points[3 * 41 + 2];
        char words[64];
        points[3 * 41 + 2] = targets[3 * 99] = cases[i].value;
        snprintf(words, sizeof words, "sources[41][2]|%s", cases[i].shown);
        assert_fails(create(NULL, N, points, 0, NULL, &plan), DAGPOLE_NUMERIC, words);
        assert_fails(create(NULL, N, points, N, targets, &plan), DAGPOLE_NUMERIC, words);
        assert_fails(sum(N, points, 0, NULL), DAGPOLE_NUMERIC, words);
        points[3 * 41 + 2] = kept;
        snprintf(words, sizeof words, "targets[99][0]|%s", cases[i].shown);
        assert_fails(create(NULL, N, points, N, targets, &plan), DAGPOLE_NUMERIC, words);
        assert_fails(sum(N, points, N, targets), DAGPOLE_NUMERIC, words);
    }
    dagpole_context_destroy(context);
}
END_TEST

/* The plan stays as it was. */
START_TEST(charges_that_are_not_finite) {
    double before[N];
    int64_t index = 3;
    set_up();
    dagpole_plan *plan = open_plan(context, N, points);
    assert_ok(dagpole_plan_evaluate(plan, charges, before, NULL));
    for (int i = 0; i < 2; i++) {
        const char *words = i ? "charges[17]|inf" : "charges[17]|nan";
        double kept = charges[17];
        charges[17] = i ? INFINITY : NAN;
        assert_fails(dagpole_plan_evaluate(plan, charges, potentials, NULL), DAGPOLE_NUMERIC,
                     words);
        assert_fails(dagpole_plan_near_field(plan, charges, 1, &index, potentials, NULL),
                     DAGPOLE_NUMERIC, words);
        assert_fails(sum(N, points, 0, NULL), DAGPOLE_NUMERIC, words);
        charges[17] = kept;
        assert_ok(dagpole_plan_evaluate(plan, charges, potentials, NULL));
        ck_assert_mem_eq(before, potentials, sizeof before);
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(options_out_of_range) {
    static const int digits[] = {-1, 0, 2, 13, 1000};
    static const double lambdas[] = {0, -0.0, -1, NAN, INFINITY};
    static const char *const lambda_words[] = {"lambda is 0", "lambda is -0", "lambda is -1",
                                               "lambda is nan", "lambda is inf"};
    char words[64];
    dagpole_plan *plan;
    dagpole_plan_options o;
    int64_t bytes;
    set_up();
    for (int i = 0; i < 5; i++) {
        dagpole_plan_options_init(&o);
        o.digits = digits[i];
        snprintf(words, sizeof words, "digits is %d|3 ... 12", digits[i]);
        assert_fails(create(&o, N, points, 0, NULL, &plan), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(dagpole_plan_estimate(&o, N, 0, &bytes), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(dagpole_precompute(context, &o, 1, 5), DAGPOLE_BAD_ARGUMENT, words);
        dagpole_plan_options_init(&o);
        o.kernel = DAGPOLE_YUKAWA;
        o.lambda = lambdas[i];
        assert_fails(create(&o, N, points, 0, NULL, &plan), DAGPOLE_BAD_ARGUMENT, lambda_words[i]);
        assert_fails(dagpole_direct(NULL, DAGPOLE_YUKAWA, lambdas[i], N, points, charges, 0, NULL,
                                    potentials, NULL),
                     DAGPOLE_BAD_ARGUMENT, lambda_words[i]);
    }
    dagpole_context_destroy(context);
}
END_TEST

static void check_option(dagpole_plan_options o, const char *words) {
    dagpole_plan *plan;
    assert_fails(create(&o, N, points, 0, NULL, &plan), DAGPOLE_BAD_ARGUMENT, words);
}

START_TEST(expert_options_out_of_range) {
    dagpole_plan_options o;
    set_up();
    dagpole_plan_options_init(&o);
#define CHECK(member, value, words)                                                                \
    do {                                                                                           \
        dagpole_plan_options changed = o;                                                          \
        changed.member = value;                                                                    \
        check_option(changed, words);                                                              \
    } while (0)
    CHECK(size, 0, "0 bytes|dagpole_plan_options_init");
    CHECK(size, 8, "8 bytes|dagpole_plan_options_init");
    CHECK(size, (size_t)-8, "dagpole_plan_options_init");
    struct {
        dagpole_plan_options known;
        double unknown;
    } newer = {.known = o, .unknown = 1};
    newer.known.size = sizeof newer;
    dagpole_plan *plan;
    assert_fails(create(&newer.known, N, points, 0, NULL, &plan), DAGPOLE_BAD_ARGUMENT,
                 "plan options of|is not 0|newer dagpole");
    CHECK(kernel, (dagpole_kernel)7, "kernel is 7|laplace (0)");
    CHECK(p, 2, "p is 2|3 ... 22");
    CHECK(p, 23, "p is 23|3 ... 22");
    CHECK(p, -5, "p is -5");
    CHECK(n_crit, -1, "n_crit is -1|1 ... 100000");
    CHECK(n_crit, 100001, "n_crit is 100001");
    CHECK(block_boxes, -1, "block_boxes is -1|1 ... 100000");
    CHECK(tolerance, 0.2, "tolerance is 0.2");
    CHECK(tolerance, -1e-3, "tolerance is -0.001");
    CHECK(tolerance, NAN, "tolerance is nan");
    CHECK(svd_cutoff, 1e-17, "svd_cutoff is 1e-17");
    CHECK(svd_cutoff, NAN, "svd_cutoff is nan");
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(null_where_an_array_is_needed) {
    dagpole_plan *plan;
    int64_t index = 0;
    set_up();
    assert_fails(create(NULL, N, NULL, 0, NULL, &plan), DAGPOLE_BAD_ARGUMENT, "sources|100");
    assert_fails(create(NULL, N, points, 7, NULL, &plan), DAGPOLE_BAD_ARGUMENT, "targets|7|100");
    assert_fails(create(NULL, 0, NULL, 7, NULL, &plan), DAGPOLE_BAD_ARGUMENT, "targets|7");
    assert_fails(dagpole_plan_create(NULL, NULL, N, points, 0, NULL, &plan), DAGPOLE_BAD_ARGUMENT,
                 "context");
    assert_fails(dagpole_plan_create(context, NULL, N, points, 0, NULL, NULL), DAGPOLE_BAD_ARGUMENT,
                 "plan");
    assert_fails(dagpole_context_create(NULL, NULL), DAGPOLE_BAD_ARGUMENT, "context");
    assert_fails(sum(N, NULL, 0, NULL), DAGPOLE_BAD_ARGUMENT, "sources|100");
    assert_fails(
        dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, N, points, NULL, 0, NULL, potentials, NULL),
        DAGPOLE_BAD_ARGUMENT, "charges|100");
    assert_fails(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, N, points, charges, 0, NULL, NULL, NULL),
                 DAGPOLE_BAD_ARGUMENT, "potentials|100");
    assert_fails(dagpole_plan_estimate(NULL, N, 0, NULL), DAGPOLE_BAD_ARGUMENT, "bytes");
    plan = open_plan(context, N, points);
    assert_fails(dagpole_plan_evaluate(NULL, charges, potentials, NULL), DAGPOLE_BAD_ARGUMENT,
                 "plan");
    assert_fails(dagpole_plan_evaluate(plan, NULL, potentials, NULL), DAGPOLE_BAD_ARGUMENT,
                 "charges|100");
    assert_fails(dagpole_plan_evaluate(plan, charges, NULL, gradients), DAGPOLE_BAD_ARGUMENT,
                 "potentials|100");
    assert_fails(dagpole_plan_near_field(plan, NULL, 1, &index, potentials, NULL),
                 DAGPOLE_BAD_ARGUMENT, "charges");
    assert_fails(dagpole_plan_report(plan, NULL), DAGPOLE_BAD_ARGUMENT, "report");
    assert_fails(dagpole_plan_box(plan, 0, NULL), DAGPOLE_BAD_ARGUMENT, "box");
    assert_fails(dagpole_plan_check(NULL, 0), DAGPOLE_BAD_ARGUMENT, "plan");
    assert_ok(dagpole_plan_order(plan, NULL, NULL));
    dagpole_plan_destroy(plan);
    dagpole_plan_destroy(NULL);
    dagpole_context_destroy(context);
    dagpole_context_destroy(NULL);
    dagpole_cloud_free(NULL);
}
END_TEST

/* Refused before anything is read: the arrays are far smaller. */
START_TEST(counts_out_of_range) {
    static const int64_t counts[] = {-1, INT64_MIN, ((int64_t)1 << 40) + 1, INT64_MAX / 24,
                                     INT64_MAX};
    dagpole_plan *plan;
    dagpole_cloud cloud;
    char words[64];
    int64_t bytes;
    set_up();
    for (int i = 0; i < 5; i++) {
        int64_t n = counts[i];
        snprintf(words, sizeof words, "%lld|2^40", (long long)n);
        assert_fails(create(NULL, n, points, 0, NULL, &plan), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(create(NULL, N, points, n, targets, &plan), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(sum(n, points, 0, NULL), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(sum(N, points, n, targets), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(dagpole_plan_estimate(NULL, n, 0, &bytes), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(dagpole_plan_estimate(NULL, N, n, &bytes), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(dagpole_cloud_generate("cube", n, 1, "unit", &cloud), DAGPOLE_BAD_ARGUMENT,
                     words);
    }
    assert_ok(dagpole_plan_estimate(NULL, (int64_t)1 << 40, 0, &bytes));
    ck_assert_int_gt(bytes, (int64_t)1 << 45);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(queries_out_of_range) {
    dagpole_report report = {.size = sizeof report};
    dagpole_box box = {.size = sizeof box};
    int64_t index = N, found, at[3] = {1, 2, 12345};
    set_up();
    dagpole_plan *plan = open_plan(context, N, points);
    assert_fails(dagpole_plan_expansions(plan, 0, NULL, NULL, NULL), DAGPOLE_WRONG_STATE,
                 "evaluated");
    assert_ok(dagpole_plan_report(plan, &report));
    assert_fails(dagpole_plan_box(plan, -1, &box), DAGPOLE_BAD_ARGUMENT, "-1");
    assert_fails(dagpole_plan_box(plan, report.n_boxes, &box), DAGPOLE_BAD_ARGUMENT, "box index");
    assert_fails(dagpole_plan_find_box(plan, 43, at, &found), DAGPOLE_BAD_ARGUMENT, "level is 43");
    assert_ok(dagpole_plan_find_box(plan, 42, at, &found));
    ck_assert_int_eq(found, -1);
    assert_fails(dagpole_plan_near_field(plan, charges, 1, &index, potentials, NULL),
                 DAGPOLE_BAD_ARGUMENT, "targets[0] is 100|0 ... 99");
    report.size = box.size = 0;
    assert_fails(dagpole_plan_report(plan, &report), DAGPOLE_BAD_ARGUMENT, "size");
    assert_fails(dagpole_plan_box(plan, 0, &box), DAGPOLE_BAD_ARGUMENT, "size");
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("input", 60, coordinates_that_are_not_finite, charges_that_are_not_finite,
           options_out_of_range, expert_options_out_of_range, null_where_an_array_is_needed,
           counts_out_of_range, queries_out_of_range)
