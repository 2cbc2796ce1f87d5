#include "layout/blocks.h"

#include <math.h>

#define BLOCKS_PER_CORE 16
#define LONGEST_BLOCK_S 50e-3

/* Tasks are handed over one after the other, those of a block in HAND_OVER_S. While a core works on
 * a block, every other core is handed one: a shorter block would leave its core waiting. Each core
 * gets LEAST_PER_CORE blocks all the same. */
#define HAND_OVER_S    7e-6
#define LEAST_PER_CORE 2

typedef struct cutting {
    const dp_problem *problem;
    const dp_interactions *interactions;
    dp_blocks *blocks;
    double full_s;       /* a block is full then */
    double parents_full; /* and one of parents, as a share of that */
} cutting;

static double m2l_s(const dp_problem *p, int32_t box, const dp_operator_set *set) {
    double flops = dp_m2l_mean_flops(set);
    return (double)dp_csr_length(&p->lists->v, box) * dp_cost_m2l(&p->cost, flops, set->k_padded) +
           2 * dp_cost_transfer(&p->cost, set->k_padded);
}

static double near_s(const dp_problem *p, const dp_csr *near, int32_t leaf) {
    int64_t n_near = 0;
    for (int64_t i = near->offset[leaf]; i < near->offset[leaf + 1]; i++)
        n_near += dp_n_sources(p->tree, near->index[i]);
    return dp_cost_near(&p->cost, (double)dp_n_targets(p->tree, leaf), (double)n_near);
}

/* Estimated seconds of all operators of one target box. */
static double box_cost(const cutting *c, int32_t box) {
    const dp_problem *p = c->problem;
    const dp_operator_set *set = dp_set_of(p, box);
    double seconds = set && set->k ? m2l_s(p, box, set) : 0;
    if (!dp_tree_is_leaf(p->tree, box))
        return seconds;
    int64_t n_targets = dp_n_targets(p->tree, box),
            n_points = n_targets + dp_n_sources(p->tree, box);
    int32_t home = dp_local_of(c->interactions, box);
    seconds += near_s(p, &c->interactions->near, box);
    if (home != DP_NO_BOX)
        set = dp_set_of(p, home);
    if (set && set->k) {
        double n_w = (double)n_targets * (double)dp_csr_length(&c->interactions->w, box);
        seconds += dp_cost_pairs(&p->cost, (double)n_points, dp_surface_points(&set->outer)) +
                   dp_cost_pairs(&p->cost, n_w, dp_surface_points(&set->inner));
    }
    return seconds + dp_cost_points(&p->cost, n_points);
}

static double block_seconds(const dp_problem *p, double total, double least) {
    double seconds = total / (BLOCKS_PER_CORE * (double)p->n_cores);
    double scale = p->block_scale > 0 ? p->block_scale : 1;
    return scale * fmin(fmax(seconds, least), LONGEST_BLOCK_S);
}

/* Blocks of parents wait for one another, level by level: on many cores they may be half as long as
 * what else is worth a task. */
static void set_full(cutting *c, double total) {
    double task = c->problem->cost.task, n_cores = c->problem->n_cores;
    double handed = fmin(HAND_OVER_S * n_cores, total / (LEAST_PER_CORE * n_cores));
    c->full_s = block_seconds(c->problem, total, fmax(task, handed));
    c->parents_full = block_seconds(c->problem, total, 0.5 * task) / c->full_s;
}

/* Boxes whose expansions, with as many of others (what M2L works on), fit the block's share of the
 * caches. */
static int64_t most_boxes(const dp_problem *p, int level) {
    const dp_operator_set *set = p->operators->level[level];
    if (!set || p->cache_bytes <= 0)
        return INT32_MAX;
    int64_t boxes =
        p->cache_bytes / (2 * (int64_t)sizeof(double) * set->k_padded * dp_n_columns(&p->shape));
    return boxes > 8 ? boxes : 8;
}

/* A block ends before `box` (not its first) where it is full. Siblings stay together, unless each
 * of them is worth a task. */
static int ends_before(const cutting *c, int32_t box, int64_t n_boxes, double seconds) {
    const dp_problem *p = c->problem;
    int are_siblings = p->tree->parent[box] == p->tree->parent[box - 1];
    if (p->block_boxes)
        return !are_siblings && n_boxes >= p->block_boxes;
    if (are_siblings)
        return seconds >= 2 * c->full_s;
    return seconds >= c->full_s || n_boxes >= most_boxes(p, p->tree->level[box]);
}

/* Tasks count the points of a block in 32 bits. */
static dagpole_status check_size(const dp_block *block) {
    int64_t most = INT32_MAX - DP_PAD;
    if (block->n_sources <= most && block->n_targets <= most)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT,
                   "a block of %d boxes holds %lld sources and %lld targets: it may hold %lld; ask "
                   "for smaller ones by block_boxes, or for smaller leaves by n_crit",
                   block->box_end - block->box_begin, (long long)block->n_sources,
                   (long long)block->n_targets, (long long)most);
}

static dagpole_status add_block(cutting *c, int level, int32_t box_begin, int32_t box_end) {
    const dp_tree *tree = c->problem->tree;
    dp_blocks *blocks = c->blocks;
    dp_block block = {.level = level, .node = -1, .box_begin = box_begin, .box_end = box_end};
    for (int32_t box = box_begin; box < box_end; box++) {
        blocks->of_box[box] = blocks->n;
        blocks->source_at[box] = block.n_sources;
        blocks->target_at[box] = block.n_targets;
        if (dp_tree_is_leaf(tree, box)) {
            block.n_sources += dp_n_sources(tree, box);
            block.n_targets += dp_n_targets(tree, box);
        }
    }
    block.source_row = DP_PADDED(block.n_sources);
    block.target_row = DP_PADDED(block.n_targets);
    blocks->block[blocks->n++] = block;
    return check_size(&block);
}

