/* A problem as it would be cut for a machine, with the times that its records would take. */
#ifndef DP_FORECAST_CUT_H
#define DP_FORECAST_CUT_H

#include "forecast/schedule.h"
#include "graph/graph.h"

/* Seconds of a step over those of the model, by operator. */
typedef struct dp_pace {
    double factor[DAGPOLE_N_OPERATORS];
} dp_pace;

/* So many times the model's own seconds. */
dp_pace dp_pace_of_model(double factor);

/* From what a run of the graph took in its operators, all workers together. An operator for which
 * either says nothing keeps the model's seconds. */
dp_pace dp_pace_of_run(const dp_graph *graph, const double op_s[DAGPOLE_N_OPERATORS]);

typedef struct dp_forecast_request {
    const dp_team *team;
    const dp_problem *problem; /* with its lists; nodes are ignored, n_cores is this machine's */
    const dp_interactions *interactions;
    dp_pace pace;
    dp_site site;     /* submit_s: of one submitting thread */
    int n_submitters; /* threads that submit; 0 = as many as evaluations there have */
} dp_forecast_request;

typedef struct dp_cut {
    dp_graph *graph;   /* an outline; records' costs are the seconds by the request's pace */
    dp_csr successors; /* of its records */
    double work_s, span_s;
} dp_cut;

/* Blocks for so many cores, block_scale times as long as those of a plan there; homes on the
 * request's nodes. The caller frees it, also after a failure. BAD_ARGUMENT, NO_MEMORY. */
dagpole_status dp_cut_make(const dp_forecast_request *request, int n_cores, double block_scale,
                           dp_cut *cut);
void dp_cut_free(dp_cut *cut);

#endif
