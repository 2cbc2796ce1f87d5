/* Arrays of floats that are not allowed, and results that floats do not hold. */
#include "errors.h"

enum { N = 100 };

static float points[3 * N], targets[3 * N], charges[N], potentials[N], gradients[3 * N];
static dagpole_context *context;

static void fill_floats(int64_t n, float *values, uint64_t seed) {
    for (int64_t i = 0; i < n; i++)
        values[i] = (float)suite_uniform(&seed);
}

static void set_up(void) {
    fill_floats(3 * N, points, 1);
    fill_floats(3 * N, targets, 2);
    fill_floats(N, charges, 3);
    context = open_serial();
}

static dagpole_status create(int64_t n_sources, const float *sources, int64_t n_targets,
                             const float *given_targets) {
    static dagpole_plan *none;
    dagpole_plan *plan = (dagpole_plan *)&none; /* to see that a failure sets it to NULL */
    dagpole_status status = dagpole_plan_create_float(context, NULL, n_sources, sources, n_targets,
                                                      given_targets, &plan);
    ck_assert_ptr_null(plan);
    return status;
}

static dagpole_plan *open_float_plan(int64_t n, const float *sources) {
    dagpole_plan *plan;
    assert_ok(dagpole_plan_create_float(context, NULL, n, sources, 0, NULL, &plan));
    return plan;
}

START_TEST(coordinates_that_are_not_finite) {
    static const struct {
        float value;
        const char *shown;
    } cases[] = {{NAN, "nan"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}};
    set_up();
    for (int i = 0; i < 3; i++) {
        float kept = points[3 * 41 + 2];
        char words[64];
        points[3 * 41 + 2] = targets[3 * 99] = cases[i].value;
        snprintf(words, sizeof words, "sources[41][2]|%s|finite", cases[i].shown);
        assert_fails(create(N, points, 0, NULL), DAGPOLE_NUMERIC, words);
        assert_fails(create(N, points, N, targets), DAGPOLE_NUMERIC, words);
        points[3 * 41 + 2] = kept;
        snprintf(words, sizeof words, "targets[99][0]|%s|finite", cases[i].shown);
        assert_fails(create(N, points, N, targets), DAGPOLE_NUMERIC, words);
    }
    dagpole_context_destroy(context);
}
END_TEST

