/* GATHER, P2M, M2M: from the caller's charges to multipoles. */
#include <math.h>
#include <string.h>

#include "graph/bodies.h"

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

/* Charge of unique point i, in the unit of the call: the sum over the caller's points at its
 * position. */
static dagpole_status charge_of(const dp_graph *g, const dp_power *unit, int64_t i,
                                double *charge) {
    const dp_points *points = g->in.sources;
    int64_t begin, end;
    dp_points_copies(points, i, &begin, &end);
    double sum = 0;
    for (int64_t j = begin; j < end; j++) {
        double given = charge_at(&g->call, points->origin[j]);
        DP_TRY(check_charge(points->origin[j], given));
        sum += dp_power_times(unit, given);
    }
    *charge = sum;
    return DAGPOLE_OK;
}

dagpole_status dp_body_gather(const dp_graph *g, const dp_block *block, int is_first,
                              dp_worker *worker) {
    const dp_tree *tree = g->in.tree;
    double *charge = (double *)dp_where(worker, block, DP_SOURCES) + 3 * block->source_row;
    const dp_power unit = dp_power_split(-g->call.charge_exponent);
    double largest = 0;
    (void)is_first;
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_tree_is_leaf(tree, box))
            continue;
        double *to = charge + g->source_at[box];
        for (int64_t i = tree->source_begin[box]; i < tree->source_end[box]; i++) {
            dp_fetch_ahead(g, g->in.sources, g->call.charges, 1, i, 0);
            DP_TRY(charge_of(g, &unit, i, to++));
        }
    }
    for (int64_t i = 0; i < block->n_sources; i++)
        largest = fabs(charge[i]) > largest ? fabs(charge[i]) : largest;
    *dp_largest_charge(block, worker) = largest;
    return DAGPOLE_OK;
}

dagpole_status dp_body_p2m(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    const dp_operator_set *set = g->in.operators->level[block->level];
    double *multipole[DP_COLUMNS];
    int n = 0;
    (void)is_first;
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_tree_is_leaf(g->in.tree, box) || !dp_n_sources(g->in.tree, box))
            continue;
        dp_frame frame = dp_frame_of(g->in.tree, box);
        dp_sources s = dp_sources_of(g, box, worker);
        multipole[n] = dp_expansion_of(g, box, DP_MULTIPOLES, worker);
        memset(multipole[n], 0, (size_t)set->k_padded * sizeof(double));
        dp_surface_potentials(set, &set->outer, &frame, s.n, s.points, s.charges, 1, n,
                              &worker->scratch);
        if (++n == DP_COLUMNS) {
            dp_surface_to_expansions(set, &set->outer, n, multipole, &worker->scratch);
            n = 0;
        }
    }
    if (n)
        dp_surface_to_expansions(set, &set->outer, n, multipole, &worker->scratch);
    return DAGPOLE_OK;
}

dagpole_status dp_body_m2m(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    const dp_tree *tree = g->in.tree;
    const dp_operators *ops = g->in.operators;
    const dp_operator_set *set = ops->level[block->level];
    dp_columns batches[8] = {{.n = 0}};
    (void)is_first;
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (dp_tree_is_leaf(tree, box) || !dp_n_sources(tree, box))
            continue;
        double *parent = dp_expansion_of(g, box, DP_MULTIPOLES, worker);
        memset(parent, 0, (size_t)set->k_padded * sizeof(double));
        for (int i = 0; i < tree->n_children[box]; i++) {
            int32_t child = tree->child[box] + i;
            if (!dp_n_sources(tree, child))
                continue;
            dp_batches_add(ops, block->level, dp_m2m, dp_reflection_of_child(tree, child),
                           dp_expansion_of(g, child, DP_MULTIPOLES, worker), parent, batches,
                           &worker->scratch);
        }
    }
    dp_batches_flush(ops, block->level, dp_m2m, batches, &worker->scratch);
    return DAGPOLE_OK;
}
