/* How much of each operator's time is arithmetic: `dagpole run --roof`. */
#ifndef DP_CLI_COMMANDS_ARITHMETIC_H
#define DP_CLI_COMMANDS_ARITHMETIC_H

#include "cli/json.h"
#include "cli/json_read.h"

#include <dagpole.h>

void cli_arithmetic_table(const dagpole_report *report, const dagpole_arithmetic *a);
void cli_arithmetic_json(cli_json *json, const dagpole_report *report, const dagpole_arithmetic *a);

/* A chart from what run --roof --json printed. As cli_output_close. */
int cli_arithmetic_plot(const cli_command *command, const cli_value *root, const char *path);

#endif
