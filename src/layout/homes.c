#include "layout/homes.h"

static int has_row(const dp_csr *list, int32_t box) {
    return dp_csr_length(list, box) > 0;
}

/* 1 where nothing enters below the box: its own local is complete. */
static int is_complete(const dp_problem *p, int32_t box, const uint8_t *is_below) {
    const dp_tree *tree = p->tree;
    const dp_lists *lists = p->lists;
    if (dp_tree_is_leaf(tree, box))
        return !has_row(&lists->u, box) && !has_row(&lists->w, box);
    for (int32_t child = tree->child[box]; child < tree->child[box] + tree->n_children[box];
         child++)
        if (dp_n_targets(tree, child) &&
            (has_row(&lists->v, child) || has_row(&lists->x, child) || !is_below[child]))
            return 0;
    return 1;
}

dagpole_status dp_homes_build(const dp_problem *p, int32_t **local_of) {
    const dp_tree *tree = p->tree;
    *local_of = NULL;
    if (dp_is_mutual(p))
        return DAGPOLE_OK;
    int32_t *found = dp_alloc((size_t)tree->n_boxes, sizeof *found);
    uint8_t *is_free = dp_alloc((size_t)tree->n_boxes, sizeof *is_free);
    if (!found || !is_free) {
        dp_free(found);
        dp_free(is_free);
        return DAGPOLE_NO_MEMORY;
    }
    for (int32_t box = tree->n_boxes - 1; box >= 0; box--)
        is_free[box] = (uint8_t)is_complete(p, box, is_free);
    for (int32_t box = 0; box < tree->n_boxes; box++)
        found[box] = box > 0 && is_free[tree->parent[box]] ? found[tree->parent[box]] : box;
    dp_free(is_free);
    *local_of = found;
    return DAGPOLE_OK;
}
