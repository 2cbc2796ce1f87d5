/* What several commands share: options of contexts and plans, points, the way out. */
#ifndef DP_CLI_COMMON_H
#define DP_CLI_COMMON_H

#include "cli/arguments.h"
#include "cli/json.h"

#include <dagpole.h>

extern const cli_command cli_generate, cli_run, cli_verify, cli_precompute, cli_info,
    cli_schedulers, cli_plot, cli_foresee;

/* Reads points and what they carry for the kernel. dipoles: a dataset's name, NULL: those that it
 * has. */
dagpole_status cli_cloud_read(const char *operand, dagpole_kernel kernel, const char *dipoles,
                              dagpole_cloud *cloud);

/* Sets what options say of a vector, and how many there are: more than an int counts are more than
 * they allow. */
void cli_options_for(const dagpole_cloud *cloud, dagpole_plan_options *options);

/* What the cloud's sources carry, and where results go: all but potentials may be NULL. */
dagpole_values cli_values(const dagpole_cloud *cloud, double *potentials, double *gradients,
                          double *hessians, double *pressures);

typedef struct cli_context_choice {
    int threads, serial, no_cache;
    const char *scheduler, *cache;
} cli_context_choice;

#define CLI_CONTEXT_OPTIONS(choice)                                                                  \
    {"--threads", CLI_INT, &(choice).threads, "T", "workers [every core]", 1, 4096},                 \
        {"--scheduler",                                                                              \
         CLI_TEXT,                                                                                   \
         &(choice).scheduler,                                                                        \
         "NAME",                                                                                     \
         "policy; STARPU_SCHED wins; dagpole info lists them",                                       \
         0,                                                                                          \
         0},                                                                                         \
        {"--serial", CLI_FLAG, &(choice).serial, NULL, "one thread, without StarPU", 0, 0},          \
        {"--cache", CLI_TEXT, &(choice).cache, "DIR", "operators on disk [$XDG_CACHE_HOME/dagpole]", \
         0,         0},                                                                              \
    {                                                                                                \
        "--no-cache", CLI_FLAG, &(choice).no_cache, NULL, "neither read nor write the cache", 0, 0   \
    }

dagpole_status cli_context_create(const cli_context_choice *choice, dagpole_context **context);

/* A parameter of some kernel, as an option. Its name is "" where there is none. */
enum { CLI_MOST_PARAMETERS = 6 };
typedef struct cli_parameter {
    char name[32], argument[2], help[64]; /* "--wave-number" */
    double value;                         /* NaN: not given */
} cli_parameter;

/* Kernels and their parameters are those that the library lists. */
typedef struct cli_plan_choice {
    const char *kernel; /* "laplace", ... */
    char kernels[128];  /* "laplace|yukawa|..." */
    cli_parameter parameter[CLI_MOST_PARAMETERS];
    dagpole_plan_options plan;
} cli_plan_choice;

#define CLI_PARAMETER_OPTION(p)                                                                    \
    { (p).name, CLI_AMOUNT, &(p).value, (p).argument, (p).help, 0, 0 }

#define CLI_PLAN_OPTIONS(choice)                                                                   \
    {"--kernel", CLI_CHOICE, &(choice).kernel, (choice).kernels, "Green's function [laplace]",     \
     0,          0},                                                                               \
        CLI_PARAMETER_OPTION((choice).parameter[0]), CLI_PARAMETER_OPTION((choice).parameter[1]),  \
        CLI_PARAMETER_OPTION((choice).parameter[2]), CLI_PARAMETER_OPTION((choice).parameter[3]),  \
        CLI_PARAMETER_OPTION((choice).parameter[4]), CLI_PARAMETER_OPTION((choice).parameter[5]),  \
        {"--digits", CLI_INT, &(choice).plan.digits, "D", "correct digits [6]", 3, 12},            \
        {"--p", CLI_INT, &(choice).plan.p, "P", "expert: points along a surface's edge", 3, 22},   \
        {"--n-crit", CLI_INT, &(choice).plan.n_crit, "N", "expert: most points in a leaf",         \
         1,          100000},                                                                      \
        {"--tolerance",                                                                            \
         CLI_REAL,                                                                                 \
         &(choice).plan.tolerance,                                                                 \
         "T",                                                                                      \
         "expert: cut of the compressed basis",                                                    \
         1e-16,                                                                                    \
         1e-1},                                                                                    \
        {"--svd-cutoff",                                                                           \
         CLI_REAL,                                                                                 \
         &(choice).plan.svd_cutoff,                                                                \
         "C",                                                                                      \
         "expert: cut of the pseudo-inverse",                                                      \
         1e-16,                                                                                    \
         1e-2},                                                                                    \
        {"--root-side",                                                                            \
         CLI_POSITIVE,                                                                             \
         &(choice).plan.root_side,                                                                 \
         "S",                                                                                      \
         "expert: side of the root cube",                                                          \
         0,                                                                                        \
         0},                                                                                       \
    {                                                                                              \
        "--block-boxes", CLI_INT, &(choice).plan.block_boxes, "B", "expert: boxes in a block", 1,  \
            100000                                                                                 \
    }

cli_plan_choice cli_plan_choice_default(void);

/* Sets the plan's kernel and its parameters, and checks that they go together: CLI_PROCEED or
 * CLI_USAGE. */
int cli_plan_choice_check(const cli_command *command, cli_plan_choice *choice);

const char *cli_kernel_name(dagpole_kernel kernel); /* "laplace", "yukawa", ... */

/* How many doubles the kernel's values have. */
dagpole_kernel_info cli_kernel_info(dagpole_kernel kernel);

/* Parameter i of the report's kernel: its name, "wave_number", and *value; NULL behind the last. */
const char *cli_report_parameter(const dagpole_report *report, int i, double *value);

/* ", wave_number 6.28, damping 0.5", in a static buffer. */
const char *cli_report_parameters(const dagpole_report *report);

/* "kernel" and its parameters. */
void cli_report_kernel_json(cli_json *json, const dagpole_report *report);

/* Sets the kernel that a plan had, and its parameters. */
dagpole_status cli_options_of(const dagpole_report *report, dagpole_plan_options *options);

/* The path of a points file given as `operand`: "-" is the standard input. */
const char *cli_points_path(const char *operand);

/* The exit code for status, with the library's sentence on stderr where it failed. */
int cli_exit_code(const cli_command *command, dagpole_status status);

/* A failure of the tool's own: one sentence on stderr; returns CLI_FAILURE. */
int cli_fail(const cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What is behind the last slash. */
const char *cli_file_name(const char *path);

/* Of n values, which it sorts; 0 of none. */
double cli_median(int64_t n, double *value);

/* "1,234,567" and "12.3 MiB", in one of a few static buffers. */
const char *cli_text_count(int64_t count);
const char *cli_text_bytes(int64_t bytes);

#endif
