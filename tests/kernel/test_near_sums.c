/* Near sums over packed points, in every precision, against the scalar loops. */
#include "isa.h"
#include "kernel/cloud.h"
#include "kernel/strip.h"

#include <math.h>
#include <string.h>

enum { MAX = 40 };

static const double bounds[DP_N_PRECISIONS] = {4e-15, 3 * DP_REDUCED_ERROR, 5 * DP_SINGLE_ERROR,
                                               3 * DP_ROUGH_ERROR};

static const dp_shape plain = {.n_vectors = 1, .has_charges = 1, .n_sums = DP_GRADIENT};

/* In pieces; sums start from 1. Each side has one strip, which every call uses again: what was left
 * in it must not matter. At first nothing in its memory is a number. */
static dp_strip *strip_of(int side, cloud *c, dp_precision precision, int has_gradient) {
    static const dp_strip_frame frame = {{0.5, 0.5, 0.5}, 0.5, {1}};
    static dp_strip strips[2];
    dp_strip *strip = &strips[side];
    if (!strip->memory) {
        ck_assert_int_eq(dp_strip_create(suite_isa, &plain, strip), DAGPOLE_OK);
        memset(strip->memory, 0xff, (size_t)dp_strip_bytes(&plain));
    }
    dp_strip_begin(strip, precision >= DP_SINGLE, &frame);
    for (size_t i = 0, m; i < c->n; i += m) {
        dp_sums out = dp_sums_from(cloud_sums(c, 1), (int64_t)i);
        m = c->n - i < 9 ? c->n - i : 9;
        ck_assert_int_ge(dp_strip_room(strip), (int)m);
        dp_strip_add(strip, (int)m, (dp_soa){c->w[0] + i, c->w[1] + i, c->w[2] + i},
                     (dp_carried){.charge = c->w[3] + i}, 0, out, 0);
    }
    cloud_set_sums(c, 1);
    dp_strip_end(strip, has_gradient ? DP_GRADIENT : DP_POTENTIAL);
    return strip;
}

/* Largest error of sums[k][j] over `magnitude`, the sum of |terms| of the potential at j (for
 * gradients of |q slope|). */
static double worst(const dp_kernel *kernel, double lambda, const cloud *at, const cloud *of,
                    double *const *expected, int n_sums) {
    double largest = 0;
    for (size_t j = 0; j < at->n; j++) {
        double magnitude[2] = {0, 0};
        for (size_t i = 0; i < of->n; i++) {
            double dx = at->w[0][j] - of->w[0][i], dy = at->w[1][j] - of->w[1][i];
            double dz = at->w[2][j] - of->w[2][i], r = sqrt(dx * dx + dy * dy + dz * dz);
            if (!(r > DP_NEAREST))
                continue;
            magnitude[0] += fabs(of->w[3][i] * kernel->value(lambda, r));
            magnitude[1] += fabs(of->w[3][i] * kernel->slope(lambda, r));
        }
        for (int k = 0; k < n_sums; k++) {
            double scale = magnitude[k > 0] + 1; /* sums start from 1 */
            largest = fmax(largest, fabs(at->s[k][j] - expected[k][j]) / scale);
        }
    }
    return largest;
}

static void reference(const dp_kernel *kernel, double lambda, cloud *at, const cloud *of,
                      double *expected[4]) {
    cloud_set_sums(at, 1);
    dp_p2p_ref(kernel, lambda, (int64_t)at->n, cloud_points(at), cloud_sums(at, 1), (int64_t)of->n,
               cloud_points(of), (dp_carried){.charge = of->w[3]});
    for (int k = 0; k < 4; k++) {
        expected[k] = malloc((at->n + 1) * sizeof(double));
        memcpy(expected[k], at->s[k], at->n * sizeof(double));
    }
}

