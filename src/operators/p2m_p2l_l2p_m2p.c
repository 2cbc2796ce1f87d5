/* P2M, P2L, L2P and M2P: kernel sums between a box's points and points on one of its surfaces, in
 * the box's frame (relative to its centre, in half sides), where a potential is h times the one
 * outside. */
#include "operators/apply.h"

#include <string.h>

static dp_soa move_to_frame(const double centre[3], double half, int n, dp_soa points,
                            double *buffer) {
    double *x = buffer, *y = buffer + DP_CHUNK, *z = buffer + 2 * DP_CHUNK;
    double inverse = 1 / half;
    for (int i = 0; i < n; i++) {
        x[i] = (points.x[i] - centre[0]) * inverse;
        y[i] = (points.y[i] - centre[1]) * inverse;
        z[i] = (points.z[i] - centre[2]) * inverse;
    }
    return (dp_soa){x, y, z};
}

static dp_soa offset(dp_soa points, int64_t i) {
    return (dp_soa){points.x + i, points.y + i, points.z + i};
}

static dp_soa points_of(const dp_surface_sums *surface) {
    return (dp_soa){surface->x, surface->y, surface->z};
}

static int chunk_size(int64_t n, int64_t begin) {
    return (int)(n - begin < DP_CHUNK ? n - begin : DP_CHUNK);
}

void dp_surface_potentials(const dp_operator_set *set, const dp_surface_sums *surface,
                           const double centre[3], double half, int64_t n, dp_soa points,
                           const double *charges, int is_first, int column, dp_scratch *scratch) {
    double *potential = scratch->columns + (size_t)column * scratch->ld;
    if (is_first)
        memset(potential, 0, (size_t)surface->n * sizeof *potential);
    for (int64_t i = 0; i < n; i += DP_CHUNK) {
        int m = chunk_size(n, i);
        dp_soa sources = move_to_frame(centre, half, m, offset(points, i), scratch->points);
        set->p2p(set->lambda, surface->n, points_of(surface), (dp_sums){.potential = potential}, m,
                 sources, charges + i);
    }
}

void dp_surface_to_expansions(const dp_operator_set *set, const dp_surface_sums *surface,
                              int n_columns, double *const *expansion, dp_scratch *scratch) {
    const double *none = set->flip; /* the identity's */
    dp_panel_apply_add(set->isa, &surface->to_expansion, n_columns, scratch->columns, scratch->ld,
                       expansion, none);
}

void dp_surface_densities(const dp_operator_set *set, const dp_surface_sums *surface, int n_columns,
                          const double *const *expansion, dp_scratch *scratch) {
    dp_panel_apply_from(set->isa, &surface->from_expansion, &set->ranges[0], n_columns, expansion,
                        scratch->product, scratch->ld);
}

static void add_scaled(int n, double scale, const double *from, double *to) {
    for (int i = 0; i < n; i++)
        to[i] += scale * from[i];
}

void dp_surface_evaluate(const dp_operator_set *set, const dp_surface_sums *surface,
                         const double centre[3], double half, int column, int64_t n, dp_soa points,
                         dp_sums out, dp_scratch *scratch) {
    const double *density = scratch->product + (size_t)column * scratch->ld;
    double scale = 1 / half, *s = scratch->sums;
    for (int64_t i = 0; i < n; i += DP_CHUNK) {
        int m = chunk_size(n, i);
        dp_soa targets = move_to_frame(centre, half, m, offset(points, i), scratch->points);
        dp_sums sums = {.potential = s};
        if (out.gx)
            sums = (dp_sums){s, s + DP_CHUNK, s + 2 * DP_CHUNK, s + 3 * DP_CHUNK};
        for (int k = 0; k < (out.gx ? 4 : 1); k++)
            memset(s + k * DP_CHUNK, 0, (size_t)m * sizeof *s);
        set->p2p(set->lambda, m, targets, sums, surface->n, points_of(surface), density);
        add_scaled(m, scale, s, out.potential + i);
        if (out.gx) {
            add_scaled(m, scale * scale, sums.gx, out.gx + i);
            add_scaled(m, scale * scale, sums.gy, out.gy + i);
            add_scaled(m, scale * scale, sums.gz, out.gz + i);
        }
    }
}
