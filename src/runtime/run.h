/* What the executors share: one run of a stream as its bodies see it. Which records are still to be
 * executed, the first failure, progress, and clocks per worker. */
#ifndef DP_RUNTIME_RUN_H
#define DP_RUNTIME_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/runtime.h"

/* Written by one worker alone: a cache line is never shared between two. */
typedef struct dp_slot {
    _Alignas(64) double op_s[DP_MAX_OPS];
    _Atomic double cost_done; /* read by the thread that reports progress */
    int64_t bytes_copied;     /* between memory nodes */
    int64_t bytes_remote;     /* read on other NUMA nodes than they lie on */
} dp_slot;

typedef struct dp_run {
    dp_runtime *runtime;
    const dp_stream *stream;
    double total_cost;
    int n_slots;
    dp_slot *slots;
    int32_t max_access;
    void **buffers; /* n_slots x max_access: scratch for the pointers that a body receives */
    double op_cost[DP_MAX_OPS]; /* estimated seconds of an operator's steps */
    double pace[DP_MAX_OPS]; /* what it took in the whole run before, over that; 1 in the first */
    double learned[DP_MAX_OPS]; /* the same for the next whole run */
    dp_operator_bits ops;       /* records of other operators are skipped */

    /* Records below `limit` are executed, the others return at once. A failing record lowers it to
     * its own index, a cancellation to -1. What a record depends on has a smaller index, so it was
     * not skipped: whatever the schedule, the failing record that a serial run would have met
     * first is executed and wins. */
    _Atomic int64_t limit;
    pthread_mutex_t lock; /* of the three below */
    dagpole_status status;
    char text[DP_ERROR_TEXT_BYTES];

    double start_s;         /* of dp_clock(), set by the executor */
    dp_record_times *times; /* per record; NULL: not asked for */
    int is_recording;       /* 1: this run fills them. Each is written by who runs the record, but
                               for the submission by who submits it before */

    const char *stage;
    double next_report_s; /* when the progress callback is due */
} dp_run;

dagpole_status dp_run_init(dp_run *run, dp_runtime *runtime, const dp_stream *stream);
void dp_run_free(dp_run *run);

/* Starts over, with what the run before took for a guide: nothing done, nothing failed. Reports
 * progress 0. */
void dp_run_begin(dp_run *run, dp_operator_bits ops, const char *stage);

/* The array of times, or none. NO_MEMORY. */
dagpole_status dp_run_record_times(dp_run *run, int is_on);

/* 1 where the run leaves the record out, whatever happens. */
int dp_run_omits(const dp_run *run, int64_t record);

/* 1 where it leaves out none of the record's steps: only then is all written that is declared. */
int dp_run_is_whole(const dp_run *run, int64_t record);

/* Where a worker collects the addresses that a body receives. */
static inline void **dp_run_buffers(const dp_run *run, int slot) {
    return run->buffers + (size_t)slot * (size_t)run->max_access;
}

/* The addresses of the fields themselves. */
void dp_run_own_buffers(const dp_run *run, int64_t record, void **buffers);

/* Executes or skips one record. */
void dp_run_record(dp_run *run, int64_t record, void *const *buffers, int slot);

/* Records that `record` failed (-1: the whole run), with the error text of this thread. */
void dp_run_fail(dp_run *run, int64_t record, dagpole_status status);

/* Seconds that the record is expected to take in this run, or in the last one where none runs: by
 * its cost, and by what its operators took in the whole run before. */
double dp_run_expected_s(const dp_run *run, int64_t record);

/* Reports progress where it is due; for the calling thread. */
void dp_run_report(dp_run *run);

/* The first failure, its text set in this thread; after a success reports progress 1. */
dagpole_status dp_run_end(dp_run *run);

/* Seconds in bodies, all workers, per op; returns their sum. */
double dp_run_op_times(const dp_run *run, double *op_s);

/* Bytes of all workers, into the profile. */
void dp_run_bytes(const dp_run *run, dp_profile *profile);

#endif
