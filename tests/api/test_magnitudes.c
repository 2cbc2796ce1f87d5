/* Charges and coordinates of every size: what fits a double is right, what does not is refused. A
 * power of two in either changes the exponents of the results and no other bit. */
#include "plans.h"

#include <float.h>

#include "platform/scratch.h"

enum { N = 1200 };

typedef struct results {
    double potentials[N], gradients[3 * N];
} results;

static double points[3 * N], charges[N];

static void make_cloud(void) {
    uint64_t state = 3;
    for (int i = 0; i < 3 * N; i++)
        points[i] = floor(ldexp(suite_uniform(&state), 20)) * 0x1p-20;
    for (int i = 0; i < N; i++)
        charges[i] = 2 * suite_uniform(&state) - 1;
    charges[0] = 1;
}

static void scale(int64_t n, const double *from, int exponent, double *to) {
    for (int64_t i = 0; i < n; i++)
        to[i] = ldexp(from[i], exponent);
}

static int is_within(int64_t n, const double *values) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

/* Below the least normal double the last digits are gone. */
static void assert_same(const char *what, int64_t n, const double *is, const double *expected) {
    int64_t i = 0;
    while (i < n && (is[i] == expected[i] || (fabs(expected[i]) < 2 * DBL_MIN &&
                                              fabs(is[i] - expected[i]) <= 4 * DBL_TRUE_MIN)))
        i++;
    if (i < n)
        ck_abort_msg("%s %d: %.17g, not %.17g", what, (int)i, is[i], expected[i]);
}

/* Charges times 2^of_charges, coordinates times 2^of_points; one: the results without. */
typedef struct magnitude {
    int of_charges, of_points;
} magnitude;

static const magnitude magnitudes[] = {
    {996, 996},  {996, 0},     {1023, 300},  {996, -27},   {500, -240}, {1023, 20},
    {0, 996},    {0, -990},    {0, 500},     {0, -500},    {-996, 0},   {-996, -990},
    {-996, 300}, {-1000, -20}, {-500, -990}, {-600, -300}, {1000, -15}, {-1021, -30},
};
enum { N_MAGNITUDES = sizeof magnitudes / sizeof *magnitudes };

typedef struct scaled {
    double points[3 * N], charges[N], lambda;
    results expected;
    int fits_potentials, fits_gradients;
} scaled;

static void scale_all(magnitude m, double lambda, const results *one, scaled *s) {
    scale(3 * N, points, m.of_points, s->points);
    scale(N, charges, m.of_charges, s->charges);
    s->lambda = ldexp(lambda, -m.of_points);
    scale(N, one->potentials, m.of_charges - m.of_points, s->expected.potentials);
    scale(3 * N, one->gradients, m.of_charges - 2 * m.of_points, s->expected.gradients);
    s->fits_potentials = is_within(N, s->expected.potentials);
    s->fits_gradients = is_within(3 * N, s->expected.gradients);
}

static dagpole_plan *plan_of(dagpole_context *context, int digits, double lambda,
                             const double *where) {
    dagpole_plan_options options = quick_options(lambda);
    options.digits = digits;
    options.p = 4; /* any operators do */
    options.n_crit = 25;
    return open_plan(context, options, N, where, 0, NULL);
}

static void check_plan(dagpole_context *context, int digits, double lambda, magnitude m,
                       const results *one) {
    static scaled s;
    static results is;
    scale_all(m, lambda, one, &s);
    if (lambda > 0 && !(isfinite(s.lambda) && s.lambda > 0))
        return;
    dagpole_plan *plan = plan_of(context, digits, s.lambda, s.points);
    dagpole_status status = dagpole_plan_evaluate(plan, s.charges, is.potentials, NULL);
    ck_assert_msg((status == DAGPOLE_OK) == s.fits_potentials, "charges 2^%d, coordinates 2^%d: %s",
                  m.of_charges, m.of_points, dagpole_last_error());
    if (status == DAGPOLE_OK)
        assert_same("potential", N, is.potentials, s.expected.potentials);
    status = dagpole_plan_evaluate(plan, s.charges, is.potentials, is.gradients);
    int fits = s.fits_potentials && s.fits_gradients;
    ck_assert_msg((status == DAGPOLE_OK) == fits, "charges 2^%d, coordinates 2^%d: %s",
                  m.of_charges, m.of_points, dagpole_last_error());
    if (status == DAGPOLE_OK) {
        assert_same("potential", N, is.potentials, s.expected.potentials);
        assert_same("gradient", 3 * N, is.gradients, s.expected.gradients);
    } else
        expect_failure(status, DAGPOLE_NUMERIC, "overflows");
    dagpole_plan_destroy(plan);
}

