/* Points that carry charges, dipoles or both, with room for all ten rows of sums at them; arrays
 * end where a page without access begins. */
#ifndef DP_TESTS_KERNEL_CARRIERS_H
#define DP_TESTS_KERNEL_CARRIERS_H

#include "kernel/cloud.h"

#include <math.h>

enum { CARRY_CHARGES = 1, CARRY_DIPOLES = 2, CARRY_BOTH = 3 };

/* What may be wanted of sums. */
static const int wanted[] = {DP_POTENTIAL, DP_GRADIENT, DP_HESSIAN};

/* Not every kernel has second derivatives among its sums. */
static inline int can_sum(const dp_kernel *kernel, int n_sums) {
    return n_sums <= DP_GRADIENT || kernel->has_hessians;
}

/* From number `at` of the rows of a charge and a dipole on. */
static inline dp_carried rows_carried(double *const row[4], int kind, int at) {
    dp_carried carried = {.charge = kind & CARRY_CHARGES ? row[0] + at : NULL};
    if (kind & CARRY_DIPOLES)
        carried.dipole = (dp_soa){row[1] + at, row[2] + at, row[3] + at};
    return carried;
}

/* The same of n_sums rows of sums. */
static inline dp_sums rows_sums(double *const row[DP_HESSIAN], int n_sums, int at) {
    dp_sums sums = {.potential = row[0] + at};
    if (n_sums >= DP_GRADIENT) {
        sums.gx = row[1] + at;
        sums.gy = row[2] + at;
        sums.gz = row[3] + at;
    }
    for (int k = 0; n_sums >= DP_HESSIAN && k < DP_N_SECOND; k++)
        sums.hessian[k] = row[DP_GRADIENT + k] + at;
    return sums;
}

/* Order of derivatives of the potential in row k of sums. */
static inline int order_of(int k) {
    return k == 0 ? 0 : k < DP_GRADIENT ? 1 : 2;
}

/* The sizes of terms by order at distance r: no derivative of g in a direction is larger. */
static inline void sizes_of_terms(const dp_kernel *kernel, double lambda, double r,
                                  double size[4]) {
    const dp_radial e = kernel->radial(lambda, r);
    size[0] = e.g;
    size[1] = e.e1 * r;
    size[2] = e.e2 + e.e1;
    size[3] = (e.e3 + 3 * e.e2) / r;
}

typedef struct carriers {
    size_t n;
    double *point[3], *carried[4], *sum[DP_HESSIAN]; /* carried: charge, dipole */
} carriers;

/* Points in [0, scale), what they carry in [-1, 1). */
static inline carriers carriers_make(size_t n, double scale, uint64_t seed) {
    carriers c = {.n = n};
    for (int k = 0; k < 3; k++)
        c.point[k] = guarded(n);
    for (int k = 0; k < 4; k++)
        c.carried[k] = guarded(n);
    for (int k = 0; k < DP_HESSIAN; k++)
        c.sum[k] = guarded(n);
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++)
            c.point[k][i] = scale * suite_uniform(&seed);
        for (int k = 0; k < 4; k++)
            c.carried[k][i] = 2 * suite_uniform(&seed) - 1;
    }
    return c;
}

static inline void carriers_free(carriers *c) {
    for (int k = 0; k < 3; k++)
        guarded_free(c->point[k], c->n);
    for (int k = 0; k < 4; k++)
        guarded_free(c->carried[k], c->n);
    for (int k = 0; k < DP_HESSIAN; k++)
        guarded_free(c->sum[k], c->n);
}

static inline dp_soa carriers_points(const carriers *c) {
    return (dp_soa){c->point[0], c->point[1], c->point[2]};
}

static inline dp_carried carriers_carried(const carriers *c, int kind) {
    return rows_carried(c->carried, kind, 0);
}

/* n_sums: DP_POTENTIAL, DP_GRADIENT or DP_HESSIAN. */
static inline dp_sums carriers_sums(const carriers *c, int n_sums) {
    return rows_sums(c->sum, n_sums, 0);
}

static inline void carriers_set_sums(carriers *c, double value) {
    for (int k = 0; k < DP_HESSIAN; k++)
        for (size_t j = 0; j < c->n; j++)
            c->sum[k][j] = value;
}

#endif
