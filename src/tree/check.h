/* Every invariant of points, tree and lists: order of points and boxes, parents and children,
 * coverage of all points by leaves, n_crit, 2:1 balance, list definitions and bounds, and that each
 * pair (target leaf, source leaf) is covered exactly once:
 *   s in U(t), or an ancestor-or-self of s in V(a) for one ancestor-or-self a of t, or an
 *   ancestor-or-self of s in W(t), or s in X(a) for one such a. */
#ifndef DP_TREE_CHECK_H
#define DP_TREE_CHECK_H

#include "tree/lists.h"

/* exhaustive: all pairs of leaves (quadratic); else a sample of target leaves (at most 64, spread
 * evenly) against all source leaves. INTERNAL with a sentence naming the box where one is broken.
 */
dagpole_status dp_tree_check(const dp_tree *tree, const dp_lists *lists, const dp_points *sources,
                             const dp_points *targets, int n_crit, int exhaustive);

#endif
