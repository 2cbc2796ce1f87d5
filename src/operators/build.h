/* The stages of dp_operator_data_build, each a file: basis.c, m2l_build.c, p2m_build.c. */
#ifndef DP_OPERATORS_BUILD_H
#define DP_OPERATORS_BUILD_H

#include "operators/data.h"

/* Kernel matrices at hand while operators are built, in parity coefficients on both sides. */
typedef struct dp_interactions {
    const dp_surface *surface;
    dp_offsets offsets;
    double
        *m2l[DP_MOST_CLASSES]; /* n x n: equivalent densities of the source at the class's position
                                  to check potentials of the target; NULL but while needed */
    double *unscreened;        /* n x n: m2l[0] without damping; NULL where there is none */
    double *check;             /* n x n: equivalent densities (near surface) to check potentials
                                  (far surface) of one box; block diagonal */
} dp_interactions;

/* The orthonormal basis of the check potentials that M2L can produce (and, by symmetry, of the
 * densities that it can see), cut at the key's tolerance relative to *reference: sets data's
 * k_begin and basis. */
dagpole_status dp_basis_build(const dp_team *team, const dp_interactions *interactions,
                              dp_operator_data *data, double *reference);

/* M2L of class c in the basis, as two thin factors cut at `threshold`: sets data's rank, a, b. */
dagpole_status dp_factor_build(const dp_interactions *interactions, int c, double threshold,
                               dp_operator_data *data);

/* SVDs of the diagonal blocks of `check`, by parity: u diag(sigma) vt, n_a x n_a each. */
typedef struct dp_inverse {
    double *u[DP_N_PARITIES], *vt[DP_N_PARITIES], *sigma[DP_N_PARITIES];
} dp_inverse;

/* *inverse is zero; it is to be freed after a failure as well. */
dagpole_status dp_inverse_build(const dp_interactions *interactions, dp_inverse *inverse);
void dp_inverse_free(dp_inverse *inverse);

/* The regularised inverse of `check` followed by the projection on the basis: sets data's
 * p2m_parity, n_check, check and p2m. */
dagpole_status dp_p2m_build(const dp_interactions *interactions, dp_operator_data *data);

#endif
