/* Interaction lists. Sources without source points and targets without target points are left out.
 * Rows are target boxes, entries source boxes, ascending.
 *   U (leaves): leaves that touch it, itself included, of any level.
 *   V (boxes):  children of the parent's colleagues that do not touch it, same level.
 *   W (leaves): descendants of a colleague, leaf or not, that do not touch it, but their parent
 * does. X (boxes):  the dual of W: leaves s with this box in W(s).
 *
 * A V entry's label is its source's position relative to the target (geometry/offsets.h). A U
 * entry's label is the shift of its source; without an array of them no source is shifted. */
#ifndef DP_TREE_LISTS_H
#define DP_TREE_LISTS_H

#include "tree/tree.h"

typedef struct dp_lists {
    dp_csr u, v, w, x; /* n_rows = n_boxes each; U and W rows of non-leaves are empty */
} dp_lists;

/* most entries in a list on a 2:1 balanced octree */
#define DP_MAX_U 60
#define DP_MAX_V 189
#define DP_MAX_W 152
#define DP_MAX_X 19

dagpole_status dp_lists_build(const dp_team *team, const dp_tree *tree, dp_lists *lists);

/* For a direct sum: every leaf is in U of every leaf, V, W and X are empty. */
dagpole_status dp_lists_all_near(const dp_tree *tree, dp_lists *lists);
void dp_lists_free(dp_lists *lists);

/* 1 where the closed regions of the two boxes share a point. */
int dp_boxes_touch(const dp_tree *tree, int32_t a, int32_t b);

#endif
