/* Seconds of every stage between points and potentials, each called by itself, over several runs.
 */
#include "common.h"

#include "geometry/chunk.h"
#include "geometry/sort.h"
#include "graph/graph.h"
#include "layout/memory.h"
#include "model/leaf_size.h"
#include "platform/machine.h"
#include "runtime/runtime.h"
#include "tree/internals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum stage {
    BOUNDS,
    CHOICE,
    KEYS,
    SORT,
    POINTS,
    SPLIT,
    BALANCE,
    TREE,
    LISTS,
    COLD,
    WARM,
    INTERACTIONS,
    LAYOUT,
    WALK,
    FIELDS,
    GRAPH,
    EXECUTION,
    FIRST,
    EVALUATE,
    SUBMISSION,
    DESTROY,
    N_STAGES
} stage;

static const struct {
    const char *name, *text;
} names[N_STAGES] = {
    [BOUNDS] = {"bounds", "bounding box"},
    [CHOICE] = {"choice", "root cube and leaf size"},
    [KEYS] = {"keys", "(part of points) Morton keys"},
    [SORT] = {"sort", "(part of points) keys sorted"},
    [POINTS] = {"points", "keys, sort, merge, copy"},
    [SPLIT] = {"split", "(part of tree) boxes split"},
    [BALANCE] = {"balance", "(part of tree) 2:1 balance"},
    [TREE] = {"tree", "split, balance, boxes"},
    [LISTS] = {"lists", "U, V, W, X"},
    [COLD] = {"operators_cold", "built"},
    [WARM] = {"operators_warm", "from the cache"},
    [INTERACTIONS] = {"interactions", "(part of graph) what meets what"},
    [LAYOUT] = {"layout", "(part of graph) blocks, halos, fields"},
    [WALK] = {"walk", "(part of graph) tasks planned"},
    [FIELDS] = {"fields", "(part of graph) memory, coordinates"},
    [GRAPH] = {"graph", "all of its parts, scratch of workers"},
    [EXECUTION] = {"execution", "tasks for the runtime"},
    [FIRST] = {"first", "first evaluation"},
    [EVALUATE] = {"evaluate", "later evaluation"},
    [SUBMISSION] = {"submission", "the graph with empty bodies"},
    [DESTROY] = {"destroy", "everything freed"},
};

typedef struct pipeline {
    dagpole_plan_options plan;
    int n_crit; /* asked for or chosen */
    dp_accuracy accuracy;
    dagpole_cloud cloud;
    dp_runtime *runtime;
    const dp_team *team;
    dagpole_machine machine;
    dp_points points;
    dp_tree tree;
    dp_lists lists;
    dp_operators *operators;
    dp_graph *graph;
    dp_execution *execution;
    double *potentials;
    int n_runs;
    double seconds[N_STAGES][PERF_MAX_RUNS];
} pipeline;

/* Notes the seconds since *clock as this run's of a stage. */
static void lap(pipeline *p, stage s, double *clock) {
    double now = dp_clock();
    p->seconds[s][p->n_runs] = now - *clock;
    *clock = dp_clock();
}

/* ---- points and tree -------------------------------------------------------------------- */

typedef struct keying {
    const dp_cube *cube;
    const double *points;
    uint64_t *key;
    int64_t *index;
} keying;

static dagpole_status make_keys(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    keying *k = argument;
    (void)chunk;
    for (int64_t i = begin; i < end; i++) {
        double x[3];
        for (int d = 0; d < 3; d++)
            x[d] = dp_cube_scale(k->cube, k->points[3 * i + d]);
        k->key[i] = dp_morton_of_point(k->cube, x);
        k->index[i] = i;
    }
    return DAGPOLE_OK;
}

static void time_keys(pipeline *p, const dp_cube *cube) {
    int64_t n = p->cloud.n_sources;
    keying k = {cube, p->cloud.sources, dp_alloc((size_t)n, 8), dp_alloc((size_t)n, 8)};
    if (!k.key || !k.index)
        perf_try(DAGPOLE_NO_MEMORY);
    double clock = dp_clock();
    perf_try(dp_chunk_for(p->team, n, 4096, make_keys, &k));
    lap(p, KEYS, &clock);
    perf_try(dp_sort(p->team, n, k.key, k.index));
    lap(p, SORT, &clock);
    for (int64_t i = 1; i < n; i++)
        perf_require(k.key[i - 1] <= k.key[i], "the sort");
    dp_free(k.key);
    dp_free(k.index);
}

static void time_internals(pipeline *p, const dp_cube *cube) {
    dp_internals internals = {0};
    double clock = dp_clock();
    perf_try(dp_internals_split(p->team, p->points.n, p->points.key, p->n_crit, cube->max_depth,
                                &internals));
    lap(p, SPLIT, &clock);
    perf_try(dp_internals_balance(p->team, p->points.n, p->points.key, &internals));
    lap(p, BALANCE, &clock);
    dp_internals_free(&internals);
}

