/* Seconds of every stage between points and potentials. A plan is made, then each of its stages
 * again by itself, as api/plan.c and graph/graph.c call them, several times. */
#include "perf.h"

#include "api/internal.h"

enum { MOST_STAGES = 24 };

typedef struct stages {
    const dagpole_plan *plan;
    const perf_charged *charged;
    const dp_team *team;
    double begin; /* of the stage that runs */
    int run, n;   /* n: the stage that comes next */
    const char *name[MOST_STAGES];
    double seconds[MOST_STAGES][DP_MOST_PASSES];
} stages;

/* The end of a stage, which left this status, and the begin of the next one. */
static void lap(stages *s, const char *name, dagpole_status status) {
    s->name[s->n] = name;
    s->seconds[s->n++][s->run] = dp_clock() - s->begin;
    perf_try(status);
    s->begin = dp_clock();
}

static void time_tree(stages *s, int n_crit) {
    const dagpole_plan *plan = s->plan;
    const double *sources = s->charged->cloud.sources;
    int64_t n = s->charged->cloud.n_sources;
    dp_bounds bounds = dp_bounds_empty();
    dp_leaf_choice choice;
    dp_points points;
    dp_tree tree;
    s->begin = dp_clock();
    lap(s, "bounds", dp_bounds_widen(s->team, "sources", n, sources, &bounds));
    dp_leaf_request request = dp_plan_leaf_request(plan, &bounds, sources, NULL);
    request.n_crit = n_crit; /* the plan's is chosen by now */
    lap(s, "choice", dp_leaf_size_choose(&request, &choice));
    lap(s, "points", dp_points_build(s->team, &plan->tree.cube, n, sources, &points));
    lap(s, "tree", dp_tree_build(s->team, &plan->tree.cube, &points, NULL, plan->n_leaf, &tree));
    dp_tree_free(&tree);
    dp_points_free(&points);
}

static void time_operators(stages *s) {
    static const char *const names[] = {"operators_cold", "operators_warm"};
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators *operators;
    dp_operators_request request = dp_plan_operators_request(s->plan);
    for (int is_warm = 0; is_warm < 2; is_warm++) {
        request.cache_dir = is_warm ? s->plan->context->cache_dir : "";
        s->begin = dp_clock();
        lap(s, names[is_warm], dp_operators_create(s->team, &request, message, &operators));
        dp_operators_destroy(operators);
    }
}

/* What dp_graph_create does, one by one. */
static void time_graph_parts(stages *s, const dp_problem *problem) {
    dp_interactions interactions;
    dp_layout layout;
    dp_walk walk;
    dp_memory memory;
    s->begin = dp_clock();
    lap(s, "graph.interactions", dp_interactions_build(s->team, problem, &interactions));
    lap(s, "graph.layout", dp_layout_build(s->team, problem, &interactions, &layout));
    lap(s, "graph.walk", dp_walk_make(s->team, &layout, &walk));
    lap(s, "graph.fields", dp_memory_create(s->team, &layout, &memory));
    dp_memory_free(&memory);
    dp_walk_free(&walk);
    dp_layout_free(&layout);
    dp_interactions_free(&interactions);
}

static dagpole_status do_nothing(void *argument, int64_t step, void *const *buffers, int worker) {
    (void)argument, (void)step, (void)buffers, (void)worker;
    return DAGPOLE_OK;
}

static void time_graph(stages *s, double *potentials) {
    static const char *const runs[] = {"first", "evaluate", "submission"};
    dp_runtime *runtime = s->plan->context->runtime;
    dp_problem problem = s->plan->graph->problem;
    dp_lists lists;
    dp_graph *graph;
    dp_execution *execution;
    dp_profile profile;
    s->begin = dp_clock();
    lap(s, "lists", dp_plan_lists(s->team, s->plan, &lists));
    problem.lists = &lists;
    time_graph_parts(s, &problem);
    s->begin = dp_clock();
    lap(s, "graph", dp_graph_create(s->team, &problem, dp_runtime_n_slots(runtime), &graph));
    lap(s, "execution", dp_execution_create(runtime, &graph->stream, &execution));
    graph->call = dp_call_of_one(dp_n_parts(&problem.shape), s->charged->charges, potentials, NULL);
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            graph->stream.body = do_nothing;
        s->begin = dp_clock();
        lap(s, runs[i], dp_execution_run(execution, runs[i], &profile));
    }
    dp_execution_destroy(execution);
    dp_graph_destroy(graph);
    lap(s, "destroy", DAGPOLE_OK);
    dp_lists_free(&lists);
}

static void show(stages *s, const perf_scene *scene, perf_table *t) {
    const dp_stream *stream = &s->plan->graph->stream;
    for (int i = 0; i < s->n; i++) {
        perf_scene_row(scene, t);
        perf_cells(t, COUNT("n_crit", s->plan->options.n_crit),
                   COUNT("threads", dp_runtime_threads(s->plan->context->runtime)),
                   COUNT("tasks", stream->n_records), COUNT("fields", stream->n_fields),
                   WORD("stage", s->name[i]),
                   FIGURE("seconds", dp_figure_of(scene->chosen->runs, s->seconds[i])));
        perf_row_end(t);
    }
}

int bench_stages(const perf_choice *o, perf_table *t) {
    static stages s;
    for (perf_scene *scene = NULL; (scene = perf_next(o, scene)) != NULL;) {
        dagpole_context *context = perf_context(scene->threads, 0);
        perf_plan p = perf_plan_create(context, scene, 0, 0);
        s.plan = p.plan;
        s.charged = scene->charged;
        s.team = dp_runtime_team(p.plan->context->runtime);
        for (s.run = 0; s.run < o->runs; s.run++) {
            s.n = 0;
            time_tree(&s, scene->plan.n_crit);
            time_operators(&s);
            time_graph(&s, p.potentials);
        }
        perf_plan_check(&p, scene->charged);
        show(&s, scene, t);
        perf_plan_destroy(&p);
        dagpole_context_destroy(context);
    }
    return 0;
}
