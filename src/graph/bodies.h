/* What the bodies share: where the parts of a box lie for the worker at hand, and batches of
 * columns. */
#ifndef DP_GRAPH_BODIES_H
#define DP_GRAPH_BODIES_H

#include "geometry/cube.h"
#include "graph/graph.h"

static inline void *dp_where(const dp_worker *worker, const dp_block *block, dp_quantity quantity) {
    return worker->where[block->field[quantity]];
}

static inline dp_frame dp_frame_of(const dp_tree *tree, int32_t box) {
    dp_frame frame = {.half = 0.5 * dp_cube_side(&tree->cube, tree->level[box])};
    dp_cube_centre(&tree->cube, tree->level[box], tree->key[box], frame.centre);
    return frame;
}

/* The expansion of a box whose block's field the record names. */
static inline double *dp_expansion_of(const dp_graph *g, int32_t box, dp_quantity quantity,
                                      const dp_worker *worker) {
    const dp_block *block = &g->blocks[g->block_of[box]];
    int k_padded = g->in.operators->level[block->level]->k_padded;
    return (double *)dp_where(worker, block, quantity) +
           (size_t)(box - block->box_begin) * (size_t)k_padded;
}

typedef struct dp_sources {
    int64_t n;
    dp_soa points;
    const double *charges;
} dp_sources;

static inline dp_sources dp_sources_of(const dp_graph *g, int32_t leaf, const dp_worker *worker) {
    const dp_block *block = &g->blocks[g->block_of[leaf]];
    const double *x = (const double *)dp_where(worker, block, DP_SOURCES) + g->source_at[leaf];
    int64_t row = block->source_row;
    return (dp_sources){dp_n_sources(g->in.tree, leaf), {x, x + row, x + 2 * row}, x + 3 * row};
}

/* The caller's arrays are met out of order: asked for this many points ahead, they arrive in time.
 */
enum { DP_AHEAD = 24 };

/* The compiler's own wants a constant even before it inlines. */
static inline void dp_fetch(const char *at, int is_written) {
    if (is_written)
        __builtin_prefetch(at, 1);
    else
        __builtin_prefetch(at, 0);
}

/* An array with n_values of each point, which may lie across two lines. n_values and is_written:
 * constants. */
static inline __attribute__((always_inline)) void
dp_fetch_ahead(const dp_graph *g, const dp_points *points, const void *array, const int n_values,
               int64_t i, const int is_written) {
    if (i + DP_AHEAD >= points->n)
        return;
    size_t size = g->call.is_float ? sizeof(float) : sizeof(double);
    const char *first =
        (const char *)array + (size_t)points->origin[i + DP_AHEAD] * (size_t)n_values * size;
    dp_fetch(first, is_written);
    if (n_values > 1)
        dp_fetch(first + (size_t)(n_values - 1) * size, is_written);
}

/* Where a block's sources keep their largest charge by size. */
static inline double *dp_largest_charge(const dp_block *block, const dp_worker *worker) {
    return (double *)dp_where(worker, block, DP_SOURCES) + 4 * block->source_row;
}

/* Four rows of sums, from `first` of each on; gradients only where the caller asked for them. */
static inline dp_sums dp_sums_in(const dp_graph *g, double *first, int64_t row) {
    dp_sums sums = {.potential = first};
    if (g->call.gradients)
        sums = (dp_sums){first, first + row, first + 2 * row, first + 3 * row};
    return sums;
}

static inline dp_sums dp_sums_of(const dp_graph *g, int32_t leaf, const dp_worker *worker) {
    const dp_block *block = &g->blocks[g->block_of[leaf]];
    double *rows = dp_where(worker, block, DP_TARGETS);
    return dp_sums_in(g, rows + g->target_at[leaf], block->target_row);
}

typedef struct dp_targets {
    int64_t n;
    dp_soa points;
    dp_sums sums;
} dp_targets;

static inline dp_targets dp_targets_of(const dp_graph *g, int32_t leaf, const dp_worker *worker) {
    const dp_block *block = &g->blocks[g->block_of[leaf]];
    dp_targets t = {.n = dp_n_targets(g->in.tree, leaf), .sums = dp_sums_of(g, leaf, worker)};
    if (dp_graph_is_mutual(g)) {
        t.points = dp_sources_of(g, leaf, worker).points;
    } else {
        int64_t row = block->target_row;
        const double *x =
            (const double *)dp_where(worker, block, DP_TARGETS) + 4 * row + g->target_at[leaf];
        t.points = (dp_soa){x, x + row, x + 2 * row};
    }
    return t;
}

/* Reflection that takes the octant of positive coordinates to this child's. */
static inline uint8_t dp_reflection_of_child(const dp_tree *tree, int32_t child) {
    unsigned octant = (unsigned)(tree->key[child] & 7); /* x highest, 1 = upper side */
    unsigned upper = (octant >> 2 & 1) | (octant & 2) | (octant & 1) << 2;
    return (uint8_t)(7 - upper);
}

typedef void (*dp_transfer_fn)(const dp_operator_set *parent, const dp_operator_set *child,
                               const dp_transfer *between, const dp_columns *columns,
                               dp_scratch *scratch);

/* Apply what was collected (level: the parents') and empty the batch. */
static inline void dp_batch_flush(const dp_operators *ops, int level, dp_transfer_fn transfer,
                                  dp_columns *batch, dp_scratch *scratch) {
    if (batch->n)
        transfer(ops->level[level], ops->level[level + 1], ops->below[level], batch, scratch);
    batch->n = 0;
}

/* Columns of M2M or L2L are collected by reflection. */
static inline void dp_batches_add(const dp_operators *ops, int level, dp_transfer_fn transfer,
                                  int reflection, const double *source, double *target,
                                  dp_columns batches[8], dp_scratch *scratch) {
    dp_columns *batch = &batches[reflection];
    batch->reflection = reflection;
    batch->source[batch->n] = source;
    batch->target[batch->n++] = target;
    if (batch->n == DP_COLUMNS)
        dp_batch_flush(ops, level, transfer, batch, scratch);
}

static inline void dp_batches_flush(const dp_operators *ops, int level, dp_transfer_fn transfer,
                                    dp_columns batches[8], dp_scratch *scratch) {
    for (int reflection = 0; reflection < 8; reflection++)
        dp_batch_flush(ops, level, transfer, &batches[reflection], scratch);
}

#endif
