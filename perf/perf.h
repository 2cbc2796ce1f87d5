/* What bench and sweep are made of: commands, scenes, errors beside the promise, plans, cases. */
#ifndef DP_PERF_PERF_H
#define DP_PERF_PERF_H

#include "cli/arguments.h"
#include "kernel/kernel.h"
#include "table.h"

/* ---- failing: one sentence on stderr, and the end with 1 ---- */

_Noreturn void perf_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void perf_try(dagpole_status status);        /* the library's sentence */
void *perf_alloc(size_t count, size_t size); /* zeroed, free(); never NULL */

/* ---- commands (command.c) ---- */

/* What a measurement varies, as lists "a,b,c", and all that is chosen beside. */
typedef struct perf_choice {
    const char *clouds, *n, *charges, *kernels, *digits, *threads, *leaves, *isa, *only, *with;
    double lambda, most_mib;
    dagpole_plan_options plan; /* experts' parameters */
    int64_t seed, n_evaluations, n_plans, n_contexts;
    int runs, repeat, samples, has_gradients, has_direct, is_serial, is_long, is_quick, is_json;
    int has_all_kinds;      /* no option: a scene has all kinds of charges */
    const char *operand[2]; /* of a command that takes them */
} perf_choice;

typedef struct perf_command {
    cli_command self;    /* PERF_COMMAND(name, operands or NULL, summary) */
    const char *options; /* names of those in command.c, without dashes */
    int (*run)(const perf_choice *chosen, perf_table *table); /* how many cases failed */
    const char *defaults; /* where they differ from command.c's: "--n=1e6 --threads=2" */
} perf_command;

#define PERF_COMMAND(...)                                                                          \
    { __VA_ARGS__, perf_run }
int perf_run(const cli_command *self, int argc, char **argv); /* part of a perf_command */

/* What main returns. */
int perf_main(int argc, char **argv, const char *about, int n, const perf_command *commands);

enum { PERF_LIST = 32 };

typedef struct perf_list {
    int n;
    const char *word[PERF_LIST];
    char text[1024]; /* where the words lie: a list is not copied */
} perf_list;

void perf_words(const char *text, perf_list *list);
int perf_numbers(const char *option, const char *text, double low, double high, /* whole numbers: */
                 int is_whole, double number[PERF_LIST]);

/* That with this name, NULL: the best one, or "all" of this machine, the best one first. */
int perf_isas(const char *name, dp_isa isa[DP_N_ISA]);

/* 1 where experts chose what digits choose: these promise nothing then. */
int perf_is_expert(const perf_choice *chosen);

/* ---- scenes (scene.c): a cloud, a kernel, and what is right there ---- */

/* A cloud with one kind of charges. Samples are targets spread over the caller's order. */
typedef struct perf_charged {
    const char *kind;
    dagpole_cloud cloud;
    double *charges; /* the kernel's, of all sources */
    int64_t n_samples, *sample;
    double *targets, *potentials, *gradients; /* of the samples, by the direct sum; one block */
    double potential_norm, gradient_norm;     /* L2 */
    double potential_unit, gradient_unit;     /* what errors are promised relative to */
} perf_charged;

enum { PERF_KINDS = 4 };

/* What is measured next. */
typedef struct perf_scene {
    const perf_choice *chosen;
    const char *cloud, *kernel;
    const dp_widths *widths; /* of the kernel's values */
    int64_t n;
    int n_kinds, digits, threads;
    perf_charged kind[PERF_KINDS];
    const perf_charged *charged; /* one of these */
    dagpole_plan_options plan;
    int index, thread; /* steps of perf_next; the index of `threads` in its list */
    perf_list clouds, kinds, kernels;
} perf_scene;

/* for (perf_scene *s = NULL; (s = perf_next(chosen, s)) != NULL;) visits n x kernels x clouds x
 * charges x digits x threads, in this order, the last ones fastest. has_all_kinds: charged is the
 * first kind, and the others are in kind[] as well; else there is one kind at a time. */
perf_scene *perf_next(const perf_choice *chosen, perf_scene *s);

/* Begins a row with what names a scene: cloud, charges, kernel, n, digits. */
void perf_scene_row(const perf_scene *scene, perf_table *table);

/* Errors in the L2 norm over the samples: relative to the result, and as multiples of what digits
 * promise (include/dagpole.h). gradients NULL: theirs are 0. NaN where a result is NaN. */
typedef struct perf_error {
    double potential, gradient, potential_multiple, gradient_multiple;
} perf_error;

perf_error perf_error_of(const perf_scene *scene, const perf_charged *charged,
                         const double *potentials, const double *gradients);
int perf_is_above(const perf_error *error); /* what is promised */

/* ---- plans (plan.c) ---- */

dagpole_context *perf_context(int threads, int is_serial);

typedef struct perf_plan {
    const perf_scene *scene;
    dagpole_plan *plan;
    double create_s, *potentials, *gradients; /* of all targets; gradients NULL: not evaluated */
} perf_plan;

/* n_crit 0: as the scene has it. */
perf_plan perf_plan_create(dagpole_context *context, const perf_scene *scene, int n_crit,
                           int has_gradients);
void perf_plan_destroy(perf_plan *p);
double perf_plan_evaluate(perf_plan *p, const perf_charged *charged); /* returns seconds */
dagpole_report perf_plan_report(const perf_plan *p);

/* Errors of the last evaluation. Ends with a sentence where they are above the promise, or where
 * experts' potentials are off by a tenth and more: the time of a wrong result does not count. */
perf_error perf_plan_check(const perf_plan *p, const perf_charged *charged);

/* Billions a second of the first loop of the registry (loops.c) with this in its name, in double,
 * at its best size: "peak FMA", "peak triad". */
double bench_best(const char *name, dp_isa isa);

/* ---- cases (evaluate.c) ---- */

typedef enum sweep_time {
    SWEEP_SETUP,
    SWEEP_EVALUATE, /* all but the first */
    SWEEP_GRADIENTS,
    SWEEP_TOTAL,  /* set-up and first evaluation */
    SWEEP_DIRECT, /* the direct sum */
    SWEEP_N_TIMES
} sweep_time;

/* Over all plans. The operators are in the cache, unless nothing can be written there. */
typedef struct sweep_outcome {
    dp_figure time[SWEEP_N_TIMES]; /* seconds */
    perf_error error;
    int64_t peak_bytes;    /* resident, of a first plan without gradients */
    int n_crit;            /* of the plan for gradients, if there is one */
    dagpole_report report; /* of the one without */
} sweep_outcome;

/* So many plans made, evaluated and destroyed, in a process of their own, so that their peak memory
 * is their own and each case meets a runtime just started. n_crit 0: as the scene has it. 0 where
 * the case failed, which is on stderr then: a wrong result is a failure. */
int sweep_run(const perf_scene *scene, int n_crit, int n_plans, sweep_outcome *outcome);

/* ---- the commands, most in a file of their own ---- */

int bench_loops(const perf_choice *chosen, perf_table *table);
int bench_operators(const perf_choice *chosen, perf_table *table);
int bench_stages(const perf_choice *chosen, perf_table *table);
int bench_tasks(const perf_choice *chosen, perf_table *table);
int sweep_evaluate(const perf_choice *chosen, perf_table *table);
int sweep_accuracy(const perf_choice *chosen, perf_table *table);
int sweep_leaves(const perf_choice *chosen, perf_table *table);
int sweep_soak(const perf_choice *chosen, perf_table *table);
int sweep_against(const perf_choice *chosen, perf_table *table);
int sweep_plain(const perf_choice *chosen, perf_table *table);

#endif
