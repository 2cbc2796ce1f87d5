/* The tasks of an evaluation in the Chrome trace format, which Perfetto and chrome://tracing open.
 */
#ifndef DP_CLI_PICTURES_TRACE_H
#define DP_CLI_PICTURES_TRACE_H

#include "cli/arguments.h"

#include <dagpole.h>

/* A thread for each worker, a slice for each task with what is known of it, and a counter of
 * workers without a task. CLI_SUCCESS, or CLI_FAILURE after a sentence: then no file is left. */
int cli_trace_write(const cli_command *command, const char *path, const dagpole_tasks *tasks);

#endif
