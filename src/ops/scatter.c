/* SCATTER: a block's sums to the caller's arrays. Adds the halos of earlier blocks, applies
 * 1/(4 pi), the unit of the charges and the scale of the coordinates: a potential is charge/length,
 * a gradient charge/length^2, a second derivative charge/length^3. */
#include <math.h>

#include "kernel/values.h"
#include "ops/views.h"

/* Sums in an earlier block's halo, leaf after leaf: they are added to those of the block. */
typedef struct scatter_piece {
    int32_t access, row, at; /* the field, its rows, and where in these it begins */
    int32_t leaf_end;        /* of its leaves; they begin where those of the piece before end */
} scatter_piece;

typedef struct scatter_work {
    const dp_points *points;
    int exponent; /* of the coordinates' scale */
    dp_shape shape;
    int32_t row, n_ranges;
    int32_t n_pieces, n_leaves;
    scatter_piece *piece;
    dp_leaf_points *leaf; /* targets */
    dp_point_range range[];
} scatter_work;

static void add_piece(const dp_layout *layout, const dp_halo_piece *piece, scatter_work *w,
                      dp_task *task) {
    const dp_halo *halo = &layout->halo;
    size_t n_points = 0;
    size_t n_rows = (size_t)dp_sum_rows(layout->problem);
    for (int64_t i = piece->entry_begin; i < piece->entry_end; i++) {
        w->leaf[w->n_leaves] = dp_leaf_targets(layout, halo->leaf[i]);
        n_points += (size_t)w->leaf[w->n_leaves++].n;
    }
    w->piece[w->n_pieces++] =
        (scatter_piece){.access = dp_task_read(task, layout->of_part[piece->part], DP_NO_BOX,
                                               n_rows * n_points * sizeof(double)),
                        .row = (int32_t)halo->part[piece->part].row,
                        .at = (int32_t)halo->at[piece->entry_begin],
                        .leaf_end = w->n_leaves};
}

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_block *block = &layout->blocks.block[b];
    const dp_halo *halo = &layout->halo;
    const int32_t *begin = halo->to.index + halo->to.offset[b],
                  *end = halo->to.index + halo->to.offset[b + 1];
    size_t n_boxes = (size_t)(block->box_end - block->box_begin), n_leaves = 0,
           n_pieces = (size_t)(end - begin);
    if (!block->n_targets)
        return DAGPOLE_OK;
    for (const int32_t *i = begin; i < end; i++)
        n_leaves += (size_t)(halo->piece[*i].entry_end - halo->piece[*i].entry_begin);
    scatter_work *w =
        dp_task_work(task, sizeof *w + n_boxes * sizeof *w->range + n_pieces * sizeof *w->piece +
                               n_leaves * sizeof *w->leaf);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->points = p->targets;
    w->exponent = p->tree->cube.exponent;
    w->shape = p->shape;
    w->row = (int32_t)block->target_row;
    w->n_ranges =
        dp_leaf_ranges(p->tree, block, p->tree->target_begin, p->tree->target_end, w->range);
    w->piece = (scatter_piece *)(w->range + n_boxes);
    w->leaf = (dp_leaf_points *)(w->piece + n_pieces);
    dp_task_access(task, layout->of_block[b][DP_TARGETS], n_pieces ? DP_READ_WRITE : DP_READ);
    for (const int32_t *i = begin; i < end; i++)
        add_piece(layout, &halo->piece[*i], w, task);
    task->cost = dp_cost_points(&p->cost, block->n_targets);
    return DAGPOLE_OK;
}

static void add_row(int64_t n, const double *from, double *to) {
    for (int64_t i = 0; i < n; i++)
        to[i] += from[i];
}

/* The row behind this one among those that are summed: of each vector all that the call wants. */
static int64_t next_row(const scatter_work *w, const dp_call *call, int64_t row) {
    int64_t vector = row / w->shape.n_sums, of_vector = row % w->shape.n_sums + 1;
    return of_vector < dp_call_sums(call) ? row + 1 : (vector + 1) * w->shape.n_sums;
}

static void add_halos(const scatter_work *w, void *const *fields, const dp_call *call) {
    int64_t n_rows = w->shape.n_sums * (int64_t)call->n_vectors;
    for (int32_t p = 0, i = 0; p < w->n_pieces; p++) {
        const scatter_piece *piece = &w->piece[p];
        const double *from = (const double *)fields[piece->access] + piece->at;
        for (; i < piece->leaf_end; from += w->leaf[i++].n)
            for (int64_t row = 0; row < n_rows; row = next_row(w, call, row))
                add_row(w->leaf[i].n, from + row * piece->row,
                        (double *)fields[0] + w->leaf[i].at + row * w->row);
    }
}

/* Half a unit in the last place above FLT_MAX: from here on doubles round to infinite floats. */
#define FLOAT_OVERFLOW 0x1.ffffffp127

/* Finite in the caller's precision. */
static int is_held(const dp_call *call, double result) {
    return fabs(result) < (call->is_float ? FLOAT_OVERFLOW : INFINITY);
}

