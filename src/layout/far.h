/* Targets so far from all sources that the common far field does not hold their digits.
 *
 * Digits of screened expansions count relative to the near field: where a target has none, because
 * the nearest source is many screening lengths away, its potential is as small as what they leave
 * out. And where the sources are like a point to a target, what the way through ever larger boxes
 * loses is the same for all targets around it and averages out nowhere.
 *
 * Such leaves are cut off from the far field. They take the sources that matter, which with
 * screening are those up to some screening lengths farther than the nearest, one by one or, where
 * many share a box in which screening is weak, from the box's multipole: such an expansion holds
 * its digits at any distance.
 *
 * This can cost far more than everything else. So it has an allowance, in the cost model's seconds,
 * which goes to the leaves nearest to the sources first: theirs are the largest potentials. What is
 * left is counted and keeps the common far field. */
#ifndef DP_LAYOUT_FAR_H
#define DP_LAYOUT_FAR_H

#include "layout/problem.h"

typedef struct dp_far {
    uint8_t *is_cut_off;  /* per box; NULL: no leaf is cut off, and the rows have no arrays */
    dp_csr near, w;       /* of leaves that are: the leaves and boxes that they sum */
    int64_t n_unresolved; /* of the caller's targets: their own digits are not held */
} dp_far;

dagpole_status dp_far_build(const dp_team *team, const dp_problem *problem, dp_far *far);
void dp_far_free(dp_far *far);

static inline int dp_is_cut_off(const dp_far *far, int32_t box) {
    return far->is_cut_off && far->is_cut_off[box];
}

#endif
