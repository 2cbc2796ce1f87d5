#include "runtime/runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/floating.h"
#include "platform/env.h"
#include "platform/machine.h"
#include "runtime/internal.h"
#include "runtime/policy.h"

#define FEW_RECORDS 32
#define TINY_S      2e-4

/* From here on they may be done with tasks before one thread has submitted the next ones. */
#define MANY_WORKERS 32

/* ---- choice of the executor --------------------------------------------------------------- */

static const struct {
    const char *name;
    const dp_executor *executor;
} executors[] = {
    {"serial", &dp_executor_serial},
    {"strict", &dp_executor_strict},
    {"starpu", &dp_executor_starpu},
    {"implicit", &dp_executor_implicit},
};
enum { N_EXECUTORS = sizeof executors / sizeof executors[0] };

/* DAGPOLE_EXECUTOR, NULL where unset. */
static dagpole_status read_executor(const dp_executor **executor) {
    const char *name = dp_env_executor();
    char known[128] = "";
    size_t used = 0;
    *executor = NULL;
    if (!name)
        return DAGPOLE_OK;
    for (int i = 0; i < N_EXECUTORS; i++) {
        if (strcmp(name, executors[i].name) == 0) {
            *executor = executors[i].executor;
            return DAGPOLE_OK;
        }
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                 i == 0                ? ""
                                 : i < N_EXECUTORS - 1 ? ", "
                                                       : " or ",
                                 executors[i].name);
    }
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "DAGPOLE_EXECUTOR is '%.40s': it must be %s", name, known);
}

static dagpole_status read_handles(int *has_handles) {
    const char *text = dp_env_handles();
    *has_handles = !text || strcmp(text, "0") != 0;
    if (*has_handles && text && strcmp(text, "1") != 0)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "DAGPOLE_HANDLES is '%.40s': it must be 0 or 1", text);
    return DAGPOLE_OK;
}

/* A few tasks that together take less than waking workers for them saves. */
static int is_tiny(const dp_stream *stream) {
    double seconds = 0;
    for (int64_t i = 0; i < stream->n_records && i < FEW_RECORDS; i++)
        seconds += stream->records[i].cost;
    return stream->n_records < FEW_RECORDS && seconds < TINY_S;
}

static const dp_executor *choose_executor(const dp_runtime *runtime, const dp_stream *stream) {
    if (runtime->executor == &dp_executor_strict)
        return runtime->executor;
    if (runtime->options.serial)
        return &dp_executor_serial;
    if (runtime->executor)
        return runtime->executor;
    return is_tiny(stream) ? &dp_executor_serial : &dp_executor_starpu;
}

/* ---- runtimes ----------------------------------------------------------------------------- */

/* The environment goes before the options, but for contexts that ask for no StarPU. */
static dagpole_status read_environment(dp_runtime *made) {
    DP_TRY(read_executor(&made->executor));
    DP_TRY(read_handles(&made->has_handles));
    made->options.serial |=
        made->executor == &dp_executor_serial || made->executor == &dp_executor_strict;
    return DAGPOLE_OK;
}

static dagpole_status start(dp_runtime *made) {
    DP_TRY(read_environment(made));
    if (made->options.serial) {
        made->team = dp_team_serial;
        return DAGPOLE_OK;
    }
    DP_TRY(dp_session_join(made, &made->workers));
    made->n_submitters = dp_runtime_submitters(made->workers.n);
    made->team = (dp_team){.run = dp_team_run_starpu, .size = made->workers.n, .self = made};
    return DAGPOLE_OK;
}

dagpole_status dp_runtime_create(const dp_runtime_options *options, dp_runtime **runtime) {
    *runtime = NULL;
    if (options->threads < 0)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "threads is %d, it must be 0 (automatic) or more",
                       options->threads);
    dp_runtime *made = dp_alloc_zero(1, sizeof *made);
    if (!made)
        return DAGPOLE_NO_MEMORY;
    made->options = *options;
    dagpole_status status = start(made);
    if (status == DAGPOLE_OK)
        *runtime = made;
    else
        dp_free(made);
    return status;
}

void dp_runtime_destroy(dp_runtime *runtime) {
    if (runtime && !runtime->options.serial)
        dp_session_leave(&runtime->workers);
    dp_free(runtime);
}

int dp_runtime_threads(const dp_runtime *runtime) {
    return runtime->options.serial ? 1 : runtime->workers.n;
}

const char *dp_runtime_scheduler(const dp_runtime *runtime) {
    if (runtime->executor == &dp_executor_strict)
        return "strict";
    return runtime->options.serial ? "serial" : runtime->workers.scheduler;
}

int dp_runtime_submitters(int n_workers) {
    return n_workers < MANY_WORKERS ? 1 : 2;
}

int dp_runtime_n_slots(const dp_runtime *runtime) {
    return dp_runtime_threads(runtime);
}

int dp_runtime_node_of(const dp_runtime *runtime, int slot) {
    return runtime->options.serial ? -1 : runtime->workers.node[slot];
}