/* The plan stays as it was. */
START_TEST(charges_that_are_not_finite) {
    float before[N];
    set_up();
    dagpole_plan *plan = open_float_plan(N, points);
    assert_ok(dagpole_plan_evaluate_float(plan, charges, before, NULL));
    for (int i = 0; i < 2; i++) {
        float kept = charges[17];
        charges[17] = i ? INFINITY : NAN;
        assert_fails(dagpole_plan_evaluate_float(plan, charges, potentials, NULL), DAGPOLE_NUMERIC,
                     i ? "charges[17]|inf" : "charges[17]|nan");
        charges[17] = kept;
        assert_ok(dagpole_plan_evaluate_float(plan, charges, potentials, NULL));
        ck_assert_mem_eq(before, potentials, sizeof before);
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(null_where_an_array_is_needed) {
    dagpole_plan *plan;
    set_up();
    assert_fails(create(N, NULL, 0, NULL), DAGPOLE_BAD_ARGUMENT, "sources|100");
    assert_fails(create(N, points, 7, NULL), DAGPOLE_BAD_ARGUMENT, "targets|7|100");
    assert_fails(create(0, NULL, 7, NULL), DAGPOLE_BAD_ARGUMENT, "targets|7");
    assert_fails(dagpole_plan_create_float(NULL, NULL, N, points, 0, NULL, &plan),
                 DAGPOLE_BAD_ARGUMENT, "context");
    ck_assert_ptr_null(plan);
    assert_fails(dagpole_plan_create_float(context, NULL, N, points, 0, NULL, NULL),
                 DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    plan = open_float_plan(N, points);
    assert_fails(dagpole_plan_evaluate_float(NULL, charges, potentials, NULL), DAGPOLE_BAD_ARGUMENT,
                 "plan is NULL");
    assert_fails(dagpole_plan_evaluate_float(plan, NULL, potentials, NULL), DAGPOLE_BAD_ARGUMENT,
                 "charges is NULL|100");
    assert_fails(dagpole_plan_evaluate_float(plan, charges, NULL, gradients), DAGPOLE_BAD_ARGUMENT,
                 "potentials is NULL|100");
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* Refused before anything is read or allocated: the arrays are far smaller. */
START_TEST(counts_and_options_out_of_range) {
    static const int64_t counts[] = {-1, INT64_MIN, ((int64_t)1 << 40) + 1, INT64_MAX / 12,
                                     INT64_MAX};
    dagpole_plan_options options;
    dagpole_plan *plan;
    char words[64];
    set_up();
    for (int i = 0; i < 5; i++) {
        snprintf(words, sizeof words, "%lld|2^40", (long long)counts[i]);
        assert_fails(create(counts[i], points, 0, NULL), DAGPOLE_BAD_ARGUMENT, words);
        assert_fails(create(N, points, counts[i], targets), DAGPOLE_BAD_ARGUMENT, words);
    }
    dagpole_plan_options_init(&options);
    options.digits = 13;
    assert_fails(dagpole_plan_create_float(context, &options, N, points, 0, NULL, &plan),
                 DAGPOLE_BAD_ARGUMENT, "digits is 13|3 ... 12");
    ck_assert_ptr_null(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* One charge, finite in doubles at the point close to it. */
START_TEST(results_beyond_floats) {
    float pair[9] = {0, 0, 0, 1, 0, 0, 1 + 1e-3f, 0, 0}, large[3] = {0, 1e37f, 0}, to[3], slopes[9];
    double wide[3] = {0, large[1], 0}, doubles[3], wide_slopes[9];
    set_up();
    dagpole_plan *plan = open_float_plan(3, pair);
    assert_fails(dagpole_plan_evaluate_float(plan, large, to, NULL), DAGPOLE_NUMERIC,
                 "targets[2] overflows a float|3.4e38|potential 7.95");
    assert_ok(dagpole_plan_evaluate(plan, wide, doubles, wide_slopes));
    ck_assert_double_gt(doubles[2], FLT_MAX);
    large[1] = 1e34f; /* a potential of 8e35, a gradient of 8e38 */
    assert_ok(dagpole_plan_evaluate_float(plan, large, to, NULL));
    ck_assert_float_gt(to[2], 7.9e35f);
    assert_fails(dagpole_plan_evaluate_float(plan, large, to, slopes), DAGPOLE_NUMERIC,
                 "targets[2] overflows a float|gradient -7.9|e+38 0 0");
    large[1] = 1;
    assert_ok(dagpole_plan_evaluate_float(plan, large, to, slopes));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* Potentials of one charge a few units in the last place below and above the largest float: refused
 * where they round to Inf. */
START_TEST(the_largest_float_is_a_result) {
    int n_held = 0, n_rounded_down = 0, n_refused = 0;
    set_up();
    for (int i = 0; i < 20; i++) {
        float pair[6] = {0, 0, 0, 0.0625f + (float)i * 0x1p-27f, 0, 0}, charge[2] = {0}, to[2];
        dagpole_plan *plan = open_float_plan(2, pair);
        charge[0] = (float)(4 * M_PI * pair[3] * FLT_MAX * (1 - 5 * FLT_EPSILON));
        for (int k = 0; k < 20; k++) {
            double wide[2] = {charge[0], 0}, doubles[2];
            assert_ok(dagpole_plan_evaluate(plan, wide, doubles, NULL));
            dagpole_status status = dagpole_plan_evaluate_float(plan, charge, to, NULL);
            if (isinf((float)doubles[1])) {
                assert_fails(status, DAGPOLE_NUMERIC, "targets[1] overflows a float");
                n_refused++;
            } else {
                assert_ok(status);
                ck_assert_float_eq(to[1], (float)doubles[1]);
                n_held++;
                n_rounded_down += doubles[1] > FLT_MAX;
            }
            charge[0] = nextafterf(charge[0], INFINITY);
        }
        dagpole_plan_destroy(plan);
    }
    printf("%d held, of them %d above the largest float; %d refused\n", n_held, n_rounded_down,
           n_refused);
    ck_assert(n_held > 50 && n_refused > 50 && n_rounded_down > 0);
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("float", 60, coordinates_that_are_not_finite, charges_that_are_not_finite,
           null_where_an_array_is_needed, counts_and_options_out_of_range, results_beyond_floats,
           the_largest_float_is_a_result)
