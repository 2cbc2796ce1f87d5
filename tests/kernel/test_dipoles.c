/* Direct sums of dipoles and of second derivatives: the vectorised loops against the scalar ones,
 * and sums with compensation against long double. */
#include "isa.h"
#include "kernel/carriers.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* What rounding may do to row k at target j. */
static double tolerance(const dp_kernel *kernel, double lambda, int kind, const carriers *t,
                        size_t j, const carriers *s, int k) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double r = hypot(hypot(t->point[0][j] - s->point[0][i], t->point[1][j] - s->point[1][i]),
                         t->point[2][j] - s->point[2][i]);
        if (!(r > DP_NEAREST) || isinf(r))
            continue;
        double p = hypot(hypot(s->carried[1][i], s->carried[2][i]), s->carried[3][i]);
        double roundings = 16 * (1 + fmin(lambda * r, 800));
        double size[4];
        sizes_of_terms(kernel, lambda, r, size);
        if (kind & CARRY_CHARGES)
            sum += roundings * fabs(s->carried[0][i]) * size[order_of(k)];
        if (kind & CARRY_DIPOLES)
            sum += roundings * p * size[order_of(k) + 1];
    }
    return DBL_EPSILON * (sum + 1 + (double)s->n) + DBL_MIN; /* the scalar sums start from 1 */
}

typedef struct loop {
    const dp_kernel *kernel;
    double lambda;
    int kind, n_sums;
} loop;

static void run(const loop *l, carriers *t, const carriers *s) {
    carriers_set_sums(t, 1);
    l->kernel->p2p[suite_isa](l->lambda, (int64_t)t->n, carriers_points(t),
                              carriers_sums(t, l->n_sums), (int64_t)s->n, carriers_points(s),
                              carriers_carried(s, l->kind));
}

enum { MOST = 300 };

static void check(const loop *l, carriers *t, const carriers *s) {
    static double expected[DP_HESSIAN][MOST];
    carriers_set_sums(t, 1);
    dp_p2p_ref(l->kernel, l->lambda, (int64_t)t->n, carriers_points(t), carriers_sums(t, l->n_sums),
               (int64_t)s->n, carriers_points(s), carriers_carried(s, l->kind));
    for (int k = 0; k < DP_HESSIAN; k++)
        memcpy(expected[k], t->sum[k], t->n * sizeof(double));
    run(l, t, s);
    for (int k = 0; k < DP_HESSIAN; k++)
        for (size_t j = 0; j < t->n; j++) {
            double allowed =
                k < l->n_sums ? tolerance(l->kernel, l->lambda, l->kind, t, j, s, k) : 0;
            ck_assert_msg(fabs(t->sum[k][j] - expected[k][j]) <= allowed,
                          "%s %s, %zu sources to %zu targets, carried %d, %d sums, lambda %g: sum "
                          "%d of target %zu is %.17g, not %.17g within %g",
                          l->kernel->name, dp_isa_name(suite_isa), s->n, t->n, l->kind, l->n_sums,
                          l->lambda, k, j, t->sum[k][j], expected[k][j], allowed);
        }
}

static void check_all(carriers *t, const carriers *s) {
    static const double lambdas[] = {1, 50, 1e6};
    for (int i = 0; i < DP_N_REAL_KERNELS * COUNT(lambdas); i++) {
        const dp_kernel *kernel = dp_kernel_number(i / COUNT(lambdas));
        double lambda = kernel_lambda(kernel, lambdas[i % COUNT(lambdas)]);
        for (int kind = CARRY_CHARGES; kind <= CARRY_BOTH; kind++)
            for (int w = 0; w < COUNT(wanted); w++)
                check(&(loop){kernel, lambda, kind, wanted[w]}, t, s);
    }
}

START_TEST(sizes_match_ref) {
    static const size_t sizes[][2] = {{0, 5}, {5, 0},  {1, 1},   {2, 7},   {7, 3},   {9, 8},
                                      {8, 9}, {13, 4}, {67, 61}, {3, 301}, {MOST, 2}};
    for (int i = 0; i < COUNT(sizes); i++) {
        carriers t = carriers_make(sizes[i][0], 1, 1), s = carriers_make(sizes[i][1], 1, 2);
        check_all(&t, &s);
        carriers_free(&t);
        carriers_free(&s);
    }
}
END_TEST

