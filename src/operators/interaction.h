/* Kernel matrices between surfaces, as operators are built from them. */
#ifndef DP_OPERATORS_INTERACTION_H
#define DP_OPERATORS_INTERACTION_H

#include "kernel/kernel.h"
#include "operators/surface.h"

/* Real numbers that a value of the kernel consists of: parts of platform/linalg.h. */
static inline int dp_parts(const dp_kernel *kernel) {
    return kernel->imaginary ? 2 : 1;
}

/* Kernel values from equivalent densities on a source surface (radius, centre) to check potentials
 * on a target surface (radius, at the origin), both in parity coefficients: n_target x n_source
 * numbers of dp_parts(kernel). The surfaces have one component. */
dagpole_status dp_interaction_values(const dp_surface *target, const dp_surface *source,
                                     const dp_kernel *kernel, dp_lambda lambda,
                                     double target_radius, double source_radius,
                                     const double source_centre[3], double **values);

/* The same within one box, where parities do not mix: a block for each, n_a x n_a. After a failure
 * blocks are to be freed as well. */
dagpole_status dp_interaction_blocks(const dp_surface *surface, const dp_kernel *kernel,
                                     dp_lambda lambda, double target_radius, double source_radius,
                                     double *blocks[DP_N_PARITIES]);

/* dp_interaction_values of surfaces of any number of components as a real matrix (surface.h). */
dagpole_status dp_interaction_matrix(const dp_surface *target, const dp_surface *source,
                                     const dp_kernel *kernel, dp_lambda lambda,
                                     double target_radius, double source_radius,
                                     const double source_centre[3], double **matrix);

#endif