/* Each precision of the sums, both kernels. */
START_TEST(evaluations) {
    static const int digits[] = {4, 6, 8, 12};
    static results one;
    double lambda = _i / 4 ? 3 : 0;
    scratch cache = scratch_make("");
    dagpole_context *context =
        open_context((dagpole_context_options){.serial = 1, .cache_dir = cache.directory});
    make_cloud();
    dagpole_plan *plan = plan_of(context, digits[_i % 4], lambda, points);
    must(dagpole_plan_evaluate(plan, charges, one.potentials, one.gradients));
    dagpole_plan_destroy(plan);
    for (int i = 0; i < N_MAGNITUDES; i++)
        check_plan(context, digits[_i % 4], lambda, magnitudes[i], &one);
    dagpole_context_destroy(context);
    scratch_remove(&cache);
}
END_TEST

START_TEST(direct_sums) {
    static results one, is;
    static scaled s;
    dagpole_kernel kernel = _i ? DAGPOLE_YUKAWA : DAGPOLE_LAPLACE;
    make_cloud();
    must(dagpole_direct(NULL, kernel, 3, N, points, charges, 0, NULL, one.potentials,
                        one.gradients));
    for (int i = 0; i < N_MAGNITUDES; i++) {
        scale_all(magnitudes[i], 3, &one, &s);
        if (_i && !(isfinite(s.lambda) && s.lambda > 0))
            continue;
        must(dagpole_direct(NULL, kernel, s.lambda, N, s.points, s.charges, 0, NULL, is.potentials,
                            is.gradients));
        assert_same("potential", N, is.potentials, s.expected.potentials);
        assert_same("gradient", 3 * N, is.gradients, s.expected.gradients);
    }
}
END_TEST

/* What a plan says of its near field, its boxes and their expansions. */
START_TEST(queries) {
    enum { FEW = 20, ROOM = 2000 };
    static double multipole[2][ROOM], local[2][ROOM], near[2][4 * FEW], sums[2][4 * FEW],
        potentials[2][N];
    static results unused;
    static scaled s;
    int64_t targets[FEW], index = 0;
    scratch cache = scratch_make("");
    dagpole_context *context =
        open_context((dagpole_context_options){.serial = 1, .cache_dir = cache.directory});
    make_cloud();
    for (int i = 0; i < FEW; i++)
        targets[i] = 50 * i;
    for (int i = 0; i < N_MAGNITUDES; i++) {
        magnitude m = magnitudes[i];
        scale_all(m, 0, &unused, &s);
        for (int k = 0; k < 2; k++) {
            dagpole_plan *plan = plan_of(context, 8, 0, k ? s.points : points);
            const double *q = k ? s.charges : charges;
            dagpole_status status = dagpole_plan_evaluate(plan, q, unused.potentials, NULL);
            if (status == DAGPOLE_OK) {
                index = report_of(plan).n_boxes - 1;
                must(dagpole_plan_expansions(plan, index, multipole[k], local[k], NULL));
                must(dagpole_plan_expansions(plan, 0, NULL, NULL, potentials[k]));
                must(dagpole_plan_near_field(plan, q, FEW, targets, near[k], near[k] + FEW));
                must(dagpole_plan_near_sums(plan, q, FEW, targets, sums[k], NULL));
            }
            int64_t size = report_of(plan).expansion_size;
            dagpole_plan_destroy(plan);
            if (!k || status != DAGPOLE_OK)
                continue;
            scale(size, multipole[0], m.of_charges, multipole[0]);
            scale(size, local[0], m.of_charges, local[0]);
            scale(N, potentials[0], m.of_charges - m.of_points, potentials[0]);
            scale(FEW, near[0], m.of_charges - m.of_points, near[0]);
            scale(3 * FEW, near[0] + FEW, m.of_charges - 2 * m.of_points, near[0] + FEW);
            scale(FEW, sums[0], m.of_charges - m.of_points, sums[0]);
            assert_same("multipole", size, multipole[1], multipole[0]);
            assert_same("local", size, local[1], local[0]);
            assert_same("potential", N, potentials[1], potentials[0]);
            assert_same("near field", 4 * FEW, near[1], near[0]);
            assert_same("near sum", FEW, sums[1], sums[0]);
        }
    }
    dagpole_context_destroy(context);
    scratch_remove(&cache);
}
END_TEST

/* Two points that nearly coincide, two that do: neither the cube of an inverse distance nor the sum
 * of two charges need overflow where the results do not. */
START_TEST(close_and_merged_points) {
    const double r = 0x1p-280, q[] = {1e100, 1e100, 1, 1, 1}, large[] = {1.5e308, 1.5e308, 0};
    double close[15] = {0, 0, 0, r, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1}, potentials[5], gradients[15];
    const double merged[9] = {0, 0, 0, 0, 0, 0, 1e3, 0, 0};
    dagpole_context *context = open_serial();
    for (int digits = 4; digits <= 12; digits += 2) {
        dagpole_plan_options options;
        dagpole_plan_options_init(&options);
        options.digits = digits;
        dagpole_plan *plan = open_plan(context, options, 5, close, 0, NULL);
        must(dagpole_plan_evaluate(plan, q, potentials, gradients));
        double expected = 1e100 / (4 * M_PI * r);
        ck_assert_double_eq_tol(potentials[0] / expected, 1, pow(10, -digits));
        ck_assert_double_eq_tol(gradients[0] * r / expected, 1, pow(10, 1 - digits));
        dagpole_plan_destroy(plan);
        plan = open_plan(context, options, 3, merged, 0, NULL);
        must(dagpole_plan_evaluate(plan, large, potentials, gradients));
        expected = 1.5e308 / (4 * M_PI * 500);
        ck_assert_double_eq_tol(potentials[2] / expected, 1, pow(10, -digits));
        dagpole_plan_destroy(plan);
    }
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 5, close, q, 0, NULL, potentials, gradients));
    ck_assert_double_eq_tol(gradients[0] * r * r / 1e100 * 4 * M_PI, 1, 1e-14);
    must(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 3, merged, large, 0, NULL, potentials, NULL));
    ck_assert_double_eq_tol(potentials[2] / (1.5e308 / (4 * M_PI * 500)), 1, 1e-14);
    dagpole_context_destroy(context);
}
END_TEST