static dagpole_status cut_level(cutting *c, int level, const double *seconds) {
    int32_t begin = c->problem->tree->level_begin[level],
            end = c->problem->tree->level_begin[level + 1], first = begin;
    double sum = 0;
    for (int32_t box = begin; box < end; box++) {
        if (box > first && ends_before(c, box, box - first, sum)) {
            DP_TRY(add_block(c, level, first, box));
            first = box;
            sum = 0;
        }
        sum +=
            dp_tree_is_leaf(c->problem->tree, box) ? seconds[box] : seconds[box] / c->parents_full;
    }
    return begin < end ? add_block(c, level, first, end) : DAGPOLE_OK;
}

/* Blocks of parents come before those of their children. */
static void find_locals(const cutting *c) {
    const dp_problem *p = c->problem;
    for (int32_t b = 0; b < c->blocks->n; b++) {
        dp_block *block = &c->blocks->block[b];
        if (!dp_expansion_size(p, block->level))
            continue;
        for (int32_t box = block->box_begin; box < block->box_end; box++) {
            block->has_m2l |= dp_csr_length(&p->lists->v, box) > 0;
            block->has_p2l |= dp_csr_length(&c->interactions->x, box) > 0;
            block->has_l2l |= dp_has_l2l(p, c->interactions, c->blocks, box);
        }
    }
}

/* ---- homes ---- */

/* Costs along the Morton curve, boxes before what lies below them. */
typedef struct curve {
    double *begin, *below; /* per box: where it begins, and the cost of it and all below it */
} curve;

static void measure_curve(const dp_tree *tree, const double *seconds, curve *c) {
    for (int32_t box = tree->n_boxes - 1; box >= 0; box--) {
        c->below[box] = seconds[box];
        for (int i = 0; i < tree->n_children[box]; i++)
            c->below[box] += c->below[tree->child[box] + i];
    }
    c->begin[0] = 0;
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        double at = c->begin[box] + seconds[box];
        for (int32_t child = tree->child[box]; child < tree->child[box] + tree->n_children[box];
             child++) {
            c->begin[child] = at;
            at += c->below[child];
        }
    }
}

/* The node whose piece holds this share of the curve. */
static int node_at(const dp_nodes *nodes, double share) {
    int n_workers = 0, before = 0, i = 0;
    for (int k = 0; k < nodes->n; k++)
        n_workers += nodes->n_workers[k];
    while (i + 1 < nodes->n && share * n_workers >= before + nodes->n_workers[i])
        before += nodes->n_workers[i++];
    return nodes->number[i];
}

static dagpole_status find_homes(const cutting *c, const double *seconds) {
    const dp_problem *p = c->problem;
    size_t n_boxes = (size_t)p->tree->n_boxes;
    if (dp_n_homes(p) < 2)
        return DAGPOLE_OK;
    curve along = {dp_alloc(n_boxes, sizeof(double)), dp_alloc(n_boxes, sizeof(double))};
    int is_complete = along.begin && along.below;
    if (is_complete)
        measure_curve(p->tree, seconds, &along);
    for (int32_t b = 0; is_complete && b < c->blocks->n; b++) {
        dp_block *block = &c->blocks->block[b];
        int32_t last = block->box_end - 1;
        double middle =
            0.5 * (along.begin[block->box_begin] + along.begin[last] + along.below[last]);
        block->node = node_at(p->nodes, along.below[0] > 0 ? middle / along.below[0] : 0);
    }
    dp_free(along.begin);
    dp_free(along.below);
    return is_complete ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static dagpole_status cut(cutting *c, double *seconds) {
    const dp_tree *tree = c->problem->tree;
    double total = 0;
    for (int32_t box = 0; box < tree->n_boxes; box++)
        total += seconds[box] = box_cost(c, box);
    set_full(c, total);
    for (int level = 0; level <= tree->depth; level++)
        DP_TRY(cut_level(c, level, seconds));
    find_locals(c);
    return find_homes(c, seconds);
}

dagpole_status dp_blocks_cut(const dp_problem *p, const dp_interactions *interactions,
                             dp_blocks *blocks) {
    size_t n = (size_t)p->tree->n_boxes;
    cutting c = {.problem = p, .interactions = interactions, .blocks = blocks};
    double *seconds = dp_alloc(n, sizeof *seconds);
    *blocks = (dp_blocks){.block = dp_alloc(n, sizeof *blocks->block),
                          .of_box = dp_alloc(n, sizeof *blocks->of_box),
                          .source_at = dp_alloc(n, sizeof *blocks->source_at),
                          .target_at = dp_alloc(n, sizeof *blocks->target_at)};
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (seconds && blocks->block && blocks->of_box && blocks->source_at && blocks->target_at)
        status = cut(&c, seconds);
    dp_free(seconds);
    if (status != DAGPOLE_OK)
        dp_blocks_free(blocks);
    return status;
}

void dp_blocks_free(dp_blocks *blocks) {
    dp_free(blocks->block);
    dp_free(blocks->of_box);
    dp_free(blocks->source_at);
    dp_free(blocks->target_at);
    *blocks = (dp_blocks){0};
}
