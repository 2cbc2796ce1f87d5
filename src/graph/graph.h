/* The FMM of one plan as a stream of task records: blocks of boxes, fields, the walk that emits the
 * records, and the bodies that carry them out. */
#ifndef DP_GRAPH_GRAPH_H
#define DP_GRAPH_GRAPH_H

#include "graph/cost.h"
#include "graph/stream.h"
#include "kernel/strip.h"
#include "operators/apply.h"
#include "tree/lists.h"

/* What a field of a block holds. */
typedef enum dp_quantity {
    DP_SOURCES = 0, /* x, y, z, charge: four rows of padded length, the block's leaves in order;
                       then the largest charge by size */
    DP_MULTIPOLES,  /* boxes of the block x k_padded */
    DP_LOCALS,      /* boxes of the block x k_padded */
    DP_TARGETS,     /* potential, gradient x, y, z: four rows of padded length; then x, y, z, but
                       where the sources are the targets and have them */
    DP_HALO, /* potential, gradient x, y, z: four rows for the points of the halo (graph/halo.c) */
    DP_N_QUANTITIES
} dp_quantity;

/* A run of Morton-neighbouring boxes of one level. */
typedef struct dp_block {
    int level;
    int32_t box_begin, box_end;
    int64_t n_sources, n_targets;             /* points of the block's leaves */
    int64_t source_row, target_row, halo_row; /* padded lengths of a row in the fields */
    int32_t field[DP_N_QUANTITIES];           /* index into the stream's fields, -1 = none */
    int has_locals;                           /* 1: an operator of the walk writes them */
} dp_block;

/* One M2L interaction of a block, ordered by folded position, reflection, and then target. */
typedef struct dp_pair {
    int32_t source, target; /* boxes */
    uint8_t folded, reflection;
} dp_pair;

/* One of DP_N_KINDS: pairs of a kind share matrices and signs. */
enum { DP_N_KINDS = 8 * DP_N_FOLDED };

static inline int dp_pair_kind(const dp_pair *pair) {
    return 8 * pair->folded + pair->reflection;
}

typedef struct dp_worker {
    dp_scratch scratch;
    dp_strip targets, sources; /* what P2P packs */
    void **where;              /* per field: where it lies for the record that runs */
} dp_worker;

typedef struct dp_graph_inputs {
    const dp_tree *tree;
    const dp_lists *lists;              /* used only while the graph is built */
    const dp_points *sources, *targets; /* targets == sources where they are the same */
    const dp_operators *operators;
    const dp_kernel *kernel;
    dp_isa isa;
    const dp_rates *rates;  /* used only while the graph is built */
    double lambda;          /* scaled */
    double tolerance;       /* what the digits ask of the far field */
    dp_precision precision; /* of P2P */
    double least;           /* for single precision (kernel/strip.h) */
    int block_boxes;        /* 0 = from costs */
    int64_t cache_bytes;    /* that the expansions of a block may fill, 0 = unknown */
    int n_cores;            /* of the machine: for the size of blocks */
    int n_workers;          /* slots */
} dp_graph_inputs;

/* The arrays of one evaluation, in the caller's order. Only GATHER and SCATTER look into them: what
 * lies between is in doubles whatever they hold. */
typedef struct dp_call {
    const void *charges;
    void *potentials, *gradients; /* gradients may be NULL */
    int is_float;                 /* 1: all three hold floats, 0: doubles */
    int is_near_only;             /* 1: what P2P sums, and nothing else */
    int charge_exponent;          /* fields count charges in units of 2^charge_exponent */
} dp_call;

