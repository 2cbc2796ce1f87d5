/* M2L interactions of every block, sorted by position: all pairs of a folded position share their
 * two matrices, which are then read once per block, and those of one reflection their signs as
 * well. */
#include <stdlib.h>

#include "graph/graph.h"

typedef struct anchor {
    int32_t at[3];
} anchor;

typedef struct pairing {
    dp_graph *graph;
    anchor *anchors; /* per box, on its own level */
} pairing;

enum { CHUNK = 4096 };

static dagpole_status decode_chunk(void *argument, int64_t chunk) {
    const pairing *p = argument;
    const dp_tree *tree = p->graph->in.tree;
    int64_t end = (chunk + 1) * CHUNK;
    for (int64_t box = chunk * CHUNK; box < end && box < tree->n_boxes; box++) {
        uint32_t at[3];
        dp_morton_decode(tree->key[box], at);
        p->anchors[box] = (anchor){{(int32_t)at[0], (int32_t)at[1], (int32_t)at[2]}};
    }
    return DAGPOLE_OK;
}

static dp_pair make_pair(const pairing *p, int32_t target, int32_t source) {
    const int32_t *t = p->anchors[target].at, *s = p->anchors[source].at;
    int v[3] = {s[0] - t[0], s[1] - t[1], s[2] - t[2]};
    int folded = p->graph->in.operators->offsets.index[abs(v[0])][abs(v[1])][abs(v[2])];
    return (dp_pair){source, target, (uint8_t)folded, (uint8_t)dp_reflection(v)};
}

/* Counting sort by position; within one, pairs stay in order of target and source. Pairs are
 * made twice, to count and to place them: cheaper than to keep them unsorted in between. */
static dagpole_status fill_block(void *argument, int64_t b) {
    const pairing *p = argument;
    const dp_graph *g = p->graph;
    const dp_csr *v = &g->in.lists->v;
    const dp_block *block = &g->blocks[b];
    int64_t next[DP_N_KINDS + 1] = {0};
    dp_pair *pairs = g->pairs + g->pair_begin[b];
    if (g->pair_begin[b] == g->pair_begin[b + 1])
        return DAGPOLE_OK;
    for (int32_t t = block->box_begin; t < block->box_end; t++)
        for (int64_t i = v->offset[t]; i < v->offset[t + 1]; i++) {
            dp_pair pair = make_pair(p, t, v->index[i]);
            next[dp_pair_kind(&pair) + 1]++;
        }
    for (int kind = 0; kind < DP_N_KINDS; kind++)
        next[kind + 1] += next[kind];
    for (int32_t t = block->box_begin; t < block->box_end; t++)
        for (int64_t i = v->offset[t]; i < v->offset[t + 1]; i++) {
            dp_pair pair = make_pair(p, t, v->index[i]);
            pairs[next[dp_pair_kind(&pair)]++] = pair;
        }
    return DAGPOLE_OK;
}

static dagpole_status count(dp_graph *g) {
    const dp_csr *v = &g->in.lists->v;
    g->pair_begin = dp_alloc((size_t)g->n_blocks + 1, sizeof *g->pair_begin);
    if (!g->pair_begin)
        return DAGPOLE_NO_MEMORY;
    g->pair_begin[0] = 0;
    for (int32_t b = 0; b < g->n_blocks; b++) {
        const dp_block *block = &g->blocks[b];
        int64_t n = v->offset[block->box_end] - v->offset[block->box_begin];
        g->pair_begin[b + 1] = g->pair_begin[b] + (dp_graph_k(g, block->level) ? n : 0);
    }
    return DAGPOLE_OK;
}

dagpole_status dp_pairs_build(const dp_team *team, dp_graph *g) {
    int64_t n_boxes = g->in.tree->n_boxes;
    DP_TRY(count(g));
    pairing p = {.graph = g, .anchors = dp_alloc((size_t)n_boxes, sizeof *p.anchors)};
    g->pairs = dp_alloc((size_t)g->pair_begin[g->n_blocks], sizeof *g->pairs);
    dagpole_status status = p.anchors && g->pairs ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = team->run(team, (n_boxes + CHUNK - 1) / CHUNK, decode_chunk, &p);
    if (status == DAGPOLE_OK)
        status = team->run(team, g->n_blocks, fill_block, &p);
    dp_free(p.anchors);
    return status;
}
