#include "isa.h"
#include "kernel/cloud.h"

#include <math.h>

static const double lambda = 2;

/* Sums in long double; component k at target j. */
static long double exact(const dp_kernel *kernel, const cloud *t, size_t j, const cloud *s, int k) {
    long double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        long double d[3], r2 = 0;
        for (int axis = 0; axis < 3; axis++) {
            d[axis] = (long double)t->w[axis][j] - s->w[axis][i];
            r2 += d[axis] * d[axis];
        }
        if (r2 == 0)
            continue;
        long double r = sqrtl(r2), x = kernel->id == DAGPOLE_YUKAWA ? lambda * r : 0;
        long double value = s->w[3][i] * expl(-x) / r;
        sum += k == 0 ? value : -(1 + x) * value / r2 * d[k - 1];
    }
    return sum;
}

/* Relative L2 error of component k. */
static double error_of(const dp_kernel *kernel, const cloud *t, const cloud *s, int k) {
    long double error = 0, norm = 0;
    for (size_t j = 0; j < t->n; j++) {
        long double right = exact(kernel, t, j, s, k), wrong = t->s[k][j] - right;
        error += wrong * wrong;
        norm += right * right;
    }
    return (double)sqrtl(error / norm);
}

static void direct(const dp_kernel *kernel, cloud *t, const cloud *s, int has_gradient) {
    cloud_set_sums(t, NAN); /* overwritten */
    dagpole_status status =
        dp_direct(&(dp_direct_loop){.p2p = kernel->p2p[suite_isa], .lambda = lambda}, (int64_t)t->n,
                  cloud_points(t), cloud_sums(t, has_gradient), (int64_t)s->n, cloud_points(s),
                  (dp_carried){.charge = s->w[3]});
    ck_assert_int_eq(status, DAGPOLE_OK);
}

/* The first targets are sources too. */
static void check(size_t n_targets, size_t n_sources, double allowed) {
    cloud t = cloud_make(n_targets, 1, 1), s = cloud_make(n_sources, 1, 2);
    for (size_t j = 0; j < n_targets / 2; j++)
        for (int k = 0; k < 3; k++)
            t.w[k][j] = s.w[k][j];
    for (int call = 0; call < 4; call++) {
        const dp_kernel *kernel = dp_kernel_get((dagpole_kernel)(call / 2));
        direct(kernel, &t, &s, call % 2);
        for (int k = 0; k < (call % 2 ? 4 : 1); k++)
            ck_assert_double_le(error_of(kernel, &t, &s, k), allowed);
    }
    cloud_free(&t);
    cloud_free(&s);
}

START_TEST(mixed_charges_are_summed_to_the_last_digits) {
    check(20, 10000, 4e-15);
}
END_TEST

START_TEST(sizes_across_chunks) {
    check(300, 257, 4e-15);
    check(257, 256, 4e-15);
}
END_TEST

/* Sums of q g^2 and q |grad g|^2 by the definition, at targets that are sources too. */
static void check_squares(const dp_kernel *kernel, size_t n_targets, size_t n_sources) {
    cloud t = cloud_make(n_targets, 1, 1), s = cloud_make(n_sources, 1, 2);
    dp_sums out = {.potential = t.s[0], .gx = t.s[1]};
    for (size_t j = 0; j < n_targets / 2; j++)
        for (int k = 0; k < 3; k++)
            t.w[k][j] = s.w[k][j];
    cloud_set_sums(&t, NAN);
    ck_assert_int_eq(
        dp_direct(&(dp_direct_loop){.p2p = kernel->squares[suite_isa], .lambda = lambda},
                  (int64_t)n_targets, cloud_points(&t), out, (int64_t)n_sources, cloud_points(&s),
                  (dp_carried){.charge = s.w[3]}),
        DAGPOLE_OK);
    for (size_t j = 0; j < n_targets; j++) {
        double value = 0, slope = 0, rounding = 0;
        for (size_t i = 0; i < n_sources; i++) {
            double r =
                hypot(hypot(t.w[0][j] - s.w[0][i], t.w[1][j] - s.w[1][i]), t.w[2][j] - s.w[2][i]);
            if (r == 0)
                continue;
            value += s.w[3][i] * pow(kernel->value(lambda, r), 2);
            slope += s.w[3][i] * pow(kernel->slope(lambda, r), 2);
            rounding += fabs(s.w[3][i]) * pow(kernel->slope(lambda, r), 2);
        }
        ck_assert_double_le(fabs(t.s[0][j] - value), 1e-13 * rounding);
        ck_assert_double_le(fabs(t.s[1][j] - slope), 1e-13 * rounding);
        ck_assert(isnan(t.s[2][j]) && isnan(t.s[3][j]));
    }
    cloud_free(&t);
    cloud_free(&s);
}

START_TEST(squares_are_those_of_the_definition) {
    for (int i = 0; i < DP_N_REAL_KERNELS; i++) {
        check_squares(dp_kernel_number(i), 37, 500);
        check_squares(dp_kernel_number(i), 3, 5);
    }
}
END_TEST

START_TEST(nothing_gives_zero) {
    cloud t = cloud_make(5, 1, 1), s = cloud_make(0, 1, 2), none = cloud_make(0, 1, 1);
    direct(dp_kernel_get(DAGPOLE_LAPLACE), &t, &s, 1);
    for (int k = 0; k < 4; k++)
        for (size_t j = 0; j < t.n; j++)
            ck_assert_double_eq(t.s[k][j], 0);
    direct(dp_kernel_get(DAGPOLE_LAPLACE), &none, &t, 0);
    cloud_free(&t);
    cloud_free(&s);
    cloud_free(&none);
}
END_TEST

/* Chunks of 256 sum to 2, 1e17, 2, -1e17: plain summation loses the small ones. */
START_TEST(compensation_keeps_what_cancels) {
    cloud t = cloud_make(1, 0, 1), s = cloud_make(1024, 0, 2);
    for (size_t i = 0; i < s.n; i++) {
        s.w[0][i] = 1;
        s.w[3][i] = i / 256 % 2 == 0 ? 0x1p-7 : i == 256 ? 1e17 : i == s.n - 1 ? -1e17 : 0;
    }
    direct(dp_kernel_get(DAGPOLE_LAPLACE), &t, &s, 0);
    ck_assert_double_eq_tol(t.s[0][0], 4, 1e-12);
    cloud_free(&t);
    cloud_free(&s);
}
END_TEST

ISA_SUITE_MAIN("direct", 60, mixed_charges_are_summed_to_the_last_digits, sizes_across_chunks,
               squares_are_those_of_the_definition, nothing_gives_zero,
               compensation_keeps_what_cancels)