typedef struct dp_graph {
    dp_graph_inputs in;
    dp_cost cost;
    int32_t n_blocks;
    dp_block *blocks;
    int32_t *block_of;              /* per box */
    int32_t *local_of;              /* per box: dp_local_of() */
    int64_t n_unresolved;           /* of the caller's targets: their own digits are not held */
    dp_csr far_near, far_w;         /* rows of leaves without a local, for dp_near_build */
    dp_csr near;                    /* leaves that P2P sums for a leaf: U, and small W and X */
    dp_csr w, x;                    /* what M2P and P2L are left with */
    dp_csr halo, halo_of;           /* graph/halo.c */
    int64_t *halo_at;               /* per entry of halo: first point in the halo's rows */
    int64_t *source_at, *target_at; /* per leaf: first point in the block's rows */
    dp_pair *pairs;
    int64_t *pair_begin; /* n_blocks + 1 */
    void *field_memory;
    dp_stream stream;
    dp_worker *workers;
    dp_call call; /* set before a run */
} dp_graph;

dagpole_status dp_graph_create(const dp_team *team, const dp_graph_inputs *inputs,
                               dp_graph **graph);
void dp_graph_destroy(dp_graph *graph);
int64_t dp_graph_bytes(const dp_graph *graph);

/* 1 where the sources are the targets: near pairs are computed once for both sides. */
static inline int dp_graph_is_mutual(const dp_graph *g) {
    return g->in.targets == g->in.sources;
}

/* Length of an expansion on a level; 0 where the far field is not carried there. */
static inline int dp_graph_k(const dp_graph *g, int level) {
    const dp_operator_set *set = g->in.operators->level[level];
    return set ? set->k : 0;
}

enum { DP_NO_BOX = -1 };

/* The box whose local holds all that is far from the targets of a box: itself, or the ancestor
 * below which nothing enters (graph/homes.c); DP_NO_BOX where a leaf is cut off from the far field
 * (graph/far.c). */
static inline int32_t dp_local_of(const dp_graph *g, int32_t box) {
    return g->local_of ? g->local_of[box] : box;
}

static inline int dp_has_local(const dp_graph *g, int32_t box) {
    return box != DP_NO_BOX && g->blocks[g->block_of[box]].has_locals;
}

static inline int64_t dp_n_sources(const dp_tree *tree, int32_t box) {
    return tree->source_end[box] - tree->source_begin[box];
}

static inline int64_t dp_n_targets(const dp_tree *tree, int32_t box) {
    return tree->target_end[box] - tree->target_begin[box];
}

/* 1 where L2L brings the parent's local to a box. */
static inline int dp_has_l2l(const dp_graph *g, int32_t box) {
    return box > 0 && dp_n_targets(g->in.tree, box) > 0 && dp_local_of(g, box) == box &&
           dp_has_local(g, g->in.tree->parent[box]);
}

/* ---- stages of dp_graph_create, a file each ---- */

dagpole_status dp_homes_build(dp_graph *graph);                        /* homes.c */
dagpole_status dp_far_build(const dp_team *team, dp_graph *graph);     /* far.c */
dagpole_status dp_near_build(const dp_team *team, dp_graph *graph);    /* near.c */
dagpole_status dp_blocks_cut(dp_graph *graph);                         /* blocks.c */
dagpole_status dp_pairs_build(const dp_team *team, dp_graph *graph);   /* pairs.c */
dagpole_status dp_halo_build(const dp_team *team, dp_graph *graph);    /* halo.c */
dagpole_status dp_fields_create(const dp_team *team, dp_graph *graph); /* fields.c */
void dp_fields_destroy(dp_graph *graph);
dagpole_status dp_walk(dp_graph *graph); /* walk.c: the one FMM walk */

/* ---- bodies, one per operator: block's work, fields through worker->where ---- */

typedef dagpole_status (*dp_body)(const dp_graph *graph, const dp_block *block, int is_first,
                                  dp_worker *worker);
dagpole_status dp_body_gather(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_p2m(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_m2m(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_m2l(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_p2l(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_l2l(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_l2p(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_m2p(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_p2p(const dp_graph *, const dp_block *, int, dp_worker *);
dagpole_status dp_body_scatter(const dp_graph *, const dp_block *, int, dp_worker *);

#endif
