/* The one walk of the FMM: for every block and operator that has work, a record of a stream.
 *
 * The order is valid sequentially: charges, then up, across, down, near, results. No field has more
 * than four writers, and M2L is alone on its block, so that the dependencies that follow from the
 * access modes leave the parallelism in. */
#ifndef DP_GRAPH_WALK_H
#define DP_GRAPH_WALK_H

#include "ops/op.h"

/* By dagpole_operator. */
extern const dp_op *const dp_ops[DAGPOLE_N_OPERATORS];

typedef struct dp_walk {
    int64_t n_records, n_accesses;
    dp_record *records; /* their priorities are 0 */
    int32_t *access_field;
    uint8_t *access_mode;
    void **work; /* per record: for its operator's run() */
    int64_t work_bytes;
} dp_walk;

dagpole_status dp_walk_make(const dp_team *team, const dp_layout *layout, dp_walk *walk);
void dp_walk_free(dp_walk *walk);

#endif
