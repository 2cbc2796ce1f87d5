/* What expansions do with a kernel that nothing is known of: measured at random points. */
#ifndef DP_OPERATORS_PROBE_H
#define DP_OPERATORS_PROBE_H

#include "operators/apply.h"

enum { DP_PROBE_CUTS = 8 };

/* Half the side of the cube that a V list fills, in half sides of a box. */
enum { DP_V_REACH = 7 };

/* Charges in a box, and targets in the boxes that a V list reaches, of one level. */
typedef struct dp_probe {
    double error[DP_PROBE_CUTS]; /* L2 error over L2 norm, for each cut of the pseudo-inverse */
} dp_probe;

/* What equivalent densities, found by each of n_cuts cuts, make of charges. Before operators are
 * built, and much faster than that. lambda: as in dp_operator_key. NUMERIC, NO_MEMORY. */
dagpole_status dp_probe_surfaces(const dp_surface *surface, const dp_kernel *kernel, double lambda,
                                 int n_cuts, const double *cut, dp_probe *probe);

/* P2M, M2L and L2P of boxes with this half side (scaled), or with M2M and L2L between them and
 * their children. */
typedef struct dp_chain {
    const dp_operator_set *set, *fine; /* fine NULL: without children */
    const dp_transfer *between;
    const dp_offsets *offsets;
    double half;
} dp_chain;

/* By order of derivatives. */
enum { DP_CHAIN_ERRORS = 3 };

/* Error over norm of what these make of charges, or of dipoles, in potentials, gradients and second
 * derivatives, as far as n_sums goes (DP_POTENTIAL, ...); 0 of the others. The scratch is that of
 * the operators, of a kernel of the caller's. */
void dp_probe_chain(const dp_chain *chain, int has_dipoles, int n_sums, dp_scratch *scratch,
                    double *work, double errors[DP_CHAIN_ERRORS]);

/* Doubles that dp_probe_chain works in. */
size_t dp_probe_chain_work(const dp_chain *chain);

#endif
