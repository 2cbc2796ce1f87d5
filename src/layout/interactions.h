/* What each box meets, and by which operator.
 *
 * U lists are summed directly. Where a box of a W list (X list) holds so few sources (targets) that
 * summing over its leaves costs less than over its surface, that is done, and it is more accurate
 * than M2P (P2L) as well. What remains of W and X keeps its operators. V lists stay as they are
 * (tree/lists.h). */
#ifndef DP_LAYOUT_INTERACTIONS_H
#define DP_LAYOUT_INTERACTIONS_H

#include "layout/problem.h"

enum { DP_NO_BOX = -1 };

typedef struct dp_interactions {
    dp_csr near;          /* leaves that P2P sums for a leaf: U, and small W and X */
    dp_csr w, x;          /* what M2P and P2L are left with */
    int32_t *local_of;    /* per box: dp_local_of(); NULL where every box is its own */
    int64_t n_unresolved; /* of the caller's targets: their own digits are not held */
} dp_interactions;

dagpole_status dp_interactions_build(const dp_team *team, const dp_problem *problem,
                                     dp_interactions *interactions);
void dp_interactions_free(dp_interactions *interactions);

/* The box whose local holds all that is far from the targets of a box: itself, or the ancestor
 * below which nothing enters (homes.h); DP_NO_BOX where a leaf is cut off from the far field
 * (far.h). */
static inline int32_t dp_local_of(const dp_interactions *interactions, int32_t box) {
    return interactions->local_of ? interactions->local_of[box] : box;
}

#endif
