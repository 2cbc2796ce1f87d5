#include "cli/pictures/tasks.h"
#include "cli/common.h"
#include "cli/pictures/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- kinds ---- */

/* The kind of a name, a new one where it is not there yet; -1 where there is no room. */
static int find_kind(const char *name, int *n_kinds, cli_task_kind *kind) {
    for (int k = 0; k < *n_kinds; k++)
        if (strcmp(kind[k].name, name) == 0)
            return k;
    if (*n_kinds == CLI_MAX_KINDS)
        return -1;
    kind[*n_kinds] = (cli_task_kind){.name = name};
    return (*n_kinds)++;
}

static int by_measured(const void *a, const void *b) {
    double x = ((const cli_task_kind *)a)->measured_s, y = ((const cli_task_kind *)b)->measured_s;
    return (x < y) - (x > y);
}

int cli_task_kinds(const dagpole_tasks *tasks, cli_task_kind kind[CLI_MAX_KINDS]) {
    int n_kinds = 0;
    double *ratio = malloc((size_t)(tasks->n + 1) * sizeof *ratio);
    if (!ratio)
        return -1;
    for (int64_t i = 0; i < tasks->n; i++) {
        const dagpole_task *task = &tasks->task[i];
        int k = find_kind(task->operator_name, &n_kinds, kind);
        if (k < 0)
            continue;
        kind[k].n++;
        kind[k].measured_s += task->end_s - task->start_s;
        kind[k].predicted_s += task->predicted_s;
    }
    for (int k = 0; k < n_kinds; k++) {
        int64_t n = 0;
        for (int64_t i = 0; i < tasks->n; i++) {
            const dagpole_task *task = &tasks->task[i];
            if (strcmp(task->operator_name, kind[k].name) == 0 && task->predicted_s > 0)
                ratio[n++] = (task->end_s - task->start_s) / task->predicted_s;
        }
        kind[k].ratio = cli_median(n, ratio);
    }
    free(ratio);
    qsort(kind, (size_t)n_kinds, sizeof *kind, by_measured);
    return n_kinds;
}

/* ---- families ---- */

static const struct {
    const char *name;
    int family;
} families[] = {{"P2P", 0},
                {"M2L", 1},
                {"M2M", 2},
                {"L2L", 3},
                {"GATHER", 4},
                {"P2M", 4},
                {"L2P", 5},
                {"M2P", 6},
                {"P2L", 7},
                {"SCATTER", 5},
                {"GATHER+P2M", 4},
                {"L2P+SCATTER", 5},
                {"L2L+L2P+SCATTER", 5}};

int cli_task_family(const char *name) {
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(families[i].name, name) == 0)
            return families[i].family;
    return CLI_N_FAMILIES - 1;
}

const char *cli_family_colour(int family) {
    /* the two that take most time are farthest apart; black is for what is marked */
    static const int colour[CLI_N_FAMILIES] = {1, 0, 2, 5, 3, 4, 6, 9, 8};
    return cli_svg_colour(colour[family]);
}

/* ---- order and chains ---- */

static const dagpole_task *sorted_tasks; /* qsort passes no argument */

static int by_worker_and_start(const void *a, const void *b) {
    int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    const dagpole_task *x = &sorted_tasks[i], *y = &sorted_tasks[j];
    if (x->worker != y->worker)
        return x->worker < y->worker ? -1 : 1;
    if (x->start_s != y->start_s)
        return x->start_s < y->start_s ? -1 : 1;
    return (i > j) - (i < j);
}

int64_t *cli_tasks_by_worker(const dagpole_tasks *tasks) {
    int64_t *order = malloc((size_t)(tasks->n + 1) * sizeof *order);
    if (!order)
        return NULL;
    for (int64_t i = 0; i < tasks->n; i++)
        order[i] = i;
    sorted_tasks = tasks->task;
    qsort(order, (size_t)tasks->n, sizeof *order, by_worker_and_start);
    return order;
}

/* before[i]: the task that the worker of task i ran before it, -1: none. */
static int64_t *tasks_before(const dagpole_tasks *tasks) {
    int64_t *order = cli_tasks_by_worker(tasks);
    int64_t *before = malloc((size_t)(tasks->n + 1) * sizeof *before);
    if (order && before)
        for (int64_t k = 0; k < tasks->n; k++) {
            int is_first =
                k == 0 || tasks->task[order[k - 1]].worker != tasks->task[order[k]].worker;
            before[order[k]] = is_first ? -1 : order[k - 1];
        }
    else {
        free(before);
        before = NULL;
    }
    free(order);
    return before;
}

