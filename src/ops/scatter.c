/* SCATTER: a block's sums to the caller's arrays. Adds the halos of earlier blocks, applies
 * 1/(4 pi), the unit of the charges and the scale of the coordinates: a potential is charge/length,
 * a gradient charge/length^2. */
#include <math.h>

#include "ops/views.h"

/* Sums of an earlier block's halo, leaf after leaf: they are added to those of the block. */
typedef struct scatter_part {
    int32_t access, row; /* the field and its rows */
    int32_t leaf_end;    /* of its leaves; they begin where those of the part before end */
} scatter_part;

typedef struct scatter_work {
    const dp_points *points;
    int exponent; /* of the coordinates' scale */
    int32_t row, n_ranges;
    int32_t n_parts, n_leaves;
    scatter_part *part;
    dp_leaf_points *leaf; /* targets */
    dp_point_range range[];
} scatter_work;

static void add_part(const dp_layout *layout, int32_t part, scatter_work *w, dp_task *task) {
    const dp_halo *halo = &layout->halo;
    const dp_halo_part *p = &halo->part[part];
    for (int64_t i = p->entry_begin; i < p->entry_end; i++)
        w->leaf[w->n_leaves++] = dp_leaf_targets(layout, halo->leaf[i]);
    w->part[w->n_parts++] =
        (scatter_part){.access = dp_task_access(task, layout->of_part[part], DP_READ),
                       .row = (int32_t)p->row,
                       .leaf_end = w->n_leaves};
}

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_block *block = &layout->blocks.block[b];
    const dp_csr *parts = &layout->halo.to;
    size_t n_boxes = (size_t)(block->box_end - block->box_begin), n_leaves = 0,
           n_parts = (size_t)dp_csr_length(parts, b);
    if (!block->n_targets)
        return DAGPOLE_OK;
    for (int64_t i = parts->offset[b]; i < parts->offset[b + 1]; i++) {
        const dp_halo_part *part = &layout->halo.part[parts->index[i]];
        n_leaves += (size_t)(part->entry_end - part->entry_begin);
    }
    scatter_work *w =
        dp_task_work(task, sizeof *w + n_boxes * sizeof *w->range + n_parts * sizeof *w->part +
                               n_leaves * sizeof *w->leaf);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->points = p->targets;
    w->exponent = p->tree->cube.exponent;
    w->row = (int32_t)block->target_row;
    w->n_ranges =
        dp_leaf_ranges(p->tree, block, p->tree->target_begin, p->tree->target_end, w->range);
    w->part = (scatter_part *)(w->range + n_boxes);
    w->leaf = (dp_leaf_points *)(w->part + n_parts);
    dp_task_access(task, layout->of_block[b][DP_TARGETS], n_parts ? DP_READ_WRITE : DP_READ);
    for (int64_t i = parts->offset[b]; i < parts->offset[b + 1]; i++)
        add_part(layout, parts->index[i], w, task);
    task->cost = dp_cost_points(&p->cost, block->n_targets);
    return DAGPOLE_OK;
}

static void add_row(int64_t n, const double *from, double *to) {
    for (int64_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void add_halos(const scatter_work *w, void *const *fields, const dp_call *call) {
    int n_rows = call->gradients ? 4 : 1;
    for (int32_t p = 0, i = 0; p < w->n_parts; p++) {
        const double *from = fields[w->part[p].access];
        for (; i < w->part[p].leaf_end; from += w->leaf[i++].n)
            for (int64_t row = 0; row < n_rows; row++)
                add_row(w->leaf[i].n, from + row * w->part[p].row,
                        (double *)fields[0] + w->leaf[i].at + row * w->row);
    }
}

/* Half a unit in the last place above FLT_MAX: from here on doubles round to infinite floats. */
#define FLOAT_OVERFLOW 0x1.ffffffp127

/* Finite in the caller's precision. */
static int is_held(const dp_call *call, double result) {
    return fabs(result) < (call->is_float ? FLOAT_OVERFLOW : INFINITY);
}

static void write_result(const dp_call *call, int64_t to, double potential,
                         const double gradient[3]) {
    if (call->is_float) {
        float *potentials = call->potentials, *gradients = call->gradients;
        potentials[to] = (float)potential;
        for (int d = 0; gradients && d < 3; d++)
            gradients[3 * to + d] = (float)gradient[d];
    } else {
        double *potentials = call->potentials, *gradients = call->gradients;
        potentials[to] = potential;
        for (int d = 0; gradients && d < 3; d++)
            gradients[3 * to + d] = gradient[d];
    }
}

/* Results of unique point i to all of the caller's targets at its position. */
static dagpole_status write_point(const dp_points *points, const dp_call *call, int64_t i,
                                  double potential, const double gradient[3]) {
    int64_t begin, end;
    dp_points_copies(points, i, &begin, &end);
    if (!is_held(call, potential) || !is_held(call, gradient[0]) || !is_held(call, gradient[1]) ||
        !is_held(call, gradient[2]))
        return dp_fail(DAGPOLE_NUMERIC,
                       "the result at targets[%lld] overflows%s (potential %g, gradient %g %g %g): "
                       "charges or inverse distances are too large",
                       (long long)points->origin[begin],
                       call->is_float ? " a float, which holds 3.4e38 at most" : "", potential,
                       gradient[0], gradient[1], gradient[2]);
    for (int64_t j = begin; j < end; j++)
        write_result(call, points->origin[j], potential, gradient);
    return DAGPOLE_OK;
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const scatter_work *w = work;
    const dp_call *call = worker->call;
    const dp_power of_potentials = dp_power_split(call->charge_exponent - w->exponent),
                   of_gradients = dp_power_split(call->charge_exponent - 2 * w->exponent);
    const double *sums = fields[0];
    add_halos(w, fields, call);
    for (int32_t r = 0; r < w->n_ranges; r++)
        for (int64_t i = w->range[r].begin; i < w->range[r].end; i++, sums++) {
            double gradient[3] = {0};
            dp_fetch_ahead(call, w->points, call->potentials, 1, i, 1);
            if (call->gradients)
                dp_fetch_ahead(call, w->points, call->gradients, 3, i, 1);
            for (int64_t d = 0; call->gradients && d < 3; d++)
                gradient[d] =
                    dp_power_times(&of_gradients, DP_KERNEL_FACTOR * sums[(d + 1) * w->row]);
            DP_TRY(write_point(w->points, call, i,
                               dp_power_times(&of_potentials, DP_KERNEL_FACTOR * *sums), gradient));
        }
    return DAGPOLE_OK;
}

const dp_op dp_op_scatter = {"SCATTER", plan, run};
