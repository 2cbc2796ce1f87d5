/* What a plan is for: the const inputs of every stage from here to the tasks. */
#ifndef DP_LAYOUT_PROBLEM_H
#define DP_LAYOUT_PROBLEM_H

#include "model/cost.h"
#include "operators/operators.h"
#include "platform/binding.h"
#include "tree/lists.h"

/* More go through a plan in batches. */
enum { DP_MOST_VECTORS = 64 };

typedef struct dp_problem {
    const dp_tree *tree;
    const dp_lists *lists;              /* only while the tasks are planned */
    const dp_points *sources, *targets; /* targets == sources where they are the same */
    const dp_operators *operators;
    const dp_kernel *kernel;
    dp_isa isa;
    dp_cost cost;
    dp_lambda lambda;           /* scaled */
    double tolerance;           /* what the digits ask of the far field */
    dp_precision precision;     /* of P2P among the finest leaves */
    double most_radians;        /* coarser ones with more have another (model/accuracy.h) */
    double least;               /* for single precision (kernel/strip.h) */
    dp_shape shape;             /* its vectors go through the graph at once, 1 ... DP_MOST_VECTORS:
                                   columns of every expansion */
    int block_boxes;            /* 0 = from costs */
    int64_t cache_bytes;        /* that the expansions of a block may fill, 0 = unknown */
    int n_cores;                /* of the machine: for the size of blocks */
    double block_scale;         /* what sizes from costs are multiplied by; 0 = 1 */
    int64_t shared_cache_bytes; /* of its largest cache: what exceeds it comes from memory */
    const dp_nodes *nodes; /* over which the fields are spread; NULL or one: nothing is bound */
} dp_problem;

/* 1 where the sources are the targets: near pairs are computed once for both sides. */
static inline int dp_is_mutual(const dp_problem *problem) {
    return problem->targets == problem->sources;
}

/* How many nodes have fields, tasks and workers of their own: 1 where all are anywhere. */
static inline int dp_n_homes(const dp_problem *problem) {
    return problem->nodes && problem->nodes->n > 1 ? problem->nodes->n : 1;
}

/* The operators of a box's level; NULL where there are none. */
static inline const dp_operator_set *dp_set_of(const dp_problem *problem, int32_t box) {
    return problem->operators->level[problem->tree->level[box]];
}

/* Length of an expansion on a level; 0 where the far field is not carried there. */
static inline int dp_expansion_size(const dp_problem *problem, int level) {
    const dp_operator_set *set = problem->operators->level[level];
    return set ? set->k : 0;
}

static inline int64_t dp_n_sources(const dp_tree *tree, int32_t box) {
    return tree->source_end[box] - tree->source_begin[box];
}

static inline int64_t dp_n_targets(const dp_tree *tree, int32_t box) {
    return tree->target_end[box] - tree->target_begin[box];
}

/* How many vectors go through a loop together that takes `most`: batches are about equal, so that
 * none is of a single vector, whose loops have bits of their own. */
static inline int dp_vectors_at_once(int n_vectors, int most) {
    int n_batches = (n_vectors + most - 1) / most;
    return (n_vectors + n_batches - 1) / n_batches;
}

/* The same of a shape's vectors, all parts of a value together. */
static inline int dp_shape_at_once(const dp_shape *shape, int most) {
    int n_parts = dp_n_parts(shape);
    return n_parts * dp_vectors_at_once(dp_n_values(shape), most / n_parts);
}

/* And of columns of expansions at points. A column of a complex kernel is four vectors of sums: of
 * both parts of what is carried, by both of the kernel. */
static inline int dp_columns_at_once(const dp_shape *shape) {
    int n_vectors = dp_column_vectors(shape);
    return dp_shape_at_once(shape, DP_COLUMNS / n_vectors) / n_vectors;
}

static inline int dp_vectors_left(int n_vectors, int first, int at_once) {
    return n_vectors - first < at_once ? n_vectors - first : at_once;
}

#endif
