/* Points with values of flow: what they carry and sums, four vectors a value. */
#ifndef DP_TESTS_KERNEL_FLOW_SIDE_H
#define DP_TESTS_KERNEL_FLOW_SIDE_H

#include "kernel/carriers.h"

#include <float.h>

enum { PARTS = DP_FLOW_PARTS, PRESSURE = DP_FLOW_PARTS - 1 };

/* Of vector v and point i the numbers are at v n + i of each row. */
typedef struct flow_side {
    int n, n_vectors;
    double *point[3], *carried[4], *sum[DP_GRADIENT], *expected[DP_GRADIENT];
} flow_side;

/* What values carry, and where their sums start, is of very different size. */
static inline double flow_size_of(int v) {
    static const double sizes[] = {1, 1e-230, 3, 1e220};
    return sizes[v / PARTS % 4];
}

static inline flow_side flow_make(int n, int n_values, double scale, uint64_t seed) {
    flow_side s = {.n = n, .n_vectors = PARTS * n_values};
    size_t all = (size_t)(n * s.n_vectors);
    for (int k = 0; k < 3; k++) {
        s.point[k] = guarded((size_t)n);
        for (int i = 0; i < n; i++)
            s.point[k][i] = scale * suite_uniform(&seed);
    }
    for (int k = 0; k < 4; k++) {
        s.carried[k] = guarded(all);
        for (size_t i = 0; i < all; i++)
            s.carried[k][i] = flow_size_of((int)i / n) * (2 * suite_uniform(&seed) - 1);
    }
    for (int k = 0; k < DP_GRADIENT; k++) {
        s.sum[k] = guarded(all);
        s.expected[k] = guarded(all);
    }
    return s;
}

static inline void flow_free(flow_side *s) {
    size_t all = (size_t)(s->n * s->n_vectors);
    for (int k = 0; k < 3; k++)
        guarded_free(s->point[k], (size_t)s->n);
    for (int k = 0; k < 4; k++) {
        guarded_free(s->carried[k], all);
        guarded_free(s->sum[k], all);
        guarded_free(s->expected[k], all);
    }
}

static inline dp_soa flow_points(const flow_side *s) {
    return (dp_soa){s->point[0], s->point[1], s->point[2]};
}

/* From vector v and point i on. */
static inline dp_carried flow_carried(const flow_side *s, int kind, int v, int i) {
    return rows_carried(s->carried, kind, v * s->n + i);
}

static inline dp_sums flow_sums(const flow_side *s, double *const *row, int n_sums, int v, int i) {
    double *const rows[DP_HESSIAN] = {row[0], row[1], row[2], row[3]};
    (void)s;
    return rows_sums(rows, n_sums, v * s->n + i);
}

static inline void flow_set(const flow_side *s, double *const *row) {
    for (int k = 0; k < DP_GRADIENT; k++)
        for (int i = 0; i < s->n * s->n_vectors; i++)
            row[k][i] = flow_size_of(i / s->n);
}

/* All sums of `of` at `at` by the oracle. */
static inline void flow_expect(int kind, flow_side *at, const flow_side *of) {
    flow_set(at, at->expected);
    for (int v = 0; v < at->n_vectors; v += PARTS)
        dp_p2p_parts_ref(dp_kernel_get(DAGPOLE_STOKES), at->n, flow_points(at),
                         flow_sums(at, at->expected, DP_GRADIENT, v, 0), at->n, of->n,
                         flow_points(of), flow_carried(of, kind, v, 0), of->n);
}

/* No derivative of this order of 1/r or of a force's velocity in any direction is larger. */
static inline double flow_term(int order, double r) {
    static const double most[] = {1, 3, 12, 60, 360};
    double term = most[order] / r;
    for (int k = 0; k < order; k++)
        term /= r;
    return term;
}

/* One point of the one side is one of the other, two nearly are. */
static inline void flow_bring_together(flow_side *a, flow_side *b, double scale) {
    for (int d = 0; d < 3; d++) {
        if (a->n > 5 && b->n > 3)
            b->point[d][3] = a->point[d][5];
        if (a->n > 11 && b->n > 20)
            b->point[d][20] = a->point[d][11] + scale * 1e-6 * (d + 1);
    }
}

/* What errors of terms allow in sums of vector v at point j, by the order of a row. relative: of a
 * term of an order at distance r. */
typedef double flow_relative_fn(const void *how, int order, double r);

static inline void flow_allow(flow_relative_fn *relative, const void *how, int kind,
                              const flow_side *at, const flow_side *of, int v, int j,
                              double most[2]) {
    int first = v / PARTS * PARTS, higher = v % PARTS == PRESSURE;
    for (int order = 0; order < 2; order++)
        most[order] = (4 + of->n) * DBL_EPSILON * flow_size_of(v); /* sums start from it */
    for (int i = 0; i < of->n; i++) {
        double x = at->point[0][j] - of->point[0][i], y = at->point[1][j] - of->point[1][i],
               z = at->point[2][j] - of->point[2][i], r = sqrt(x * x + y * y + z * z);
        if (!(r > DP_NEAREST))
            continue;
        double force = 0, more = 0; /* the latter an order higher */
        for (int part = 0; part < PARTS; part++)
            for (int k = 0; k < (kind & CARRY_DIPOLES ? 4 : 1); k++) {
                double number = fabs(of->carried[k][(first + part) * of->n + i]);
                if (part < PRESSURE && k == 0)
                    force += number;
                else if (part < PRESSURE || (k == 0 && kind & CARRY_DIPOLES))
                    more += number;
            }
        for (int order = 0; order < 2; order++)
            for (int up = 0; up < 2; up++)
                most[order] += (up ? more : force) * flow_term(order + up + higher, r) *
                               relative(how, order + up + higher, r);
    }
}

#endif
