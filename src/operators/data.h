/* Operators of one level as they are built and stored: column-major matrices in the compressed
 * basis, independent of the instruction set. */
#ifndef DP_OPERATORS_DATA_H
#define DP_OPERATORS_DATA_H

#include "base/team.h"
#include "geometry/offsets.h"
#include "model/accuracy.h"
#include "operators/surface.h"

/* The check surface of P2M (2.95 half sides) and the equivalent surface (1.05): Ying, Biros, Zorin
 * 2004. Downward, the two are swapped. */
#define DP_RADIUS_NEAR 1.05
#define DP_RADIUS_FAR  2.95

typedef struct dp_operator_key {
    const dp_kernel *kernel;
    dp_lambda lambda; /* times half the box's side; a kernel of the caller's: half the side in the
                         caller's unit; 0 for homogeneous kernels */
    dp_accuracy accuracy;
} dp_operator_key;

/* The compressed basis is block diagonal over the parities: parity a has n_a surface coefficients
 * (surface.h) and k_a basis vectors. */
typedef struct dp_operator_data {
    dp_operator_key key;
    int n;                             /* points of the surface, of all components */
    int k;                             /* length of an expansion, may be 0 */
    int k_begin[DP_N_PARITIES + 1];    /* expansion coefficients of parity a */
    double *basis[DP_N_PARITIES];      /* n_a x k_a, orthonormal columns */
    double *p2m_parity[DP_N_PARITIES]; /* k_a x n_a: check potentials to expansion */
    int n_check;                       /* orbits of the check surface that P2M and L2P visit */
    int *check;                        /* their numbers (surface.h) */
    double *p2m[DP_N_PARITIES]; /* k_a x n_check (of each component): potentials there, summed over
                                   an orbit's images with the signs of the parity, to expansion;
                                   0 where an orbit serves other parities only */
    int n_classes;              /* positions that M2L is kept for (geometry/offsets.h) */
    int rank[DP_MOST_CLASSES];  /* M2L from those: a (k x rank) b (rank x k); a
                                    column of a and its row of b are zero outside one group
                                    of parities where dp_is_split says so */
    double *a[DP_MOST_CLASSES], *b[DP_MOST_CLASSES];
} dp_operator_data;

/* 1: the cut of the basis refers to the kernel without screening. */
static inline int dp_is_screened(const dp_operator_key *key) {
    return !key->kernel->user && dp_damping(key->lambda) > 0;
}

/* Classes of positions under the kernel's symmetries. */
static inline int dp_n_classes(const dp_operator_key *key) {
    return key->kernel->has_permutations ? DP_N_CLASSES : DP_MOST_CLASSES;
}

void dp_operator_data_destroy(dp_operator_data *data);

/* 1 where M2L is split into the groups of parities that do not mix (geometry/offsets.h). Below this
 * size, halves of an expansion are too short for what a product of its own costs. */
static inline int dp_is_split(int k, const int v[3]) {
    return k >= 100 && dp_zero_axes(v);
}

/* Allocates the arrays for sizes already set (k_begin, n_classes, rank, n_check, n). */
dagpole_status dp_operator_data_allocate(dp_operator_data *data, const dp_surface *surface);

/* Builds everything; uses LAPACK single-threaded, in parallel over the team. NUMERIC where a
 * factorisation fails, NO_MEMORY. */
dagpole_status dp_operator_data_build(const dp_team *team, const dp_surface *surface,
                                      const dp_operator_key *key, dp_operator_data **data);

#endif
