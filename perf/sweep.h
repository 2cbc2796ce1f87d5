/* What the commands of sweep know of one another. */
#ifndef DP_PERF_SWEEP_H
#define DP_PERF_SWEEP_H

#include "perf.h"

/* A plan made, evaluated and destroyed several times, in a process of its own, so that its peak
 * memory is its own and each case meets a runtime just started. */
typedef struct sweep_case {
    const perf_scene *scene;
    const perf_charged *charged;
    int digits, threads;
    int n_crit;  /* 0: chosen */
    int n_plans; /* one after the other */
} sweep_case;

/* Seconds, over all plans. The operators are in the cache, unless nothing can be written there. */
typedef struct sweep_outcome {
    dp_figure setup, first, evaluate, gradients, direct;
    dp_figure total; /* set-up and first evaluation */
    perf_error error;
    int64_t peak_bytes;              /* resident, of a first plan without gradients */
    dagpole_report report, gradient; /* of plans without and for gradients */
} sweep_outcome;

/* 0 where the case failed, which is on stderr then: a wrong result is a failure. */
int sweep_run(const sweep_case *c, sweep_outcome *outcome);

/* The commands. */
int sweep_evaluate(const perf_choice *chosen, perf_table *table);
int sweep_accuracy(const perf_choice *chosen, perf_table *table);
int sweep_leaves(const perf_choice *chosen, perf_table *table);
int sweep_soak(const perf_choice *chosen, perf_table *table);
int sweep_against(const perf_choice *chosen, perf_table *table);
int sweep_plain(const perf_choice *chosen, perf_table *table);

#endif
