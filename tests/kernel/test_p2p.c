#include "isa.h"
#include "kernel/cloud.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* What rounding may do to component k (0: potential, 1 ... 3: gradient) at target j: a few units in
 * the last place of each term, times lambda r for an exponential, and what a result below the
 * normal numbers may lose. */
static double tolerance(const dp_kernel *kernel, double lambda, const cloud *t, size_t j,
                        const cloud *s, int k) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double dx = t->w[0][j] - s->w[0][i], dy = t->w[1][j] - s->w[1][i];
        double dz = t->w[2][j] - s->w[2][i], r = sqrt(dx * dx + dy * dy + dz * dz);
        if (!(r > DP_NEAREST) || isinf(r))
            continue;
        double term = fabs(k ? kernel->slope(lambda, r) : kernel->value(lambda, r));
        double roundings = 1 + lambda * r;
        double tiny = DBL_MIN * (k ? (lambda + 1 / r) / r : 1 / r);
        sum += fabs(s->w[3][i]) * (8 * DBL_EPSILON * (term > 0 ? term * roundings : 0) + 4 * tiny);
    }
    return sum + 4 * DBL_EPSILON; /* the sums start from 1 */
}

static void run(const dp_kernel *kernel, double lambda, cloud *t, const cloud *s,
                int has_gradient) {
    cloud_set_sums(t, 1);
    kernel->p2p[suite_isa](lambda, (int64_t)t->n, cloud_points(t), cloud_sums(t, has_gradient),
                           (int64_t)s->n, cloud_points(s), (dp_carried){.charge = s->w[3]});
}

/* Against the scalar loops, with and without gradient. */
static void check(const dp_kernel *kernel, double lambda, cloud *t, const cloud *s) {
    double *expected[4], *allowed[4];
    cloud_set_sums(t, 1);
    dp_p2p_ref(kernel, lambda, (int64_t)t->n, cloud_points(t), cloud_sums(t, 1), (int64_t)s->n,
               cloud_points(s), (dp_carried){.charge = s->w[3]});
    for (int k = 0; k < 4; k++) {
        expected[k] = malloc((t->n + 1) * sizeof(double));
        allowed[k] = malloc((t->n + 1) * sizeof(double));
        memcpy(expected[k], t->s[k], t->n * sizeof(double));
        for (size_t j = 0; j < t->n; j++)
            allowed[k][j] = tolerance(kernel, lambda, t, j, s, k);
    }
    for (int has_gradient = 0; has_gradient < 2; has_gradient++) {
        run(kernel, lambda, t, s, has_gradient);
        for (int k = 0; k < 4; k++)
            for (size_t j = 0; j < t->n; j++) {
                double right = k == 0 || has_gradient ? expected[k][j] : 1;
                ck_assert_msg(fabs(t->s[k][j] - right) <= allowed[k][j],
                              "%s %s %zu x %zu lambda %g: sum %d of target %zu is %.17g, not %.17g",
                              kernel->name, dp_isa_name(suite_isa), t->n, s->n, lambda, k, j,
                              t->s[k][j], right);
            }
    }
    for (int k = 0; k < 4; k++) {
        free(expected[k]);
        free(allowed[k]);
    }
}

/* Every kernel. */
static void check_each(double lambda, cloud *t, const cloud *s) {
    for (int i = 0; i < DP_N_REAL_KERNELS; i++)
        check(dp_kernel_number(i), kernel_lambda(dp_kernel_number(i), lambda), t, s);
}

static void check_all(cloud *t, const cloud *s) {
    static const double lambdas[] = {1e-3, 1, 50, 1e6};
    for (int l = 0; l < 4; l++)
        check_each(lambdas[l], t, s);
}

#define MAX_SMALL 40

START_TEST(small_sizes_match_ref) {
    cloud sources[MAX_SMALL + 1];
    for (size_t n = 0; n <= MAX_SMALL; n++)
        sources[n] = cloud_make(n, 1, 2);
    for (size_t n_targets = 0; n_targets <= MAX_SMALL; n_targets++) {
        cloud t = cloud_make(n_targets, 1, 1);
        for (size_t n_sources = 0; n_sources <= MAX_SMALL; n_sources++)
            check_each(1, &t, &sources[n_sources]);
        cloud_free(&t);
    }
    for (size_t n = 0; n <= MAX_SMALL; n++)
        cloud_free(&sources[n]);
}
END_TEST

static void check_sizes(size_t n_targets, size_t n_sources) {
    cloud t = cloud_make(n_targets, 1, 1), s = cloud_make(n_sources, 1, 2);
    check_each(1, &t, &s);
    cloud_free(&t);
    cloud_free(&s);
}

START_TEST(large_sizes_match_ref) {
    check_sizes(250, 250);
    check_sizes(602, 97);
    check_sizes(67, 602);
    check_sizes(3, 2001);
}
END_TEST

