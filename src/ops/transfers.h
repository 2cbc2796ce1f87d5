/* What M2M and L2L share: pairs of a parent and a child, which meet under the reflection that takes
 * the octant of positive coordinates to the child's. */
#ifndef DP_OPS_TRANSFERS_H
#define DP_OPS_TRANSFERS_H

#include "ops/views.h"

typedef struct dp_parent_child {
    int32_t own, other; /* which box of the task's own field, and of the other's */
    int32_t access;     /* the other's field */
    uint8_t reflection;
    uint8_t is_first; /* of its own box */
} dp_parent_child;

typedef struct dp_transfer_work {
    int level; /* the parents' */
    int n_vectors;
    int is_neutral;  /* sources carry dipoles alone */
    int is_first;    /* 1: the task is the first to write its field */
    int32_t n_boxes; /* of the field */
    int32_t n_pairs;
    dp_parent_child pair[];
} dp_transfer_work;

/* level: the parents'. */
static inline dp_transfer_work *dp_transfer_work_make(const dp_problem *problem, int level,
                                                      size_t n_pairs, dp_task *task) {
    dp_transfer_work *w = dp_task_work(task, sizeof *w + n_pairs * sizeof *w->pair);
    if (w) {
        w->level = level;
        w->n_vectors = dp_n_columns(&problem->shape);
        w->is_neutral = !problem->shape.has_charges;
    }
    return w;
}

static inline uint8_t dp_reflection_of_child(const dp_tree *tree, int32_t child) {
    unsigned octant = (unsigned)(tree->key[child] & 7); /* x highest, 1 = upper side */
    unsigned upper = (octant >> 2 & 1) | (octant & 2) | (octant & 1) << 2;
    return (uint8_t)(7 - upper);
}

typedef void (*dp_transfer_fn)(const dp_operator_set *parent, const dp_operator_set *child,
                               const dp_transfer *between, const dp_columns *columns,
                               dp_scratch *scratch);

static inline void dp_transfer_apply(const dp_transfer_work *w, dp_transfer_fn transfer,
                                     dp_columns *batch, dp_worker *worker) {
    const dp_operators *ops = worker->operators;
    transfer(ops->level[w->level], ops->level[w->level + 1], ops->below[w->level], batch,
             &worker->scratch);
    batch->n = 0;
}

/* Columns are collected by reflection: one from vector v of a pair's other box, whose set is
 * `from`. shift: of its moments. Returns the batch, which may be full. */
static inline dp_columns *dp_transfer_add(const dp_transfer_work *w, const dp_worker *worker,
                                          const dp_parent_child *pair, void *const *fields,
                                          const dp_operator_set *from, const dp_shift *shift, int v,
                                          double *target, dp_columns batches[8]) {
    dp_columns *batch = &batches[pair->reflection];
    batch->reflection = pair->reflection;
    batch->source[batch->n] =
        dp_moved_expansion(worker, fields[pair->access], from, pair->other, w->n_vectors, v, shift,
                           pair->reflection * DP_COLUMNS + batch->n);
    batch->target[batch->n++] = target;
    return batch;
}

static inline void dp_transfer_flush(const dp_transfer_work *w, dp_transfer_fn transfer,
                                     dp_columns batches[8], dp_worker *worker) {
    for (int reflection = 0; reflection < 8; reflection++)
        if (batches[reflection].n)
            dp_transfer_apply(w, transfer, &batches[reflection], worker);
}

#endif
