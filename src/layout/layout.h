/* Where everything lies: blocks, halos, and the fields that tasks read and write. */
#ifndef DP_LAYOUT_LAYOUT_H
#define DP_LAYOUT_LAYOUT_H

#include "layout/halo.h"

/* What a field holds. Rows have padded length. */
typedef enum dp_quantity {
    DP_SOURCES = 0, /* of a block: x, y, z, and for each vector the rows of what sources carry, the
                       block's leaves in order; then the largest charge by size of each vector, and
                       the largest component of a dipole */
    DP_MULTIPOLES,  /* of a block: boxes x vectors x k_padded */
    DP_LOCALS,      /* of a block: boxes x vectors x k_padded */
    DP_TARGETS, /* of a block: the rows of sums of each vector; then x, y, z, but where the sources
                   are the targets and have them */
    DP_HALO,    /* of a part of a halo: the rows of sums of each vector */
    DP_N_QUANTITIES
} dp_quantity;

enum { DP_OF_BLOCK = DP_HALO, DP_NO_FIELD = -1 };

typedef struct dp_field_place {
    dp_quantity quantity;
    int32_t block; /* of a halo: the earlier one */
    size_t bytes;
} dp_field_place;

typedef struct dp_layout {
    const dp_problem *problem;
    const dp_interactions *interactions;
    dp_blocks blocks;
    dp_halo halo;
    int32_t n_fields;
    dp_field_place *field;            /* block by block */
    int32_t (*of_block)[DP_OF_BLOCK]; /* per block: its fields, or DP_NO_FIELD */
    int32_t *of_part;                 /* per part of a halo: its field */
} dp_layout;

/* problem and interactions must outlive the layout. */
dagpole_status dp_layout_build(const dp_team *team, const dp_problem *problem,
                               const dp_interactions *interactions, dp_layout *layout);
/* Once tasks are planned and memory is there: keeps blocks, fields and where a leaf's targets lie,
 * for who looks into the fields. */
void dp_layout_shed(dp_layout *layout);
void dp_layout_free(dp_layout *layout);

/* Rows of sums of all vectors. */
static inline int dp_sum_rows(const dp_problem *problem) {
    return problem->shape.n_sums * problem->shape.n_vectors;
}

/* Rows of coordinates and of what the sources of all vectors carry. */
static inline int dp_source_rows(const dp_shape *shape) {
    return 3 + dp_n_carried(shape) * shape->n_vectors;
}

/* Padded length of the rows of a field of sources, targets or a halo. */
int32_t dp_row_of_field(const dp_layout *layout, int32_t field);

/* "sources", "multipoles", ... */
const char *dp_quantity_name(dp_quantity quantity);

#endif
