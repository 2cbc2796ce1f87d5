/* P2M, P2L, L2P and M2P: kernel sums between a box's points and orbits on one of its surfaces, and
 * the matrices of the parities between these sums and the expansion. */
#include "operators/apply.h"

#include <string.h>

_Static_assert(DP_COLUMNS <= DP_MANY, "as many vectors at once as columns");

void dp_surface_potentials(const dp_operator_set *set, const dp_surface_sums *surface,
                           const dp_frame *frame, int64_t n, dp_soa points, dp_carried carried,
                           int64_t carried_stride, int n_vectors, int is_first, int first_column,
                           dp_scratch *scratch) {
    double *potential = scratch->columns + (size_t)first_column * scratch->ld;
    for (int v = 0; is_first && v < n_vectors; v++)
        memset(potential + (size_t)v * scratch->ld, 0,
               (size_t)(DP_N_PARITIES * surface->ld) * sizeof *potential);
    if (n_vectors == 1 && !carried.dipole.x)
        set->to_orbits(set->lambda, &surface->orbits, potential, surface->ld, frame, n, points,
                       carried.charge);
    else
        set->to_orbits_many(set->lambda, &surface->orbits, n_vectors, potential, scratch->ld,
                            surface->ld, frame, n, points, carried, carried_stride);
}

void dp_surface_to_expansions(const dp_operator_set *set, const dp_surface_sums *surface,
                              int n_columns, double *const *expansion, dp_scratch *scratch) {
    const double *none = set->flip; /* the identity's */
    for (int a = 0; a < DP_N_PARITIES; a++)
        dp_panel_apply_add(set->isa, &surface->to_expansion[a], n_columns,
                           scratch->columns + a * surface->ld, scratch->ld, expansion, none);
}

void dp_surface_densities(const dp_operator_set *set, const dp_surface_sums *surface, int n_columns,
                          const double *const *expansion, dp_scratch *scratch) {
    for (int a = 0; a < DP_N_PARITIES; a++)
        dp_panel_apply_from(set->isa, &surface->from_expansion[a], &set->of_parity[a], n_columns,
                            expansion, scratch->product + a * surface->ld, scratch->ld);
}

void dp_surface_evaluate(const dp_operator_set *set, const dp_surface_sums *surface, int is_far,
                         const dp_frame *frame, int first_column, int n_vectors, int64_t n,
                         dp_soa points, dp_sums out, int64_t out_stride, dp_scratch *scratch) {
    const double *density = scratch->product + (size_t)first_column * scratch->ld;
    if (n_vectors == 1 && !out.hessian[0])
        (is_far ? set->from_orbits_far : set->from_orbits)(set->lambda, &surface->orbits, density,
                                                           surface->ld, frame, n, points, out);
    else
        (is_far ? set->from_orbits_many_far : set->from_orbits_many)(
            set->lambda, &surface->orbits, n_vectors, density, scratch->ld, surface->ld, frame, n,
            points, out, out_stride);
}
