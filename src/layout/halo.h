/* Near pairs across blocks, computed once for both sides: the task of the earlier block sums them.
 *
 * What they add to the leaves of a later block goes into a part of the earlier block's halo, a
 * field of its own that no other task writes and that the later block's SCATTER alone reads, in the
 * order of the earlier blocks. So a field keeps few writers, and sums their order. Only where the
 * sources are the targets are there halos. */
#ifndef DP_LAYOUT_HALO_H
#define DP_LAYOUT_HALO_H

#include "layout/blocks.h"

typedef struct dp_halo_part {
    int32_t from, to;               /* blocks */
    int64_t entry_begin, entry_end; /* its leaves */
    int64_t row;                    /* padded length of a row in its field */
} dp_halo_part;

typedef struct dp_halo {
    int64_t n_parts;
    dp_halo_part *part;  /* by earlier block, then by later one */
    int64_t *part_begin; /* n_blocks + 1: parts of an earlier block */
    int32_t *leaf;       /* per entry, ascending within an earlier block */
    int64_t *at;         /* per entry: first point in the part's rows */
    dp_csr to;           /* per later block: the parts that hold leaves of it, in order */
} dp_halo;

dagpole_status dp_halo_build(const dp_team *team, const dp_problem *problem,
                             const dp_interactions *interactions, const dp_blocks *blocks,
                             dp_halo *halo);
void dp_halo_free(dp_halo *halo);

#endif
