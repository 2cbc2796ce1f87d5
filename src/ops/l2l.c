/* L2L: the locals of parents to those of a block's boxes. */
#include "ops/locals.h"
#include "ops/transfers.h"

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_block *block = &layout->blocks.block[b];
    int32_t n_boxes = block->box_end - block->box_begin;
    if (!block->has_l2l)
        return DAGPOLE_OK;
    dp_transfer_work *w = dp_transfer_work_make(p, block->level - 1, (size_t)n_boxes, task);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->is_first = !block->has_m2l && !block->has_p2l;
    w->n_boxes = n_boxes;
    dp_write_locals(layout, b, w->is_first, task);
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_has_l2l(p, layout->interactions, &layout->blocks, box))
            continue;
        int32_t parent = p->tree->parent[box];
        w->pair[w->n_pairs++] =
            (dp_parent_child){.own = box - block->box_begin,
                              .other = dp_in_block(layout, parent),
                              .access = dp_read_expansion(layout, parent, DP_LOCALS, task),
                              .reflection = dp_reflection_of_child(p->tree, box)};
    }
    task->cost = w->n_pairs * dp_cost_transfer(&p->cost, dp_expansion_size(p, block->level));
    task->flops = w->n_pairs * dp_panel_flops(&p->operators->below[w->level]->l2l);
    dp_task_trim(task, sizeof *w + (size_t)w->n_pairs * sizeof *w->pair);
    return DAGPOLE_OK;
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const dp_transfer_work *w = work;
    const dp_operator_set *parents = dp_worker_set(worker, w->level),
                          *children = dp_worker_set(worker, w->level + 1);
    dp_columns batches[8] = {{.n = 0}};
    if (w->is_first)
        dp_zero_locals(fields[0], children, (int64_t)w->n_boxes * w->n_vectors);
    for (int32_t i = 0; i < w->n_pairs; i++) {
        const dp_parent_child *pair = &w->pair[i];
        const dp_shift shift = dp_shift_down(pair->reflection);
        for (int v = 0; v < w->n_vectors; v++) {
            dp_columns *batch = dp_transfer_add(
                w, worker, pair, fields, parents, &shift, v,
                dp_expansion(fields[0], children, pair->own, w->n_vectors, v), batches);
            if (batch->n == DP_COLUMNS)
                dp_transfer_apply(w, dp_l2l, batch, worker);
        }
    }
    dp_transfer_flush(w, dp_l2l, batches, worker);
    return DAGPOLE_OK;
}

const dp_op dp_op_l2l = {"L2L", plan, run};
