/* M2L interactions of every block, sorted by folded position: all pairs of a position share their
 * two matrices, which are then read once per block. */
#include <stdlib.h>

#include "graph/graph.h"

static dp_pair make_pair(const dp_graph *g, int32_t target, int32_t source) {
    uint32_t t[3], s[3];
    int v[3];
    dp_morton_decode(g->in.tree->key[target], t);
    dp_morton_decode(g->in.tree->key[source], s);
    for (int d = 0; d < 3; d++)
        v[d] = (int)s[d] - (int)t[d];
    int folded = g->in.operators->offsets.index[abs(v[0])][abs(v[1])][abs(v[2])];
    return (dp_pair){source, target, (uint8_t)folded, (uint8_t)dp_reflection(v)};
}

/* Counting sort by folded position; within one, pairs stay in order of target and source. */
static dagpole_status fill_block(void *argument, int64_t b) {
    dp_graph *g = argument;
    const dp_csr *v = &g->in.lists->v;
    const dp_block *block = &g->blocks[b];
    int64_t next[DP_N_FOLDED + 1] = {0};
    dp_pair *pairs = g->pairs + g->pair_begin[b];
    if (g->pair_begin[b] == g->pair_begin[b + 1])
        return DAGPOLE_OK;
    for (int32_t t = block->box_begin; t < block->box_end; t++)
        for (int64_t i = v->offset[t]; i < v->offset[t + 1]; i++)
            next[make_pair(g, t, v->index[i]).folded + 1]++;
    for (int f = 0; f < DP_N_FOLDED; f++)
        next[f + 1] += next[f];
    for (int32_t t = block->box_begin; t < block->box_end; t++)
        for (int64_t i = v->offset[t]; i < v->offset[t + 1]; i++) {
            dp_pair pair = make_pair(g, t, v->index[i]);
            pairs[next[pair.folded]++] = pair;
        }
    return DAGPOLE_OK;
}

dagpole_status dp_pairs_build(const dp_team *team, dp_graph *g) {
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
    g->pairs = dp_alloc((size_t)g->pair_begin[g->n_blocks], sizeof *g->pairs);
    if (!g->pairs)
        return DAGPOLE_NO_MEMORY;
    return team->run(team, g->n_blocks, fill_block, g);
}
