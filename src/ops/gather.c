/* GATHER: the caller's charges to a block's sources. */
#include <math.h>
#include <string.h>

#include "ops/views.h"

typedef struct gather_work {
    const dp_points *points;
    int64_t row, n_sources;
    int n_vectors;
    int32_t n_ranges;
    dp_point_range range[];
} gather_work;

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_block *block = &layout->blocks.block[b];
    const dp_tree *tree = layout->problem->tree;
    size_t n_boxes = (size_t)(block->box_end - block->box_begin);
    if (!block->n_sources)
        return DAGPOLE_OK;
    gather_work *w = dp_task_work(task, sizeof *w + n_boxes * sizeof *w->range);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->points = layout->problem->sources;
    w->row = block->source_row;
    w->n_sources = block->n_sources;
    w->n_vectors = layout->problem->n_vectors;
    w->n_ranges = dp_leaf_ranges(tree, block, tree->source_begin, tree->source_end, w->range);
    dp_task_access(task, layout->of_block[b][DP_SOURCES], DP_READ_WRITE);
    task->cost = dp_cost_points(&layout->problem->cost, block->n_sources);
    dp_task_trim(task, sizeof *w + (size_t)w->n_ranges * sizeof *w->range);
    return DAGPOLE_OK;
}

/* Every float is a double. */
static double charge_at(const dp_call *call, int64_t i) {
    const float *floats = call->charges;
    const double *doubles = call->charges;
    return call->is_float ? (double)floats[i] : doubles[i];
}

static dagpole_status check_charge(int64_t i, double charge) {
    if (isfinite(charge))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_NUMERIC, "charges[%lld] is %g: charges must be finite", (long long)i,
                   charge);
}

/* Charge of unique point i in the vector that begins at `first`, in its unit: the sum over the
 * caller's points at its position. */
static dagpole_status charge_of(const dp_points *points, const dp_call *call, int64_t first,
                                const dp_power *unit, int64_t i, double *charge) {
    int64_t begin, end;
    dp_points_copies(points, i, &begin, &end);
    double sum = 0;
    for (int64_t j = begin; j < end; j++) {
        int64_t at = first + points->origin[j] * call->point;
        double given = charge_at(call, at);
        DP_TRY(check_charge(call->first_vector * call->source_vector + at, given));
        sum += dp_power_times(unit, given);
    }
    *charge = sum;
    return DAGPOLE_OK;
}

/* *largest: by size. */
static dagpole_status gather_vector(const gather_work *w, const dp_call *call, int vector,
                                    double *charge, double *largest) {
    const dp_power unit = dp_power_split(-call->charge_exponent[vector]);
    const int64_t first = vector * call->source_vector;
    double *to = charge;
    for (int32_t r = 0; r < w->n_ranges; r++)
        for (int64_t i = w->range[r].begin; i < w->range[r].end; i++) {
            dp_fetch_ahead(call, w->points, call->charges, first, 1, i, 0);
            DP_TRY(charge_of(w->points, call, first, &unit, i, to++));
        }
    *largest = 0;
    for (int64_t i = 0; i < w->n_sources; i++)
        *largest = fabs(charge[i]) > *largest ? fabs(charge[i]) : *largest;
    return DAGPOLE_OK;
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const gather_work *w = work;
    const dp_call *call = worker->call;
    double *largest = dp_largest_charges(fields[0], w->row, w->n_vectors);
    for (int v = 0; v < w->n_vectors; v++) {
        double *charge = (double *)fields[0] + (3 + v) * w->row;
        if (v < call->n_vectors) {
            DP_TRY(gather_vector(w, call, v, charge, &largest[v]));
        } else {
            memset(charge, 0, (size_t)w->n_sources * sizeof *charge);
            largest[v] = 0;
        }
    }
    return DAGPOLE_OK;
}

const dp_op dp_op_gather = {"GATHER", plan, run};
