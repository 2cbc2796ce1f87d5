#include "graph/graph.h"

#include "kernel/user_report.h"

/* Priorities fit the range that StarPU's priority schedulers take by default and more. */
#define MAX_PRIORITY 1000

const char *dagpole_operator_name(dagpole_operator op) {
    return (unsigned)op < DAGPOLE_N_OPERATORS ? dp_ops[op]->name : "unknown operator";
}

/* Whether a kernel of the caller's gave numbers to the step. */
static dagpole_status check_callbacks(const dp_graph *g, dp_user_work *user) {
    if (!user || !user->failure.is_set)
        return DAGPOLE_OK;
    user->failure.is_set = 0;
    return dp_user_report(user, g->problem.sources, g->problem.targets);
}

/* A step finds its own fields in its own order. */
static dagpole_status run_step(void *argument, int64_t i, void *const *buffers, int worker) {
    const dp_graph *g = argument;
    const dp_step *step = &g->walk.steps[i];
    void **fields = g->step_fields[worker];
    for (int32_t a = 0; step->from && a < step->n_fields; a++)
        fields[a] = buffers[step->from[a]];
    dagpole_status status = dp_ops[g->walk.step_op[i]]->run(
        step->work, step->from ? fields : buffers, &g->workers[worker]);
    return status == DAGPOLE_OK ? check_callbacks(g, g->workers[worker].scratch.user) : status;
}

/* On several nodes each has operators of its own, where the caches do not hold them. */
static dagpole_status copy_operators(dp_graph *g) {
    const dp_nodes *nodes = g->problem.nodes;
    if (dp_operators_bytes(g->problem.operators) <= g->problem.shared_cache_bytes)
        return DAGPOLE_OK;
    for (; g->n_copies < nodes->n; g->n_copies++)
        DP_TRY(dp_operators_copy(g->problem.operators, nodes->number[g->n_copies],
                                 &g->copy[g->n_copies]));
    return DAGPOLE_OK;
}

/* Strips of P2P: for the vectors that are summed at once. */
static dp_shape strip_shape(const dp_graph *g) {
    dp_shape shape = g->problem.shape;
    shape.n_vectors = dp_shape_at_once(&shape, DP_STRIP_VECTORS);
    return shape;
}

/* What a worker writes lies on its node, and so do the operators. */
static void settle_worker(dp_graph *g, int i) {
    const dp_nodes *nodes = g->problem.nodes;
    dp_worker *worker = &g->workers[i];
    int node = nodes->of_worker[i];
    for (int k = 0; k < g->n_copies; k++)
        if (nodes->number[k] == node)
            worker->operators = g->copy[k];
    (void)dp_binding_set(worker->scratch.columns, dp_scratch_bytes(&worker->scratch), node);
    (void)dp_binding_set(worker->targets.memory, dp_strip_bytes(&worker->targets.shape), node);
    (void)dp_binding_set(worker->sources.memory, dp_strip_bytes(&worker->sources.shape), node);
}

static dagpole_status create_workers(dp_graph *g) {
    int has_homes = dp_n_homes(&g->problem) > 1 && g->problem.nodes->of_worker;
    dp_shape shape = strip_shape(g);
    if (has_homes)
        DP_TRY(copy_operators(g));
    g->workers = dp_alloc_zero((size_t)g->n_workers, sizeof *g->workers);
    g->step_fields = dp_alloc_zero((size_t)g->n_workers, sizeof *g->step_fields);
    if (!g->workers || !g->step_fields)
        return DAGPOLE_NO_MEMORY;
    for (int i = 0; i < g->n_workers; i++) {
        g->step_fields[i] = dp_alloc((size_t)g->walk.most_fields, sizeof(void *));
        if (!g->step_fields[i])
            return DAGPOLE_NO_MEMORY;
        g->workers[i].call = &g->call;
        g->workers[i].operators = g->problem.operators;
        DP_TRY(dp_scratch_create(g->problem.operators, &g->problem.shape, &g->workers[i].scratch));
        DP_TRY(dp_strip_create(g->problem.isa, &shape, &g->workers[i].targets));
        DP_TRY(dp_strip_create(g->problem.isa, &shape, &g->workers[i].sources));
        if (has_homes)
            settle_worker(g, i);
    }
    return DAGPOLE_OK;
}

/* The stream shows what the walk has made; its records are set in order here. */
static dagpole_status make_stream(dp_graph *g) {
    g->stream.n_fields = g->layout.n_fields;
    g->stream.fields = g->memory.fields;
    g->stream.n_records = g->walk.n_records;
    g->stream.records = g->walk.records;
    g->stream.n_accesses = g->walk.n_accesses;
    g->stream.access_field = g->walk.access_field;
    g->stream.access_mode = g->walk.access_mode;
    g->stream.access_bytes = g->walk.access_bytes;
    g->stream.n_ops = DP_N_RECORD_OPS;
    g->stream.op_names = dp_record_names;
    g->stream.n_steps = g->walk.n_steps;
    g->stream.step_op = g->walk.step_op;
    g->stream.step_cost = g->walk.step_cost;
    g->stream.body = run_step;
    g->stream.argument = g;
    return dp_stream_prioritise(&g->stream, MAX_PRIORITY);
}