START_TEST(scales_match_ref) {
    static const double scales[] = {1e-30, 1, 1e12};
    for (int i = 0; i < 3; i++) {
        cloud t = cloud_make(45, scales[i], 3), s = cloud_make(53, scales[i], 4);
        check_all(&t, &s);
        cloud_free(&t);
        cloud_free(&s);
    }
}
END_TEST

START_TEST(close_and_coincident_pairs_match_ref) {
    cloud t = cloud_make(61, 1, 5), s = cloud_make(61, 1, 6);
    for (int i = 0; i < 61; i++)
        for (int k = 0; k < 3; k++)
            s.w[k][i] = t.w[k][i] + (i % 4 == k ? 1e-12 : 0);
    check_all(&t, &s);
    cloud_free(&t);
    cloud_free(&s);
}
END_TEST

/* Point i lies at distance[i] from the origin, along a coordinate axis: other coordinates are 0. */
static cloud make_line(int n, const double *distance, int axis) {
    cloud c = cloud_make((size_t)n, 0, 7);
    for (int i = 0; i < n; i++)
        c.w[axis][i] = distance[i];
    return c;
}

START_TEST(extreme_distances_are_finite) {
    static const double distance[] = {0,         0x1p-1074, 1e-300, 1e-160, 0x1p-310,
                                      -0x1p-290, 1e-60,     1,      -1e9,   1e100,
                                      1e150,     1e160,     -1e250, 1e300,  -1e300};
    int n = (int)(sizeof distance / sizeof *distance);
    for (int axis = 0; axis < 3; axis++)
        for (int n_targets = 1; n_targets <= n; n_targets += n - 1) {
            cloud t = make_line(n_targets, distance, axis), s = make_line(n, distance, axis);
            check_all(&t, &s);
            cloud_free(&t);
            cloud_free(&s);
        }
}
END_TEST

/* Arrays of any alignment give the same bits: the order of sums depends on the sizes alone. */
START_TEST(bits_do_not_depend_on_alignment) {
    for (size_t n = 1; n <= 75; n += 37) {
        cloud t[2] = {cloud_make(n, 1, 8), cloud_make(n + 1, 1, 8)};
        cloud s[2] = {cloud_make(n, 1, 9), cloud_make(n + 3, 1, 9)};
        for (int k = 0; k < 4; k++) {
            memcpy(t[1].w[k], t[0].w[k], n * sizeof(double));
            memcpy(s[1].w[k], s[0].w[k], n * sizeof(double));
        }
        s[1].n = t[1].n = n;
        for (int c = 0; c < 2; c++)
            run(dp_kernel_get(DAGPOLE_YUKAWA), 1, &t[c], &s[c], 1);
        for (int k = 0; k < 4; k++)
            ck_assert_mem_eq(t[0].s[k], t[1].s[k], n * sizeof(double));
    }
}
END_TEST

/* One pair of charge 1, at all distances, with every lambda r for which exp(-lambda r) is normal.
 */
START_TEST(single_pairs_are_accurate) {
    uint64_t seed = 10;
    cloud t = cloud_make(1, 0, 11), s = cloud_make(1, 0, 12);
    s.w[3][0] = 1;
    for (int trial = 0; trial < 20000; trial++) {
        double r = exp(400 * suite_uniform(&seed) - 200);
        double x = trial % 2 ? suite_uniform(&seed) : 708 * suite_uniform(&seed), lambda = x / r;
        t.w[trial % 3][0] = r;
        for (int id = 0; id < 2; id++) {
            cloud_set_sums(&t, 0);
            dp_kernel_get((dagpole_kernel)id)
                ->p2p[suite_isa](lambda, 1, cloud_points(&t), cloud_sums(&t, 0), 1,
                                 cloud_points(&s), (dp_carried){.charge = s.w[3]});
            long double expected = (id ? expl(-(long double)lambda * r) : 1) / r;
            double roundings = id ? 4 + 3 * x : 2;
            long double allowed = DBL_EPSILON * roundings * expected + DBL_MIN;
            ck_assert_msg(fabsl(t.s[0][0] - expected) <= allowed, "%s r %g lambda r %g: %Lg eps",
                          dp_isa_name(suite_isa), r, x, (t.s[0][0] / expected - 1) / DBL_EPSILON);
        }
        t.w[trial % 3][0] = 0;
    }
    cloud_free(&t);
    cloud_free(&s);
}
END_TEST

ISA_SUITE_MAIN("p2p", 60, small_sizes_match_ref, large_sizes_match_ref, scales_match_ref,
               close_and_coincident_pairs_match_ref, extreme_distances_are_finite,
               bits_do_not_depend_on_alignment, single_pairs_are_accurate)
