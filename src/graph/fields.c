/* Memory of the fields and the coordinates in them. All fields lie in one array, block after block,
 * so that they share huge pages (base/memory.h). */
#include "graph/graph.h"

static size_t bytes_of(const dp_graph *g, const dp_block *block, dp_quantity quantity) {
    const dp_operator_set *set = g->in.operators->level[block->level];
    size_t expansions =
        set && set->k ? (size_t)set->k_padded * (size_t)(block->box_end - block->box_begin) : 0;
    switch (quantity) {
    case DP_SOURCES:
        return block->source_row ? (4 * (size_t)block->source_row + DP_PAD) * sizeof(double) : 0;
    case DP_TARGETS:
        return (dp_graph_is_mutual(g) ? 4 : 7) * (size_t)block->target_row * sizeof(double);
    case DP_HALO:
        return 4 * (size_t)block->halo_row * sizeof(double);
    default:
        return expansions * sizeof(double);
    }
}

static int32_t count_fields(dp_graph *g) {
    int32_t n = 0;
    for (int32_t b = 0; b < g->n_blocks; b++)
        for (int q = 0; q < DP_N_QUANTITIES; q++)
            if (bytes_of(g, &g->blocks[b], q))
                g->blocks[b].field[q] = n++;
    return n;
}

/* Three rows of coordinates in the order of the block's leaves; padding repeats nothing: it is
 * never read. */
static void copy_coordinates(const dp_graph *g, const dp_block *block, const dp_points *points,
                             const int64_t *begin, const int64_t *end, const int64_t *at,
                             int64_t row, double *data) {
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_tree_is_leaf(g->in.tree, box))
            continue;
        for (int64_t i = begin[box], to = at[box]; i < end[box]; i++, to++) {
            data[to] = points->x[i];
            data[row + to] = points->y[i];
            data[2 * row + to] = points->z[i];
        }
    }
}

/* The workers touch the coordinates first; everything else is first written by a task. */
static dagpole_status fill_block(void *argument, int64_t b) {
    dp_graph *g = argument;
    const dp_block *block = &g->blocks[b];
    const dp_tree *tree = g->in.tree;
    if (block->field[DP_SOURCES] >= 0)
        copy_coordinates(g, block, g->in.sources, tree->source_begin, tree->source_end,
                         g->source_at, block->source_row,
                         g->stream.fields[block->field[DP_SOURCES]].data);
    if (block->field[DP_TARGETS] >= 0 && !dp_graph_is_mutual(g))
        copy_coordinates(g, block, g->in.targets, tree->target_begin, tree->target_end,
                         g->target_at, block->target_row,
                         (double *)g->stream.fields[block->field[DP_TARGETS]].data +
                             4 * block->target_row);
    return DAGPOLE_OK;
}

dagpole_status dp_fields_create(const dp_team *team, dp_graph *g) {
    int32_t n = count_fields(g);
    g->stream.fields = dp_alloc_zero((size_t)n, sizeof *g->stream.fields);
    if (!g->stream.fields)
        return DAGPOLE_NO_MEMORY;
    g->stream.n_fields = n;
    size_t size = 0;
    for (int32_t b = 0; b < g->n_blocks; b++)
        for (int q = 0; q < DP_N_QUANTITIES; q++) {
            if (g->blocks[b].field[q] < 0)
                continue;
            dp_field *field = &g->stream.fields[g->blocks[b].field[q]];
            field->bytes = bytes_of(g, &g->blocks[b], q);
            size += (field->bytes + 63) / 64 * 64;
        }
    g->field_memory = dp_alloc(size, 1);
    if (!g->field_memory)
        return DAGPOLE_NO_MEMORY;
    char *next = g->field_memory;
    for (int32_t f = 0; f < n; f++) { /* numbered block by block */
        g->stream.fields[f].data = next;
        next += (g->stream.fields[f].bytes + 63) / 64 * 64;
    }
    return team->run(team, g->n_blocks, fill_block, g);
}

void dp_fields_destroy(dp_graph *g) {
    dp_free(g->field_memory);
    dp_free(g->stream.fields);
    g->field_memory = NULL;
    g->stream.fields = NULL;
}