static dagpole_status build(const dp_team *team, const dp_interactions *interactions, dp_graph *g) {
    DP_TRY(dp_layout_build(team, &g->problem, interactions, &g->layout));
    DP_TRY(dp_walk_make(team, &g->layout, &g->walk));
    DP_TRY(dp_memory_create(team, &g->layout, &g->memory));
    dp_layout_shed(&g->layout);
    DP_TRY(create_workers(g));
    g->problem.nodes = NULL;
    return make_stream(g);
}

dagpole_status dp_graph_create(const dp_team *team, const dp_problem *problem, int n_workers,
                               dp_graph **graph) {
    dp_interactions interactions;
    *graph = NULL;
    dp_graph *g = dp_alloc_zero(1, sizeof *g);
    if (!g)
        return DAGPOLE_NO_MEMORY;
    g->problem = *problem;
    g->n_workers = n_workers;
    dagpole_status status = dp_interactions_build(team, &g->problem, &interactions);
    if (status == DAGPOLE_OK) {
        status = build(team, &interactions, g);
        g->n_unresolved = interactions.n_unresolved;
        dp_interactions_free(&interactions);
    }
    if (status == DAGPOLE_OK)
        *graph = g;
    else
        dp_graph_destroy(g);
    return status;
}

static dagpole_status outline(const dp_team *team, const dp_interactions *interactions,
                              dp_graph *g) {
    DP_TRY(dp_layout_build(team, &g->problem, interactions, &g->layout));
    DP_TRY(dp_walk_make(team, &g->layout, &g->walk));
    dp_walk_shed(&g->walk);
    DP_TRY(dp_memory_outline(&g->layout, &g->memory));
    dp_layout_shed(&g->layout);
    g->problem.nodes = NULL;
    return make_stream(g);
}

dagpole_status dp_graph_outline(const dp_team *team, const dp_problem *problem,
                                const dp_interactions *interactions, dp_graph **graph) {
    *graph = NULL;
    dp_graph *g = dp_alloc_zero(1, sizeof *g);
    if (!g)
        return DAGPOLE_NO_MEMORY;
    g->problem = *problem;
    dagpole_status status = outline(team, interactions, g);
    if (status == DAGPOLE_OK)
        *graph = g;
    else
        dp_graph_destroy(g);
    return status;
}

void dp_graph_destroy(dp_graph *g) {
    if (!g)
        return;
    for (int i = 0; g->workers && i < g->n_workers; i++) {
        dp_strip_free(&g->workers[i].sources);
        dp_strip_free(&g->workers[i].targets);
        dp_scratch_free(&g->workers[i].scratch);
    }
    for (int i = 0; g->step_fields && i < g->n_workers; i++)
        dp_free(g->step_fields[i]);
    dp_free(g->step_fields);
    dp_free(g->workers);
    for (int i = 0; i < g->n_copies; i++)
        dp_operators_copy_free(g->copy[i]);
    dp_memory_free(&g->memory);
    dp_walk_free(&g->walk);
    dp_layout_free(&g->layout);
    dp_free(g);
}

int64_t dp_graph_bytes(const dp_graph *g) {
    int64_t n_boxes = g->problem.tree->n_boxes, bytes = (int64_t)sizeof *g;
    dp_shape shape = strip_shape(g);
    bytes +=
        g->layout.blocks.n * (int64_t)(sizeof *g->layout.blocks.block + sizeof *g->layout.of_block);
    bytes += n_boxes * (int64_t)sizeof *g->layout.blocks.of_box;
    bytes += g->stream.n_records * (int64_t)sizeof *g->stream.records + g->walk.work_bytes;
    bytes += g->stream.n_steps *
             (int64_t)(sizeof *g->walk.steps + sizeof *g->walk.step_op + sizeof *g->walk.step_cost);
    bytes +=
        g->stream.n_accesses * (int64_t)(sizeof(int32_t) + sizeof(uint8_t) + sizeof *g->walk.from);
    bytes += g->walk.access_bytes ? g->stream.n_accesses * (int64_t)sizeof(int64_t) : 0;
    for (int32_t f = 0; f < g->stream.n_fields; f++)
        bytes += (int64_t)(g->stream.fields[f].bytes + sizeof(dp_field) + sizeof(dp_field_place));
    bytes += g->n_copies * dp_operators_bytes(g->problem.operators);
    for (int i = 0; i < g->n_workers; i++)
        bytes += dp_scratch_bytes(&g->workers[i].scratch) + 2 * dp_strip_bytes(&shape);
    return bytes;
}
