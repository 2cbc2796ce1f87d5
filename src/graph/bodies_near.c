/* P2P, M2P, L2P, SCATTER: to the potentials of a block's leaves and to the caller's arrays. */
#include <math.h>
#include <string.h>

#include "graph/bodies.h"

static void zero_sums(const dp_graph *g, const dp_block *block, const dp_worker *worker) {
    double *x = dp_where(worker, block, DP_TARGETS);
    size_t rows = g->call.gradients ? 4 : 1;
    memset(x + 3 * block->target_row, 0, rows * (size_t)block->target_row * sizeof *x);
}

/* The loops of a plan. */
static dp_p2p_fn one_sided(const dp_graph *g) {
    return g->in.is_reduced ? g->in.kernel->p2p_reduced[g->in.isa] : g->in.kernel->p2p[g->in.isa];
}

static dp_mutual_fn mutual(const dp_graph *g) {
    return g->in.is_reduced ? g->in.kernel->mutual_reduced[g->in.isa]
                            : g->in.kernel->mutual[g->in.isa];
}

/* Leaves of a block that follow one another in a near list lie one behind the other in memory: they
 * are summed as one run. Returns its number of points and moves *i past it. */
static int64_t next_run(const dp_graph *g, int64_t *i, int64_t end) {
    const int32_t *near = g->near.index;
    int32_t leaf = near[(*i)++];
    int64_t n = dp_n_sources(g->in.tree, leaf);
    while (*i < end && near[*i] == leaf + 1 && g->block_of[leaf + 1] == g->block_of[leaf]) {
        leaf = near[(*i)++];
        n += dp_n_sources(g->in.tree, leaf);
    }
    return n;
}

static void sum_one_sided(const dp_graph *g, int32_t leaf, int64_t i, int64_t end,
                          dp_worker *worker) {
    dp_targets t = dp_targets_of(g, leaf, worker);
    while (i < end) {
        dp_sources s = dp_sources_of(g, g->near.index[i], worker);
        s.n = next_run(g, &i, end);
        one_sided(g)(g->in.lambda, t.n, t.points, t.sums, s.n, s.points, s.charges);
    }
}

static dp_side side_of(const dp_graph *g, int32_t leaf, int64_t n, const dp_worker *worker) {
    dp_sources s = dp_sources_of(g, leaf, worker);
    return (dp_side){n, s.points, s.charges, dp_targets_of(g, leaf, worker).sums};
}

/* A leaf with the leaves of its own block that come after it, both sides at once. */
static void sum_mutual(const dp_graph *g, int32_t leaf, int64_t i, int64_t end, dp_worker *worker) {
    dp_side own = side_of(g, leaf, dp_n_sources(g->in.tree, leaf), worker);
    while (i < end) {
        dp_side other = side_of(g, g->near.index[i], 0, worker);
        other.n = next_run(g, &i, end);
        mutual(g)(g->in.lambda, own, other);
    }
}

static int64_t lower_bound(const dp_csr *near, int32_t leaf, int32_t box) {
    int64_t i = near->offset[leaf];
    while (i < near->offset[leaf + 1] && near->index[i] < box)
        i++;
    return i;
}

/* Where sources are the targets, pairs within the block are computed once for both sides: the
 * block's task is the only writer of either. Across blocks every task sums for itself: halos that
 * others add later would save up to a third of the arithmetic of small blocks and cost a field, a
 * task and a pass over memory for each. */
static void p2p_leaf(const dp_graph *g, const dp_block *block, int32_t leaf, dp_worker *worker) {
    const dp_csr *near = &g->near;
    int64_t begin = near->offset[leaf], end = near->offset[leaf + 1];
    if (g->in.targets != g->in.sources) {
        sum_one_sided(g, leaf, begin, end, worker);
        return;
    }
    int64_t own = lower_bound(near, leaf, leaf);
    int64_t last = lower_bound(near, leaf, block->box_end);
    sum_one_sided(g, leaf, begin, lower_bound(near, leaf, block->box_begin), worker);
    sum_one_sided(g, leaf, own, own + 1, worker);
    sum_mutual(g, leaf, own + 1, last, worker);
    sum_one_sided(g, leaf, last, end, worker);
}

/* The first to write the block's sums: sets them to zero. */
dagpole_status dp_body_p2p(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    (void)is_first;
    zero_sums(g, block, worker);
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (g->near.offset[box] < g->near.offset[box + 1])
            p2p_leaf(g, block, box, worker);
    return DAGPOLE_OK;
}

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
            dp_surface_evaluate(set, &set->inner, frame.centre, frame.half, c, t.n, t.points,
                                t.sums, &worker->scratch);
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

static void l2p_leaves(const dp_graph *g, const dp_operator_set *set, int n, const int32_t *leaf,
                       dp_worker *worker) {
    const double *local[DP_COLUMNS] = {NULL};
    for (int c = 0; c < n; c++)
        local[c] = dp_expansion_of(g, leaf[c], DP_LOCALS, worker);
    dp_surface_densities(set, &set->outer, n, local, &worker->scratch);
    for (int c = 0; c < n; c++) {
        dp_frame frame = dp_frame_of(g->in.tree, leaf[c]);
        dp_targets t = dp_targets_of(g, leaf[c], worker);
        dp_surface_evaluate(set, &set->outer, frame.centre, frame.half, c, t.n, t.points, t.sums,
                            &worker->scratch);
    }
}

dagpole_status dp_body_l2p(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    const dp_operator_set *set = g->in.operators->level[block->level];
    int32_t leaf[DP_COLUMNS];
    int n = 0;
    (void)is_first;
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_tree_is_leaf(g->in.tree, box) || !dp_n_targets(g->in.tree, box))
            continue;
        leaf[n++] = box;
        if (n == DP_COLUMNS) {
            l2p_leaves(g, set, n, leaf, worker);
            n = 0;
        }
    }
    if (n)
        l2p_leaves(g, set, n, leaf, worker);
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

/* Applies 1/(4 pi) and the scale of the coordinates: a potential is 1/length, a gradient its
 * square. */
dagpole_status dp_body_scatter(const dp_graph *g, const dp_block *block, int is_first,
                               dp_worker *worker) {
    const dp_tree *tree = g->in.tree;
    const dp_cube *cube = &tree->cube;
    (void)is_first;
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_tree_is_leaf(tree, box) || !dp_n_targets(tree, box))
            continue;
        dp_targets t = dp_targets_of(g, box, worker);
        for (int64_t j = 0; j < t.n; j++) {
            double gradient[3] = {0};
            for (int d = 0; g->call.gradients && d < 3; d++) {
                const double *sums = d == 0 ? t.sums.gx : d == 1 ? t.sums.gy : t.sums.gz;
                gradient[d] = dp_cube_scale(cube, dp_cube_scale(cube, DP_KERNEL_FACTOR * sums[j]));
            }
            DP_TRY(scatter_point(g, tree->target_begin[box] + j,
                                 dp_cube_scale(cube, DP_KERNEL_FACTOR * t.sums.potential[j]),
                                 gradient));
        }
    }
    return DAGPOLE_OK;
}
