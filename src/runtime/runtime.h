/* Executors of a stream: serial (as it comes; the oracle) and StarPU. The only folder that includes
 * starpu.h. */
#ifndef DP_RUNTIME_RUNTIME_H
#define DP_RUNTIME_RUNTIME_H

#include "base/team.h"
#include "platform/binding.h"
#include "stream/stream.h"

typedef struct dp_runtime dp_runtime;
typedef struct dp_execution dp_execution;

typedef struct dp_runtime_options {
    int threads; /* 0 = STARPU_NCPU where set, else every core (at most what StarPU can) */
    const char *scheduler; /* NULL = the default one; STARPU_SCHED wins */
    int serial;
    int (*progress)(void *user, const char *stage, double fraction);
    void *progress_user;
    void (*log)(void *user, const char *message);
    void *log_user;
} dp_runtime_options;

/* Starts StarPU where nobody has (then owns it: pauses it between uses, shuts it down with the last
 * context), or takes workers of the running one: all of them, or a StarPU scheduling context over a
 * subset where fewer are asked for. BAD_ARGUMENT: negative threads, more than exist, unknown
 * scheduler name, malformed STARPU_NCPU; RUNTIME where StarPU fails. DAGPOLE_EXECUTOR names the
 * executor of all streams, and DAGPOLE_HANDLES=0 tells StarPU of no data: BAD_ARGUMENT for other
 * values than the public header lists. */
dagpole_status dp_runtime_create(const dp_runtime_options *options, dp_runtime **runtime);
void dp_runtime_destroy(dp_runtime *runtime);

int dp_runtime_threads(const dp_runtime *runtime);           /* workers granted */
const char *dp_runtime_scheduler(const dp_runtime *runtime); /* "serial", "strict": none */

/* Threads that submit the tasks of a long run to so many workers. */
int dp_runtime_submitters(int n_workers);

/* Number of worker slots: `worker` passed to bodies is below this. */
int dp_runtime_n_slots(const dp_runtime *runtime);

/* The NUMA node of a worker slot, by the operating system's number; -1 = unknown. */
int dp_runtime_node_of(const dp_runtime *runtime, int slot);

/* The nodes that have workers, ascending; none where a node is unknown. Valid as long as the
 * runtime. */
void dp_runtime_nodes(const dp_runtime *runtime, dp_nodes *nodes);

/* Runs independent set-up work on the workers. Valid as long as the runtime. Workers of a StarPU
 * that was started here sleep unless a team or an execution runs: idle ones would spin, and take a
 * core from whatever set-up does in the calling thread. Waking them takes 40 microseconds. */
const dp_team *dp_runtime_team(dp_runtime *runtime);

/* Reports a stage's progress to the user's callback: CANCELLED where it asks to stop. */
dagpole_status dp_runtime_progress(dp_runtime *runtime, const char *stage, double fraction);
void dp_runtime_log(dp_runtime *runtime, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Binds a stream (which must outlive the execution) to the runtime: tells StarPU of its fields and
 * prepares a task for each record, which every run submits anew. From here to the destruction only
 * bodies write the fields, which may lie elsewhere for them, and dp_execution_fetch() comes before
 * any other look. A stream of a few short tasks runs in the calling thread, whatever the runtime:
 * the results are the same. The destruction leaves the last contents in the fields' memory. */
dagpole_status dp_execution_create(dp_runtime *runtime, const dp_stream *stream,
                                   dp_execution **execution);
void dp_execution_destroy(dp_execution *execution);

#define DP_MAX_OPS 16 /* operators in a stream */

/* What one run cost. The shares are StarPU's own account of the workers' time (bodies of other runs
 * on the same workers included); they sum to 1. Their calls to StarPU's profiling reset its
 * counters per worker, which an application that profiles too will see. */
typedef struct dp_profile {
    double wall_s;                                 /* first submission to last task */
    double share_tasks, share_runtime, share_idle; /* of workers x wall_s */
    double op_s[DP_MAX_OPS];                       /* time inside bodies, per op, all workers */
    int64_t bytes_copied; /* by StarPU between memory nodes, for the tasks of this run */
    int64_t bytes_remote; /* of fields read by workers of other NUMA nodes than the fields' */
} dp_profile;

/* Operators of a stream, a bit each. */
typedef uint32_t dp_operator_bits;
#define DP_ALL_OPERATORS (~(dp_operator_bits)0)

/* Runs the whole stream once and waits for it. Where records fail, the status and sentence of the
 * one with the smallest index come back, the same as in a serial run; later bodies, and after a
 * cancellation all bodies, are skipped and the graph drains. progress is called from this thread at
 * the start, about every 50 ms and at the end of a success. One run at a time on an execution. */
dagpole_status dp_execution_run(dp_execution *execution, const char *stage, dp_profile *profile);

/* The same for the records of some operators alone: what the others would write stays as it is. */
dagpole_status dp_execution_run_some(dp_execution *execution, dp_operator_bits ops,
                                     const char *stage, dp_profile *profile);

/* When a record ran, in seconds from the start of the run. */
typedef struct dp_record_times {
    double submit_s, start_s, end_s; /* submit_s: 0 where the records are not submitted */
    int32_t worker;                  /* slot; -1: it did not run */
} dp_record_times;

/* Whether runs of all operators are to note these times; off at first. Not during a run.
 * NO_MEMORY. */
dagpole_status dp_execution_record(dp_execution *execution, int is_on);

/* Per record, of the last run of all operators; NULL where recording is off. Valid until the next
 * run, or until recording is switched. */
const dp_record_times *dp_execution_times(const dp_execution *execution);

/* Seconds that the record was expected to take in the last run: by its cost in the first, from then
 * on also by what its operators took in the whole run before. Schedulers that plan ahead are told
 * this. */
double dp_execution_expected_s(const dp_execution *execution, int64_t record);

/* The same of all steps of each operator together. */
void dp_execution_expected_by_op(const dp_execution *execution, double expected_s[DP_MAX_OPS]);

/* Makes field.data hold what the last run left in the field. READ_WRITE: the caller is going to
 * write there before the next run. Not during a run. WRONG_STATE, RUNTIME. */
dagpole_status dp_execution_fetch(dp_execution *execution, int32_t field, dp_access mode);

/* StarPU's version and the limits that it was built with; starts nothing. */
void dp_runtime_starpu_info(char *version, size_t version_bytes, int *max_cpus,
                            int *max_numa_nodes);

/* The schedulers: "dagpole", then those that StarPU lists, i = 0, 1, ...; NULL behind the last.
 * Starts nothing. */
const char *dp_runtime_scheduler_name(int i);

/* The one of a StarPU that is started here where nobody asks for another: "lws" on one NUMA node,
 * "dagpole" on several. */
const char *dp_runtime_default_scheduler(void);

#endif
