/* Clouds far from the origin, very large and very small. */
#include "accuracy.h"

enum { N = 5000 };

typedef struct results {
    double potentials[N], gradients[3 * N];
} results;

static double points[3 * N], charges[N];

static void make_points(void) {
    uint64_t state = 8;
    for (int i = 0; i < 3 * N; i++)
        points[i] = suite_uniform(&state) - 0.25;
    for (int i = 0; i < N; i++)
        charges[i] = 2 * suite_uniform(&state) - 1;
}

static results *evaluate(dagpole_context *context, int digits, dagpole_kernel kernel, double lambda,
                         double scale, double shift) {
    static double moved[3 * N];
    results *r = (results *)new_array(4 * N);
    for (int i = 0; i < 3 * N; i++)
        moved[i] = scale * points[i] + shift;
    problem p = {.digits = digits,
                 .kernel = kernel,
                 .lambda = lambda / scale,
                 .n_sources = N,
                 .sources = moved};
    dagpole_plan *plan = open_plan(context, &p);
    assert_ok(dagpole_plan_evaluate(plan, charges, r->potentials, r->gradients));
    dagpole_plan_destroy(plan);
    return r;
}

static void unscale(results *r, double scale) {
    for (int i = 0; i < N; i++)
        r->potentials[i] *= scale;
    for (int i = 0; i < 3 * N; i++)
        r->gradients[i] = r->gradients[i] * scale * scale;
}

/* Powers of two change no bit; another scale moves points by a rounding. Screened operators, of
 * which each scale has its own, are those of check_contract. */
static void check_scale(dagpole_kernel kernel, double lambda, double scale, int is_exact) {
    dagpole_context *context = open_context();
    int digits = kernel == DAGPOLE_LAPLACE ? 9 : 6;
    double unit = pow(10, -digits);
    make_points();
    results *one = evaluate(context, digits, kernel, lambda, 1, 0);
    results *scaled = evaluate(context, digits, kernel, lambda, scale, 0);
    unscale(scaled, scale);
    if (is_exact)
        ck_assert_mem_eq(one, scaled, sizeof *one);
    ck_assert_double_le(relative_error(N, scaled->potentials, one->potentials, NULL), unit);
    ck_assert_double_le(relative_error(3 * N, scaled->gradients, one->gradients, NULL), 10 * unit);
    free(one);
    free(scaled);
    dagpole_context_destroy(context);
}

START_TEST(powers_of_two_scale_exactly) {
    check_scale(DAGPOLE_LAPLACE, 0, 0x1p40, 1);
    check_scale(DAGPOLE_LAPLACE, 0, 0x1p-100, 1);
    check_scale(DAGPOLE_LAPLACE, 0, 0x1p-400, 1);
    check_scale(DAGPOLE_YUKAWA, 2, 0x1p40, 1);
    check_scale(DAGPOLE_YUKAWA, 2, 0x1p-100, 1);
}
END_TEST

START_TEST(other_scales) {
    check_scale(DAGPOLE_LAPLACE, 0, 1e12, 0);
    check_scale(DAGPOLE_LAPLACE, 0, 1e-30, 0);
    check_scale(DAGPOLE_LAPLACE, 0, 3, 0);
    check_scale(DAGPOLE_YUKAWA, 2, 1e12, 0);
    check_scale(DAGPOLE_YUKAWA, 2, 1e-30, 0);
}
END_TEST

static void check_points(const char *name, double scale) {
    dagpole_context *context = open_context();
    int n_bad = 0;
    for (int digits = 3; digits <= 12; digits += 3) {
        problem p = {.name = name, .digits = digits, .n_sources = N, .sources = points};
        n_bad += n_exceeded_charges(context, p);
        p.kernel = DAGPOLE_YUKAWA;
        p.lambda = 2 / scale;
        if (digits <= 6) /* operators for more take seconds to be built: test_yukawa.c */
            n_bad += n_exceeded_charges(context, p);
    }
    dagpole_context_destroy(context);
    ck_assert_int_eq(n_bad, 0);
}

static void check_contract(const char *name, double scale, double shift) {
    make_points();
    for (int i = 0; i < 3 * N; i++)
        points[i] = scale * points[i] + shift;
    check_points(name, scale);
}

START_TEST(unit_cloud_at_a_million) {
    check_contract("cube-at-1e6", 1, 1e6);
}
END_TEST

START_TEST(coordinates_of_1e12) {
    check_contract("cube-of-1e12", 1e12, 0);
}
END_TEST

START_TEST(coordinates_of_1e_minus_30) {
    check_contract("cube-of-1e-30", 1e-30, 0);
}
END_TEST

/* Moving by a power of two that loses no bit of the coordinates changes the root's place only. */
START_TEST(shifted_cloud) {
    dagpole_context *context = open_context();
    make_points();
    for (int i = 0; i < 3 * N; i++)
        points[i] = ldexp(floor(ldexp(points[i], 30)), -30);
    results *one = evaluate(context, 9, DAGPOLE_LAPLACE, 0, 1, 0);
    results *shifted = evaluate(context, 9, DAGPOLE_LAPLACE, 0, 1, 0x1p20);
    ck_assert_double_le(relative_error(N, shifted->potentials, one->potentials, NULL), 1e-9);
    ck_assert_double_le(relative_error(3 * N, shifted->gradients, one->gradients, NULL), 1e-8);
    free(one);
    free(shifted);
    dagpole_context_destroy(context);
}
END_TEST

static int depth_of(dagpole_context *context) {
    problem p = {.digits = 6, .n_sources = N, .sources = points};
    dagpole_report report = {.size = sizeof report};
    dagpole_plan *plan = open_plan(context, &p);
    assert_ok(dagpole_plan_report(plan, &report));
    ck_assert_int_le(report.n_boxes, 3000);
    dagpole_plan_destroy(plan);
    return report.depth;
}

/* Half of the points lie in a part of the cloud that is much smaller than it. Boxes get as small as
 * it takes: leaves are of the usual size there. */
START_TEST(two_scales) {
    static const double part[] = {1e-6, 1e-9, 3e-12};
    for (int k = 0; k < 3; k++) {
        make_points();
        for (int i = 0; i < N; i += 2)
            for (int d = 0; d < 3; d++)
                points[3 * i + d] *= part[k];
        dagpole_context *context = open_context();
        ck_assert_int_gt(depth_of(context), -log2(part[k]) + 1);
        dagpole_context_destroy(context);
        if (k == 1)
            check_points("two-scales", 1);
    }
}
END_TEST

SUITE_MAIN("scale", 60, powers_of_two_scale_exactly, other_scales, unit_cloud_at_a_million,
           coordinates_of_1e12, coordinates_of_1e_minus_30, shifted_cloud, two_scales)
