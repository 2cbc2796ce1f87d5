/* What the files of `dagpole schedulers` share. */
#ifndef DP_CLI_COMMANDS_SCHEDULERS_H
#define DP_CLI_COMMANDS_SCHEDULERS_H

#include "cli/arguments.h"
#include "cli/child.h"
#include "cli/json_read.h"

#include <stdint.h>

enum { CLI_MAX_ROUNDS = 1000 };

/* One scheduler; what is not a time is of its last process that did its work. */
typedef struct cli_scheduler {
    const char *name;
    int n_times;
    double *time_s;                    /* of each round: the last evaluation of a process */
    double median_s, least_s, most_s;  /* of these */
    double ratio;                      /* median over the best scheduler's */
    double share_tasks, share_runtime; /* of the workers' time */
    double share_idle;
    int64_t bytes_remote,
        bytes_copied;  /* read on other NUMA nodes; copied between them by StarPU */
    char checksum[20]; /* of the results */
    int is_same;       /* as those of the first scheduler that worked, in every round */
    double process_s;  /* longest life of a process */
    char failure[CLI_FAILURE_BYTES]; /* in words; "": it worked */
} cli_scheduler;

typedef struct cli_comparison {
    const char *input;
    int n_rounds, n_done; /* asked for, and done */
    int n;                /* schedulers; those that worked first, by median */
    cli_scheduler *scheduler;
    double *times;                /* of them all */
    int64_t n_sources, n_targets; /* as their reports have it */
    int threads, digits, has_gradients;
    char kernel[16], instruction_set[20], coefficients[40];
} cli_comparison;

/* Evaluations in a process: the first one meets memory that nobody has touched, the last counts. */
enum { CLI_EVALUATIONS = 2 };

/* How a process is started: run, with options and a place for the scheduler's name. */
enum { CLI_MOST_ARGUMENTS = 64, CLI_NUMBER_BYTES = 32 };
typedef struct cli_process {
    int n;
    char *argv[CLI_MOST_ARGUMENTS];
    char number[CLI_MOST_ARGUMENTS][CLI_NUMBER_BYTES];
} cli_process;

/* The options as they were given; input and options must outlive it. */
void cli_process_make(const char *input, int n_options, const cli_option *options,
                      cli_process *process);

/* One process under the scheduler: adds its time, or why there is none. */
void cli_process_run(cli_process *process, double limit_s, cli_comparison *all, cli_scheduler *s);

/* What a report of run --json says of the cloud and the machine, or the JSON of a comparison. */
void cli_comparison_take_facts(const cli_value *report, cli_comparison *all);

void cli_comparison_table(const cli_comparison *all);
void cli_comparison_json(const cli_comparison *all);

/* Medians as bars with lines from the least to the largest time. As cli_output_close. */
int cli_comparison_draw(const cli_command *command, const cli_comparison *all, const char *path);

/* The same from what cli_comparison_json printed. CLI_FAILURE after a sentence where it is not. */
int cli_comparison_plot(const cli_command *command, const cli_value *root, const char *path);

#endif
