/* What the operators share: rows of fields seen as points and sums, and the caller's arrays. */
#ifndef DP_OPS_VIEWS_H
#define DP_OPS_VIEWS_H

#include "ops/op.h"

/* The frame of a box, from its Morton key: a plan has many of them. */
static inline dp_frame dp_frame_of(const dp_cube *cube, int level, dp_key key) {
    dp_frame frame = {.half = 0.5 * dp_cube_side(cube, level)};
    dp_cube_centre(cube, level, key, frame.centre);
    return frame;
}

static inline const dp_block *dp_block_of(const dp_layout *layout, int32_t box) {
    return &layout->blocks.block[layout->blocks.of_box[box]];
}

static inline int32_t dp_field_of(const dp_layout *layout, int32_t box, dp_quantity quantity) {
    return layout->of_block[layout->blocks.of_box[box]][quantity];
}

/* Which of its block's boxes a box is. */
static inline int32_t dp_in_block(const dp_layout *layout, int32_t box) {
    return box - dp_block_of(layout, box)->box_begin;
}

/* Names the field of a box's expansions, of which the task reads that box's. */
static inline int32_t dp_read_expansion(const dp_layout *layout, int32_t box, dp_quantity quantity,
                                        dp_task *task) {
    const dp_problem *p = layout->problem;
    size_t length = (size_t)dp_set_of(p, box)->k_padded * (size_t)dp_n_columns(&p->shape);
    return dp_task_read(task, dp_field_of(layout, box, quantity), box, length * sizeof(double));
}

/* The same for the sources of a leaf. */
static inline int32_t dp_read_sources(const dp_layout *layout, int32_t leaf, dp_task *task) {
    size_t n = (size_t)dp_n_sources(layout->problem->tree, leaf),
           n_rows = (size_t)dp_source_rows(&layout->problem->shape);
    return dp_task_read(task, dp_field_of(layout, leaf, DP_SOURCES), leaf,
                        n_rows * n * sizeof(double));
}

/* Points of a leaf in rows of a field: the first of them, and how far the rows are apart. */
typedef struct dp_points_at {
    int32_t at, n, row;
} dp_points_at;

/* The same in rows that are known. */
typedef struct dp_leaf_points {
    int32_t at, n;
} dp_leaf_points;

static inline dp_leaf_points dp_leaf_targets(const dp_layout *layout, int32_t leaf) {
    return (dp_leaf_points){(int32_t)layout->blocks.target_at[leaf],
                            (int32_t)dp_n_targets(layout->problem->tree, leaf)};
}

static inline dp_points_at dp_sources_at(const dp_layout *layout, int32_t leaf) {
    return (dp_points_at){(int32_t)layout->blocks.source_at[leaf],
                          (int32_t)dp_n_sources(layout->problem->tree, leaf),
                          (int32_t)dp_block_of(layout, leaf)->source_row};
}

static inline dp_points_at dp_targets_at(const dp_layout *layout, int32_t leaf) {
    return (dp_points_at){(int32_t)layout->blocks.target_at[leaf],
                          (int32_t)dp_n_targets(layout->problem->tree, leaf),
                          (int32_t)dp_block_of(layout, leaf)->target_row};
}

static inline dp_soa dp_soa_rows(const double *x, int64_t row) {
    return (dp_soa){x, x + row, x + 2 * row};
}

/* Of a field of sources. */
static inline dp_soa dp_source_points(const void *field, dp_points_at p) {
    return dp_soa_rows((const double *)field + p.at, p.row);
}

/* What they carry, of one vector; that of the next is dp_carried_stride behind. */
static inline dp_carried dp_source_carried(const dp_shape *shape, const void *field, dp_points_at p,
                                           int vector) {
    int64_t first = 3 + dp_n_carried(shape) * (int64_t)vector;
    return dp_carried_of_rows(shape, (const double *)field + first * p.row + p.at, p.row);
}

static inline int64_t dp_carried_stride(const dp_shape *shape, int64_t row) {
    return dp_n_carried(shape) * row;
}

/* Where a field of sources with such rows keeps the largest charge by size of each vector, and
 * behind these the largest component of a dipole of each. */
static inline double *dp_largest_carried(const dp_shape *shape, void *field, int64_t row) {
    return (double *)field + dp_source_rows(shape) * row;
}

/* A task that adds to the sums of a block's targets names them and, where these are not in the
 * same field, the targets' coordinates: those of the sources in a mutual plan. */
