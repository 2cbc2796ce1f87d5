/* M2P, L2P, SCATTER: to the potentials of a block's leaves and to the caller's arrays. */
#include <math.h>

#include "graph/bodies.h"

/* The W boxes of one leaf lie on one or more levels, each with its own operators: batches end where
 * the level changes. */
static void m2p_leaf(const dp_graph *g, int32_t leaf, dp_worker *worker) {
    const dp_tree *tree = g->in.tree;
    const dp_csr *w = &g->w;
    dp_targets t = dp_targets_of(g, leaf, worker);
    for (int64_t i = w->offset[leaf], end = w->offset[leaf + 1]; i < end;) {
        int level = tree->level[w->index[i]], n = 0;
        const dp_operator_set *set = g->in.operators->level[level];
        const double *multipole[DP_COLUMNS] = {NULL};
        int32_t box[DP_COLUMNS];
        for (; i < end && n < DP_COLUMNS && tree->level[w->index[i]] == level; i++) {
            box[n] = w->index[i];
            multipole[n++] = dp_expansion_of(g, w->index[i], DP_MULTIPOLES, worker);
        }
        dp_surface_densities(set, &set->inner, n, multipole, &worker->scratch);
        for (int c = 0; c < n; c++) {
            dp_frame frame = dp_frame_of(tree, box[c]);
            if (dp_local_of(g, leaf) == DP_NO_BOX)
                dp_surface_evaluate_far(set, &set->inner, &frame, c, t.n, t.points, t.sums,
                                        &worker->scratch);
            else
                dp_surface_evaluate(set, &set->inner, &frame, c, t.n, t.points, t.sums,
                                    &worker->scratch);
        }
    }
}

dagpole_status dp_body_m2p(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    (void)is_first;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (g->w.offset[box] < g->w.offset[box + 1])
            m2p_leaf(g, box, worker);
    return DAGPOLE_OK;
}

/* Boxes of one level whose locals become densities together, and the run of leaves that take them:
 * leaves below one box follow one another. */
typedef struct homes {
    int n;
    int32_t box[DP_COLUMNS];
    int32_t leaf_begin;
} homes;

static int has_l2p(const dp_graph *g, int32_t box) {
    return dp_tree_is_leaf(g->in.tree, box) && dp_n_targets(g->in.tree, box) &&
           dp_has_local(g, dp_local_of(g, box));
}

static void l2p_leaves(const dp_graph *g, homes *h, int32_t leaf_end, dp_worker *worker) {
    const double *local[DP_COLUMNS] = {NULL};
    if (!h->n)
        return;
    const dp_operator_set *set = g->in.operators->level[g->in.tree->level[h->box[0]]];
    for (int c = 0; c < h->n; c++)
        local[c] = dp_expansion_of(g, h->box[c], DP_LOCALS, worker);
    dp_surface_densities(set, &set->outer, h->n, local, &worker->scratch);
    for (int32_t leaf = h->leaf_begin, c = 0; leaf < leaf_end; leaf++) {
        if (!has_l2p(g, leaf))
            continue;
        while (h->box[c] != dp_local_of(g, leaf))
            c++;
        dp_frame frame = dp_frame_of(g->in.tree, h->box[c]);
        dp_targets t = dp_targets_of(g, leaf, worker);
        dp_surface_evaluate(set, &set->outer, &frame, c, t.n, t.points, t.sums, &worker->scratch);
    }
    h->n = 0;
}

