/* Mutual sums and reduced precision against the scalar loops. */
#include "kernel/cloud.h"

#include <math.h>
#include <string.h>

enum { MAX = 40 };

static dp_side side(const cloud *c, int has_gradient) {
    return (dp_side){(int64_t)c->n, cloud_points(c), c->w[3], cloud_sums(c, has_gradient)};
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
               cloud_points(of), of->w[3]);
    for (int k = 0; k < 4; k++) {
        expected[k] = malloc((at->n + 1) * sizeof(double));
        memcpy(expected[k], at->s[k], at->n * sizeof(double));
    }
}

/* call: bit 0 gradient, bit 1 reduced. */
static void check(const dp_kernel *kernel, double lambda, cloud *a, cloud *b) {
    double *at_a[4], *at_b[4];
    reference(kernel, lambda, a, b, at_a);
    reference(kernel, lambda, b, a, at_b);
    for (int isa = 0; isa < DP_N_ISA; isa++)
        for (int call = 0; call < 4 && dp_isa_is_supported((dp_isa)isa); call++) {
            int gradient = call & 1, n_sums = gradient ? 4 : 1;
            /* what the error of r does to exp(-lambda r) r^-3 */
            double bound = call & 2 ? 3 * DP_REDUCED_ERROR * (1 + lambda) : 1e-14 * (1 + lambda);
            dp_mutual_fn mutual = call & 2 ? kernel->mutual_reduced[isa] : kernel->mutual[isa];
            dp_p2p_fn p2p = call & 2 ? kernel->p2p_reduced[isa] : kernel->p2p[isa];
            cloud_set_sums(a, 1);
            cloud_set_sums(b, 1);
            mutual(lambda, side(a, gradient), side(b, gradient));
            ck_assert_double_le(worst(kernel, lambda, a, b, at_a, n_sums), bound);
            ck_assert_double_le(worst(kernel, lambda, b, a, at_b, n_sums), bound);
            for (size_t j = 0; !gradient && j < a->n; j++)
                ck_assert_double_eq(a->s[1][j], 1); /* no gradient was asked for */
            cloud_set_sums(a, 1);
            p2p(lambda, (int64_t)a->n, cloud_points(a), cloud_sums(a, gradient), (int64_t)b->n,
                cloud_points(b), b->w[3]);
            ck_assert_double_le(worst(kernel, lambda, a, b, at_a, n_sums), bound);
        }
    for (int k = 0; k < 4; k++) {
        free(at_a[k]);
        free(at_b[k]);
    }
}

static void check_kernels(cloud *a, cloud *b) {
    check(dp_kernel_get(DAGPOLE_LAPLACE), 0, a, b);
    check(dp_kernel_get(DAGPOLE_YUKAWA), 1, a, b);
    check(dp_kernel_get(DAGPOLE_YUKAWA), 20, a, b);
}

START_TEST(all_small_sizes) {
    for (size_t n = 0; n <= MAX; n += 3)
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

SUITE_MAIN("mutual", 120, all_small_sizes, leaves, coincident_points_add_nothing)
