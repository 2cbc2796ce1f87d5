#include "forecast/cut.h"

dp_pace dp_pace_of_model(double factor) {
    dp_pace pace;
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        pace.factor[op] = factor;
    return pace;
}

dp_pace dp_pace_of_run(const dp_graph *graph, const double op_s[DAGPOLE_N_OPERATORS]) {
    dp_pace pace = dp_pace_of_model(1);
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++) {
        double model_s = graph->walk.op_work[op].cost;
        if (op_s[op] > 0 && model_s > 0)
            pace.factor[op] = op_s[op] / model_s;
    }
    return pace;
}

/* As many workers on each as the site has. What a task uses of its fields is planned where there
 * are homes alone: a single node has a neighbour without workers, at which nothing is at home. */
static dp_nodes nodes_of(const dp_site *site) {
    dp_nodes nodes = {.n = site->n_nodes > 1 ? site->n_nodes : 2};
    for (int i = 0; i < nodes.n; i++)
        nodes.number[i] = i;
    for (int w = 0; w < site->n_workers; w++)
        nodes.n_workers[dp_site_node(site, w)]++;
    return nodes;
}

/* Their priorities stay the model's: an evaluation knows no others. */
static void set_costs(const dp_pace *pace, dp_graph *graph) {
    const dp_walk *walk = &graph->walk;
    for (int64_t i = 0; i < walk->n_records; i++) {
        dp_record *record = &walk->records[i];
        double seconds = 0;
        for (int64_t step = record->step_begin; step < record->step_begin + record->n_steps; step++)
            seconds += walk->step_cost[step] * pace->factor[walk->step_op[step]];
        record->cost = (float)seconds;
    }
}

dagpole_status dp_cut_make(const dp_forecast_request *request, int n_cores, double block_scale,
                           dp_cut *cut) {
    dp_nodes nodes = nodes_of(&request->site);
    dp_problem problem = *request->problem;
    problem.n_cores = n_cores;
    problem.nodes = &nodes;
    problem.block_scale = block_scale;
    *cut = (dp_cut){0};
    DP_TRY(dp_graph_outline(request->team, &problem, request->interactions, &cut->graph));
    set_costs(&request->pace, cut->graph);
    DP_TRY(dp_stream_span(&cut->graph->stream, &cut->work_s, &cut->span_s));
    return dp_schedule_successors(&cut->graph->stream, &cut->successors);
}

void dp_cut_free(dp_cut *cut) {
    dp_csr_free(&cut->successors);
    dp_graph_destroy(cut->graph);
    *cut = (dp_cut){0};
}
