/* The tasks of the last evaluation. */
#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "base/sized.h"

dagpole_status dagpole_plan_record_tasks(dagpole_plan *plan, int is_on) {
    DP_DEFAULT_FLOATING;
    DP_TRY(dp_plan_check(plan));
    DP_TRY(dp_check_flag("is_on", is_on));
    DP_TRY(dp_plan_begin(plan));
    dagpole_status status = dp_execution_record(plan->execution, is_on);
    if (!is_on)
        plan->recorded = DP_RECORDED_OFF;
    else if (status == DAGPOLE_OK && plan->recorded == DP_RECORDED_OFF)
        plan->recorded = DP_RECORDED_NOTHING;
    dp_plan_end(plan);
    return status;
}

dagpole_status dp_plan_check_recorded(const dagpole_plan *plan) {
    switch (plan->recorded) {
    case DP_RECORDED_ALL:
        return DAGPOLE_OK;
    case DP_RECORDED_FAILURE:
        return dp_fail(DAGPOLE_WRONG_STATE,
                       "the last evaluation was cancelled or has failed: nothing is known of its "
                       "tasks");
    case DP_RECORDED_NOTHING:
        return dp_fail(DAGPOLE_WRONG_STATE, "nothing has been evaluated since tasks are recorded");
    default:
        return dp_fail(DAGPOLE_WRONG_STATE, "the tasks of this plan are not recorded: ask for it "
                                            "with dagpole_plan_record_tasks before an evaluation");
    }
}

/* When the last of the records that one waits for had ended, or it was submitted where that was
 * later. */
static void ready_times(const dp_csr *predecessors, const dp_record_times *times, double *ready_s) {
    for (int64_t i = 0; i < predecessors->n_rows; i++) {
        ready_s[i] = times[i].submit_s;
        for (int64_t k = predecessors->offset[i]; k < predecessors->offset[i + 1]; k++)
            ready_s[i] = fmax(ready_s[i], times[predecessors->index[k]].end_s);
    }
}

/* ---- an array of them --------------------------------------------------------------------- */

/* execution NULL: of a graph that never runs. */
static dagpole_task describe(const dp_graph *graph, const dp_execution *execution, int64_t i) {
    const dp_record *record = &graph->stream.records[i];
    return (dagpole_task){.operator_name = graph->stream.op_names[record->op],
                          .level = graph->layout.blocks.block[record->block].level,
                          .block = record->block,
                          .worker = -1,
                          .home_node = record->node,
                          .predicted_s =
                              execution ? dp_execution_expected_s(execution, i) : record->cost};
}

static void add_times(const dp_record_times *times, double ready_s, dagpole_task *task) {
    task->worker = times->worker;
    task->submit_s = times->submit_s;
    task->ready_s = ready_s;
    task->start_s = times->start_s;
    task->end_s = times->end_s;
}

/* The caller's tasks may be longer than the library's. */
static dagpole_status fill_tasks(const dp_graph *graph, const dp_execution *execution,
                                 const dp_record_times *times, const dp_csr *predecessors,
                                 dagpole_tasks *all) {
    double *ready_s = dp_alloc((size_t)all->n, sizeof *ready_s);
    all->task = dp_alloc_zero((size_t)all->n, all->task_size);
    if (!ready_s || !all->task) {
        dp_free(ready_s);
        return DAGPOLE_NO_MEMORY;
    }
    if (times)
        ready_times(predecessors, times, ready_s);
    for (int64_t i = 0; i < all->n; i++) {
        dagpole_task task = describe(graph, execution, i);
        if (times)
            add_times(&times[i], ready_s[i], &task);
        memcpy((char *)all->task + (size_t)i * all->task_size, &task,
               all->task_size < sizeof task ? all->task_size : sizeof task);
    }
    dp_free(ready_s);
    return DAGPOLE_OK;
}

