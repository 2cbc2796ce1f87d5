/* Looking into a plan: report, boxes, expansions, order, invariants. */
#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "base/sized.h"

static dagpole_status check_index(const dagpole_plan *plan, int64_t index) {
    DP_TRY(dp_plan_check(plan));
    if (index >= 0 && index < plan->tree.n_boxes)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "box index is %lld: it must be 0 ... %d", (long long)index,
                   plan->tree.n_boxes - 1);
}

dagpole_status dagpole_plan_report(const dagpole_plan *plan, dagpole_report *report) {
    DP_DEFAULT_FLOATING;
    DP_TRY(dp_plan_check(plan));
    if (!dp_sized_is_set(report))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "report is NULL or its size is not set to sizeof(dagpole_report)");
    DP_TRY(dp_plan_begin(plan));
    dagpole_report full = plan->report;
    dagpole_status status = DAGPOLE_OK;
    if (full.n_nodes > 1)
        status = dp_memory_at_home(&plan->graph->memory, plan->graph->stream.n_fields,
                                   &full.bytes_fields, &full.bytes_at_home);
    if (status == DAGPOLE_OK)
        dp_sized_give(&full, sizeof full, report);
    dp_plan_end(plan);
    return status;
}

dagpole_status dagpole_plan_box(const dagpole_plan *plan, int64_t index, dagpole_box *box) {
    DP_DEFAULT_FLOATING;
    DP_TRY(check_index(plan, index));
    if (!dp_sized_is_set(box))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "box is NULL or its size is not set to sizeof(dagpole_box)");
    const dp_tree *t = &plan->tree;
    dagpole_box b = {.index = index,
                     .morton = (uint64_t)t->key[index] & (UINT64_MAX >> 1),
                     .level = t->level[index],
                     .is_leaf = dp_tree_is_leaf(t, (int32_t)index),
                     .side = ldexp(dp_cube_side(&t->cube, t->level[index]), t->cube.exponent),
                     .parent = t->parent[index],
                     .first_child = t->child[index],
                     .n_children = t->n_children[index],
                     .source_begin = dp_points_first_copy(&plan->sources, t->source_begin[index]),
                     .source_end = dp_points_first_copy(&plan->sources, t->source_end[index]),
                     .target_begin = dp_points_first_copy(plan->targets, t->target_begin[index]),
                     .target_end = dp_points_first_copy(plan->targets, t->target_end[index])};
    uint64_t anchor[3];
    dp_morton_decode(t->key[index], anchor);
    dp_cube_centre(&t->cube, b.level, t->key[index], b.centre);
    for (int d = 0; d < 3; d++) {
        b.anchor[d] = (int64_t)anchor[d];
        b.centre[d] = ldexp(b.centre[d], t->cube.exponent);
    }
    dp_sized_give(&b, sizeof b, box);
    return DAGPOLE_OK;
}

dagpole_status dagpole_plan_find_box(const dagpole_plan *plan, int level, const int64_t anchor[3],
                                     int64_t *index) {
    DP_DEFAULT_FLOATING;
    DP_TRY(dp_plan_check(plan));
    if (!index || !anchor)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, index ? "anchor is NULL: it is three coordinates"
                                                   : "index is NULL: it receives the box's index");
    if (level < 0 || level > DP_MAX_DEPTH)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "level is %d: it must be 0 ... %d", level,
                       DP_MAX_DEPTH);
    uint64_t at[3], outside = 0;
    for (int d = 0; d < 3; d++) {
        at[d] = (uint64_t)anchor[d];
        outside |= at[d] >> level;
    }
    int may_be = !outside && level <= plan->tree.depth;
    *index = may_be ? dp_tree_find(&plan->tree, level, dp_morton_encode(at)) : -1;
    return DAGPOLE_OK;
}

/* Which operators of the walk fill a box's expansion; elsewhere it is zero. */
static int has_multipole(const dagpole_plan *plan, int32_t box) {
    return dp_n_sources(&plan->tree, box) > 0 &&
           dp_expansion_size(&plan->graph->problem, plan->tree.level[box]) > 0;
}

