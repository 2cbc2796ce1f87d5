/* What `dagpole run` shows of the tasks of its last evaluation. */
#ifndef DP_CLI_COMMANDS_PICTURES_H
#define DP_CLI_COMMANDS_PICTURES_H

#include "cli/arguments.h"
#include "cli/json.h"
#include "cli/pictures/tasks.h"

#include <dagpole.h>

typedef struct cli_pictures {
    const char *trace, *timeline, *graph; /* files, NULL: not asked for */
} cli_pictures;

#define CLI_PICTURE_OPTIONS(pictures)                                                              \
    {"--trace",                                                                                    \
     CLI_TEXT,                                                                                     \
     &(pictures).trace,                                                                            \
     "FILE.json",                                                                                  \
     "tasks of the last evaluation, for Perfetto",                                                 \
     0,                                                                                            \
     0},                                                                                           \
        {"--timeline",                                                                             \
         CLI_TEXT,                                                                                 \
         &(pictures).timeline,                                                                     \
         "FILE.svg",                                                                               \
         "picture of workers over time",                                                           \
         0,                                                                                        \
         0},                                                                                       \
    {                                                                                              \
        "--graph", CLI_TEXT, &(pictures).graph, "FILE.dot", "graph of the tasks, for Graphviz", 0, \
            0                                                                                      \
    }

/* 1 where any is asked for. */
static inline int cli_pictures_any(const cli_pictures *pictures) {
    return pictures->trace || pictures->timeline || pictures->graph;
}

/* CLI_SUCCESS, or CLI_FAILURE after a sentence. input: of the cloud, for titles. */
int cli_pictures_write(const cli_command *command, const cli_pictures *pictures, const char *input,
                       const dagpole_tasks *tasks);

/* Predicted and measured time of the operators, and the critical path. */
typedef struct cli_task_summary {
    int n_kinds;
    cli_task_kind kind[CLI_MAX_KINDS];
    cli_chain chain; /* that the evaluation waited for; its task is NULL */
    double span_s;   /* of the longest chain of dependencies */
} cli_task_summary;

/* CLI_SUCCESS, or CLI_FAILURE after a sentence where memory is short. Names are those of tasks. */
int cli_tasks_summarise(const cli_command *command, const dagpole_tasks *tasks,
                        cli_task_summary *summary);

/* Lines on stdout, or members of the JSON object that is open. */
void cli_tasks_print(const cli_task_summary *summary);
void cli_tasks_json(cli_json *json, const cli_task_summary *summary);

#endif