START_TEST(scales_match_ref) {
    static const double scales[] = {1e-30, 1e12, 1e60};
    for (int i = 0; i < COUNT(scales); i++) {
        carriers t = carriers_make(21, scales[i], 3), s = carriers_make(22, scales[i], 4);
        check_all(&t, &s);
        carriers_free(&t);
        carriers_free(&s);
    }
}
END_TEST

/* Some points coincide, some nearly. */
START_TEST(close_and_coincident_pairs_match_ref) {
    carriers t = carriers_make(45, 1, 5), s = carriers_make(45, 1, 6);
    for (int i = 0; i < 45; i++)
        for (int k = 0; k < 3; k++)
            s.point[k][i] = t.point[k][i] + (i % 4 == k ? 1e-9 : 0);
    check_all(&t, &s);
    carriers_free(&t);
    carriers_free(&s);
}
END_TEST

/* ---- with compensation ---------------------------------------------------------------------- */

static const double lambda = 2;

/* Row k of a charge and of a dipole in long double. */
static long double term(const dp_kernel *kernel, const long double d[3], const double carried[4],
                        int kind, int k) {
    static const int axes[DP_HESSIAN][2] = {{3, 3}, {3, 0}, {3, 1}, {3, 2}, {0, 0},
                                            {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};
    long double r2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2], r = sqrtl(r2);
    long double x = kernel->id == DAGPOLE_YUKAWA ? lambda * r : 0;
    /* b[n] is (-d/(r dr))^n g: exp(-x) / r^(2n + 1) times the reverse Bessel polynomials. */
    long double b[4] = {1, 1 + x, 3 + 3 * x + x * x, 15 + 15 * x + 6 * x * x + x * x * x};
    for (int n = 0; n < 4; n++)
        b[n] *= expl(-x) / (r * powl(r2, n));
    int i = axes[k][0], j = axes[k][1], order = order_of(k);
    if (order == 1)
        i = j;
    long double same = order == 2 && i == j, sum = 0;
    if (kind & CARRY_CHARGES)
        sum += carried[0] * (order == 0   ? b[0]
                             : order == 1 ? -b[1] * d[i]
                                          : b[2] * d[i] * d[j] - same * b[1]);
    const double *p = carried + 1;
    long double pd = p[0] * d[0] + p[1] * d[1] + p[2] * d[2];
    if (kind & CARRY_DIPOLES)
        sum += order == 0 ? b[1] * pd
               : order == 1
                   ? b[1] * p[i] - b[2] * pd * d[i]
                   : b[3] * pd * d[i] * d[j] - b[2] * (same * pd + p[i] * d[j] + p[j] * d[i]);
    return sum;
}

static double error_of(const dp_kernel *kernel, const carriers *t, const carriers *s, int kind,
                       int k) {
    long double error = 0, norm = 0;
    for (size_t j = 0; j < t->n; j++) {
        long double sum = 0;
        for (size_t i = 0; i < s->n; i++) {
            long double d[3];
            double carried[4];
            for (int a = 0; a < 3; a++)
                d[a] = (long double)t->point[a][j] - s->point[a][i];
            for (int a = 0; a < 4; a++)
                carried[a] = s->carried[a][i];
            if (d[0] != 0 || d[1] != 0 || d[2] != 0)
                sum += term(kernel, d, carried, kind, k);
        }
        error += (t->sum[k][j] - sum) * (t->sum[k][j] - sum);
        norm += sum * sum;
    }
    return (double)sqrtl(error / norm);
}

/* The first targets are sources too. */
START_TEST(twelve_digits_have_a_reference) {
    carriers t = carriers_make(20, 1, 1), s = carriers_make(3001, 1, 2);
    for (size_t j = 0; j < t.n / 2; j++)
        for (int k = 0; k < 3; k++)
            t.point[k][j] = s.point[k][j];
    for (int call = 0; call < 6; call++) {
        const dp_kernel *kernel = dp_kernel_get((dagpole_kernel)(call / 3));
        int kind = 1 + call % 3;
        carriers_set_sums(&t, NAN); /* overwritten */
        ck_assert_int_eq(
            dp_direct(&(dp_direct_loop){.p2p = kernel->p2p[suite_isa], .lambda = lambda},
                      (int64_t)t.n, carriers_points(&t), carriers_sums(&t, DP_HESSIAN),
                      (int64_t)s.n, carriers_points(&s), carriers_carried(&s, kind)),
            DAGPOLE_OK);
        for (int k = 0; k < DP_HESSIAN; k++)
            ck_assert_double_le(error_of(kernel, &t, &s, kind, k), 1e-14);
    }
    carriers_free(&t);
    carriers_free(&s);
}
END_TEST