static int has_local(const dagpole_plan *plan, int32_t box) {
    return dp_n_targets(&plan->tree, box) > 0 && dp_has_local(&plan->graph->layout.blocks, box);
}

/* Where a field of the box's block holds what the last run left. */
static dagpole_status fetch(const dagpole_plan *plan, int32_t field, const double **data) {
    *data = plan->graph->stream.fields[field].data;
    return dp_execution_fetch(plan->execution, field, DP_READ);
}

/* n_vectors x expansion_size, to out. */
static dagpole_status copy_expansions(const dagpole_plan *plan, int32_t box, dp_quantity quantity,
                                      int is_present, double *out) {
    const dp_layout *layout = &plan->graph->layout;
    int32_t b = layout->blocks.of_box[box];
    int n_vectors = plan->options.n_vectors, size = plan->report.expansion_size;
    memset(out, 0, (size_t)n_vectors * (size_t)size * sizeof *out);
    if (!is_present)
        return DAGPOLE_OK;
    const dp_operator_set *set = plan->operators->level[plan->tree.level[box]];
    const double *data;
    DP_TRY(fetch(plan, layout->of_block[b][quantity], &data));
    int64_t first = (int64_t)(box - layout->blocks.block[b].box_begin) * n_vectors;
    for (int v = 0; v < n_vectors; v++) {
        const double *from = data + (first + v) * set->k_padded;
        const dp_power unit = dp_power_split(plan->far_charge_exponent[v]);
        for (int i = 0; i < set->k; i++)
            out[v * size + i] = dp_power_times(&unit, from[i]);
    }
    return DAGPOLE_OK;
}

/* Where the leaf's targets begin among those of its block. */
static int64_t target_at(const dagpole_plan *plan, int32_t leaf) {
    const dp_blocks *blocks = &plan->graph->layout.blocks;
    int64_t n = 0;
    for (int32_t box = blocks->block[blocks->of_box[leaf]].box_begin; box < leaf; box++)
        if (dp_tree_is_leaf(&plan->tree, box))
            n += dp_n_targets(&plan->tree, box);
    return n;
}

/* A vector's potentials of a leaf's targets, one for each of the caller's copies; *out moves to
 * their end. */
static dagpole_status copy_leaf(const dagpole_plan *plan, int32_t leaf, int vector, double **out) {
    const dp_layout *layout = &plan->graph->layout;
    int32_t block = layout->blocks.of_box[leaf], field = layout->of_block[block][DP_TARGETS];
    const double *data;
    if (field == DP_NO_FIELD)
        return DAGPOLE_OK;
    DP_TRY(fetch(plan, field, &data));
    const double *potential = data +
                              plan->shape.n_sums * vector * layout->blocks.block[block].target_row +
                              target_at(plan, leaf);
    const dp_power unit = dp_power_split(plan->charge_exponent[vector] - plan->tree.cube.exponent);
    int64_t first = plan->tree.target_begin[leaf];
    for (int64_t i = first; i < plan->tree.target_end[leaf]; i++) {
        int64_t begin, end;
        dp_points_copies(plan->targets, i, &begin, &end);
        for (int64_t copy = begin; copy < end; copy++)
            *(*out)++ = dp_power_times(&unit, DP_KERNEL_FACTOR * potential[i - first]);
    }
    return DAGPOLE_OK;
}

/* Of all leaves below a box, in tree order. */
static dagpole_status copy_potentials(const dagpole_plan *plan, int32_t box, int vector,
                                      double **out) {
    if (dp_tree_is_leaf(&plan->tree, box))
        return copy_leaf(plan, box, vector, out);
    for (int i = 0; i < plan->tree.n_children[box]; i++)
        DP_TRY(copy_potentials(plan, plan->tree.child[box] + i, vector, out));
    return DAGPOLE_OK;
}

dagpole_status dp_plan_check_batches(const dagpole_plan *plan, const char *what) {
    if (plan->options.n_vectors == dp_n_values(&plan->shape))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_UNSUPPORTED,
                   "the plan has %d vectors, %s are of up to %d: more go through it in batches",
                   plan->options.n_vectors, what, DP_MOST_VECTORS / dp_n_parts(&plan->shape));
}

