/* Text files that are there whole or not at all: written to a temporary file beside their place,
 * which is renamed when it is complete and removed where the command fails or a signal ends it.
 * Written in place, and kept as far as they came, are a pipe or a device, and the file that takes
 * the standard output or error: these go on where the stream is. */
#ifndef DP_CLI_OUTPUT_H
#define DP_CLI_OUTPUT_H

#include "cli/arguments.h"

#include <stdio.h>

typedef struct cli_output {
    const cli_command *command;
    const char *path; /* as the user gave it, for sentences */
    char *target;     /* what is replaced: links are followed */
    FILE *file;       /* to write to; errors are looked for at the end */
    int slot;         /* of the temporaries; -1: written in place */
} cli_output;

/* CLI_PROCEED, or CLI_FAILURE after a sentence: a directory, a folder that is missing or not
 * writable. `path` must outlive the output. */
int cli_output_open(const cli_command *command, const char *path, cli_output *output);

/* Looks for errors, and renames. CLI_SUCCESS, or CLI_FAILURE after a sentence: then no temporary
 * file is left. */
int cli_output_close(cli_output *output);

/* Instead of closing: leaves nothing. */
void cli_output_drop(cli_output *output);

/* CLI_PROCEED where an output could be opened, and opens none: for asking before long work.
 * CLI_FAILURE after a sentence. */
int cli_output_check(const cli_command *command, const char *path);

/* The same for HDF5, which the library writes: to a regular file alone. */
int cli_store_check(const cli_command *command, const char *path);

/* A file that a command is asked to write. */
typedef struct cli_target {
    const char *option, *path; /* "--plot"; path NULL: not asked for */
    int (*check)(const cli_command *command, const char *path); /* as cli_output_check */
} cli_target;

/* Before the work: CLI_PROCEED, CLI_USAGE after a sentence where a path is "-", leads to the input
 * (an operand: "-" is the standard input) or to where another one does, or what its check says. */
int cli_targets_check(const cli_command *command, const char *input, int n,
                      const cli_target *target);

/* Unlinks what is being written; may be called from a signal handler. */
void cli_output_remove_temporaries(void);

#endif
