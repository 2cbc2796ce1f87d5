/* What `dagpole run` prints. */
#ifndef DP_CLI_COMMANDS_RUN_REPORT_H
#define DP_CLI_COMMANDS_RUN_REPORT_H

#include "cli/commands/pictures.h"

#include <dagpole.h>

typedef struct cli_run_report {
    const char *input, *output; /* output NULL: not asked for */
    char charges_from[64];      /* as dagpole_cloud has it */
    int has_gradients, has_pressures;
    double read_s, start_s, write_s; /* input, runtime, output */
    double best_s;                   /* fastest of the evaluations */
    double total_s;                  /* from reading to writing */
    char checksum[20];               /* of the results: FNV-1a of their bytes, 16 digits */
    dagpole_report plan;
    int has_arithmetic; /* of the last evaluation: asked for by --roof */
    dagpole_arithmetic arithmetic;
    dagpole_tasks tasks;      /* of the last evaluation; task NULL: not asked for */
    cli_task_summary summary; /* of these */
} cli_run_report;

void cli_run_report_table(const cli_run_report *run);
void cli_run_report_json(const cli_run_report *run);

#endif
