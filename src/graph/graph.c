#include "graph/graph.h"

/* Priorities fit the range that StarPU's priority schedulers take by default and more. */
#define MAX_PRIORITY 1000

static const char *const operator_names[DAGPOLE_N_OPERATORS] = {
    "GATHER", "P2M", "M2M", "M2L", "P2L", "L2L", "L2P", "M2P", "P2P", "SCATTER",
};

const char *dagpole_operator_name(dagpole_operator op) {
    return (unsigned)op < DAGPOLE_N_OPERATORS ? operator_names[op] : "unknown operator";
}

static const dp_body bodies[DAGPOLE_N_OPERATORS] = {
    [DAGPOLE_GATHER] = dp_body_gather,   [DAGPOLE_P2M] = dp_body_p2m, [DAGPOLE_M2M] = dp_body_m2m,
    [DAGPOLE_M2L] = dp_body_m2l,         [DAGPOLE_P2L] = dp_body_p2l, [DAGPOLE_L2L] = dp_body_l2l,
    [DAGPOLE_L2P] = dp_body_l2p,         [DAGPOLE_M2P] = dp_body_m2p, [DAGPOLE_P2P] = dp_body_p2p,
    [DAGPOLE_SCATTER] = dp_body_scatter,
};

static int is_near(int op) {
    return op == DAGPOLE_GATHER || op == DAGPOLE_P2P || op == DAGPOLE_SCATTER;
}

/* The stream's body: notes where the record's fields lie and calls the operator. The first access
 * is the field that the record writes. */
static dagpole_status run_record(void *argument, int64_t record, void *const *buffers, int worker) {
    const dp_graph *g = argument;
    const dp_record *r = &g->stream.records[record];
    dp_worker *w = &g->workers[worker];
    if (g->call.is_near_only && !is_near(r->op))
        return DAGPOLE_OK;
    for (int32_t a = 0; a < r->n_access; a++)
        w->where[g->stream.access_field[r->access_begin + a]] = buffers[a];
    int is_first = g->stream.access_mode[r->access_begin] == DP_WRITE;
    return bodies[r->op](g, &g->blocks[r->block], is_first, w);
}

static dagpole_status create_workers(dp_graph *g) {
    int n = g->in.n_workers;
    g->workers = dp_alloc_zero((size_t)n, sizeof *g->workers);
    if (!g->workers)
        return DAGPOLE_NO_MEMORY;
    for (int i = 0; i < n; i++) {
        DP_TRY(dp_scratch_create(g->in.operators, &g->workers[i].scratch));
        DP_TRY(dp_strip_create(g->in.isa, &g->workers[i].targets));
        DP_TRY(dp_strip_create(g->in.isa, &g->workers[i].sources));
        g->workers[i].where =
            dp_alloc_zero((size_t)g->stream.n_fields, sizeof *g->workers[i].where);
        if (!g->workers[i].where)
            return DAGPOLE_NO_MEMORY;
    }
    return DAGPOLE_OK;
}

static dagpole_status build(const dp_team *team, dp_graph *g) {
    g->cost = dp_cost_of(g->in.rates, g->in.kernel, g->in.precision);
    DP_TRY(dp_homes_build(g));
    DP_TRY(dp_far_build(team, g));
    DP_TRY(dp_near_build(team, g));
    dp_csr_free(&g->far_near);
    dp_csr_free(&g->far_w);
    DP_TRY(dp_blocks_cut(g));
    DP_TRY(dp_pairs_build(team, g));
    DP_TRY(dp_halo_build(team, g));
    DP_TRY(dp_fields_create(team, g));
    DP_TRY(dp_walk(g));
    DP_TRY(create_workers(g));
    g->stream.n_ops = DAGPOLE_N_OPERATORS;
    g->stream.op_names = operator_names;
    g->stream.body = run_record;
    g->stream.argument = g;
    return dp_stream_prioritise(&g->stream, MAX_PRIORITY);
}

dagpole_status dp_graph_create(const dp_team *team, const dp_graph_inputs *inputs,
                               dp_graph **graph) {
    *graph = NULL;
    dp_graph *g = dp_alloc_zero(1, sizeof *g);
    if (!g)
        return DAGPOLE_NO_MEMORY;
    g->in = *inputs;
    dagpole_status status = build(team, g);
    if (status == DAGPOLE_OK)
        *graph = g;
    else
        dp_graph_destroy(g);
    return status;
}

void dp_graph_destroy(dp_graph *g) {
    if (!g)
        return;
    for (int i = 0; g->workers && i < g->in.n_workers; i++) {
        dp_free(g->workers[i].where);
        dp_strip_free(&g->workers[i].sources);
        dp_strip_free(&g->workers[i].targets);
        dp_scratch_free(&g->workers[i].scratch);
    }
    dp_free(g->workers);
    dp_free(g->stream.access_mode);
    dp_free(g->stream.access_field);
    dp_free(g->stream.records);
    dp_fields_destroy(g);
    dp_free(g->halo_at);
    dp_csr_free(&g->halo_of);
    dp_csr_free(&g->halo);
    dp_free(g->pairs);
    dp_free(g->pair_begin);
    dp_csr_free(&g->x);
    dp_csr_free(&g->w);
    dp_csr_free(&g->near);
    dp_free(g->target_at);
    dp_free(g->source_at);
    dp_csr_free(&g->far_w);
    dp_csr_free(&g->far_near);
    dp_free(g->local_of);
    dp_free(g->block_of);
    dp_free(g->blocks);
    dp_free(g);
}

int64_t dp_graph_bytes(const dp_graph *g) {
    int64_t n_boxes = g->in.tree->n_boxes, bytes = (int64_t)sizeof *g;
    bytes += g->n_blocks * (int64_t)(sizeof *g->blocks + sizeof *g->pair_begin);
    bytes += dp_csr_bytes(&g->halo) + dp_csr_bytes(&g->halo_of) +
             (g->halo_at ? g->halo.offset[g->n_blocks] : 0) * (int64_t)sizeof *g->halo_at;
    bytes += dp_csr_bytes(&g->near) + dp_csr_bytes(&g->w) + dp_csr_bytes(&g->x);
    bytes += n_boxes * (int64_t)(sizeof *g->block_of + 2 * sizeof *g->source_at);
    bytes += (g->local_of ? n_boxes : 0) * (int64_t)sizeof *g->local_of;
    bytes += g->pair_begin[g->n_blocks] * (int64_t)sizeof *g->pairs;
    bytes += g->stream.n_records * (int64_t)sizeof *g->stream.records;
    bytes += g->stream.n_accesses * (int64_t)(sizeof(int32_t) + sizeof(uint8_t));
    for (int32_t f = 0; f < g->stream.n_fields; f++)
        bytes += (int64_t)(g->stream.fields[f].bytes + sizeof(dp_field));
    for (int i = 0; i < g->in.n_workers; i++)
        bytes += dp_scratch_bytes(&g->workers[i].scratch) + 2 * dp_strip_bytes() +
                 g->stream.n_fields * (int64_t)sizeof(void *);
    return bytes;
}
