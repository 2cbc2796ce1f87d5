/* One case: a cloud, options, a number of runs; in a process of its own, so that its peak memory is
 * its own and each case meets a runtime just started. */
#ifndef DP_PERF_CASE_H
#define DP_PERF_CASE_H

#include "common.h"

typedef struct perf_case {
    const dagpole_cloud *cloud;
    const perf_reference *reference; /* with gradients where the case has them */
    dagpole_plan_options plan;
    int threads;
    int n_plans;       /* made, evaluated and destroyed one after the other */
    int n_evaluations; /* of each plan after its first one, at least 1 */
    int has_gradients; /* each evaluation once without and once with gradients */
} perf_case;

/* Seconds, over all plans; operators were in the cache, unless nothing can be written there. */
typedef struct perf_outcome {
    perf_figure setup;     /* dagpole_plan_create */
    perf_figure operators; /* loading them, a part of setup */
    perf_figure first;     /* the first evaluation of a plan */
    perf_figure evaluate;  /* the others */
    perf_figure gradients; /* evaluations with gradients, of a plan made for them */
    perf_figure total;     /* setup and first evaluation */
    perf_error error;
    int64_t peak_bytes; /* resident, input and results included; of the first plan, before one for
                           gradients is made */
    int is_warm;        /* the first plan found its operators in the cache */
    dagpole_report report; /* of the last evaluation without gradients */
    int gradient_n_crit;   /* leaf size of the plan for gradients */
} perf_outcome;

/* 0 where the case failed; the sentence is on stderr then. A result that is worse than what digits
 * promise is a failure, unless an expert chose the parameters. */
int perf_case_run(const perf_case *c, perf_outcome *outcome);

/* A case's options and figures, inside an object that is open. */
void perf_case_json(cli_json *json, const perf_case *c, const perf_outcome *outcome);

#endif