dagpole_status dp_plan_check_real(const dagpole_plan *plan, const char *what) {
    if (dp_n_parts(&plan->shape) == 1)
        return DAGPOLE_OK;
    return dp_fail(
        DAGPOLE_UNSUPPORTED,
        "the kernel is %s: %s are known only of kernels whose values are one real number",
        plan->kernel->name, what);
}

dagpole_status dp_plan_check_expansions(const dagpole_plan *plan) {
    if (!plan->report.n_evaluations)
        return dp_fail(DAGPOLE_WRONG_STATE,
                       "nothing has been evaluated yet: there are no expansions");
    if (plan->has_failed)
        return dp_fail(DAGPOLE_WRONG_STATE, "the last evaluation was cancelled or has failed: what "
                                            "it left are no expansions");
    DP_TRY(dp_plan_check_real(plan, "expansions"));
    return dp_plan_check_batches(plan, "expansions");
}

dagpole_status dp_plan_expansions(const dagpole_plan *plan, int32_t box, double *multipole,
                                  double *local, double *potentials) {
    DP_TRY(dp_plan_check_expansions(plan));
    if (multipole)
        DP_TRY(copy_expansions(plan, box, DP_MULTIPOLES, has_multipole(plan, box), multipole));
    if (local)
        DP_TRY(copy_expansions(plan, box, DP_LOCALS, has_local(plan, box), local));
    for (int v = 0; potentials && v < plan->options.n_vectors; v++)
        DP_TRY(copy_potentials(plan, box, v, &potentials));
    return DAGPOLE_OK;
}

dagpole_status dagpole_plan_expansions(dagpole_plan *plan, int64_t index, double *multipole,
                                       double *local, double *potentials) {
    DP_DEFAULT_FLOATING;
    DP_TRY(check_index(plan, index));
    DP_TRY(dp_plan_begin(plan));
    dagpole_status status = dp_plan_expansions(plan, (int32_t)index, multipole, local, potentials);
    dp_plan_end(plan);
    return status;
}

dagpole_status dagpole_plan_order(const dagpole_plan *plan, int64_t *source_order,
                                  int64_t *target_order) {
    DP_DEFAULT_FLOATING;
    DP_TRY(dp_plan_check(plan));
    if (source_order)
        memcpy(source_order, plan->sources.origin, (size_t)plan->n_sources * sizeof *source_order);
    if (target_order)
        memcpy(target_order, plan->targets->origin, (size_t)plan->n_targets * sizeof *target_order);
    return DAGPOLE_OK;
}

/* The copies borrow all but the keys, which the plan has forgotten. */
static dagpole_status check_tree(const dagpole_plan *plan, const dp_lists *lists, int exhaustive) {
    dp_points sources = plan->sources, targets = *plan->targets;
    dagpole_status status = dp_points_make_keys(&plan->tree.cube, &sources);
    if (status == DAGPOLE_OK)
        status = dp_points_make_keys(&plan->tree.cube, &targets);
    if (status == DAGPOLE_OK)
        status =
            dp_tree_check(&plan->tree, lists, &sources, plan->targets_are_sources ? NULL : &targets,
                          plan->n_leaf, exhaustive);
    dp_points_forget_keys(&sources);
    dp_points_forget_keys(&targets);
    return status;
}

dagpole_status dagpole_plan_check(const dagpole_plan *plan, int exhaustive) {
    DP_DEFAULT_FLOATING;
    dp_lists lists = {0};
    DP_TRY(dp_plan_check(plan));
    DP_TRY(dp_check_flag("exhaustive", exhaustive));
    DP_TRY(dp_lists_build(&dp_team_serial, &plan->tree, &lists));
    dagpole_status status = check_tree(plan, &lists, exhaustive);
    if (status == DAGPOLE_OK)
        status = dp_stream_check(&plan->graph->stream);
    dp_lists_free(&lists);
    return status;
}
