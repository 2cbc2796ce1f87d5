#include "base/clock.h"
#include "runtime/internal.h"

/* The oracle, and what tiny streams take: the records as they come, in the calling thread. */

static void destroy(dp_execution *execution) {
    dp_run_free(&execution->run);
    dp_free(execution);
}

static dagpole_status create(dp_runtime *runtime, const dp_stream *stream,
                             dp_execution **execution) {
    dp_execution *made = dp_alloc_zero(1, sizeof *made);
    if (!made)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = dp_run_init(&made->run, runtime, stream);
    if (status != DAGPOLE_OK) {
        dp_free(made);
        return status;
    }
    *execution = made;
    return DAGPOLE_OK;
}

static dagpole_status run_all(dp_execution *execution, dp_operator_bits ops, const char *stage,
                              dp_profile *profile) {
    dp_run *run = &execution->run;
    const dp_stream *stream = run->stream;
    void **buffers = dp_run_buffers(run, 0);
    double start = run->start_s = dp_clock();
    dp_run_begin(run, ops, stage);
    for (int64_t i = 0; i < stream->n_records && i < atomic_load(&run->limit); i++) {
        dp_run_own_buffers(run, i, buffers);
        dp_run_record(run, i, buffers, 0);
        dp_run_report(run);
    }
    *profile = (dp_profile){.wall_s = dp_clock() - start};
    double bodies_s = dp_run_op_times(run, profile->op_s);
    profile->share_tasks = profile->wall_s > 0 ? bodies_s / profile->wall_s : 1;
    profile->share_runtime = 1 - profile->share_tasks;
    return dp_run_end(run);
}

static dagpole_status fetch(dp_execution *execution, int32_t field, dp_access mode) {
    (void)execution, (void)field, (void)mode;
    return DAGPOLE_OK;
}

const dp_executor dp_executor_serial = {create, run_all, fetch, destroy};
