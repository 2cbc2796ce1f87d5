/* What the operators cost, in seconds of one core: for the size of leaves and blocks and for
 * priorities. The coefficients (model/rates.h) are never measured on the way to results, because
 * they decide the order of sums. */
#ifndef DP_MODEL_COST_H
#define DP_MODEL_COST_H

#include "model/rates.h"

typedef struct dp_cost {
    double pair;          /* one pair of a point and a point of a surface, potential */
    double near;          /* one near pair; a pair that is computed for both sides counts twice */
    double leaf_pair;     /* starting on another pair of leaves */
    double flop;          /* one flop of a packed matrix product */
    double column;        /* finding one column of a product and adding to it, */
    double coefficient;   /* and each of its coefficients */
    double point;         /* gathering or scattering one point */
    double surface_point; /* a point and a surface, beside their pairs: fetching it, ... */
    double task;          /* least sensible length of a task */
} dp_cost;

/* Of all vectors of a shape at once, in one, for evaluations that want n_sums (DP_POTENTIAL, ...):
 * what follows from these costs follows for them. `pair` is the mean of both directions. */
dp_cost dp_cost_of(const dp_rates *rates, const dp_kernel *kernel, dp_precision precision,
                   const dp_shape *shape, int n_sums);

/* Seconds of n_points with a surface of n_surface points (P2M, L2P, P2L, M2P). */
static inline double dp_cost_pairs(const dp_cost *cost, double n_points, double n_surface) {
    return (cost->pair * n_surface + cost->surface_point) * n_points;
}

/* Seconds of one point with the inner surface of a box where W and X are weighed against direct
 * sums. Beside its pairs that is a share of the surface's densities and of moving points into its
 * frame. */
double dp_cost_surface(const dp_cost *cost, int n_surface);

/* Seconds of the near pairs of n_targets with n_sources. */
static inline double dp_cost_near(const dp_cost *cost, double n_targets, double n_sources) {
    return cost->near * n_targets * n_sources;
}

/* Seconds of one M2L pair whose matrices have so many flops, of expansions so long. */
double dp_cost_m2l(const dp_cost *cost, double flops, int k_padded);

/* 1: M2L keeps in floats what their rounding does not show of (operators/set.c). Callbacks of the
 * caller's promise nothing of how they round, matrices of complex numbers stay as they are, and
 * columns of short expansions would take longer to round than floats save (measured). */
static inline int dp_cost_has_floats(const dp_kernel *kernel, double expansion_size) {
    return !kernel->user && dp_n_components(kernel) == 1 && expansion_size >= 64;
}

/* What an M2L pair that has floats takes beside its flops, in flops: columns are rounded before,
 * and fewer ranks are met at once. 12 a coefficient fit 6, 7, 9, 11 and 12 digits to 2 percent. */
static inline double dp_cost_rounding(double expansion_size) {
    return 12 * expansion_size;
}

/* Seconds of M2M or L2L between a box and one child. */
static inline double dp_cost_transfer(const dp_cost *cost, int k) {
    return cost->flop * 2.0 * k * k;
}

/* Seconds of gathering or scattering n points. */
static inline double dp_cost_points(const dp_cost *cost, int64_t n) {
    return cost->point * (double)n;
}

/* Length of an expansion and mean rank of M2L before any operator is at hand: fits to those of
 * model/accuracy.c for Laplace. Of a complex kernel they are those of each of its two parts, in a
 * box that sees no wave. */
double dp_cost_expansion_size(double tolerance);
/* has_floats: as dp_cost_has_floats says. A rank in floats counts half. */
double dp_cost_mean_rank(double expansion_size, int has_floats);

/* Seconds to bring both matrices of an M2L position in from the outer caches: the larger the set,
 * the further they come. A fit for a set of the size that the expansions need. */
double dp_cost_fetch(double expansion_size, int has_floats);

#endif
