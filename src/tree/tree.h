/* The adaptive linear octree over the union of sources and targets, 2:1 balanced across faces,
 * edges and corners, as sorted arrays. Boxes without points are not stored, but balance holds as if
 * they were: next to an internal box lies no larger leaf. */
#ifndef DP_TREE_TREE_H
#define DP_TREE_TREE_H

#include "base/array.h"
#include "geometry/points.h"

typedef struct dp_tree {
    dp_cube cube;
    int depth; /* deepest level that holds a box */
    int32_t n_boxes, n_leaves;
    int32_t level_begin[DP_MAX_DEPTH + 2]; /* boxes of level l: [level_begin[l], level_begin[l+1]);
                                              entries above depth + 1 equal n_boxes */
    /* per box; a level is in Morton order, levels follow one another, the root is box 0 */
    dp_key *key; /* Morton key at the box's level */
    int8_t *level;
    int32_t *parent;                    /* -1 for the root */
    int32_t *child;                     /* first child; -1 for a leaf. Children are consecutive. */
    int8_t *n_children;                 /* 0 for a leaf */
    int64_t *source_begin, *source_end; /* range in the Morton order of the sources */
    int64_t *target_begin, *target_end; /* of the targets; where targets are the sources these
                                           are the same arrays (freed once) */
} dp_tree;

/* targets NULL: the sources are the targets and count once. A leaf holds at most n_crit (unique)
 * points, unless it lies at cube.max_depth, or DP_FAR_LEAF where no source lies in a box that
 * touches it. With no points at all the tree is one empty root leaf. The result does not depend on
 * the team's size. */
dagpole_status dp_tree_build(const dp_team *team, const dp_cube *cube, const dp_points *sources,
                             const dp_points *targets, int n_crit, dp_tree *tree);
void dp_tree_free(dp_tree *tree);
int64_t dp_tree_bytes(const dp_tree *tree);

static inline int dp_tree_is_leaf(const dp_tree *tree, int32_t box) {
    return tree->child[box] < 0;
}

/* Index of the box with this key on this level, -1 where there is none (binary search). */
int32_t dp_tree_find(const dp_tree *tree, int level, dp_key key);

/* Index of the deepest box that contains the region of this key on this level (the box itself, or
 * its deepest existing ancestor). */
int32_t dp_tree_find_enclosing(const dp_tree *tree, int level, dp_key key);

#endif