static void check_call(const dp_kernel *kernel, double lambda, cloud *a, cloud *b, dp_near near,
                       dp_precision precision, double *const *at_a, double *const *at_b) {
    int n_sums = near.n_sums;
    /* what the error of r does to exp(-lambda r) r^-3 */
    double bound = bounds[precision] * (1 + lambda);
    near.targets = strip_of(0, a, precision, near.n_sums > 1);
    near.sources = a == b ? near.targets : strip_of(1, b, precision, near.n_sums > 1);
    kernel->near[precision][suite_isa](&near);
    dp_strip_take(near.targets);
    ck_assert_double_le(worst(kernel, lambda, a, b, at_a, n_sums), bound);
    for (size_t j = 0; near.n_sums == 1 && j < a->n; j++)
        ck_assert_double_eq(a->s[1][j], 1); /* no gradient was asked for */
    if (a != b) {
        dp_strip_take(near.sources);
        if (near.is_mutual)
            ck_assert_double_le(worst(kernel, lambda, b, a, at_b, n_sums), bound);
        for (size_t j = 0; !near.is_mutual && j < b->n; j++)
            ck_assert_double_eq(b->s[0][j], 1);
    }
}

static int are_apart(const cloud *a, const cloud *b) {
    for (size_t j = 0; j < a->n; j++)
        for (size_t i = 0; i < b->n; i++) {
            double dx = a->w[0][j] - b->w[0][i], dy = a->w[1][j] - b->w[1][i];
            double dz = a->w[2][j] - b->w[2][i];
            if ((a != b || i != j) && !(sqrt(dx * dx + dy * dy + dz * dz) > DP_NEAREST))
                return 0;
        }
    return 1;
}

/* `least` of 1/2: about half of the pairs of neighbours are close. */
static void check_precisions(int n_precisions, const dp_kernel *kernel, double lambda, cloud *a,
                             cloud *b) {
    double *at_a[4], *at_b[4];
    reference(kernel, lambda, a, b, at_a);
    reference(kernel, lambda, b, a, at_b);
    /* one-sided, mutual, and mutual where no pair is to be left out */
    const int n_ways = are_apart(a, b) ? 3 : 2;
    for (int call = 0; call < 2 * n_ways * n_precisions; call++) {
        dp_near near = {.lambda = lambda,
                        .least = a->n % 2 ? 0.5 : 1. / 64,
                        .n_sums = call & 1 ? DP_GRADIENT : DP_POTENTIAL,
                        .is_mutual = call / 2 % n_ways > 0,
                        .is_apart = call / 2 % n_ways > 1};
        check_call(kernel, lambda, a, b, near, (dp_precision)(call / 2 / n_ways), at_a, at_b);
    }
    for (int k = 0; k < 4; k++) {
        free(at_a[k]);
        free(at_b[k]);
    }
}

static void check(const dp_kernel *kernel, double lambda, cloud *a, cloud *b) {
    check_precisions(DP_N_PRECISIONS, kernel, lambda, a, b);
}

static void check_kernels(cloud *a, cloud *b) {
    for (int i = 0; i < DP_N_REAL_KERNELS; i++) {
        const dp_kernel *kernel = dp_kernel_number(i);
        check(kernel, kernel_lambda(kernel, 1), a, b);
        if (kernel->lambda)
            check(kernel, 20, a, b);
    }
}

START_TEST(all_small_sizes) {
    for (size_t n = 0; n <= MAX; n += SUITE_IS_SANITIZED ? 11 : 3)
        for (size_t m = 0; m <= MAX; m++) {
            cloud a = cloud_make(n, 1, 1), b = cloud_make(m, 1, 2);
            check_kernels(&a, &b);
            cloud_free(&a);
            cloud_free(&b);
        }
}
END_TEST

START_TEST(leaves) {
    cloud a = cloud_make(245, 1, 3), b = cloud_make(131, 1, 4);
    check_kernels(&a, &b);
    cloud_free(&a);
    cloud_free(&b);
}
END_TEST

START_TEST(coincident_points_add_nothing) {
    cloud a = cloud_make(37, 1, 5), b = cloud_make(37, 1, 6);
    for (int k = 0; k < 3; k++)
        memcpy(b.w[k], a.w[k], 37 * sizeof(double));
    check_kernels(&a, &b);
    cloud_free(&a);
    cloud_free(&b);
}
END_TEST

