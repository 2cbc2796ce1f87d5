/* M2P: the multipoles of W lists to the sums of a block's targets. */
#include "ops/views.h"

typedef struct m2p_pair {
    dp_key key; /* of the W box */
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
    dp_shape shape;
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
        dp_task_add_matrices(task, p, 1, set, &set->inner);
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
    w->shape = layout->problem->shape;
    w->targets = dp_add_to_targets(layout, b, DP_READ_WRITE, task);
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        add_leaf(layout, box, w, task);
    return DAGPOLE_OK;
}

/* Vectors [first, first + n) of some pairs of one leaf. */
typedef struct m2p_batch {
    const m2p_pair *pair;
    int n_pairs, first, n;
} m2p_batch;

/* How many pairs have one leaf and operators, and columns enough. */
static int count_pairs(const m2p_work *w, int64_t begin, int n, const dp_worker *worker) {
    const m2p_pair *pair = &w->pair[begin];
    const dp_operator_set *set = dp_worker_set(worker, pair->level);
    int n_pairs = 1;
    while (begin + n_pairs < w->n_pairs && (n_pairs + 1) * n <= DP_COLUMNS &&
           pair[n_pairs].leaf == pair->leaf && dp_worker_set(worker, pair[n_pairs].level) == set)
        n_pairs++;
    return n_pairs;
}

/* What a pair's box does at its leaf: its columns of the scratch begin with c. */
static void evaluate(const m2p_work *w, const m2p_batch *b, const m2p_pair *pair, int c,
                     void *const *fields, dp_worker *worker) {
    const m2p_leaf *leaf = &w->leaf[pair->leaf];
    const dp_operator_set *set = dp_worker_set(worker, pair->level);
    dp_soa points = dp_target_points(&w->targets, fields, leaf->targets);
    dp_sums sums = dp_target_sums(&w->shape, &w->targets, fields, worker->call, leaf->targets,
                                  dp_column_vectors(&w->shape) * b->first);
    dp_frame frame = dp_frame_of(w->cube, pair->level, pair->key);
    dp_surface_evaluate(set, &set->inner, leaf->is_far, &frame, c, b->n, leaf->targets.n, points,
                        sums, dp_sums_stride(&w->shape, leaf->targets.row), &worker->scratch);
}

static void run_batch(const m2p_work *w, const m2p_batch *b, void *const *fields,
                      dp_worker *worker) {
    const dp_operator_set *set = dp_worker_set(worker, b->pair->level);
    const double *multipole[DP_COLUMNS] = {NULL};
    int n_columns = 0;
    for (int i = 0; i < b->n_pairs; i++)
        for (int v = b->first; v < b->first + b->n; v++)
            multipole[n_columns++] = dp_expansion(fields[b->pair[i].access], set, b->pair[i].box,
                                                  dp_n_columns(&w->shape), v);
    dp_surface_densities(set, &set->inner, n_columns, multipole, &worker->scratch);
    for (int i = 0; i < b->n_pairs; i++)
        evaluate(w, b, &b->pair[i], i * b->n, fields, worker);
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const m2p_work *w = work;
    int n = dp_columns_at_once(&w->shape);
    for (int v = 0; v < dp_n_columns(&w->shape); v += n) {
        m2p_batch b = {.first = v, .n = dp_vectors_left(dp_n_columns(&w->shape), v, n)};
        for (int64_t i = 0; i < w->n_pairs; i += b.n_pairs) {
            b.pair = &w->pair[i];
            b.n_pairs = count_pairs(w, i, b.n, worker);
            run_batch(w, &b, fields, worker);
        }
    }
    return DAGPOLE_OK;
}

const dp_op dp_op_m2p = {"M2P", plan, run};