/* One of the caller's arrays, and what a part is there. */
typedef struct kind {
    void *array;
    dp_place place;
} kind;

/* A part of a value: what is wanted of it, the value's number, and where its vector begins. */
typedef struct part {
    kind kinds[DP_N_RESULTS];
    int n_kinds, value;
    int64_t first;
    const char *name; /* of its sums */
} part;

static const char *name_of(const dp_shape *shape, int part) {
    static const char *const of_flow[] = {"velocity's x", "velocity's y", "velocity's z",
                                          "pressure"};
    return dp_is_flow(shape) ? of_flow[part] : "potential";
}

static part part_of(const dp_call *call, const dp_shape *shape, int vector) {
    void *const arrays[] = {call->potentials, call->gradients, call->hessians, call->pressures};
    const int n_parts = dp_n_parts(shape);
    part p = {.value = vector / n_parts,
              .first = vector / n_parts * call->target_vector,
              .name = name_of(shape, vector % n_parts)};
    for (int k = 0; k < DP_N_RESULTS; k++) {
        dp_place place = dp_place_of(shape, vector % n_parts, (dp_result)k);
        if (arrays[k] && place.n_rows)
            p.kinds[p.n_kinds++] = (kind){arrays[k], place};
    }
    return p;
}

/* Of value `to`. */
static inline void write_value(const dp_call *call, const kind *kind, int64_t to,
                               const double *result) {
    const dp_place *at = &kind->place;
    int64_t first = at->width * to + at->first;
    if (call->is_float)
        for (int d = 0; d < at->n_rows; d++)
            ((float *)kind->array)[first + d * at->step] = (float)result[at->first_row + d];
    else
        for (int d = 0; d < at->n_rows; d++)
            ((double *)kind->array)[first + d * at->step] = result[at->first_row + d];
}

static dagpole_status fail_overflow(const dp_points *points, const dp_call *call, const part *p,
                                    int64_t i, const double *result) {
    int64_t begin, end;
    dp_points_copies(points, i, &begin, &end);
    return dp_fail(DAGPOLE_NUMERIC,
                   "the result at targets[%lld] overflows%s (vector %lld: %s %g, gradient %g %g "
                   "%g%s): what sources carry or inverse distances are too large",
                   (long long)points->origin[begin],
                   call->is_float ? " a float, which holds 3.4e38 at most" : "",
                   (long long)(call->first_vector + p->value), p->name, result[0], result[1],
                   result[2], result[3], call->hessians ? ", or a second derivative" : "");
}

/* A part's results of unique point i to all of the caller's targets at its position. */
static dagpole_status write_point(const dp_points *points, const dp_call *call, const part *p,
                                  int64_t i, const double result[DP_HESSIAN]) {
    int64_t begin, end;
    dp_points_copies(points, i, &begin, &end);
    for (int k = 0; k < p->n_kinds; k++)
        for (int d = 0; d < p->kinds[k].place.n_rows; d++)
            if (!is_held(call, result[p->kinds[k].place.first_row + d]))
                return fail_overflow(points, call, p, i, result);
    for (int64_t j = begin; j < end; j++)
        for (int k = 0; k < p->n_kinds; k++)
            write_value(call, &p->kinds[k], p->first + points->origin[j] * call->point, result);
    return DAGPOLE_OK;
}

static void fetch_results(const dp_call *call, const dp_points *points, const part *p, int64_t i) {
    for (int k = 0; k < p->n_kinds; k++)
        dp_fetch_ahead(call, points, p->kinds[k].array, p->first, p->kinds[k].place.width, i, 1);
}

static dagpole_status scatter_vector(const scatter_work *w, const dp_call *call, int vector,
                                     const double *sums) {
    const int unit = call->charge_exponent[vector], n_sums = dp_call_sums(call);
    const part p = part_of(call, &w->shape, vector);
    dp_power of[DP_HESSIAN];
    for (int k = 0; k < n_sums; k++) {
        int lengths = dp_lengths_of(&w->shape, vector % dp_n_parts(&w->shape), k);
        of[k] = dp_power_split(unit - lengths * w->exponent);
    }
    for (int32_t r = 0; p.n_kinds && r < w->n_ranges; r++)
        for (int64_t i = w->range[r].begin; i < w->range[r].end; i++, sums++) {
            double result[DP_HESSIAN] = {0};
            fetch_results(call, w->points, &p, i);
            for (int64_t k = 0; k < n_sums; k++)
                result[k] = dp_power_times(&of[k], DP_KERNEL_FACTOR * sums[k * w->row]);
            DP_TRY(write_point(w->points, call, &p, i, result));
        }
    return DAGPOLE_OK;
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const scatter_work *w = work;
    add_halos(w, fields, worker->call);
    for (int v = 0; v < worker->call->n_vectors; v++)
        DP_TRY(scatter_vector(w, worker->call, v,
                              (double *)fields[0] + v * dp_sums_stride(&w->shape, w->row)));
    return DAGPOLE_OK;
}

const dp_op dp_op_scatter = {"SCATTER", plan, run};
