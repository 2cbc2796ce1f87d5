/* GATHER: what the caller's sources carry to a block's sources. */
#include <math.h>
#include <string.h>

#include "kernel/values.h"
#include "ops/views.h"

typedef struct gather_work {
    const dp_points *points;
    int64_t row, n_sources;
    int exponent; /* of the coordinates' scale */
    dp_shape shape;
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
    w->exponent = layout->problem->tree->cube.exponent;
    w->shape = layout->problem->shape;
    w->n_ranges = dp_leaf_ranges(tree, block, tree->source_begin, tree->source_end, w->range);
    dp_task_access(task, layout->of_block[b][DP_SOURCES], DP_READ_WRITE);
    task->cost = dp_cost_points(&layout->problem->cost, block->n_sources);
    dp_task_trim(task, sizeof *w + (size_t)w->n_ranges * sizeof *w->range);
    return DAGPOLE_OK;
}

/* One of the arrays that the caller gives: of each value the row at hand takes one number. */
typedef struct gathered {
    const char *name; /* "charges" */
    const void *values;
    int component; /* which number of a value */
    int64_t first; /* value that its vector begins with */
    dp_power unit;
    int exponent; /* of the unit of stresslets */
} gathered;

/* Every float is a double. */
static double number_at(const dp_call *call, const void *values, int64_t i) {
    const float *floats = values;
    const double *doubles = values;
    return call->is_float ? (double)floats[i] : doubles[i];
}

static dagpole_status check_number(const char *name, int64_t i, double number) {
    if (isfinite(number))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_NUMERIC, "%s[%lld] is %g: %s must be finite", name, (long long)i, number,
                   name);
}

/* Of unique point i, in its unit: the sum over the caller's points at its position. width: a
 * constant. */
static inline __attribute__((always_inline)) dagpole_status
number_of(const dp_points *points, const dp_call *call, const gathered *g, const int width,
          int64_t i, double *number) {
    int64_t begin, end;
    dp_points_copies(points, i, &begin, &end);
    double sum = 0;
    for (int64_t j = begin; j < end; j++) {
        int64_t at = width * (g->first + points->origin[j] * call->point) + g->component;
        double given = number_at(call, g->values, at);
        DP_TRY(check_number(g->name, width * call->first_vector * call->source_vector + at, given));
        sum += dp_power_times(&g->unit, given);
    }
    *number = sum;
    return DAGPOLE_OK;
}

static inline __attribute__((always_inline)) dagpole_status
gather_numbers(const gather_work *w, const dp_call *call, const gathered *g, const int width,
               double *to) {
    for (int32_t r = 0; r < w->n_ranges; r++)
        for (int64_t i = w->range[r].begin; i < w->range[r].end; i++) {
            dp_fetch_ahead(call, w->points, g->values, g->first, width, i, 0);
            DP_TRY(number_of(w->points, call, g, width, i, to++));
        }
    return DAGPOLE_OK;
}

static double largest_of(int64_t n, const double *numbers) {
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fabs(numbers[i]) > largest ? fabs(numbers[i]) : largest;
    return largest;
}

static void zero(const gather_work *w, double *row) {
    memset(row, 0, (size_t)w->n_sources * sizeof *row);
}

/* Of Stokes the force's components; sources of flow come with stresslets. */
static dagpole_status gather_charges(const gather_work *w, const dp_call *call, int vector,
                                     double *row, double *largest) {
    int n_parts = dp_n_parts(&w->shape);
    *largest = 0;
    if (!call->charges || vector % n_parts == DP_FORCES) {
        zero(w, row);
        return DAGPOLE_OK;
    }
    const gathered g = {.name = "charges",
                        .values = call->charges,
                        .component = vector % n_parts,
                        .first = vector / n_parts * call->source_vector,
                        .unit = dp_power_split(-call->charge_exponent[vector])};
    if (n_parts == 1)
        DP_TRY(gather_numbers(w, call, &g, 1, row));
    else if (n_parts == 2)
        DP_TRY(gather_numbers(w, call, &g, 2, row));
    else
        DP_TRY(gather_numbers(w, call, &g, DP_FORCES, row));
    *largest = largest_of(w->n_sources, row);
    return DAGPOLE_OK;
}

