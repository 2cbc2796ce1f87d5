#include "cli/pictures/taskgraph.h"
#include "cli/common.h"
#include "cli/output.h"
#include "cli/pictures/tasks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "memory is short";

/* White letters where the colour is dark. */
static const char *letters_on(const char *colour) {
    long value = strtol(colour + 1, NULL, 16);
    long light = 299 * (value >> 16 & 255) + 587 * (value >> 8 & 255) + 114 * (value & 255);
    return light < 128000 ? "#ffffff" : "#000000";
}

static void begin(FILE *file, const char *label) {
    fprintf(file,
            "digraph dagpole {\n"
            "    label=\"%s\"; labelloc=t; fontname=\"DejaVu Sans\"; fontsize=16;\n"
            "    node [shape=box, style=filled, fontname=\"DejaVu Sans\", fontsize=11];\n"
            "    edge [fontname=\"DejaVu Sans\", fontsize=9, color=\"#666666\"];\n",
            label);
}

static void put_colours(FILE *file, const char *name) {
    const char *colour = cli_family_colour(cli_task_family(name));
    fprintf(file, "fillcolor=\"%s\", fontcolor=\"%s\"", colour, letters_on(colour));
}

/* ---- every task ---- */

/* marked[i]: the task that comes behind task i in the chain that is marked; its own number at the
 * end, -1 elsewhere. */
static void put_tasks(FILE *file, const dagpole_tasks *tasks, const int64_t *marked) {
    for (int64_t i = 0; i < tasks->n; i++) {
        const dagpole_task *task = &tasks->task[i];
        fprintf(file, "    t%" PRId64 " [label=\"%s\\nlevel %d, block %d\\n%.3f ms\", ", i,
                task->operator_name, task->level, task->block, 1e3 * (task->end_s - task->start_s));
        put_colours(file, task->operator_name);
        fprintf(file, "%s];\n", marked[i] >= 0 ? ", penwidth=4" : "");
    }
    for (int64_t i = 0; i < tasks->n; i++)
        for (int64_t k = tasks->waits_begin[i]; k < tasks->waits_begin[i + 1]; k++) {
            int64_t from = tasks->waits_for[k];
            fprintf(file, "    t%" PRId64 " -> t%" PRId64 "%s;\n", from, i,
                    marked[from] == i ? " [penwidth=3, color=\"#000000\"]" : "");
        }
}

/* NULL, or why not. */
static const char *put_all(FILE *file, const dagpole_tasks *tasks) {
    cli_chain chain;
    char label[128];
    int64_t *marked = malloc((size_t)(tasks->n + 1) * sizeof *marked);
    if (!marked || cli_task_span(tasks, &chain) != 0) {
        free(marked);
        return no_memory;
    }
    for (int64_t i = 0; i < tasks->n; i++)
        marked[i] = -1;
    for (int64_t k = 0; k < chain.n; k++)
        marked[chain.task[k]] = chain.task[k + 1 < chain.n ? k + 1 : k];
    snprintf(label, sizeof label, "%s tasks; thick: the longest chain of dependencies, %.3f ms",
             cli_text_count(tasks->n), 1e3 * chain.tasks_s);
    begin(file, label);
    put_tasks(file, tasks, marked);
    free(marked);
    cli_chain_free(&chain);
    return NULL;
}

/* ---- by operator and level ---- */

typedef struct group {
    const char *name;
    int level;
    int64_t n;
    double s;
} group;

enum { MOST_GROUPS = 1024 };

static int find_group(const dagpole_task *task, int *n_groups, group *groups) {
    for (int g = 0; g < *n_groups; g++)
        if (groups[g].level == task->level && strcmp(groups[g].name, task->operator_name) == 0)
            return g;
    if (*n_groups == MOST_GROUPS)
        return -1;
    groups[*n_groups] = (group){.name = task->operator_name, .level = task->level};
    return (*n_groups)++;
}

static void put_groups(FILE *file, int n_groups, const group *groups, const int64_t *n_edges) {
    for (int g = 0; g < n_groups; g++) {
        fprintf(file, "    g%d [label=\"%s, level %d\\n%s tasks\\n%.4f s\", ", g, groups[g].name,
                groups[g].level, cli_text_count(groups[g].n), groups[g].s);
        put_colours(file, groups[g].name);
        fputs("];\n", file);
    }
    for (int from = 0; from < n_groups; from++)
        for (int to = 0; to < n_groups; to++) {
            int64_t n = n_edges[from * n_groups + to];
            if (n)
                fprintf(file, "    g%d -> g%d [label=\"%s\"];\n", from, to, cli_text_count(n));
        }
}

/* of[i]: the group of task i. */
static void count_edges(const dagpole_tasks *tasks, const int *of, int n_groups, int64_t *n_edges) {
    for (int64_t i = 0; i < tasks->n; i++)
        for (int64_t k = tasks->waits_begin[i]; k < tasks->waits_begin[i + 1]; k++)
            n_edges[of[tasks->waits_for[k]] * n_groups + of[i]]++;
}

/* Puts each task into its group, of[i]; returns how many groups there are, -1: too many. */
static int find_groups(const dagpole_tasks *tasks, int *of, group *groups) {
    int n_groups = 0;
    for (int64_t i = 0; i < tasks->n; i++) {
        of[i] = find_group(&tasks->task[i], &n_groups, groups);
        if (of[i] < 0)
            return -1;
        groups[of[i]].n++;
        groups[of[i]].s += tasks->task[i].end_s - tasks->task[i].start_s;
    }
    return n_groups;
}

/* NULL, or why not. */
static const char *put_by_level(FILE *file, const dagpole_tasks *tasks) {
    static group groups[MOST_GROUPS];
    char label[128];
    int *of = malloc((size_t)tasks->n * sizeof *of);
    int n_groups = of ? find_groups(tasks, of, groups) : 0;
    int64_t *n_edges =
        n_groups > 0 ? calloc((size_t)n_groups * (size_t)n_groups, sizeof *n_edges) : NULL;
    if (n_edges) {
        count_edges(tasks, of, n_groups, n_edges);
        snprintf(label, sizeof label,
                 "%s tasks by operator and level, and dependencies between them",
                 cli_text_count(tasks->n));
        begin(file, label);
        put_groups(file, n_groups, groups, n_edges);
    }
    const char *problem = n_groups < 0 ? "operators have too many levels"
                          : n_edges    ? NULL
                                       : no_memory;
    free(n_edges);
    free(of);
    return problem;
}

int cli_taskgraph_write(const cli_command *command, const char *path, const dagpole_tasks *tasks) {
    cli_output output;
    int code = cli_output_open(command, path, &output);
    if (code != CLI_PROCEED)
        return code;
    int is_small = tasks->n <= CLI_MOST_DRAWN_TASKS;
    const char *problem = (is_small ? put_all : put_by_level)(output.file, tasks);
    if (problem) {
        cli_output_drop(&output);
        return cli_fail(command, "no graph of %s tasks: %s", cli_text_count(tasks->n), problem);
    }
    fputs("}\n", output.file);
    return cli_output_close(&output);
}
