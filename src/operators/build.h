/* The stages of dp_operator_data_build, each a file: basis.c, m2l_build.c (on range_finder.c),
 * p2m_build.c.
 *
 * They work with numbers of `parts` (platform/linalg.h): complex kernels in complex arithmetic, on
 * a surface of one component. Everything takes half the time and half the memory of the real
 * matrices of two components (surface.h), which are made of the results at the end: a complex
 * number c of an expansion is the two real ones Re c and Im c there, those of a parity all real
 * parts first. */
#ifndef DP_OPERATORS_BUILD_H
#define DP_OPERATORS_BUILD_H

#include "operators/data.h"

/* Parities that permutations of the axes take to one another are of one kind (even; odd in one,
 * two, three coordinates). */
typedef struct dp_kinds {
    int n;
    int representative[DP_N_PARITIES]; /* one parity of each kind */
    int of[DP_N_PARITIES];             /* the kind of every parity, */
    int permutation[DP_N_PARITIES];    /* and what takes the representative to it */
} dp_kinds;

/* What the stages share. */
typedef struct dp_interactions {
    const dp_surface *surface; /* of one component */
    int parts;
    dp_offsets offsets;
    dp_kinds kinds;
    double *check[DP_N_PARITIES]; /* n_a x n_a: equivalent densities (near surface) to check
                                     potentials (far surface) of one box */
    double *basis[DP_N_PARITIES]; /* n_a x k_a / parts: dp_basis_build's */
} dp_interactions;

static inline int dp_parity_size(const dp_surface *s, int parity) {
    return s->parity_begin[parity + 1] - s->parity_begin[parity];
}

/* Columns of the basis, or coefficients of an expansion, of a parity, in numbers of parts. */
static inline int dp_basis_size(const dp_interactions *interactions, const dp_operator_data *data,
                                int parity) {
    return (data->k_begin[parity + 1] - data->k_begin[parity]) / interactions->parts;
}

dp_kinds dp_kinds_list(int n_permutations);

/* M2L of class c with this lambda, n x n: equivalent densities of the source to check potentials of
 * the target. */
dagpole_status dp_m2l_values(const dp_interactions *interactions, const dp_operator_key *key,
                             dp_lambda lambda, int c, double **values);

/* The orthonormal basis of the check potentials that M2L can produce (and, by symmetry, of the
 * densities that it can see), cut at the key's tolerance relative to *reference: sets data's
 * k_begin and basis, and the interactions' basis. */
dagpole_status dp_basis_build(const dp_team *team, dp_interactions *interactions,
                              dp_operator_data *data, double *reference);

/* M2L of class c in the basis, as two thin factors cut at `threshold`: sets data's rank, a, b. */
dagpole_status dp_factor_build(const dp_interactions *interactions, int c, double threshold,
                               dp_operator_data *data);

/* A symmetric k x k matrix as a (k x rank) b (rank x k), singular values above `threshold`, and
 * whatever else makes the rank a whole number of vectors. a and b are to be freed after a failure
 * as well. */
typedef struct dp_factors {
    int rank;
    double *a, *b;
} dp_factors;

dagpole_status dp_factorise_symmetric(int parts, int k, const double *matrix, double threshold,
                                      int is_group, dp_factors *factors);

/* SVDs of the blocks of `check`, by parity: u diag(sigma) vt, n_a x n_a each. */
typedef struct dp_inverse {
    double *u[DP_N_PARITIES], *vt[DP_N_PARITIES], *sigma[DP_N_PARITIES];
} dp_inverse;

/* Of those parities that represent their kind. *inverse is zero; it is to be freed after a failure
 * as well. */
dagpole_status dp_inverse_build(const dp_interactions *interactions, dp_inverse *inverse);
void dp_inverse_free(dp_inverse *inverse);

/* The regularised inverse of `check` followed by the projection on the basis: sets data's
 * p2m_parity, n_check, check and p2m. */
dagpole_status dp_p2m_build(const dp_interactions *interactions, dp_operator_data *data);

#endif