static void count_node(int number, dp_nodes *nodes) {
    int i = 0, k = nodes->n;
    while (i < nodes->n && nodes->number[i] < number)
        i++;
    if (i == nodes->n || nodes->number[i] != number) {
        for (; k > i; k--) {
            nodes->number[k] = nodes->number[k - 1];
            nodes->n_workers[k] = nodes->n_workers[k - 1];
        }
        nodes->number[i] = number;
        nodes->n_workers[i] = 0;
        nodes->n++;
    }
    nodes->n_workers[i]++;
}

void dp_runtime_nodes(const dp_runtime *runtime, dp_nodes *nodes) {
    *nodes = (dp_nodes){0};
    for (int slot = 0; slot < dp_runtime_threads(runtime); slot++) {
        int node = dp_runtime_node_of(runtime, slot);
        if (node < 0 || node >= DP_MOST_NODES) {
            nodes->n = 0;
            return;
        }
        count_node(node, nodes);
    }
    nodes->of_worker = runtime->workers.node;
}

const dp_team *dp_runtime_team(dp_runtime *runtime) {
    return &runtime->team;
}

/* What this thread reported last. */
static _Thread_local const char *last_stage;
static _Thread_local double last_fraction;

dagpole_status dp_runtime_poll(dp_runtime *runtime) {
    return last_stage ? dp_runtime_progress(runtime, last_stage, last_fraction) : DAGPOLE_OK;
}

dagpole_status dp_runtime_progress(dp_runtime *runtime, const char *stage, double fraction) {
    last_stage = stage;
    last_fraction = fraction;
    const dp_runtime_options *options = &runtime->options;
    if (!options->progress)
        return DAGPOLE_OK;
    dp_floating_lend();
    int is_cancelled = options->progress(options->progress_user, stage, fraction) != 0;
    dp_floating_take_back();
    if (is_cancelled)
        return dp_fail(DAGPOLE_CANCELLED, "the progress callback asked to stop at stage %s", stage);
    return DAGPOLE_OK;
}

void dp_runtime_log(dp_runtime *runtime, const char *format, ...) {
    if (!runtime->options.log)
        return;
    char message[DP_ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    dp_floating_lend();
    runtime->options.log(runtime->options.log_user, message);
    dp_floating_take_back();
}

/* ---- executions --------------------------------------------------------------------------- */

/* The same answer for a plan of few tasks, which would not miss the workers. */
static dagpole_status check_process(const dp_runtime *runtime) {
    return runtime->options.serial ? DAGPOLE_OK : dp_starpu_check_process();
}

dagpole_status dp_execution_create(dp_runtime *runtime, const dp_stream *stream,
                                   dp_execution **execution) {
    const dp_executor *executor = choose_executor(runtime, stream);
    *execution = NULL;
    DP_TRY(check_process(runtime));
    DP_TRY(executor->create(runtime, stream, execution));
    (*execution)->runtime = runtime;
    (*execution)->executor = executor;
    return DAGPOLE_OK;
}

void dp_execution_destroy(dp_execution *execution) {
    if (execution)
        execution->executor->destroy(execution);
}

dagpole_status dp_execution_run_some(dp_execution *execution, dp_operator_bits ops,
                                     const char *stage, dp_profile *profile) {
    DP_TRY(check_process(execution->runtime));
    return execution->executor->run(execution, ops, stage, profile);
}

dagpole_status dp_execution_run(dp_execution *execution, const char *stage, dp_profile *profile) {
    return dp_execution_run_some(execution, DP_ALL_OPERATORS, stage, profile);
}

double dp_execution_expected_s(const dp_execution *execution, int64_t record) {
    return dp_run_expected_s(&execution->run, record);
}

void dp_execution_expected_by_op(const dp_execution *execution, double expected_s[DP_MAX_OPS]) {
    const dp_run *run = &execution->run;
    for (int op = 0; op < DP_MAX_OPS; op++)
        expected_s[op] = run->pace[op] * run->op_cost[op];
}

dagpole_status dp_execution_record(dp_execution *execution, int is_on) {
    return dp_run_record_times(&execution->run, is_on);
}

const dp_record_times *dp_execution_times(const dp_execution *execution) {
    return execution->run.times;
}

dagpole_status dp_execution_fetch(dp_execution *execution, int32_t field, dp_access mode) {
    return execution->executor->fetch(execution, field, mode);
}

void dp_runtime_starpu_info(char *version, size_t version_bytes, int *max_cpus,
                            int *max_numa_nodes) {
    int major, minor, release;
    starpu_get_version(&major, &minor, &release);
    snprintf(version, version_bytes, "%d.%d.%d", major, minor, release);
    *max_cpus = STARPU_MAXCPUS;
    *max_numa_nodes = STARPU_MAXNUMANODES;
}

const char *dp_runtime_scheduler_name(int i) {
    struct starpu_sched_policy **policy = starpu_sched_get_predefined_policies();
    if (i == 0)
        return DP_POLICY_NAME;
    for (; *policy && i > 1; i--)
        policy++;
    return *policy && i == 1 ? (*policy)->policy_name : NULL;
}

const char *dp_runtime_default_scheduler(void) {
    dp_machine machine;
    int has_nodes = dp_machine_get(&machine) == DAGPOLE_OK && machine.numa_nodes > 1;
    return has_nodes ? DP_POLICY_NAME : "lws";
}