static dp_cube choose_cube(pipeline *p, const dp_bounds *bounds) {
    dp_leaf_choice choice;
    dp_leaf_request request = {.bounds = *bounds,
                               .n_sources = p->cloud.n_sources,
                               .sources = p->cloud.sources,
                               .kernel = dp_kernel_get(p->plan.kernel),
                               .accuracy = p->accuracy,
                               .rates = dp_rates_built_in(dp_isa_best())};
    p->n_crit = p->plan.n_crit;
    if (p->n_crit)
        return dp_cube_fit(bounds, 1);
    perf_try(dp_leaf_size_choose(&request, &choice));
    p->n_crit = choice.n_crit;
    return choice.cube;
}

static void time_tree(pipeline *p) {
    dp_bounds bounds = dp_bounds_empty();
    double clock = dp_clock();
    perf_try(dp_bounds_widen(p->team, "sources", p->cloud.n_sources, p->cloud.sources, &bounds));
    lap(p, BOUNDS, &clock);
    dp_cube cube = choose_cube(p, &bounds);
    lap(p, CHOICE, &clock);
    time_keys(p, &cube);
    clock = dp_clock();
    perf_try(dp_points_build(p->team, &cube, p->cloud.n_sources, p->cloud.sources, &p->points));
    lap(p, POINTS, &clock);
    time_internals(p, &cube);
    clock = dp_clock();
    perf_try(dp_tree_build(p->team, &cube, &p->points, NULL, p->n_crit, &p->tree));
    lap(p, TREE, &clock);
    perf_try(dp_lists_build(p->team, &p->tree, &p->lists));
    lap(p, LISTS, &clock);
}

/* ---- operators and graph ---------------------------------------------------------------- */

static double scaled_lambda(const pipeline *p) {
    return ldexp(p->plan.lambda, p->tree.cube.exponent);
}

static void time_operators(pipeline *p) {
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators_request request = {.kernel = dp_kernel_get(p->plan.kernel),
                                    .lambda = scaled_lambda(p),
                                    .side = p->tree.cube.side,
                                    .depth = p->tree.depth,
                                    .accuracy = p->accuracy,
                                    .isa = dp_isa_best(),
                                    .cache_dir = ""};
    double clock = dp_clock();
    perf_try(dp_operators_create(p->team, &request, message, &p->operators));
    lap(p, COLD, &clock);
    dp_operators_destroy(p->operators);
    request.cache_dir = p->machine.cache_dir;
    if (p->n_runs == 0) { /* fills the cache */
        perf_try(dp_operators_create(p->team, &request, message, &p->operators));
        dp_operators_destroy(p->operators);
    }
    clock = dp_clock();
    perf_try(dp_operators_create(p->team, &request, message, &p->operators));
    lap(p, WARM, &clock);
}

static dp_problem make_problem(const pipeline *p) {
    dp_machine machine;
    dp_precision precision = p->accuracy.precision;
    const dp_kernel *kernel = dp_kernel_get(p->plan.kernel);
    perf_try(dp_machine_get(&machine));
    return (dp_problem){.tree = &p->tree,
                        .lists = &p->lists,
                        .sources = &p->points,
                        .targets = &p->points,
                        .operators = p->operators,
                        .kernel = kernel,
                        .isa = dp_isa_best(),
                        .cost = dp_cost_of(dp_rates_built_in(dp_isa_best()), kernel, precision),
                        .lambda = scaled_lambda(p),
                        .precision = precision,
                        .least = dp_precision_closest(precision),
                        .n_cores = machine.cores};
}

/* The stages of dp_graph_create one by one; what they make is thrown away. */
static void time_graph_parts(pipeline *p) {
    dp_problem problem = make_problem(p);
    dp_interactions interactions;
    dp_layout layout;
    dp_walk walk;
    dp_memory memory;
    double clock = dp_clock();
    perf_try(dp_interactions_build(p->team, &problem, &interactions));
    lap(p, INTERACTIONS, &clock);
    perf_try(dp_layout_build(p->team, &problem, &interactions, &layout));
    lap(p, LAYOUT, &clock);
    perf_try(dp_walk_make(p->team, &layout, &walk));
    lap(p, WALK, &clock);
    perf_try(dp_memory_create(p->team, &layout, &memory));
    lap(p, FIELDS, &clock);
    dp_memory_free(&memory);
    dp_walk_free(&walk);
    dp_layout_free(&layout);
    dp_interactions_free(&interactions);
}

static dagpole_status do_nothing(void *argument, int64_t record, void *const *buffers, int worker) {
    (void)argument, (void)record, (void)buffers, (void)worker;
    return DAGPOLE_OK;
}

static void time_graph(pipeline *p) {
    dp_problem problem = make_problem(p);
    dp_profile profile;
    time_graph_parts(p);
    double clock = dp_clock();
    perf_try(dp_graph_create(p->team, &problem, dp_runtime_n_slots(p->runtime), &p->graph));
    lap(p, GRAPH, &clock);
    perf_try(dp_execution_create(p->runtime, &p->graph->stream, &p->execution));
    lap(p, EXECUTION, &clock);
    p->graph->call = (dp_call){.charges = p->cloud.charges, .potentials = p->potentials};
    perf_try(dp_execution_run(p->execution, "evaluate", &profile));
    lap(p, FIRST, &clock);
    perf_try(dp_execution_run(p->execution, "evaluate", &profile));
    lap(p, EVALUATE, &clock);
    p->graph->stream.body = do_nothing;
    perf_try(dp_execution_run(p->execution, "submission", &profile));
    lap(p, SUBMISSION, &clock);
}

