/* The FMM of one plan as a stream of task records, ready to run: what interacts, the layout, the
 * walk, memory, and what a worker needs. */
#ifndef DP_GRAPH_GRAPH_H
#define DP_GRAPH_GRAPH_H

#include "graph/walk.h"
#include "layout/memory.h"

typedef struct dp_graph {
    dp_problem problem;
    dp_layout layout;     /* shed: what the tasks were planned from is gone */
    int64_t n_unresolved; /* of the caller's targets: their own digits are not held */
    dp_walk walk;
    dp_stream stream;
    dp_memory memory;
    int n_workers;
    dp_worker *workers;
    int n_copies; /* of the operators: one a NUMA node, where there are several */
    dp_operators *copy[DP_MOST_NODES];
    void ***step_fields; /* per worker: scratch for the fields of a step */
    dp_call call;        /* set before a run */
} dp_graph;

/* problem->nodes is used only while the graph is made. n_workers: that may run tasks at once.
 * BAD_ARGUMENT (blocks.h), NO_MEMORY. */
dagpole_status dp_graph_create(const dp_team *team, const dp_problem *problem, int n_workers,
                               dp_graph **graph);
/* The graph of what interacts without memory, workers and anything to run: its records with their
 * costs and priorities, its fields with their sizes and homes. For looking at how a problem would
 * be cut. problem->nodes need not exist on this machine. */
dagpole_status dp_graph_outline(const dp_team *team, const dp_problem *problem,
                                const dp_interactions *interactions, dp_graph **graph);
void dp_graph_destroy(dp_graph *graph);
int64_t dp_graph_bytes(const dp_graph *graph);

#endif
