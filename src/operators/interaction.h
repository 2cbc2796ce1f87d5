#ifndef DP_OPERATORS_INTERACTION_H
#define DP_OPERATORS_INTERACTION_H

#include "operators/surface.h"

/* The kernel matrix from the surface of source_radius around source_centre (its densities) to the
 * surface of target_radius around the origin (its potentials), as many rows as the target's points
 * and columns as the source's, in parity coefficients on both sides. Lengths are in half sides of
 * the box whose lambda is given. *matrix is owned by the caller (dp_free). */
dagpole_status dp_interaction_matrix(const dp_surface *target, const dp_surface *source,
                                     const dp_kernel *kernel, dp_lambda lambda,
                                     double target_radius, double source_radius,
                                     const double source_centre[3], double **matrix);

#endif
