/* Targets that lie far from all sources.
 *
 * Where no source lies around a box of targets, all of the far field enters at the box or above it.
 * Its local is then complete, and L2P takes it for all leaves below. Handed down to small boxes it
 * would lose its gradients: an expansion holds digits of the potential, which hardly changes
 * across a box much smaller than the distance of the sources. */
#include "graph/graph.h"

static int has_row(const dp_csr *list, int32_t box) {
    return list->offset[box] < list->offset[box + 1];
}

/* 1 where nothing enters below the box: its own local is complete. */
static int is_complete(const dp_graph *g, int32_t box, const uint8_t *is_below) {
    const dp_tree *tree = g->in.tree;
    const dp_lists *lists = g->in.lists;
    if (dp_tree_is_leaf(tree, box))
        return !has_row(&lists->u, box) && !has_row(&lists->w, box);
    for (int32_t child = tree->child[box]; child < tree->child[box] + tree->n_children[box];
         child++)
        if (dp_n_targets(tree, child) &&
            (has_row(&lists->v, child) || has_row(&lists->x, child) || !is_below[child]))
            return 0;
    return 1;
}

dagpole_status dp_homes_build(dp_graph *g) {
    const dp_tree *tree = g->in.tree;
    if (dp_graph_is_mutual(g))
        return DAGPOLE_OK;
    g->local_of = dp_alloc((size_t)tree->n_boxes, sizeof *g->local_of);
    uint8_t *is_free = dp_alloc((size_t)tree->n_boxes, sizeof *is_free);
    dagpole_status status = g->local_of && is_free ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int32_t box = tree->n_boxes - 1; status == DAGPOLE_OK && box >= 0; box--)
        is_free[box] = (uint8_t)is_complete(g, box, is_free);
    for (int32_t box = 0; status == DAGPOLE_OK && box < tree->n_boxes; box++)
        g->local_of[box] =
            box > 0 && is_free[tree->parent[box]] ? g->local_of[tree->parent[box]] : box;
    dp_free(is_free);
    return status;
}