typedef struct dp_target_fields {
    int32_t sums, coordinates; /* fields of the task */
    int32_t first_row;         /* of the coordinates */
    int is_mutual;
} dp_target_fields;

static inline dp_target_fields dp_add_to_targets(const dp_layout *layout, int32_t block,
                                                 dp_access mode, dp_task *task) {
    const int32_t *field = layout->of_block[block];
    int is_mutual = dp_is_mutual(layout->problem);
    int32_t sums = dp_task_access(task, field[DP_TARGETS], mode);
    int32_t coordinates = is_mutual ? dp_task_access(task, field[DP_SOURCES], DP_READ) : sums;
    int32_t first_row = is_mutual ? 0 : dp_sum_rows(layout->problem);
    return (dp_target_fields){sums, coordinates, first_row, is_mutual};
}

/* Coordinates and sums of a leaf's targets. In a mutual plan sources and targets have rows of the
 * same length. */
static inline dp_soa dp_target_points(const dp_target_fields *t, void *const *fields,
                                      dp_points_at p) {
    const double *rows = fields[t->coordinates];
    return dp_soa_rows(rows + t->first_row * (int64_t)p.row + p.at, p.row);
}

/* Of one vector, what the call wants of them; those of the next are dp_sums_stride behind. */
static inline dp_sums dp_target_sums(const dp_shape *shape, const dp_target_fields *t,
                                     void *const *fields, const dp_call *call, dp_points_at p,
                                     int vector) {
    int64_t first = shape->n_sums * (int64_t)vector * p.row + p.at;
    return dp_sums_of_rows((double *)fields[t->sums] + first, p.row, dp_call_sums(call));
}

static inline int64_t dp_sums_stride(const dp_shape *shape, int64_t row) {
    return shape->n_sums * row;
}

/* An expansion among those of a field: of a box and a vector, of n_vectors. */
static inline double *dp_expansion(void *field, const dp_operator_set *set, int32_t box,
                                   int n_vectors, int vector) {
    size_t column = (size_t)box * (size_t)n_vectors + (size_t)vector;
    return (double *)field + column * (size_t)set->k_padded;
}

/* The same to be taken to another box, whose moments (operators/flow.h) change on the way. column:
 * where the worker keeps these until they are there, 0 ... 8 DP_COLUMNS - 1. */
static inline const double *dp_moved_expansion(const dp_worker *worker, void *field,
                                               const dp_operator_set *set, int32_t box,
                                               int n_vectors, int vector, const dp_shift *shift,
                                               int column) {
    const dp_flow_work *flow = worker->scratch.flow;
    int part = vector % DP_FLOW_PARTS;
    if (!flow || part + 1 < DP_FLOW_PARTS)
        return dp_expansion(field, set, box, n_vectors, vector);
    return dp_flow_move(flow, &set->isotropic, shift, set->k_padded,
                        dp_expansion(field, set, box, n_vectors, vector - part), column);
}

/* ---- the caller's arrays ---- */

/* A run of points, in tree order. */
typedef struct dp_point_range {
    int64_t begin, end;
} dp_point_range;

/* The ranges of a block's leaves, joined where one begins where another ends: at most one for each
 * box. Returns their number. */
static inline int32_t dp_leaf_ranges(const dp_tree *tree, const dp_block *block,
                                     const int64_t *begin, const int64_t *end,
                                     dp_point_range *ranges) {
    int32_t n = 0;
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_tree_is_leaf(tree, box) || begin[box] == end[box])
            continue;
        if (n && ranges[n - 1].end == begin[box])
            ranges[n - 1].end = end[box];
        else
            ranges[n++] = (dp_point_range){begin[box], end[box]};
    }
    return n;
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

/* An array with n_values of each point, which may lie across two lines, where a vector begins with
 * value `vector`. n_values and is_written: constants. */
static inline __attribute__((always_inline)) void
dp_fetch_ahead(const dp_call *call, const dp_points *points, const void *array, int64_t vector,
               const int n_values, int64_t i, const int is_written) {
    if (i + DP_AHEAD >= points->n)
        return;
    size_t size = call->is_float ? sizeof(float) : sizeof(double),
           at = (size_t)(vector + points->origin[i + DP_AHEAD] * call->point);
    const char *first = (const char *)array + at * (size_t)n_values * size;
    dp_fetch(first, is_written);
    if (n_values > 1)
        dp_fetch(first + (size_t)(n_values - 1) * size, is_written);
}

#endif
