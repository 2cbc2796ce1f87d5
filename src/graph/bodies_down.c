/* M2L, P2L, L2L: to the locals of a block. */
#include <string.h>

#include "graph/bodies.h"

static void zero_locals(const dp_graph *g, const dp_block *block, int is_first,
                        const dp_worker *worker) {
    size_t n_boxes = (size_t)(block->box_end - block->box_begin);
    size_t k_padded = (size_t)g->in.operators->level[block->level]->k_padded;
    if (is_first)
        memset(dp_where(worker, block, DP_LOCALS), 0, n_boxes * k_padded * sizeof(double));
}

/* Both boxes of a pair are on the block's level, so that finding their expansions, which weighs at
 * few digits, takes two look-ups. */
static void collect_pair(const dp_graph *g, const dp_block *block, const dp_pair *pair,
                         size_t k_padded, double *locals, const dp_worker *worker,
                         dp_columns *batch) {
    const dp_block *from = &g->blocks[g->block_of[pair->source]];
    const double *multipoles = dp_where(worker, from, DP_MULTIPOLES);
    batch->source[batch->n] = multipoles + (size_t)(pair->source - from->box_begin) * k_padded;
    batch->target[batch->n++] = locals + (size_t)(pair->target - block->box_begin) * k_padded;
}

dagpole_status dp_body_m2l(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    const dp_operator_set *set = g->in.operators->level[block->level];
    double *locals = dp_where(worker, block, DP_LOCALS);
    int64_t b = block - g->blocks, end = g->pair_begin[b + 1];
    dp_columns batch = {.n = 0};
    zero_locals(g, block, is_first, worker);
    for (int64_t i = g->pair_begin[b]; i < end; batch.n = 0) {
        const dp_pair *first = &g->pairs[i];
        batch.reflection = first->reflection;
        int kind = dp_pair_kind(first);
        for (; i < end && batch.n < DP_COLUMNS && dp_pair_kind(&g->pairs[i]) == kind; i++)
            collect_pair(g, block, &g->pairs[i], (size_t)set->k_padded, locals, worker, &batch);
        dp_m2l(set, first->folded, &batch, &worker->scratch);
    }
    return DAGPOLE_OK;
}

/* All X sources of a box go into one column: one set of surface potentials for each box. */
dagpole_status dp_body_p2l(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    const dp_operator_set *set = g->in.operators->level[block->level];
    const dp_csr *x = &g->x;
    double *local[DP_COLUMNS];
    int n = 0;
    zero_locals(g, block, is_first, worker);
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (x->offset[box] == x->offset[box + 1])
            continue;
        dp_frame frame = dp_frame_of(g->in.tree, box);
        for (int64_t i = x->offset[box]; i < x->offset[box + 1]; i++) {
            dp_sources s = dp_sources_of(g, x->index[i], worker);
            dp_surface_potentials(set, &set->inner, &frame, s.n, s.points, s.charges,
                                  i == x->offset[box], n, &worker->scratch);
        }
        local[n++] = dp_expansion_of(g, box, DP_LOCALS, worker);
        if (n == DP_COLUMNS) {
            dp_surface_to_expansions(set, &set->inner, n, local, &worker->scratch);
            n = 0;
        }
    }
    if (n)
        dp_surface_to_expansions(set, &set->inner, n, local, &worker->scratch);
    return DAGPOLE_OK;
}

dagpole_status dp_body_l2l(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    const dp_tree *tree = g->in.tree;
    const dp_operators *ops = g->in.operators;
    dp_columns batches[8] = {{.n = 0}};
    zero_locals(g, block, is_first, worker);
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_has_l2l(g, box))
            continue;
        dp_batches_add(ops, block->level - 1, dp_l2l, dp_reflection_of_child(tree, box),
                       dp_expansion_of(g, tree->parent[box], DP_LOCALS, worker),
                       dp_expansion_of(g, box, DP_LOCALS, worker), batches, &worker->scratch);
    }
    dp_batches_flush(ops, block->level - 1, dp_l2l, batches, &worker->scratch);
    return DAGPOLE_OK;
}
