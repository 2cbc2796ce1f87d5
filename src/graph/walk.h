/* The one walk of the FMM: every operator on every block that it has work for, as records of a
 * stream. Operators that are small beside what a task costs share one: GATHER and P2M of a block;
 * L2L, L2P and SCATTER of a block whose locals nobody else reads, else L2P and SCATTER.
 *
 * The order is valid sequentially: charges, then up, across, down, near, results. No field has more
 * than four writers, and M2L is alone on its block, so that the dependencies that follow from the
 * access modes leave the parallelism in. */
#ifndef DP_GRAPH_WALK_H
#define DP_GRAPH_WALK_H

#include "ops/op.h"

/* Operators by dagpole_operator, and behind them what steps have as one record. */
enum { DP_UPWARD = DAGPOLE_N_OPERATORS, DP_DOWNWARD, DP_OUTWARD, DP_N_RECORD_OPS };

extern const dp_op *const dp_ops[DAGPOLE_N_OPERATORS];
extern const char *const dp_record_names[DP_N_RECORD_OPS];

/* What a step runs. */
typedef struct dp_step {
    void *work;          /* for its operator's run() */
    const int32_t *from; /* per field of the step: its index in the record; NULL: the same */
    int32_t n_fields;
} dp_step;

/* What the tasks of one operator do together (ops/task.h). */
typedef struct dp_op_work {
    double pairs, flops, cost;
} dp_op_work;

typedef struct dp_walk {
    int64_t n_records, n_accesses, n_steps;
    dp_record *records; /* their priorities are 0 */
    int32_t *access_field;
    uint8_t *access_mode;
    int64_t *access_bytes; /* as in a stream: only where blocks have homes */
    int32_t *step_op;
    float *step_cost; /* seconds, as the model has it */
    dp_step *steps;
    int32_t *from;       /* of all steps that have one */
    int32_t most_fields; /* of a step */
    int64_t work_bytes;
    dp_op_work op_work[DAGPOLE_N_OPERATORS];
} dp_walk;

dagpole_status dp_walk_make(const dp_team *team, const dp_layout *layout, dp_walk *walk);

/* Frees what the steps need to run: for who only looks at the records. */
void dp_walk_shed(dp_walk *walk);

void dp_walk_free(dp_walk *walk);

#endif
