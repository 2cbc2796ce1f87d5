/* Every level cut into blocks of about equal cost.
 *
 * A block is the unit of a task: large enough that the runtime's cost per task does not show and
 * the operators stay in cache, small enough that every core of the machine has work. The cut
 * depends on points and machine, never on how many workers happen to run, so that results are the
 * same for any number of them.
 *
 * With several NUMA nodes every block has a home. The Morton curve is cut into a piece for each
 * node that has workers, of a cost in proportion to these; a block is at home where the middle of
 * what lies below it is. Homes decide where memory lies and nothing else. */
#ifndef DP_LAYOUT_BLOCKS_H
#define DP_LAYOUT_BLOCKS_H

#include "layout/interactions.h"

/* A run of Morton-neighbouring boxes of one level. */
typedef struct dp_block {
    int level;
    int32_t box_begin, box_end;
    int64_t n_sources, n_targets;   /* points of the block's leaves */
    int64_t source_row, target_row; /* padded lengths of a row in the fields */
    int node;                       /* its home: where its fields lie; -1: anywhere */
    int has_m2l, has_p2l, has_l2l;  /* 1: the operator writes locals of the block */
} dp_block;

typedef struct dp_blocks {
    int32_t n;
    dp_block *block;
    int32_t *of_box;                /* per box */
    int64_t *source_at, *target_at; /* per leaf: first point in the block's rows */
} dp_blocks;

/* BAD_ARGUMENT where options.block_boxes puts more points into a block than it can count;
 * NO_MEMORY. */
dagpole_status dp_blocks_cut(const dp_problem *problem, const dp_interactions *interactions,
                             dp_blocks *blocks);
void dp_blocks_free(dp_blocks *blocks);

static inline int dp_block_has_locals(const dp_block *block) {
    return block->has_m2l || block->has_p2l || block->has_l2l;
}

/* 1 where an operator writes the local of a box, which may be DP_NO_BOX. */
static inline int dp_has_local(const dp_blocks *blocks, int32_t box) {
    return box != DP_NO_BOX && dp_block_has_locals(&blocks->block[blocks->of_box[box]]);
}

/* 1 where L2L brings the parent's local to a box. */
static inline int dp_has_l2l(const dp_problem *problem, const dp_interactions *interactions,
                             const dp_blocks *blocks, int32_t box) {
    return box > 0 && dp_n_targets(problem->tree, box) > 0 &&
           dp_local_of(interactions, box) == box &&
           dp_has_local(blocks, problem->tree->parent[box]);
}

#endif
