/* Near pairs across blocks, computed once for both sides: the task of the earlier block sums them.
 *
 * What they add to the leaves of later blocks goes into the earlier block's halo, which no other
 * task writes. It has a part for each NUMA node where later blocks of it are at home, and on a
 * machine with one node one part: a field by itself. The SCATTER of a later block reads its piece
 * of a part, in the order of the earlier blocks. So there are few fields, a field has one writer,
 * and sums keep their order. Only where the sources are the targets are there halos. */
#ifndef DP_LAYOUT_HALO_H
#define DP_LAYOUT_HALO_H

#include "layout/blocks.h"

typedef struct dp_halo_part {
    int32_t from;                   /* the earlier block */
    int node;                       /* home of the later ones */
    int64_t entry_begin, entry_end; /* its leaves */
    int64_t row;                    /* padded length of a row in its field */
} dp_halo_part;

/* What one later block reads. */
typedef struct dp_halo_piece {
    int32_t part, to;               /* to: the later block */
    int64_t entry_begin, entry_end; /* its leaves, among those of the part */
} dp_halo_piece;

typedef struct dp_halo {
    int64_t n_parts, n_pieces;
    dp_halo_part *part;   /* by earlier block */
    int64_t *part_begin;  /* n_blocks + 1: parts of an earlier block */
    dp_halo_piece *piece; /* by part, then by later block */
    int32_t *leaf;        /* per entry, ascending within a part */
    int64_t *at;          /* per entry: first point in the part's rows */
    dp_csr to;            /* per later block: its pieces, by earlier block */
} dp_halo;

dagpole_status dp_halo_build(const dp_team *team, const dp_problem *problem,
                             const dp_interactions *interactions, const dp_blocks *blocks,
                             dp_halo *halo);
void dp_halo_free(dp_halo *halo);

/* The part of an earlier block's halo that a later block at home there reads. */
int64_t dp_halo_part_of(const dp_halo *halo, int32_t from, int node);

#endif