dagpole_status dp_body_l2p(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    const dp_tree *tree = g->in.tree;
    homes h = {.n = 0};
    (void)is_first;
    for (int32_t leaf = block->box_begin; leaf < block->box_end; leaf++) {
        int32_t home = dp_local_of(g, leaf);
        if (!has_l2p(g, leaf) || (h.n && h.box[h.n - 1] == home))
            continue;
        if (h.n == DP_COLUMNS || (h.n && tree->level[h.box[0]] != tree->level[home]))
            l2p_leaves(g, &h, leaf, worker);
        if (!h.n)
            h.leaf_begin = leaf;
        h.box[h.n++] = home;
    }
    l2p_leaves(g, &h, block->box_end, worker);
    return DAGPOLE_OK;
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
static dagpole_status scatter_point(const dp_graph *g, int64_t i, double potential,
                                    const double gradient[3]) {
    const dp_points *points = g->in.targets;
    int64_t begin, end;
    dp_points_copies(points, i, &begin, &end);
    if (!is_held(&g->call, potential) || !is_held(&g->call, gradient[0]) ||
        !is_held(&g->call, gradient[1]) || !is_held(&g->call, gradient[2]))
        return dp_fail(DAGPOLE_NUMERIC,
                       "the result at targets[%lld] overflows%s (potential %g, gradient %g %g %g): "
                       "charges or inverse distances are too large",
                       (long long)points->origin[begin],
                       g->call.is_float ? " a float, which holds 3.4e38 at most" : "", potential,
                       gradient[0], gradient[1], gradient[2]);
    for (int64_t j = begin; j < end; j++)
        write_result(&g->call, points->origin[j], potential, gradient);
    return DAGPOLE_OK;
}

static void add_row(int64_t n, const double *from, double *to) {
    for (int64_t i = 0; i < n; i++)
        to[i] += from[i];
}

/* What an earlier block's pairs did to leaves of this one. */
static void add_halo(const dp_graph *g, const dp_block *block, int32_t from, dp_worker *worker) {
    const dp_block *other = &g->blocks[from];
    const double *sums = dp_where(worker, other, DP_HALO);
    int64_t i = g->halo.offset[from], end = g->halo.offset[from + 1], row = other->halo_row;
    while (i < end && g->halo.index[i] < block->box_begin)
        i++;
    for (; i < end && g->halo.index[i] < block->box_end; i++) {
        int64_t n = dp_n_targets(g->in.tree, g->halo.index[i]);
        dp_sums to = dp_sums_of(g, g->halo.index[i], worker);
        add_row(n, sums + g->halo_at[i], to.potential);
        if (to.gx) {
            add_row(n, sums + row + g->halo_at[i], to.gx);
            add_row(n, sums + 2 * row + g->halo_at[i], to.gy);
            add_row(n, sums + 3 * row + g->halo_at[i], to.gz);
        }
    }
}

/* Adds the halos, applies 1/(4 pi), the unit of the charges and the scale of the coordinates: a
 * potential is charge/length, a gradient charge/length^2. */
dagpole_status dp_body_scatter(const dp_graph *g, const dp_block *block, int is_first,
                               dp_worker *worker) {
    const dp_tree *tree = g->in.tree;
    const int exponent = g->call.charge_exponent;
    const dp_power of_potentials = dp_power_split(exponent - tree->cube.exponent),
                   of_gradients = dp_power_split(exponent - 2 * tree->cube.exponent);
    int64_t b = block - g->blocks;
    (void)is_first;
    for (int64_t i = g->halo_of.offset[b]; i < g->halo_of.offset[b + 1]; i++)
        add_halo(g, block, g->halo_of.index[i], worker);
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_tree_is_leaf(tree, box) || !dp_n_targets(tree, box))
            continue;
        int64_t n = dp_n_targets(tree, box);
        dp_sums sum = dp_sums_of(g, box, worker);
        for (int64_t j = 0; j < n; j++) {
            int64_t i = tree->target_begin[box] + j;
            dp_fetch_ahead(g, g->in.targets, g->call.potentials, 1, i, 1);
            if (g->call.gradients)
                dp_fetch_ahead(g, g->in.targets, g->call.gradients, 3, i, 1);
            double gradient[3] = {0};
            for (int d = 0; g->call.gradients && d < 3; d++) {
                const double *sums = d == 0 ? sum.gx : d == 1 ? sum.gy : sum.gz;
                gradient[d] = dp_power_times(&of_gradients, DP_KERNEL_FACTOR * sums[j]);
            }
            DP_TRY(scatter_point(
                g, i, dp_power_times(&of_potentials, DP_KERNEL_FACTOR * sum.potential[j]),
                gradient));
        }
    }
    return DAGPOLE_OK;
}
