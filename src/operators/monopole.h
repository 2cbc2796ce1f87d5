/* The charge of a multipole, and the constant of a local, of Laplace's expansions: the same vectors
 * serve both, because L2P is P2M transposed.
 *
 * What a multipole does far away is its charge first of all, and its error is the same at every
 * distance but for that. Dipoles have no charge, so that an R-th of what charges would do is left
 * at a distance of R, beside the error's charge; and where boxes of alternating charges are all
 * alike, on a lattice, the errors' charges of all boxes add up. P2M and M2M put the charge right,
 * which is known.
 */
#ifndef DP_OPERATORS_MONOPOLE_H
#define DP_OPERATORS_MONOPOLE_H

#include "operators/operators.h"

/* Numbers [begin, end) of expansions, the even parity's; the others are 0 in both. Their product is
 * 1. */
typedef struct dp_monopole {
    int begin, end;
    double *constant;  /* the local of the potential 1 */
    double *at_centre; /* the multipole of a charge 1 at the centre */
} dp_monopole;

/* The charge of a multipole. */
static inline double dp_monopole_of(const dp_monopole *monopole, const double *multipole) {
    double charge = 0;
    for (int i = monopole->begin; i < monopole->end; i++)
        charge += monopole->constant[i] * multipole[i];
    return charge;
}

/* Gives a multipole that charge. */
static inline void dp_monopole_set(const dp_monopole *monopole, double charge, double *multipole) {
    double missing = charge - dp_monopole_of(monopole, multipole);
    for (int i = monopole->begin; i < monopole->end; i++)
        multipole[i] += missing * monopole->at_centre[i];
}

/* What a local is at the centre. */
static inline double dp_monopole_at_centre(const dp_monopole *monopole, const double *local) {
    double value = 0;
    for (int i = monopole->begin; i < monopole->end; i++)
        value += monopole->at_centre[i] * local[i];
    return value;
}

#endif
