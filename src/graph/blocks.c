/* Cuts every level into blocks of about equal cost. A block is the unit of a task: large enough
 * that the runtime's cost per task does not show and the operators stay in cache, small enough that
 * every core of the machine has work. The cut depends on points and machine, never on how many
 * workers happen to run, so that results are the same for any number of them. */
#include <math.h>

#include "graph/graph.h"

#define BLOCKS_PER_CORE 16
#define LONGEST_BLOCK_S 50e-3

/* Estimated seconds of all operators of one target box. */
static double box_cost(const dp_graph *g, int32_t box) {
    const dp_graph_inputs *in = &g->in;
    const dp_cost *cost = &g->cost;
    const dp_tree *tree = in->tree;
    const dp_operator_set *set = in->operators->level[tree->level[box]];
    double seconds = 0;
    if (set && set->k) {
        int64_t n_v = in->lists->v.offset[box + 1] - in->lists->v.offset[box];
        seconds +=
            (double)n_v * dp_cost_m2l(cost, set) + cost->flop * 4.0 * set->k_padded * set->k_padded;
    }
    if (!dp_tree_is_leaf(tree, box))
        return seconds;
    int64_t n_points = dp_n_targets(tree, box), n_near = 0;
    for (int64_t i = g->near.offset[box]; i < g->near.offset[box + 1]; i++)
        n_near += dp_n_sources(tree, g->near.index[i]);
    seconds += cost->near * (double)n_points * n_near;
    if (dp_local_of(g, box) != DP_NO_BOX)
        set = in->operators->level[tree->level[dp_local_of(g, box)]];
    if (set && set->k) {
        int64_t n_w = g->w.offset[box + 1] - g->w.offset[box];
        seconds += cost->pair * (double)(n_points + dp_n_sources(tree, box)) *
                       dp_surface_points(&set->outer) +
                   cost->pair * (double)n_points * n_w * dp_surface_points(&set->inner);
    }
    return seconds + cost->point * (n_points + dp_n_sources(tree, box));
}

static double block_seconds(const dp_graph *g, double total) {
    double seconds = total / (BLOCKS_PER_CORE * (double)g->in.n_cores);
    double least = g->cost.task;
    return fmin(fmax(seconds, least), LONGEST_BLOCK_S);
}

/* Boxes whose expansions, with as many of others (what M2L works on), fit the block's share of the
 * caches. */
static int64_t most_boxes(const dp_graph *g, int level) {
    const dp_operator_set *set = g->in.operators->level[level];
    if (!set || g->in.cache_bytes <= 0)
        return INT32_MAX;
    int64_t boxes = g->in.cache_bytes / (2 * (int64_t)sizeof(double) * set->k_padded);
    return boxes > 8 ? boxes : 8;
}

/* A block ends before `box` (not its first) where it is full. Siblings stay together, unless each
 * of them is worth a task. */
static int ends_before(const dp_graph *g, int32_t box, int64_t n_boxes, double seconds,
                       double full_s) {
    int are_siblings = g->in.tree->parent[box] == g->in.tree->parent[box - 1];
    if (g->in.block_boxes)
        return !are_siblings && n_boxes >= g->in.block_boxes;
    if (are_siblings)
        return seconds >= 2 * full_s;
    return seconds >= full_s || n_boxes >= most_boxes(g, g->in.tree->level[box]);
}

static void close_block(dp_graph *g, int32_t box_end) {
    dp_block *block = &g->blocks[g->n_blocks];
    const dp_tree *tree = g->in.tree;
    block->box_end = box_end;
    for (int32_t box = block->box_begin; box < box_end; box++) {
        g->block_of[box] = g->n_blocks;
        g->source_at[box] = block->n_sources;
        g->target_at[box] = block->n_targets;
        if (dp_tree_is_leaf(tree, box)) {
            block->n_sources += dp_n_sources(tree, box);
            block->n_targets += dp_n_targets(tree, box);
        }
    }
    block->source_row = DP_PADDED(block->n_sources);
    block->target_row = DP_PADDED(block->n_targets);
    g->n_blocks++;
}

static void cut_level(dp_graph *g, int level, const double *seconds, double full_s) {
    int32_t begin = g->in.tree->level_begin[level], end = g->in.tree->level_begin[level + 1];
    int32_t first = begin;
    double sum = 0;
    for (int32_t box = begin; box < end; box++) {
        if (box > first && ends_before(g, box, box - first, sum, full_s)) {
            close_block(g, box);
            first = box;
            sum = 0;
        }
        if (box == first)
            g->blocks[g->n_blocks] =
                (dp_block){.level = level, .box_begin = box, .field = {-1, -1, -1, -1, -1}};
        sum += seconds[box];
    }
    if (begin < end)
        close_block(g, end);
}

dagpole_status dp_blocks_cut(dp_graph *g) {
    size_t n = (size_t)g->in.tree->n_boxes;
    double *seconds = dp_alloc(n, sizeof *seconds), total = 0;
    g->blocks = dp_alloc(n, sizeof *g->blocks);
    g->block_of = dp_alloc(n, sizeof *g->block_of);
    g->source_at = dp_alloc(n, sizeof *g->source_at);
    g->target_at = dp_alloc(n, sizeof *g->target_at);
    if (!seconds || !g->blocks || !g->block_of || !g->source_at || !g->target_at) {
        dp_free(seconds);
        return DAGPOLE_NO_MEMORY;
    }
    for (int32_t box = 0; box < g->in.tree->n_boxes; box++)
        total += seconds[box] = box_cost(g, box);
    for (int level = 0; level <= g->in.tree->depth; level++)
        cut_level(g, level, seconds, block_seconds(g, total));
    dp_free(seconds);
    return DAGPOLE_OK;
}
