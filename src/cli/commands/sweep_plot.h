/* Charts of what perf/sweep printed as JSON. */
#ifndef DP_CLI_COMMANDS_SWEEP_PLOT_H
#define DP_CLI_COMMANDS_SWEEP_PLOT_H

#include "cli/json_read.h"

/* Lines over digits, points or workers, whichever the rows have several of; for what else differs
 * between rows a line each. Times of an evaluation; of `accuracy` the errors as multiples of what
 * is promised. As cli_output_close. */
int cli_sweep_plot(const cli_command *command, const cli_value *root, const char *path);

#endif
