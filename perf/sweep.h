/* What the commands of sweep know of one another. */
#ifndef DP_PERF_SWEEP_H
#define DP_PERF_SWEEP_H

#include "perf.h"

typedef enum sweep_time {
    SWEEP_SETUP,
    SWEEP_FIRST,    /* evaluation of a plan */
    SWEEP_EVALUATE, /* the others */
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

/* The commands. */
int sweep_evaluate(const perf_choice *chosen, perf_table *table);
int sweep_accuracy(const perf_choice *chosen, perf_table *table);
int sweep_leaves(const perf_choice *chosen, perf_table *table);
int sweep_soak(const perf_choice *chosen, perf_table *table);
int sweep_against(const perf_choice *chosen, perf_table *table);
int sweep_plain(const perf_choice *chosen, perf_table *table);

#endif