START_TEST(a_leaf_with_itself) {
    for (size_t n = 0; n <= MAX; n++) {
        cloud a = cloud_make(n, 1, 7);
        check_kernels(&a, &a);
        cloud_free(&a);
    }
    cloud full = cloud_make(DP_STRIP, 1, 8);
    check_kernels(&full, &full);
    cloud_free(&full);
}
END_TEST

/* Points so close that in single precision they coincide. */
START_TEST(very_close_points) {
    cloud a = cloud_make(50, 1, 9), b = cloud_make(50, 1, 10);
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < 50; i++)
            b.w[k][i] = 0.8 + (a.w[k][i] = 0.8 + 1e-9 * a.w[k][i]) - 0.8 + 1e-10 * (double)i;
    for (int i = 0; i < DP_N_REAL_KERNELS; i++)
        check(dp_kernel_number(i), kernel_lambda(dp_kernel_number(i), 1), &a, &b);
    check(dp_kernel_get(DAGPOLE_LAPLACE), 0, &a, &a);
    cloud_free(&a);
    cloud_free(&b);
}
END_TEST

/* In double, positions need no frame: some pairs or all are out of reach of what guesses in single.
 * Charges make the potentials or, of clouds that are not small, the gradients about 1. */
START_TEST(any_distance_in_double) {
    static const double scales[] = {1e-150, 1e-25, 1e-19, 1e19, 1e25, 1e150};
    for (int k = 0; k < 6; k++) {
        cloud a = cloud_make(150, scales[k], 11), b = cloud_make(140, scales[k], 12);
        int is_squared = scales[k] > 1 && scales[k] < 1e100;
        for (int i = 0; i < 140; i++)
            b.w[3][i] = a.w[3][i] = is_squared ? scales[k] * scales[k] : scales[k];
        for (int d = 0; d < 3; d++)
            b.w[d][130] = 1e-9 * a.w[d][17]; /* one much closer to the origin, one coincides */
        for (int d = 0; d < 3; d++)
            a.w[d][140] = b.w[d][3];
        check_precisions(DP_SINGLE, dp_kernel_get(DAGPOLE_LAPLACE), 0, &a, &b);
        check_precisions(DP_SINGLE, dp_kernel_get(DAGPOLE_LAPLACE), 0, &a, &a);
        if (scales[k] > 1)
            check_precisions(DP_SINGLE, dp_kernel_get(DAGPOLE_YUKAWA), 1 / scales[k], &a, &b);
        cloud_free(&a);
        cloud_free(&b);
    }
}
END_TEST

/* Charges of any size that a double has. */
START_TEST(units_suit_all_charges) {
    static const double sizes[] = {5e-324, 3e-310, 1e-300, 0.3, 1, 1e300, 1.7e308};
    ck_assert_double_eq(dp_strip_charge_unit(0), 1);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        dp_strip_frame frame = {{0, 0, 0}, 1, {dp_strip_charge_unit(sizes[k])}};
        double x[1] = {0.5}, sum[1] = {0};
        dp_strip strip;
        ck_assert_double_le(frame.charge_unit[0], sizes[k]);
        ck_assert_int_eq(dp_strip_create(suite_isa, &plain, &strip), DAGPOLE_OK);
        dp_strip_begin(&strip, 1, &frame);
        dp_strip_add(&strip, 1, (dp_soa){x, x, x}, (dp_carried){.charge = &sizes[k]}, 0,
                     (dp_sums){.potential = sum}, 0);
        dp_strip_end(&strip, DP_POTENTIAL);
        ck_assert_float_eq_tol(strip.carried_f[0], (float)(sizes[k] / frame.charge_unit[0]), 1e-6);
        strip.sums_f[0] = strip.carried_f[0];
        sum[0] = 0;
        dp_strip_take(&strip);
        ck_assert_double_eq_tol(sum[0], sizes[k], 1e-7 * sizes[k] + 1e-323);
        dp_strip_free(&strip);
    }
}
END_TEST

ISA_SUITE_MAIN("near_sums", 120, all_small_sizes, leaves, coincident_points_add_nothing,
               a_leaf_with_itself, very_close_points, any_distance_in_double,
               units_suit_all_charges)
