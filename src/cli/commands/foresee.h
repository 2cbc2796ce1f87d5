/* What `dagpole foresee` prints. */
#ifndef DP_CLI_COMMANDS_FORESEE_H
#define DP_CLI_COMMANDS_FORESEE_H

#include "cli/json_read.h"

#include <dagpole.h>

enum { CLI_MOST_WORKERS = 16384, CLI_MOST_MACHINES = 32 };

typedef struct cli_foresight {
    const char *input;
    dagpole_report plan; /* on this machine */
    double fastest_s;    /* of its evaluations */
    dagpole_foresee_options assumed;
    int n; /* machines, workers ascending */
    int workers[CLI_MOST_MACHINES];
    dagpole_forecast forecast[CLI_MOST_MACHINES];
    dagpole_tasks tasks; /* of the last machine, where a timeline is asked for */
} cli_foresight;

/* "evaluation", "coefficients" or "none"; the first where it is another text. */
dagpole_times cli_foresight_times(const char *name);

void cli_foresight_table(const cli_foresight *seen);
void cli_foresight_json(const cli_foresight *seen);

/* Speed-up over workers as a picture; an exit code, with a sentence where it cannot be written. */
int cli_foresight_plot(const cli_command *command, const char *path, const cli_foresight *seen);

/* The same from what cli_foresight_json printed (foresee_read.c). */
int cli_foresight_plot_json(const cli_command *command, const cli_value *root, const char *path);

#endif
