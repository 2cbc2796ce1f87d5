/* What sources carry and targets want, as options, and room for the results. */
#ifndef DP_CLI_WANTED_H
#define DP_CLI_WANTED_H

#include "cli/common.h"

typedef struct cli_wanted {
    const char *dipoles; /* a dataset's name, NULL: the one that the file may have */
    int gradients, hessians, pressures;
} cli_wanted;

#define CLI_WANTED_OPTIONS(wanted)                                                                  \
    {"--gradients",                                                                                 \
     CLI_FLAG,                                                                                      \
     &(wanted).gradients,                                                                           \
     NULL,                                                                                          \
     "gradients of the potentials as well",                                                         \
     0,                                                                                             \
     0},                                                                                            \
        {"--hessians",                                                                              \
         CLI_FLAG,                                                                                  \
         &(wanted).hessians,                                                                        \
         NULL,                                                                                      \
         "second derivatives and gradients as well",                                                \
         0,                                                                                         \
         0},                                                                                        \
        {"--pressures", CLI_FLAG, &(wanted).pressures, NULL, "of Stokes: pressures as well", 0, 0}, \
    {                                                                                               \
        "--dipoles", CLI_TEXT, &(wanted).dipoles, "DATASET",                                        \
            "N x 3, what the sources carry as well [/dipoles]", 0, 0                                \
    }

/* Second derivatives bring gradients along. Sets what the plan's options say of it, whose kernel is
 * known, and checks that the kernel has it: CLI_PROCEED or CLI_USAGE. */
int cli_wanted_check(const cli_command *command, cli_wanted *wanted, cli_plan_choice *plan);

/* Zeroed arrays for what is wanted of the cloud's targets; NO_MEMORY leaves some of them. */
dagpole_status cli_wanted_allocate(const cli_wanted *wanted, const dagpole_cloud *cloud,
                                   dagpole_results *results);

void cli_wanted_free(dagpole_results *results);

#endif
