/* Workers over time, as a picture. */
#ifndef DP_CLI_PICTURES_TIMELINE_H
#define DP_CLI_PICTURES_TIMELINE_H

#include "cli/arguments.h"

#include <dagpole.h>

enum { CLI_MOST_TIMELINE_WORKERS = 4096 };

/* A row for each worker, coloured by operator, with a line along the chain of tasks that the
 * evaluation waited for (cli/pictures/tasks.h), legend and time axis. Tasks narrower than a pixel
 * are merged: each pixel shows the operator that took most of it. tasks: measured, or of a
 * forecast; made for 1 to 256 workers, and up to CLI_MOST_TIMELINE_WORKERS are drawn. CLI_SUCCESS,
 * or CLI_FAILURE after a sentence: then no file is left. */
int cli_timeline_draw(const cli_command *command, const char *path, const char *title,
                      const dagpole_tasks *tasks);

#endif