/* Screening hides a charge that is far away, however large: the others' fields are as good as
 * without it. _i: digits. */
START_TEST(small_charges_far_from_a_large_one) {
    enum { MANY = 2500 };
    double *where = cloud_make(CLOUD_CUBE, MANY, 3), *q = make_charges(MANY, 4);
    double *is = make_results(4 * MANY), *expected = make_results(4 * MANY);
    dagpole_context *context = open_with_cache();
    dagpole_plan_options options = quick_options(1);
    options.digits = _i;
    options.n_crit = 60;
    for (int i = 1; i < MANY; i++)
        q[i] *= 1e-100;
    q[0] = 1;
    where[0] = 700;
    dagpole_plan *plan = open_plan(context, options, MANY, where, 0, NULL);
    must(dagpole_plan_evaluate(plan, q, is, is + MANY));
    must(dagpole_direct(NULL, DAGPOLE_YUKAWA, 1, MANY, where, q, 0, NULL, expected,
                        expected + MANY));
    ck_assert_double_lt(relative_error(MANY, is, expected), pow(10, -_i));
    ck_assert_double_lt(relative_error(3 * MANY, is + MANY, expected + MANY), pow(10, 1 - _i));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(where);
    free(q);
    free(is);
    free(expected);
}
END_TEST

/* Workers look for the largest charge together, floats in their own range. */
START_TEST(one_large_charge_among_many) {
    enum { MANY = 300000, SPACING = 50001 };
    double *where = cloud_make(CLOUD_CUBE, MANY, 3), *q = make_charges(MANY, 4);
    double *serial = make_results(MANY), *shared = make_results(MANY);
    float *q_f = malloc(MANY * sizeof *q_f), *results_f = malloc(MANY * sizeof *results_f);
    dagpole_context *contexts[] = {open_serial(),
                                   open_context((dagpole_context_options){.threads = 2})};
    for (int64_t at = SPACING; at < MANY; at += 2 * SPACING) {
        q[at] = ldexp(1, 1000);
        for (int k = 0; k < 2; k++) {
            dagpole_plan_options options = quick_options(0);
            options.n_crit = 300;
            dagpole_plan *plan = open_plan(contexts[k], options, MANY, where, 0, NULL);
            must(dagpole_plan_evaluate(plan, q, k ? shared : serial, NULL));
            dagpole_plan_destroy(plan);
        }
        ck_assert_mem_eq(serial, shared, MANY * sizeof *serial);
        int64_t n_large = 0;
        for (int64_t i = 0; i < MANY; i++)
            n_large += isfinite(shared[i]) && (i == at || shared[i] > 1e298);
        ck_assert_int_eq(n_large, MANY);
        q[at] = 0;
    }
    dagpole_plan_options options = quick_options(0);
    options.n_crit = 300;
    dagpole_plan *plan = open_plan(contexts[1], options, MANY, where, 0, NULL);
    for (int64_t i = 0; i < MANY; i++)
        q_f[i] = 1e-40f * (float)(i % 7);
    must(dagpole_plan_evaluate_float(plan, q_f, results_f, NULL));
    for (int64_t i = 0; i < MANY; i++)
        q[i] = q_f[i];
    must(dagpole_plan_evaluate(plan, q, shared, NULL));
    int64_t n_same = 0;
    for (int64_t i = 0; i < MANY; i++)
        n_same += (float)shared[i] == results_f[i] && shared[i] > 0;
    ck_assert_int_eq(n_same, MANY);
    dagpole_plan_destroy(plan);
    for (int k = 0; k < 2; k++)
        dagpole_context_destroy(contexts[k]);
    free(where);
    free(q);
    free(q_f);
    free(results_f);
    free(serial);
    free(shared);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("magnitudes");
    TCase *tcase = tcase_create("magnitudes");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, evaluations, 0, 8);
    tcase_add_loop_test(tcase, direct_sums, 0, 2);
    tcase_add_test(tcase, queries);
    tcase_add_test(tcase, close_and_merged_points);
    tcase_add_loop_test(tcase, small_charges_far_from_a_large_one, 4, 11);
    tcase_add_test(tcase, one_large_charge_among_many);
    return suite_run(suite, tcase);
}
