/* L2P: locals to the sums of a block's targets. A leaf takes the local of its home: its own, or
 * that of the ancestor below which nothing enters (layout/homes.h). Leaves of one home follow one
 * another. */
#include "ops/views.h"

typedef struct l2p_home {
    dp_key key;
    int level;
    int32_t box, access; /* which of which of the task's fields */
    int32_t leaf_end;    /* of its leaves; they begin where those of the home before end */
} l2p_home;

typedef struct l2p_work {
    const dp_cube *cube;
    dp_target_fields targets;
    dp_shape shape;
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
        dp_task_add_matrices(task, p, 1, dp_set_of(p, home), &dp_set_of(p, home)->outer);
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
    w->shape = layout->problem->shape;
    w->leaf = (dp_leaf_points *)(w->home + n_leaves);
    w->targets = dp_add_to_targets(layout, b, DP_READ_WRITE, task);
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (has_l2p(layout, box))
            add_leaf(layout, box, &last, w, task);
    return DAGPOLE_OK;
}

/* Vectors [first, first + n) of some homes, whose leaves begin with `leaf`. */
typedef struct l2p_batch {
    const l2p_home *home;
    int n_homes, first, n;
    int32_t leaf;
} l2p_batch;

/* What a home does at its leaves, of which the first is `leaf`: its columns of the scratch begin
 * with c. Returns the leaves' end. */
static int32_t evaluate(const l2p_work *w, const l2p_batch *b, const l2p_home *home, int32_t leaf,
                        int c, void *const *fields, dp_worker *worker) {
    const dp_operator_set *set = dp_worker_set(worker, home->level);
    dp_frame frame = dp_frame_of(w->cube, home->level, home->key);
    for (; leaf < home->leaf_end; leaf++) {
        dp_points_at targets = {w->leaf[leaf].at, w->leaf[leaf].n, w->row};
        dp_surface_evaluate(set, &set->outer, 0, &frame, c, b->n, targets.n,
                            dp_target_points(&w->targets, fields, targets),
                            dp_target_sums(&w->shape, &w->targets, fields, worker->call, targets,
                                           dp_column_vectors(&w->shape) * b->first),
                            dp_sums_stride(&w->shape, w->row), &worker->scratch);
    }
    return leaf;
}

static void run_batch(const l2p_work *w, const l2p_batch *b, void *const *fields,
                      dp_worker *worker) {
    const dp_operator_set *set = dp_worker_set(worker, b->home->level);
    const double *local[DP_COLUMNS] = {NULL};
    int n_columns = 0;
    for (int h = 0; h < b->n_homes; h++)
        for (int v = b->first; v < b->first + b->n; v++)
            local[n_columns++] = dp_expansion(fields[b->home[h].access], set, b->home[h].box,
                                              dp_n_columns(&w->shape), v);
    dp_surface_densities(set, &set->outer, n_columns, local, &worker->scratch);
    dp_surface_take_isotropic(set, n_columns, local, &worker->scratch);
    int32_t leaf = b->leaf;
    for (int h = 0; h < b->n_homes; h++)
        leaf = evaluate(w, b, &b->home[h], leaf, h * b->n, fields, worker);
}

/* Vectors [first, first + n) of all homes. */
static void run_vectors(const l2p_work *w, int first, int n, void *const *fields,
                        dp_worker *worker) {
    l2p_batch b = {.first = first, .n = n};
    for (int32_t h = 0; h < w->n_homes; h += b.n_homes) {
        b.home = &w->home[h];
        for (b.n_homes = 1; h + b.n_homes < w->n_homes && (b.n_homes + 1) * n <= DP_COLUMNS &&
                            b.home[b.n_homes].level == b.home->level;)
            b.n_homes++;
        run_batch(w, &b, fields, worker);
        b.leaf = b.home[b.n_homes - 1].leaf_end;
    }
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const l2p_work *w = work;
    int n = dp_columns_at_once(&w->shape);
    for (int v = 0; v < dp_n_columns(&w->shape); v += n)
        run_vectors(w, v, dp_vectors_left(dp_n_columns(&w->shape), v, n), fields, worker);
    return DAGPOLE_OK;
}

const dp_op dp_op_l2p = {"L2P", plan, run};
