/* What bench and sweep share: commands with their options, scenes, and errors beside the promise.
 */
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
    const char *clouds, *n, *charges, *kernels, *digits, *threads, *leaves, *isas, *only, *with;
    double lambda, shift, most_mib;
    dagpole_plan_options plan; /* experts' parameters */
    int64_t seed, n_evaluations, n_plans, n_contexts;
    int runs, repeat, samples, has_gradients, has_direct, is_serial, is_long, is_quick, is_json;
    int are_kinds_one;      /* no option: all charges in a scene */
    const char *operand[2]; /* of a command that takes them */
} perf_choice;

typedef struct perf_command {
    const char *name, *summary;
    const char *operands; /* "INPUT OUTPUT"; NULL: takes none */
    const char *options;  /* names of those in command.c, without dashes */
    int (*run)(const perf_choice *chosen, perf_table *table); /* how many results miss promises */
    const char *defaults; /* where they differ from command.c's: "--n=1e6 --threads=2" */
} perf_command;

/* What main returns. */
int perf_main(int argc, char **argv, const char *summary, int n, const perf_command *commands);

enum { PERF_LIST = 32 };

typedef struct perf_list {
    int n;
    const char *word[PERF_LIST];
    char text[1024]; /* where the words lie: a list is not copied */
} perf_list;

void perf_words(const char *text, perf_list *list);
int perf_numbers(const char *option, const char *text, double low, double high, /* whole numbers: */
                 int is_whole, double number[PERF_LIST]);

/* The instruction sets in a list, or where it is NULL the best one, that this machine has. */
int perf_isas(const char *text, dp_isa isa[DP_N_ISA]);

/* 1 where experts chose what digits choose: these promise nothing then. */
int perf_is_expert(const perf_choice *chosen);

/* ---- scenes (scene.c): a cloud, a kernel, and what is right there ---- */

/* A cloud with one kind of charges. Samples are targets spread over the caller's order. */
typedef struct perf_charged {
    const char *kind;
    dagpole_cloud cloud;
    int64_t n_samples, *sample;
    double *targets, *potentials, *gradients; /* of the samples, by the direct sum */
    double potential_norm, gradient_norm;     /* L2 */
    double potential_unit, gradient_unit;     /* what errors are promised relative to */
} perf_charged;

enum { PERF_KINDS = 4 };

/* What is measured next. */
typedef struct perf_scene {
    const perf_choice *chosen;
    const char *cloud, *kernel;
    int64_t n;
    int n_kinds, digits, threads;
    perf_charged kind[PERF_KINDS];
    const perf_charged *charged; /* one of these */
    dagpole_plan_options plan;
    int index, thread; /* steps of perf_next; the index of `threads` in its list */
    perf_list clouds, kinds, kernels;
} perf_scene;

/* for (perf_scene *s = NULL; (s = perf_next(chosen, s)) != NULL;) visits n x kernels x clouds x
 * charges x digits x threads, in this order, the last ones fastest. are_kinds_one: charged is the
 * first kind, and the others are in kind[]. */
perf_scene *perf_next(const perf_choice *chosen, perf_scene *s);

/* Begins a row with what names a scene: cloud, charges, kernel, n, digits. */
void perf_scene_row(const perf_scene *scene, perf_table *table);

/* Errors in the L2 norm over the samples: relative to the result, and as multiples of what digits
 * promise (include/dagpole.h). gradients NULL: theirs are 0. NaN where a result is NaN. */
typedef struct perf_error {
    double potential, gradient, potential_multiple, gradient_multiple;
} perf_error;

perf_error perf_error_of(const perf_charged *charged, int digits, const double *potentials,
                         const double *gradients);
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

#endif
