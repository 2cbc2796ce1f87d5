/* Near pairs across blocks, computed once for both sides: the task of the earlier block sums them.
 * What they add to the leaves of later blocks goes into a halo, a field of its own that no other
 * task writes, and the later block's SCATTER adds the halos that hold some of its leaves in the
 * order of their blocks. So a field keeps few writers, and sums their order. */
#include <string.h>

#include "graph/graph.h"

/* The leaves of a block's halo, in order. */
typedef struct halo_leaves {
    int64_t n;
    int32_t *leaf;
} halo_leaves;

typedef struct building {
    dp_graph *graph;
    halo_leaves *of_block;
} building;

static int32_t last_near(const dp_graph *g, const dp_block *block) {
    int32_t last = block->box_end - 1;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (g->near.offset[box] < g->near.offset[box + 1]) {
            int32_t leaf = g->near.index[g->near.offset[box + 1] - 1];
            last = leaf > last ? leaf : last;
        }
    return last;
}

/* Near leaves behind the block, each once: marked, then listed in order. */
static dagpole_status list_block(void *argument, int64_t b) {
    const building *build = argument;
    const dp_graph *g = build->graph;
    const dp_block *block = &g->blocks[b];
    halo_leaves *halo = &build->of_block[b];
    int32_t begin = block->box_end, end = last_near(g, block) + 1;
    uint8_t *is_near = dp_alloc_zero((size_t)(end - begin), 1);
    if (!is_near)
        return DAGPOLE_NO_MEMORY;
    for (int64_t i = g->near.offset[block->box_begin]; i < g->near.offset[begin]; i++)
        if (g->near.index[i] >= begin) {
            uint8_t *mark = &is_near[g->near.index[i] - begin];
            halo->n += !*mark;
            *mark = 1;
        }
    halo->leaf = dp_alloc((size_t)halo->n, sizeof *halo->leaf);
    if (halo->leaf)
        for (int32_t leaf = begin, n = 0; leaf < end; leaf++)
            if (is_near[leaf - begin])
                halo->leaf[n++] = leaf;
    dp_free(is_near);
    return halo->leaf ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

/* One CSR of them all, and where their points lie in the halos' rows. */
static dagpole_status join(dp_graph *g, const halo_leaves *of_block) {
    dp_csr *halo = &g->halo;
    for (int32_t b = 0; b < g->n_blocks; b++)
        halo->offset[b + 1] = halo->offset[b] + of_block[b].n;
    halo->index = dp_alloc((size_t)halo->offset[g->n_blocks], sizeof *halo->index);
    g->halo_at = dp_alloc((size_t)halo->offset[g->n_blocks], sizeof *g->halo_at);
    if (!halo->index || !g->halo_at)
        return DAGPOLE_NO_MEMORY;
    for (int32_t b = 0; b < g->n_blocks; b++) {
        int64_t n_points = 0, begin = halo->offset[b];
        for (int64_t i = 0; i < of_block[b].n; i++) {
            halo->index[begin + i] = of_block[b].leaf[i];
            g->halo_at[begin + i] = n_points;
            n_points += dp_n_targets(g->in.tree, of_block[b].leaf[i]);
        }
        g->blocks[b].halo_row = DP_PADDED(n_points);
    }
    return DAGPOLE_OK;
}

/* Calls visit for each pair of a block and a later one that its halo has leaves of. */
static void for_each_pair(dp_graph *g, void (*visit)(dp_graph *, int32_t from, int32_t to)) {
    for (int32_t b = 0; b < g->n_blocks; b++)
        for (int64_t i = g->halo.offset[b]; i < g->halo.offset[b + 1]; i++) {
            int32_t to = g->block_of[g->halo.index[i]];
            if (i == g->halo.offset[b] || to != g->block_of[g->halo.index[i - 1]])
                visit(g, b, to);
        }
}

static void count_pair(dp_graph *g, int32_t from, int32_t to) {
    (void)from;
    g->halo_of.offset[to + 1]++;
}

/* offset[to] is where the row's next entry goes, until all rows have moved by one. */
static void put_pair(dp_graph *g, int32_t from, int32_t to) {
    g->halo_of.index[g->halo_of.offset[to]++] = from;
}

/* halo_of: for each block the earlier ones whose halos hold leaves of it, in order. */
static dagpole_status transpose(dp_graph *g) {
    dp_csr *of = &g->halo_of;
    for_each_pair(g, count_pair);
    for (int32_t b = 0; b < g->n_blocks; b++)
        of->offset[b + 1] += of->offset[b];
    of->index = dp_alloc((size_t)of->offset[g->n_blocks], sizeof *of->index);
    if (!of->index)
        return DAGPOLE_NO_MEMORY;
    for_each_pair(g, put_pair);
    memmove(of->offset + 1, of->offset, (size_t)g->n_blocks * sizeof *of->offset);
    of->offset[0] = 0;
    return DAGPOLE_OK;
}

dagpole_status dp_halo_build(const dp_team *team, dp_graph *g) {
    g->halo.n_rows = g->halo_of.n_rows = g->n_blocks;
    g->halo.offset = dp_alloc_zero((size_t)g->n_blocks + 1, sizeof *g->halo.offset);
    g->halo_of.offset = dp_alloc_zero((size_t)g->n_blocks + 1, sizeof *g->halo_of.offset);
    if (!g->halo.offset || !g->halo_of.offset)
        return DAGPOLE_NO_MEMORY;
    if (!dp_graph_is_mutual(g))
        return DAGPOLE_OK;
    building build = {g, dp_alloc_zero((size_t)g->n_blocks, sizeof *build.of_block)};
    dagpole_status status = build.of_block ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = team->run(team, g->n_blocks, list_block, &build);
    if (status == DAGPOLE_OK)
        status = join(g, build.of_block);
    if (status == DAGPOLE_OK)
        status = transpose(g);
    for (int32_t b = 0; build.of_block && b < g->n_blocks; b++)
        dp_free(build.of_block[b].leaf);
    dp_free(build.of_block);
    return status;
}
