#include "cli/pictures/trace.h"
#include "cli/common.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdlib.h>

static void name_workers(FILE *file, int n_workers) {
    fputs("{\"ph\": \"M\", \"pid\": 1, \"name\": \"process_name\", \"args\": {\"name\": "
          "\"dagpole\"}}",
          file);
    for (int w = 0; w < n_workers; w++) {
        fprintf(file,
                ",\n{\"ph\": \"M\", \"pid\": 1, \"tid\": %d, \"name\": \"thread_name\", \"args\": "
                "{\"name\": \"worker %d\"}}",
                w + 1, w);
        fprintf(file,
                ",\n{\"ph\": \"M\", \"pid\": 1, \"tid\": %d, \"name\": \"thread_sort_index\", "
                "\"args\": {\"sort_index\": %d}}",
                w + 1, w);
    }
}

/* An event of the trace. Names of operators need no escapes. */
static void put_task(FILE *file, const dagpole_task *task, int64_t i) {
    fprintf(file,
            ",\n{\"ph\": \"X\", \"pid\": 1, \"tid\": %d, \"name\": \"%s\", \"cat\": \"task\", "
            "\"ts\": %.3f, \"dur\": %.3f, \"args\": {\"task\": %" PRId64
            ", \"level\": %d, \"block\": %d, \"home_node\": %d, \"submit_us\": %.3f, "
            "\"ready_us\": %.3f, \"predicted_us\": %.3f}}",
            task->worker + 1, task->operator_name, 1e6 * task->start_s,
            1e6 * (task->end_s - task->start_s), i, task->level, task->block, task->home_node,
            1e6 * task->submit_s, 1e6 * task->ready_s, 1e6 * task->predicted_s);
}

/* Where a worker gets a task or has done it. */
typedef struct change {
    double at_s;
    int idle; /* 1: one more without a task, -1: one fewer */
} change;

/* At one moment what ends comes first: the worker goes on to its next task. */
static int by_time(const void *a, const void *b) {
    const change *x = a, *y = b;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    return y->idle - x->idle;
}

static void put_idle(FILE *file, double at_s, int n_idle) {
    fprintf(file,
            ",\n{\"ph\": \"C\", \"pid\": 1, \"name\": \"idle workers\", \"ts\": %.3f, \"args\": "
            "{\"idle\": %d}}",
            1e6 * at_s, n_idle);
}

static int count_idle(FILE *file, const dagpole_tasks *tasks) {
    int64_t n = 0;
    change *changes = malloc((size_t)(2 * tasks->n + 1) * sizeof *changes);
    if (!changes)
        return -1;
    for (int64_t i = 0; i < tasks->n; i++) {
        changes[n++] = (change){tasks->task[i].start_s, -1};
        changes[n++] = (change){tasks->task[i].end_s, 1};
    }
    qsort(changes, (size_t)n, sizeof *changes, by_time);
    int n_idle = tasks->n_workers;
    put_idle(file, 0, n_idle);
    for (int64_t k = 0; k < n; k++) {
        n_idle += changes[k].idle;
        if (k + 1 == n || changes[k + 1].at_s > changes[k].at_s)
            put_idle(file, changes[k].at_s, n_idle);
    }
    free(changes);
    return 0;
}

int cli_trace_write(const cli_command *command, const char *path, const dagpole_tasks *tasks) {
    cli_output output;
    int code = cli_output_open(command, path, &output);
    if (code != CLI_PROCEED)
        return code;
    fputs("{\"displayTimeUnit\": \"ms\",\n\"traceEvents\": [\n", output.file);
    name_workers(output.file, tasks->n_workers);
    for (int64_t i = 0; i < tasks->n; i++)
        put_task(output.file, &tasks->task[i], i);
    if (count_idle(output.file, tasks) != 0) {
        cli_output_drop(&output);
        return cli_fail(command, "no memory for the trace of %s tasks", cli_text_count(tasks->n));
    }
    fputs("\n]}\n", output.file);
    return cli_output_close(&output);
}
