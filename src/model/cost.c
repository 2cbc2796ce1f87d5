#include "model/cost.h"

#include <math.h>

#include "geometry/offsets.h"

/* Shorter tasks are not worth what the runtime takes for one. */
#define LEAST_TASK_S 2e-4

/* What each further vector of charges adds to the sums of one over points: a multiply-add beside
 * the pair's value, which is dearer in double (src/README.md has the figures). */
typedef struct more {
    double near, pair;
} more;

/* Near pairs with gradients over those without: of one vector, and of each further one. */
#define NEAR_GRADIENTS 2.5
#define MORE_GRADIENTS 5

static const more per_vector[DP_N_PRECISIONS] = {[DP_DOUBLE] = {0.13, 0.13},
                                                 [DP_REDUCED] = {0.15, 0.15},
                                                 [DP_SINGLE] = {0.2, 0.3},
                                                 [DP_ROUGH] = {0.2, 0.3}};

dp_cost dp_cost_of(const dp_rates *rates, const dp_kernel *kernel, dp_precision precision,
                   int n_vectors) {
    const more *each = &per_vector[precision];
    double n_more = n_vectors - 1, near = rates->near[kernel->id][precision];
    return (dp_cost){.pair = rates->pair[kernel->id][precision] * (1 + n_more * each->pair),
                     .near = near * (1 + n_more * each->near),
                     .near_gradient =
                         near * (NEAR_GRADIENTS - 1 + n_more * each->near * (MORE_GRADIENTS - 1)),
                     .leaf_pair = rates->leaf_pair,
                     .flop = rates->flop * n_vectors,
                     .column = rates->column * n_vectors,
                     .coefficient = rates->coefficient * n_vectors,
                     .point = rates->point * n_vectors,
                     .task = LEAST_TASK_S};
}

double dp_cost_surface(const dp_cost *cost, int n_surface) {
    return 1.2 * cost->pair * n_surface;
}

double dp_cost_m2l(const dp_cost *cost, double flops, int k_padded) {
    return cost->flop * flops + cost->column + cost->coefficient * k_padded;
}

/* 40, 158, 418 and 713 at 3, 6, 9 and 12 digits (this fit: 40, 156, 397, 702). */
double dp_cost_expansion_size(double tolerance) {
    return 40 * pow(-log10(tolerance) / 3.7, 2.35);
}

/* 9, 22, 47 and 82. */
double dp_cost_mean_rank(double expansion_size) {
    return 8.5 * pow(expansion_size / 40, 0.79);
}

/* Fits 0.6, 4 and 45 us at 6, 9 and 12 digits, on 1e4 points. */
double dp_cost_fetch(double expansion_size) {
    double bytes = 2 * sizeof(double) * expansion_size * dp_cost_mean_rank(expansion_size);
    double of_caches = DP_N_FOLDED * bytes / 27e6;
    return bytes * 1.1e-11 * (1 + of_caches * of_caches);
}
