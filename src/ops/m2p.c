/* M2P: the multipoles of W lists to the sums of a block's targets. */
#include "ops/views.h"

typedef struct m2p_pair {
    uint64_t key; /* of the W box */
    int level;
    int32_t box, access; /* which of which of the task's fields */
    int32_t leaf;
} m2p_pair;

typedef struct m2p_leaf {
    dp_points_at targets;
    int is_far; /* 1: cut off from the far field, its boxes may be at any distance */
} m2p_leaf;

typedef struct m2p_work {
    const dp_cube *cube;
    dp_target_fields targets;
    int64_t n_pairs;
    int32_t n_leaves;
    m2p_leaf *leaf;
    m2p_pair pair[];
} m2p_work;

static void add_leaf(const dp_layout *layout, int32_t leaf, m2p_work *w, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_csr *list = &layout->interactions->w;
    if (!dp_csr_length(list, leaf))
        return;
    for (int64_t i = list->offset[leaf]; i < list->offset[leaf + 1]; i++) {
        int32_t box = list->index[i];
        const dp_operator_set *set = dp_set_of(p, box);
        w->pair[w->n_pairs++] =
            (m2p_pair){.key = p->tree->key[box],
                       .level = p->tree->level[box],
                       .box = dp_in_block(layout, box),
                       .access = dp_read_expansion(layout, box, DP_MULTIPOLES, task),
                       .leaf = w->n_leaves};
        dp_task_add_pairs(task, p, (double)dp_n_targets(p->tree, leaf), &set->inner);
        task->flops += dp_surface_flops(set, &set->inner);
    }
    w->leaf[w->n_leaves++] = (m2p_leaf){dp_targets_at(layout, leaf),
                                        dp_local_of(layout->interactions, leaf) == DP_NO_BOX};
}

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_block *block = &layout->blocks.block[b];
    const dp_csr *list = &layout->interactions->w;
    size_t n_pairs = (size_t)(list->offset[block->box_end] - list->offset[block->box_begin]),
           n_leaves = 0;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        n_leaves += dp_csr_length(list, box) > 0;
    if (!n_pairs)
        return DAGPOLE_OK;
    m2p_work *w =
        dp_task_work(task, sizeof *w + n_pairs * sizeof *w->pair + n_leaves * sizeof *w->leaf);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->leaf = (m2p_leaf *)(w->pair + n_pairs);
    w->cube = &layout->problem->tree->cube;
    w->targets = dp_add_to_targets(layout, b, DP_READ_WRITE, task);
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        add_leaf(layout, box, w, task);
    return DAGPOLE_OK;
}

/* Up to DP_COLUMNS pairs of one leaf whose boxes share operators. Returns how many. */
static int take_batch(const m2p_work *w, int64_t first, void *const *fields,
                      const dp_worker *worker, const double *multipole[DP_COLUMNS]) {
    const m2p_pair *pair = &w->pair[first];
    const dp_operator_set *set = dp_worker_set(worker, pair->level);
    int n = 0;
    while (first + n < w->n_pairs && n < DP_COLUMNS && pair[n].leaf == pair->leaf &&
           dp_worker_set(worker, pair[n].level) == set) {
        multipole[n] = dp_expansion(fields[pair[n].access], set, pair[n].box);
        n++;
    }
    return n;
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const m2p_work *w = work;
    for (int64_t i = 0; i < w->n_pairs;) {
        const double *multipole[DP_COLUMNS] = {NULL};
        const m2p_leaf *leaf = &w->leaf[w->pair[i].leaf];
        const dp_operator_set *set = dp_worker_set(worker, w->pair[i].level);
        dp_soa points = dp_target_points(&w->targets, fields, leaf->targets);
        dp_sums sums = dp_target_sums(&w->targets, fields, worker->call, leaf->targets);
        int n = take_batch(w, i, fields, worker, multipole);
        dp_surface_densities(set, &set->inner, n, multipole, &worker->scratch);
        for (int c = 0; c < n; c++, i++) {
            dp_frame frame = dp_frame_of(w->cube, w->pair[i].level, w->pair[i].key);
            if (leaf->is_far)
                dp_surface_evaluate_far(set, &set->inner, &frame, c, leaf->targets.n, points, sums,
                                        &worker->scratch);
            else
                dp_surface_evaluate(set, &set->inner, &frame, c, leaf->targets.n, points, sums,
                                    &worker->scratch);
        }
    }
    return DAGPOLE_OK;
}

const dp_op dp_op_m2p = {"M2P", plan, run};