static void time_destroy(pipeline *p) {
    double clock = dp_clock();
    dp_execution_destroy(p->execution);
    dp_graph_destroy(p->graph);
    dp_operators_destroy(p->operators);
    dp_lists_free(&p->lists);
    dp_tree_free(&p->tree);
    dp_points_free(&p->points);
    lap(p, DESTROY, &clock);
}

/* ---- report ----------------------------------------------------------------------------- */

static double check(const pipeline *p, int digits) {
    perf_reference reference = perf_reference_create(&p->plan, &p->cloud, 300, 0);
    double error = perf_error_of(&reference, NULL, NULL, p->potentials, NULL).potential;
    perf_reference_free(&reference);
    if (!(error <= pow(10, -digits)))
        perf_fail("error of the potentials is %.2e at %d digits", error, digits);
    return error;
}

static void report(pipeline *p, const char *distribution, int is_json, double error) {
    cli_json json;
    if (is_json) {
        perf_json_begin(&json, "stages");
        cli_json_text(&json, "distribution", distribution);
        cli_json_int(&json, "n", p->cloud.n_sources);
        cli_json_int(&json, "digits", p->plan.digits);
        cli_json_int(&json, "n_crit", p->n_crit);
        cli_json_int(&json, "threads", dp_runtime_threads(p->runtime));
        cli_json_real(&json, "error", error);
        cli_json_open(&json, "seconds");
    } else {
        printf("%s, %lld points, %d digits, n_crit %d, %d workers, %d runs, error %.1e\n",
               distribution, (long long)p->cloud.n_sources, p->plan.digits, p->n_crit,
               dp_runtime_threads(p->runtime), p->n_runs, error);
    }
    for (int s = 0; s < N_STAGES; s++) {
        perf_figure f = perf_figure_of(p->n_runs, p->seconds[s]);
        if (is_json)
            perf_json_figure(&json, names[s].name, f);
        else
            printf("  %-16s %s s   %s\n", names[s].name, perf_text(f), names[s].text);
    }
    if (is_json) {
        cli_json_close(&json);
        cli_json_close(&json);
    }
}

static void run(pipeline *p, const char *distribution, int64_t n, int threads, int n_runs) {
    p->cloud = perf_cloud(distribution, n, "mixed", 1);
    p->potentials = perf_alloc((size_t)n, sizeof *p->potentials);
    p->machine.size = sizeof p->machine;
    perf_try(dagpole_machine_query(NULL, &p->machine));
    p->accuracy = dp_accuracy_for_digits(p->plan.digits);
    perf_try(dp_runtime_create(&(dp_runtime_options){.threads = threads}, &p->runtime));
    p->team = dp_runtime_team(p->runtime);
    for (p->n_runs = 0; p->n_runs < n_runs; p->n_runs++) {
        time_tree(p);
        time_operators(p);
        time_graph(p);
        time_destroy(p);
    }
}

static int stages_main(const cli_command *self, int argc, char **argv) {
    const char *distribution = "cube", *operand;
    perf_kernel kernel = {.name = "laplace"};
    int64_t n = 300000;
    int threads = 0, n_runs = 5, is_json = 0;
    static pipeline p;
    dagpole_plan_options_init(&p.plan);
    const cli_option options[] = {
        {"--distribution", CLI_CHOICE, &distribution, "cube|sphere|plummer|ellipsoid",
         "cube by default", 0, 0},
        {"--n", CLI_COUNT, &n, "N", "points, 3e5 by default", 1, 1e9},
        {"--digits", CLI_INT, &p.plan.digits, "D", "correct digits", 3, 12},
        {"--n-crit", CLI_INT, &p.plan.n_crit, "N", "most points in a leaf", 1, 100000},
        PERF_KERNEL_OPTIONS(kernel),
        {"--threads", CLI_INT, &threads, "T", "workers; 0 = all", 0, 65536},
        {"--runs", CLI_INT, &n_runs, "K", "runs of everything", 1, PERF_MAX_RUNS},
        {"--json", CLI_FLAG, &is_json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code == CLI_PROCEED)
        code = perf_kernel_set(self, &kernel, &p.plan);
    if (code != CLI_PROCEED)
        return code;
    run(&p, distribution, n, threads, n_runs);
    report(&p, distribution, is_json, check(&p, p.plan.digits));
    dp_runtime_destroy(p.runtime);
    dagpole_cloud_free(&p.cloud);
    free(p.potentials);
    return EXIT_SUCCESS;
}

static const cli_command command = {
    "perf/stages", NULL, "Seconds of every stage between points and potentials.", stages_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