/* A dipole is a charge times a length. */
static dagpole_status gather_dipoles(const gather_work *w, const dp_call *call, int vector,
                                     double *rows, double *largest) {
    int n_parts = dp_n_parts(&w->shape);
    gathered g = {.name = "dipoles",
                  .values = call->dipoles,
                  .component = vector % n_parts,
                  .first = vector / n_parts * call->source_vector,
                  .unit = dp_power_split(-call->charge_exponent[vector] - w->exponent)};
    *largest = 0;
    for (; g.component < 3 * n_parts; g.component += n_parts, rows += w->row) {
        if (n_parts == 2)
            DP_TRY(gather_numbers(w, call, &g, 6, rows));
        else
            DP_TRY(gather_numbers(w, call, &g, 3, rows));
        *largest = fmax(*largest, largest_of(w->n_sources, rows));
    }
    return DAGPOLE_OK;
}

/* The caller's stresslet number i, in the unit of the vector. */
static dagpole_status read_stresslet(const dp_call *call, const gathered *g, int64_t i,
                                     double stresslet[6]) {
    for (int k = 0; k < 6; k++) {
        stresslet[k] = number_at(call, g->values, 6 * i + k);
        DP_TRY(check_number("dipoles", 6 * (call->first_vector * call->source_vector + i) + k,
                            stresslet[k]));
    }
    dp_stresslet_scale(stresslet, g->exponent);
    return DAGPOLE_OK;
}

/* What unique point i's stresslets are to a part: three of doublets, or in the first a source. */
static dagpole_status add_stresslets(const gather_work *w, const dp_call *call, const gathered *g,
                                     int part, int64_t i, double to[3]) {
    int64_t begin, end;
    dp_points_copies(w->points, i, &begin, &end);
    to[0] = to[1] = to[2] = 0;
    for (int64_t j = begin; j < end; j++) {
        double stresslet[6];
        int64_t at = g->first + w->points->origin[j] * call->point;
        DP_TRY(read_stresslet(call, g, at, stresslet));
        for (int k = 0; part < DP_FORCES && k < 3; k++)
            to[k] += dp_doublet_of(stresslet, part, k);
        if (part == DP_FORCES)
            to[0] += dp_source_of(stresslet);
    }
    return DAGPOLE_OK;
}

/* Of Stokes: rows are doublets, or the one in front of them sources, which are charges times
 * lengths as well. */
static dagpole_status gather_stresslets(const gather_work *w, const dp_call *call, int vector,
                                        double *rows, double *largest) {
    const int part = vector % DP_FLOW_PARTS, n = part < DP_FORCES ? 3 : 1;
    const gathered g = {.name = "dipoles",
                        .values = call->dipoles,
                        .first = vector / DP_FLOW_PARTS * call->source_vector,
                        .exponent = -call->charge_exponent[vector] - w->exponent};
    int64_t at = 0;
    rows -= part < DP_FORCES ? 0 : w->row;
    for (int32_t r = 0; r < w->n_ranges; r++)
        for (int64_t i = w->range[r].begin; i < w->range[r].end; i++, at++) {
            double of_point[3];
            dp_fetch_ahead(call, w->points, call->dipoles, g.first, 6, i, 0);
            DP_TRY(add_stresslets(w, call, &g, part, i, of_point));
            for (int k = 0; k < n; k++)
                rows[k * w->row + at] = of_point[k];
        }
    *largest = 0;
    for (int k = 0; k < n; k++)
        *largest = fmax(*largest, largest_of(w->n_sources, rows + k * w->row));
    return DAGPOLE_OK;
}

/* Vectors that the call does not have are zero. */
static dagpole_status gather_vector(const gather_work *w, const dp_call *call, int vector,
                                    double *rows, double *largest) {
    const dp_shape *shape = &w->shape;
    int is_there = vector < call->n_vectors;
    double *dipoles = rows + shape->has_charges * w->row;
    double *largest_dipole = largest + shape->n_vectors;
    for (int k = 0; !is_there && k < dp_n_carried(shape); k++)
        zero(w, rows + k * w->row);
    *largest = *largest_dipole = 0;
    if (is_there && shape->has_charges)
        DP_TRY(gather_charges(w, call, vector, rows, largest));
    if (!is_there || !shape->has_dipoles)
        return DAGPOLE_OK;
    if (dp_is_flow(shape))
        return gather_stresslets(w, call, vector, dipoles, largest_dipole);
    return gather_dipoles(w, call, vector, dipoles, largest_dipole);
}

static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const gather_work *w = work;
    double *largest = dp_largest_carried(&w->shape, fields[0], w->row),
           *rows = (double *)fields[0] + 3 * w->row;
    for (int v = 0; v < w->shape.n_vectors; v++)
        DP_TRY(gather_vector(w, worker->call, v, rows + v * dp_carried_stride(&w->shape, w->row),
                             &largest[v]));
    return DAGPOLE_OK;
}

const dp_op dp_op_gather = {"GATHER", plan, run};
