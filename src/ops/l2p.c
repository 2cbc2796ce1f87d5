/* L2P: locals to the sums of a block's targets. A leaf takes the local of its home: its own, or
 * that of the ancestor below which nothing enters (layout/homes.h). Leaves of one home follow one
 * another. */
#include "ops/views.h"

typedef struct l2p_home {
    uint64_t key;
    int level;
    int32_t box, access; /* which of which of the task's fields */
    int32_t leaf_end;    /* of its leaves; they begin where those of the home before end */
} l2p_home;

typedef struct l2p_work {
    const dp_cube *cube;
    dp_target_fields targets;
    int32_t row; /* of the targets */
    int32_t n_homes, n_leaves;
    dp_leaf_points *leaf; /* targets */
    l2p_home home[];
} l2p_work;

static int has_l2p(const dp_layout *layout, int32_t leaf) {
    const dp_tree *tree = layout->problem->tree;
    return dp_tree_is_leaf(tree, leaf) && dp_n_targets(tree, leaf) &&
           dp_has_local(&layout->blocks, dp_local_of(layout->interactions, leaf));
}

/* last: the home of the leaf before. */
static void add_leaf(const dp_layout *layout, int32_t leaf, int32_t *last, l2p_work *w,
                     dp_task *task) {
    const dp_problem *p = layout->problem;
    int32_t home = dp_local_of(layout->interactions, leaf);
    if (home != *last) {
        task->flops += dp_surface_flops(dp_set_of(p, home), &dp_set_of(p, home)->outer);
        w->home[w->n_homes++] =
            (l2p_home){.key = p->tree->key[home],
                       .level = p->tree->level[home],
                       .box = dp_in_block(layout, home),
                       .access = dp_read_expansion(layout, home, DP_LOCALS, task)};
    }
    *last = home;
    w->leaf[w->n_leaves++] = dp_leaf_targets(layout, leaf);
    w->home[w->n_homes - 1].leaf_end = w->n_leaves;
    dp_task_add_pairs(task, p, (double)dp_n_targets(p->tree, leaf), &dp_set_of(p, home)->outer);
}

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_block *block = &layout->blocks.block[b];
    size_t n_leaves = 0;
    int32_t last = DP_NO_BOX;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        n_leaves += has_l2p(layout, box) != 0;
    if (!n_leaves)
        return DAGPOLE_OK;
    l2p_work *w = dp_task_work(task, sizeof *w + n_leaves * (sizeof *w->home + sizeof *w->leaf));
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->cube = &layout->problem->tree->cube;
    w->row = (int32_t)block->target_row;
    w->leaf = (dp_leaf_points *)(w->home + n_leaves);
    w->targets = dp_add_to_targets(layout, b, DP_READ_WRITE, task);
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (has_l2p(layout, box))
            add_leaf(layout, box, &last, w, task);
    return DAGPOLE_OK;
}

/* n homes with the same operators, whose leaves begin with `leaf`. */
static void run_homes(const l2p_work *w, const l2p_home *home, int n, int32_t leaf,
                      void *const *fields, dp_worker *worker) {
    const dp_operator_set *set = dp_worker_set(worker, home->level);
    const double *local[DP_COLUMNS] = {NULL};
    for (int c = 0; c < n; c++)
        local[c] = dp_expansion(fields[home[c].access], set, home[c].box);
    dp_surface_densities(set, &set->outer, n, local, &worker->scratch);
    for (int c = 0; c < n; c++) {
        dp_frame frame = dp_frame_of(w->cube, home[c].level, home[c].key);
        for (; leaf < home[c].leaf_end; leaf++) {
            dp_points_at targets = {w->leaf[leaf].at, w->leaf[leaf].n, w->row};
            dp_surface_evaluate(set, &set->outer, &frame, c, targets.n,
                                dp_target_points(&w->targets, fields, targets),
                                dp_target_sums(&w->targets, fields, worker->call, targets),
                                &worker->scratch);
        }
    }
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const l2p_work *w = work;
    int32_t leaf = 0;
    for (int32_t h = 0, n; h < w->n_homes; h += n) {
        for (n = 1;
             h + n < w->n_homes && n < DP_COLUMNS && w->home[h + n].level == w->home[h].level;)
            n++;
        run_homes(w, &w->home[h], n, leaf, fields, worker);
        leaf = w->home[h + n - 1].leaf_end;
    }
    return DAGPOLE_OK;
}

const dp_op dp_op_l2p = {"L2P", plan, run};