static dagpole_status fill_waits(const dp_csr *predecessors, dagpole_tasks *all) {
    int64_t n_waits = predecessors->offset[predecessors->n_rows];
    all->waits_begin = dp_alloc_copy(predecessors->offset, (size_t)all->n + 1, sizeof(int64_t));
    all->waits_for = dp_alloc((size_t)n_waits, sizeof *all->waits_for);
    if (!all->waits_begin || !all->waits_for)
        return DAGPOLE_NO_MEMORY;
    for (int64_t k = 0; k < n_waits; k++)
        all->waits_for[k] = predecessors->index[k];
    return DAGPOLE_OK;
}

static void free_arrays(dagpole_tasks *all) {
    dp_free(all->task);
    dp_free(all->waits_begin);
    dp_free(all->waits_for);
}

dagpole_status dp_tasks_list(const dp_graph *graph, const dp_execution *execution,
                             const dp_record_times *times, dagpole_tasks *all) {
    dp_csr predecessors;
    DP_TRY(dp_stream_predecessors(&graph->stream, &predecessors));
    all->size = sizeof *all;
    all->n = graph->stream.n_records;
    all->task = NULL;
    all->waits_begin = all->waits_for = NULL;
    dagpole_status status = fill_tasks(graph, execution, times, &predecessors, all);
    if (status == DAGPOLE_OK)
        status = fill_waits(&predecessors, all);
    dp_csr_free(&predecessors);
    if (status != DAGPOLE_OK)
        free_arrays(all);
    return status;
}

dagpole_status dp_plan_list_tasks(const dagpole_plan *plan, dagpole_tasks *all) {
    all->n_workers = dp_runtime_threads(plan->context->runtime);
    all->evaluate_s = plan->report.evaluate_s;
    return dp_tasks_list(
        plan->graph, plan->execution,
        plan->recorded == DP_RECORDED_ALL ? dp_execution_times(plan->execution) : NULL, all);
}

static dagpole_status list_tasks(const dagpole_plan *plan, dagpole_tasks *tasks) {
    dagpole_tasks all = {.task_size = tasks->task_size};
    DP_TRY(dp_plan_check_recorded(plan));
    DP_TRY(dp_plan_list_tasks(plan, &all));
    dp_sized_give(&all, sizeof all, tasks);
    return DAGPOLE_OK;
}

/* Of an element of the first version, and of any. */
enum { LEAST_TASK = offsetof(dagpole_task, predicted_s) + sizeof(double), MOST_TASK = 4096 };

/* No struct of the first version was shorter. */
static int holds_arrays(const dagpole_tasks *tasks) {
    return dp_sized_is_set(tasks) &&
           dp_sized_holds(tasks, offsetof(dagpole_tasks, waits_for) + sizeof tasks->waits_for);
}

dagpole_status dp_tasks_check(const dagpole_tasks *tasks) {
    if (!holds_arrays(tasks))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "tasks is NULL or its size is not set to sizeof(dagpole_tasks)");
    if (tasks->task_size < LEAST_TASK || tasks->task_size % sizeof(size_t) ||
        tasks->task_size > MOST_TASK)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "task_size is %zu: it must be sizeof(dagpole_task), a multiple of %zu from "
                       "%d to %d",
                       tasks->task_size, sizeof(size_t), LEAST_TASK, MOST_TASK);
    return DAGPOLE_OK;
}

dagpole_status dagpole_plan_tasks(dagpole_plan *plan, dagpole_tasks *tasks) {
    DP_DEFAULT_FLOATING;
    DP_TRY(dp_plan_check(plan));
    DP_TRY(dp_plan_check_batches(plan, "tasks"));
    DP_TRY(dp_tasks_check(tasks));
    DP_TRY(dp_plan_begin(plan));
    dagpole_status status = list_tasks(plan, tasks);
    dp_plan_end(plan);
    return status;
}

void dagpole_tasks_free(dagpole_tasks *tasks) {
    if (!holds_arrays(tasks))
        return;
    dagpole_tasks nothing = {.task_size = tasks->task_size};
    free_arrays(tasks);
    dp_sized_give(&nothing, sizeof nothing, tasks);
}
