/* This tool once more, as a process of its own. */
#ifndef DP_CLI_CHILD_H
#define DP_CLI_CHILD_H

#include <stddef.h>

enum { CLI_FAILURE_BYTES = 240 };

typedef struct cli_child {
    char *output; /* what it printed, malloc's, a zero byte at the end */
    size_t n_output;
    double seconds;                  /* from its start to its end */
    int was_late;                    /* it was ended at the limit */
    char failure[CLI_FAILURE_BYTES]; /* why it failed, in words; "": it did not */
} cli_child;

/* Runs the tool with these arguments (argv[0] is anything, NULL behind the last) and waits for its
 * end, at most limit_s seconds. STARPU_SCHED is not handed on, so that --scheduler counts, and
 * plans of a few tasks go to the workers as well. The standard input is empty; what it prints on
 * the standard error is kept for `failure`. Call it between cli_progress_begin and
 * cli_progress_end: a signal ends the child, and then failure says so. The child also ends where
 * this process does. */
void cli_child_run(char *const *argv, double limit_s, cli_child *child);
void cli_child_free(cli_child *child);

#endif
