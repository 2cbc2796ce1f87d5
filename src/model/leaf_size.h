/* The choice of the leaf size and of the root cube before the tree is built.
 *
 * Direct sums grow with the number of points in a leaf, M2L with the number of leaves, and on a
 * uniform cloud the occupancy of leaves jumps by factors of 8 (4 on surfaces) from one level to the
 * next, which a larger root cube shifts. A sample of the points tells how many lie in a box of each
 * level around it; the model then prices every pair of root cube and leaf size, and beside them the
 * direct sum over all pairs. The choice depends on points, accuracy and coefficients alone. */
#ifndef DP_MODEL_LEAF_SIZE_H
#define DP_MODEL_LEAF_SIZE_H

#include "geometry/cube.h"
#include "model/accuracy.h"
#include "model/cost.h"

typedef struct dp_leaf_request {
    dp_bounds bounds;
    int64_t n_sources, n_targets; /* n_targets = 0: the sources are the targets */
    const double *sources, *targets;
    const dp_kernel *kernel;
    dp_accuracy accuracy;
    const dp_rates *rates;
    dp_shape shape;     /* its vectors at once */
    int n_sums;         /* what the evaluations that are priced want: DP_POTENTIAL, ... */
    int n_crit;         /* 0 = to be chosen */
    double root_side;   /* unscaled, 0 = to be chosen */
    double wave_number; /* of a complex kernel, unscaled */
} dp_leaf_request;

typedef struct dp_leaf_choice {
    dp_cube cube;
    int n_crit;
    int is_direct; /* one leaf of n_crit points would hold them all: no pair is far */
    int n_leaf;    /* most points in a leaf of the tree: n_crit, or if is_direct what cuts the cloud
                      into tasks, and into boxes not much larger than the distances within */
    double
        seconds; /* of one core, as the model sees it, without what does not depend on the choice */
} dp_leaf_choice;

/* NO_MEMORY; BAD_ARGUMENT where no cube of the root side that is asked for holds the points. */
dagpole_status dp_leaf_size_choose(const dp_leaf_request *request, dp_leaf_choice *choice);

#endif