/* ---- sums of squares ------------------------------------------------------------------------ */

/* What one of source i's two does at target j, by row. */
static void one_source(const dp_kernel *kernel, const carriers *t, size_t j, const carriers *s,
                       size_t i, int kind, double rows_of[DP_HESSIAN]) {
    const double one = 1;
    dp_carried carried = dp_carried_from(carriers_carried(s, kind), (int64_t)i);
    if (kind == CARRY_CHARGES)
        carried.charge = &one;
    memset(rows_of, 0, DP_HESSIAN * sizeof(double));
    dp_p2p_ref(kernel, lambda, 1, dp_soa_from(carriers_points(t), (int64_t)j),
               dp_sums_of_rows(rows_of, 1, DP_HESSIAN), 1,
               dp_soa_from(carriers_points(s), (int64_t)i), carried);
}

/* Squares of a potential, of a gradient's length, of the matrix of second derivatives. */
static void add_squares(double weight, const double x[DP_HESSIAN], double to[3]) {
    static const int times[DP_HESSIAN] = {1, 1, 1, 1, 1, 2, 2, 1, 2, 1};
    for (int k = 0; k < DP_HESSIAN; k++)
        to[order_of(k)] += weight * times[k] * x[k] * x[k];
}

static void check_squares(const dp_kernel *kernel, int kind, int n_orders, carriers *t,
                          const carriers *s) {
    static const int row[] = {0, 1, 4};
    dp_sums out = {.potential = t->sum[0]};
    if (n_orders > 1)
        out.gx = t->sum[1];
    if (n_orders > 2)
        out.hessian[0] = t->sum[4];
    carriers_set_sums(t, NAN);
    ck_assert_int_eq(
        dp_direct(&(dp_direct_loop){.p2p = kernel->squares[suite_isa], .lambda = lambda},
                  (int64_t)t->n, carriers_points(t), out, (int64_t)s->n, carriers_points(s),
                  carriers_carried(s, kind)),
        DAGPOLE_OK);
    for (size_t j = 0; j < t->n; j++) {
        double expected[3] = {0}, x[DP_HESSIAN];
        for (size_t i = 0; i < s->n; i++)
            for (int one = CARRY_CHARGES; one <= CARRY_DIPOLES; one++)
                if (kind & one) {
                    one_source(kernel, t, j, s, i, one, x);
                    add_squares(one == CARRY_CHARGES ? s->carried[0][i] : 1, x, expected);
                }
        for (int order = 0; order < n_orders; order++)
            ck_assert_double_le(fabs(t->sum[row[order]][j] - expected[order]),
                                1e-13 * expected[order]);
        for (int k = 0; k < DP_HESSIAN; k++)
            ck_assert(k == row[order_of(k)] && order_of(k) < n_orders ? t->sum[k][j] > 0
                                                                      : isnan(t->sum[k][j]));
    }
}

START_TEST(squares_are_those_of_the_definition) {
    carriers t = carriers_make(37, 1, 7), s = carriers_make(300, 1, 8);
    for (size_t i = 0; i < s.n; i++)
        s.carried[0][i] = fabs(s.carried[0][i]); /* squares */
    for (size_t j = 0; j < t.n / 2; j++)
        for (int k = 0; k < 3; k++)
            t.point[k][j] = s.point[k][j];
    for (int call = 0; call < DP_N_REAL_KERNELS * 3 * 3; call++)
        check_squares(dp_kernel_number(call / 9), 1 + call / 3 % 3, 1 + call % 3, &t, &s);
    carriers_free(&t);
    carriers_free(&s);
}
END_TEST

ISA_SUITE_MAIN("dipoles", 60, sizes_match_ref, scales_match_ref,
               close_and_coincident_pairs_match_ref, twelve_digits_have_a_reference,
               squares_are_those_of_the_definition)