/* What task i waited for last: *is_dependency tells for what reason. -1: for nothing. */
static int64_t step_back(const dagpole_tasks *tasks, const int64_t *before, int64_t i,
                         int *is_dependency) {
    int64_t last = before[i];
    *is_dependency = 0;
    for (int64_t k = tasks->waits_begin[i]; k < tasks->waits_begin[i + 1]; k++) {
        int64_t j = tasks->waits_for[k];
        if (last < 0 || tasks->task[j].end_s >= tasks->task[last].end_s) {
            last = j;
            *is_dependency = 1;
        }
    }
    return last;
}

static void add_step(const dagpole_tasks *tasks, int64_t from, int64_t i, cli_chain *chain) {
    const dagpole_task *task = &tasks->task[i];
    double before_s = from < 0 ? 0 : tasks->task[from].end_s;
    chain->task[chain->n++] = i;
    chain->tasks_s += task->end_s - task->start_s;
    if (task->submit_s > before_s)
        chain->submission_s += task->submit_s - before_s;
}

static void reverse(int64_t n, int64_t *values) {
    for (int64_t i = 0; i < n / 2; i++) {
        int64_t value = values[i];
        values[i] = values[n - 1 - i];
        values[n - 1 - i] = value;
    }
}

int cli_task_chain(const dagpole_tasks *tasks, cli_chain *chain) {
    int64_t *before = tasks_before(tasks), last = tasks->n ? 0 : -1;
    *chain = (cli_chain){.task = malloc((size_t)(tasks->n + 1) * sizeof *chain->task)};
    if (!before || !chain->task) {
        free(before);
        cli_chain_free(chain);
        return -1;
    }
    for (int64_t i = 0; i < tasks->n; i++)
        if (tasks->task[i].end_s > tasks->task[last].end_s)
            last = i;
    chain->end_s = last < 0 ? 0 : tasks->task[last].end_s;
    while (last >= 0 && chain->n < tasks->n) {
        int is_dependency;
        int64_t from = step_back(tasks, before, last, &is_dependency);
        add_step(tasks, from, last, chain);
        chain->n_dependencies += is_dependency;
        last = from;
    }
    reverse(chain->n, chain->task);
    free(before);
    return 0;
}

void cli_chain_free(cli_chain *chain) {
    free(chain->task);
    *chain = (cli_chain){0};
}

/* Per task: the longest chain that ends with it, and the task before it there, -1: none. */
typedef struct reach {
    double s;
    int64_t from;
} reach;

static reach longest_before(const dagpole_tasks *tasks, const reach *reached, int64_t i) {
    reach before = {0, -1};
    for (int64_t k = tasks->waits_begin[i]; k < tasks->waits_begin[i + 1]; k++) {
        int64_t j = tasks->waits_for[k];
        if (before.from < 0 || reached[j].s > before.s)
            before = (reach){reached[j].s, j};
    }
    return before;
}

int cli_task_span(const dagpole_tasks *tasks, cli_chain *chain) {
    reach *reached = malloc((size_t)(tasks->n + 1) * sizeof *reached);
    int64_t last = tasks->n ? 0 : -1;
    *chain = (cli_chain){.task = malloc((size_t)(tasks->n + 1) * sizeof *chain->task)};
    if (!reached || !chain->task) {
        free(reached);
        cli_chain_free(chain);
        return -1;
    }
    for (int64_t i = 0; i < tasks->n; i++) {
        reached[i] = longest_before(tasks, reached, i);
        reached[i].s += tasks->task[i].end_s - tasks->task[i].start_s;
        if (reached[i].s > reached[last].s)
            last = i;
    }
    for (; last >= 0; last = reached[last].from) {
        add_step(tasks, reached[last].from, last, chain);
        chain->end_s = fmax(chain->end_s, tasks->task[last].end_s);
    }
    reverse(chain->n, chain->task);
    chain->n_dependencies = chain->n > 0 ? chain->n - 1 : 0;
    free(reached);
    return 0;
}
