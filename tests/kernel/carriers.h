/* Points that carry charges, dipoles or both, with room for all ten rows of sums at them; arrays
 * end where a page without access begins. */
#ifndef DP_TESTS_KERNEL_CARRIERS_H
#define DP_TESTS_KERNEL_CARRIERS_H

#include "kernel/cloud.h"

enum { CARRY_CHARGES = 1, CARRY_DIPOLES = 2, CARRY_BOTH = 3 };

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
    dp_carried carried = {NULL, {NULL, NULL, NULL}};
    if (kind & CARRY_CHARGES)
        carried.charge = c->carried[0];
    if (kind & CARRY_DIPOLES)
        carried.dipole = (dp_soa){c->carried[1], c->carried[2], c->carried[3]};
    return carried;
}

/* n_sums: DP_POTENTIAL, DP_GRADIENT or DP_HESSIAN. */
static inline dp_sums carriers_sums(const carriers *c, int n_sums) {
    dp_sums sums = {.potential = c->sum[0]};
    if (n_sums >= DP_GRADIENT) {
        sums.gx = c->sum[1];
        sums.gy = c->sum[2];
        sums.gz = c->sum[3];
    }
    for (int k = 0; n_sums >= DP_HESSIAN && k < DP_N_SECOND; k++)
        sums.hessian[k] = c->sum[4 + k];
    return sums;
}

static inline void carriers_set_sums(carriers *c, double value) {
    for (int k = 0; k < DP_HESSIAN; k++)
        for (size_t j = 0; j < c->n; j++)
            c->sum[k][j] = value;
}

#endif
