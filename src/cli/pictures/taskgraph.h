/* The graph of an evaluation's tasks in the language of Graphviz: `dot -Tsvg FILE.dot`. */
#ifndef DP_CLI_PICTURES_TASKGRAPH_H
#define DP_CLI_PICTURES_TASKGRAPH_H

#include "cli/arguments.h"

#include <dagpole.h>

/* More tasks than these are shown by operator and level. */
enum { CLI_MOST_DRAWN_TASKS = 500 };

/* A node for each task, or for each operator and level with count and seconds; an edge for each
 * dependency, or between nodes with how many there are. CLI_SUCCESS, or CLI_FAILURE after a
 * sentence: then no file is left. */
int cli_taskgraph_write(const cli_command *command, const char *path, const dagpole_tasks *tasks);

#endif
