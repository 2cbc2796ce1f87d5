/* M2M: the multipoles of children to those of a block's boxes. */
#include <string.h>

#include "ops/transfers.h"

static size_t count_children(const dp_tree *tree, const dp_block *block) {
    size_t n = 0;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        n += dp_n_sources(tree, box) ? (size_t)tree->n_children[box] : 0;
    return n;
}

static void add_children(const dp_layout *layout, int32_t box, dp_transfer_work *w, dp_task *task) {
    const dp_tree *tree = layout->problem->tree;
    int is_first = 1;
    for (int32_t child = tree->child[box]; child < tree->child[box] + tree->n_children[box];
         child++) {
        if (!dp_n_sources(tree, child))
            continue;
        w->pair[w->n_pairs++] =
            (dp_parent_child){.own = dp_in_block(layout, box),
                              .other = dp_in_block(layout, child),
                              .access = dp_read_expansion(layout, child, DP_MULTIPOLES, task),
                              .reflection = dp_reflection_of_child(tree, child),
                              .is_first = (uint8_t)is_first};
        is_first = 0;
    }
}

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_block *block = &layout->blocks.block[b];
    size_t n_children = count_children(p->tree, block);
    if (!n_children || !dp_expansion_size(p, block->level) ||
        !dp_expansion_size(p, block->level + 1))
        return DAGPOLE_OK;
    dp_transfer_work *w = dp_transfer_work_make(p, block->level, n_children, task);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    int has_p2m = block->n_sources > 0;
    dp_task_access(task, layout->of_block[b][DP_MULTIPOLES], has_p2m ? DP_READ_WRITE : DP_WRITE);
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (dp_n_sources(p->tree, box))
            add_children(layout, box, w, task);
    task->cost = w->n_pairs * dp_cost_transfer(&p->cost, dp_expansion_size(p, block->level));
    task->flops = w->n_pairs * dp_panel_flops(&p->operators->below[w->level]->m2m);
    return DAGPOLE_OK;
}

static int is_full(const dp_columns batches[8], int n) {
    for (int reflection = 0; reflection < 8; reflection++)
        if (batches[reflection].n + n > DP_COLUMNS)
            return 1;
    return 0;
}

/* Dipoles have no charge, and what rounding leaves of one in small boxes would outweigh them far
 * away. */
static void neutralise(const dp_transfer_work *w, const dp_operator_set *parents, int first, int n,
                       void *const *fields) {
    for (int32_t i = 0; i < w->n_pairs; i++)
        for (int v = first; w->pair[i].is_first && v < first + n; v++)
            dp_isotropic_clear(&parents->isotropic,
                               dp_expansion(fields[0], parents, w->pair[i].own, w->n_vectors, v));
}

/* Vectors [first, first + n). A parent's children are all added at once, by reflection: in an order
 * that is the same for every vector, whatever others there are. */
static void run_vectors(const dp_transfer_work *w, int first, int n, void *const *fields,
                        dp_worker *worker) {
    const dp_operator_set *parents = dp_worker_set(worker, w->level),
                          *children = dp_worker_set(worker, w->level + 1);
    dp_columns batches[8] = {{.n = 0}};
    for (int32_t i = 0; i < w->n_pairs; i++) {
        const dp_parent_child *pair = &w->pair[i];
        if (pair->is_first && is_full(batches, n))
            dp_transfer_flush(w, dp_m2m, batches, worker);
        const dp_shift shift = dp_shift_up(pair->reflection);
        for (int v = first; v < first + n; v++) {
            double *parent = dp_expansion(fields[0], parents, pair->own, w->n_vectors, v);
            if (pair->is_first)
                memset(parent, 0, (size_t)parents->k_padded * sizeof(double));
            dp_transfer_add(w, worker, pair, fields, children, &shift, v, parent, batches);
        }
    }
    dp_transfer_flush(w, dp_m2m, batches, worker);
    if (w->is_neutral)
        neutralise(w, parents, first, n, fields);
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const dp_transfer_work *w = work;
    int n = dp_vectors_at_once(w->n_vectors, DP_COLUMNS);
    for (int v = 0; v < w->n_vectors; v += n)
        run_vectors(w, v, dp_vectors_left(w->n_vectors, v, n), fields, worker);
    return DAGPOLE_OK;
}

const dp_op dp_op_m2m = {"M2M", plan, run};
