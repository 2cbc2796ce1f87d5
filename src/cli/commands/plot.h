/* dagpole plot: figures made earlier as a picture. */
#ifndef DP_CLI_COMMANDS_PLOT_H
#define DP_CLI_COMMANDS_PLOT_H

#include "cli/json_read.h"

/* A kind of JSON, as the member `kind` of its object names it, and who draws it: root is the whole
 * object. Returns CLI_SUCCESS, or CLI_FAILURE after a sentence and with no file left. Another kind
 * is a line in the table of plot.c. */
typedef struct cli_picture {
    const char *kind;
    int (*draw)(const cli_command *command, const cli_value *root, const char *path);
} cli_picture;

#endif
