/* The one walk of the FMM: for every block and operator that has work, a record with the fields it
 * touches. The order is valid sequentially: charges, then up, across, down, near, results. No
 * field has more than four writers, and M2L is alone on its block, so that the dependencies that
 * follow from the access modes leave the parallelism in. */
#include <string.h>

#include "graph/graph.h"

typedef struct walk {
    dp_graph *graph;
    int64_t record_capacity, access_capacity;
    int64_t *stamp;    /* per field: 1 + the record that names it last */
    dp_record *record; /* the one being made */
    double cost;
} walk;

static dagpole_status grow(void **array, int64_t n, int64_t *capacity, size_t size) {
    int64_t wanted = *capacity ? 2 * *capacity : 1024;
    void *larger = dp_realloc(*array, (size_t)n, (size_t)wanted, size);
    if (!larger)
        return DAGPOLE_NO_MEMORY;
    *array = larger;
    *capacity = wanted;
    return DAGPOLE_OK;
}

static dagpole_status begin_record(walk *w, dagpole_operator op, int32_t block) {
    dp_stream *stream = &w->graph->stream;
    if (stream->n_records == w->record_capacity)
        DP_TRY(grow((void **)&stream->records, stream->n_records, &w->record_capacity,
                    sizeof *stream->records));
    w->record = &stream->records[stream->n_records++];
    *w->record = (dp_record){.op = (int32_t)op, .block = block, .access_begin = stream->n_accesses};
    w->cost = 0;
    return DAGPOLE_OK;
}

static void end_record(walk *w) {
    w->record->cost = (float)(w->cost + 2e-6);
}

static dagpole_status add_access(walk *w, int32_t block, dp_quantity quantity, dp_access mode) {
    dp_stream *stream = &w->graph->stream;
    int32_t field = w->graph->blocks[block].field[quantity];
    if (field < 0 || w->stamp[field] == stream->n_records)
        return DAGPOLE_OK;
    w->stamp[field] = stream->n_records;
    if (stream->n_accesses == w->access_capacity) {
        int64_t capacity = w->access_capacity;
        DP_TRY(grow((void **)&stream->access_field, stream->n_accesses, &capacity,
                    sizeof *stream->access_field));
        DP_TRY(grow((void **)&stream->access_mode, stream->n_accesses, &w->access_capacity,
                    sizeof *stream->access_mode));
    }
    stream->access_field[stream->n_accesses] = field;
    stream->access_mode[stream->n_accesses++] = (uint8_t)mode;
    w->record->n_access++;
    return DAGPOLE_OK;
}

/* Reads of the fields that hold the boxes of a list. */
static dagpole_status read_boxes(walk *w, const dp_csr *list, int32_t box, dp_quantity quantity) {
    for (int64_t i = list->offset[box]; i < list->offset[box + 1]; i++)
        DP_TRY(add_access(w, w->graph->block_of[list->index[i]], quantity, DP_READ));
    return DAGPOLE_OK;
}

static int64_t list_size(const dp_csr *list, const dp_block *block) {
    return list->offset[block->box_end] - list->offset[block->box_begin];
}

static dagpole_status gather(walk *w, int32_t b) {
    const dp_block *block = &w->graph->blocks[b];
    if (!block->n_sources)
        return DAGPOLE_OK;
    DP_TRY(begin_record(w, DAGPOLE_GATHER, b));
    w->cost = w->graph->cost.point * (double)block->n_sources;
    DP_TRY(add_access(w, b, DP_SOURCES, DP_READ_WRITE));
    end_record(w);
    return DAGPOLE_OK;
}

static dagpole_status p2m(walk *w, int32_t b) {
    const dp_graph *g = w->graph;
    const dp_block *block = &g->blocks[b];
    if (!block->n_sources)
        return DAGPOLE_OK;
    const dp_operator_set *set = g->in.operators->level[block->level];
    DP_TRY(begin_record(w, DAGPOLE_P2M, b));
    w->cost = w->graph->cost.pair * (double)block->n_sources * dp_surface_points(&set->outer);
    DP_TRY(add_access(w, b, DP_MULTIPOLES, DP_WRITE));
    DP_TRY(add_access(w, b, DP_SOURCES, DP_READ));
    end_record(w);
    return DAGPOLE_OK;
}

/* The blocks of the children of a block's boxes follow one another: reads of their multipoles. */
static dagpole_status m2m(walk *w, int32_t b) {
    const dp_graph *g = w->graph;
    const dp_tree *tree = g->in.tree;
    const dp_block *block = &g->blocks[b];
    int k = dp_graph_k(g, block->level);
    int n_children = 0, has_p2m = block->n_sources > 0;
    if (block->level == tree->depth || !dp_graph_k(g, block->level + 1))
        return DAGPOLE_OK;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        n_children += dp_n_sources(tree, box) ? tree->n_children[box] : 0;
    if (!n_children)
        return DAGPOLE_OK;
    DP_TRY(begin_record(w, DAGPOLE_M2M, b));
    w->cost = w->graph->cost.flop * n_children * 2.0 * k * k;
    DP_TRY(add_access(w, b, DP_MULTIPOLES, has_p2m ? DP_READ_WRITE : DP_WRITE));
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        for (int i = 0; dp_n_sources(tree, box) && i < tree->n_children[box]; i++)
            DP_TRY(add_access(w, g->block_of[tree->child[box] + i], DP_MULTIPOLES, DP_READ));
    end_record(w);
    return DAGPOLE_OK;
}

/* The first operator that writes a block's locals sets them to zero: it asks for plain writing. */
static dagpole_status write_locals(walk *w, int32_t b) {
    dp_block *block = &w->graph->blocks[b];
    DP_TRY(add_access(w, b, DP_LOCALS, block->has_locals ? DP_READ_WRITE : DP_WRITE));
    block->has_locals = 1;
    return DAGPOLE_OK;
}

static dagpole_status m2l(walk *w, int32_t b) {
    const dp_graph *g = w->graph;
    int64_t n_pairs = g->pair_begin[b + 1] - g->pair_begin[b];
    const dp_block *block = &g->blocks[b];
    if (!n_pairs)
        return DAGPOLE_OK;
    DP_TRY(begin_record(w, DAGPOLE_M2L, b));
    w->cost = (double)n_pairs * dp_cost_m2l(&g->cost, g->in.operators->level[block->level]);
    DP_TRY(write_locals(w, b));
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        DP_TRY(read_boxes(w, &g->in.lists->v, box, DP_MULTIPOLES));
    end_record(w);
    return DAGPOLE_OK;
}

static dagpole_status p2l(walk *w, int32_t b) {
    const dp_graph *g = w->graph;
    const dp_block *block = &g->blocks[b];
    const dp_csr *x = &g->x;
    if (!list_size(x, block))
        return DAGPOLE_OK;
    DP_TRY(begin_record(w, DAGPOLE_P2L, b));
    int64_t n = 0;
    for (int64_t i = x->offset[block->box_begin]; i < x->offset[block->box_end]; i++)
        n += dp_n_sources(g->in.tree, x->index[i]);
    w->cost = w->graph->cost.pair * (double)n *
              dp_surface_points(&g->in.operators->level[block->level]->inner);
    DP_TRY(write_locals(w, b));
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        DP_TRY(read_boxes(w, x, box, DP_SOURCES));
    end_record(w);
    return DAGPOLE_OK;
}

static dagpole_status l2l(walk *w, int32_t b) {
    const dp_graph *g = w->graph;
    const dp_tree *tree = g->in.tree;
    const dp_block *block = &g->blocks[b];
    int k = dp_graph_k(g, block->level), has_parents = 0;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        has_parents |= dp_has_l2l(g, box);
    if (!has_parents)
        return DAGPOLE_OK;
    DP_TRY(begin_record(w, DAGPOLE_L2L, b));
    w->cost = w->graph->cost.flop * (block->box_end - block->box_begin) * 2.0 * k * k;
    DP_TRY(write_locals(w, b));
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (dp_has_l2l(g, box))
            DP_TRY(add_access(w, g->block_of[tree->parent[box]], DP_LOCALS, DP_READ));
    end_record(w);
    return DAGPOLE_OK;
}

/* The sums of a block's targets, and where the targets are, to add to. */
static dagpole_status add_targets(walk *w, int32_t b) {
    DP_TRY(add_access(w, b, DP_TARGETS, DP_READ_WRITE));
    return dp_graph_is_mutual(w->graph) ? add_access(w, b, DP_SOURCES, DP_READ) : DAGPOLE_OK;
}

/* Leaves of a row that the block's task sums: all, or where pairs are mutual those from the row's
 * own leaf on. */
static dagpole_status p2p(walk *w, int32_t b) {
    const dp_graph *g = w->graph;
    const dp_block *block = &g->blocks[b];
    const dp_csr *near = &g->near;
    int is_mutual = dp_graph_is_mutual(g);
    DP_TRY(begin_record(w, DAGPOLE_P2P, b));
    DP_TRY(add_access(w, b, DP_TARGETS, is_mutual ? DP_WRITE : DP_READ_WRITE));
    DP_TRY(add_access(w, b, DP_HALO, DP_WRITE));
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        for (int64_t i = near->offset[box]; i < near->offset[box + 1]; i++) {
            int32_t leaf = near->index[i];
            if (is_mutual && leaf < box)
                continue;
            w->cost += g->cost.near * (double)dp_n_targets(g->in.tree, box) *
                       (double)dp_n_sources(g->in.tree, leaf) * (is_mutual && leaf > box ? 2 : 1);
            DP_TRY(add_access(w, g->block_of[leaf], DP_SOURCES, DP_READ));
        }
    end_record(w);
    return DAGPOLE_OK;
}

static dagpole_status m2p(walk *w, int32_t b) {
    const dp_graph *g = w->graph;
    const dp_block *block = &g->blocks[b];
    const dp_csr *list = &g->w;
    double pairs = 0;
    if (!list_size(list, block))
        return DAGPOLE_OK;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        for (int64_t i = list->offset[box]; i < list->offset[box + 1]; i++)
            pairs += (double)dp_n_targets(g->in.tree, box) *
                     dp_surface_points(
                         &g->in.operators->level[g->in.tree->level[list->index[i]]]->inner);
    DP_TRY(begin_record(w, DAGPOLE_M2P, b));
    w->cost = w->graph->cost.pair * pairs;
    DP_TRY(add_targets(w, b));
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        DP_TRY(read_boxes(w, list, box, DP_MULTIPOLES));
    end_record(w);
    return DAGPOLE_OK;
}

/* Points of a surface that the leaf meets, 0 where it has no L2P. */
static int l2p_points(const dp_graph *g, int32_t leaf) {
    int32_t home = dp_local_of(g, leaf);
    if (!dp_tree_is_leaf(g->in.tree, leaf) || !dp_n_targets(g->in.tree, leaf) ||
        !dp_has_local(g, home))
        return 0;
    return dp_surface_points(&g->in.operators->level[g->in.tree->level[home]]->outer);
}

static dagpole_status l2p(walk *w, int32_t b) {
    const dp_graph *g = w->graph;
    const dp_block *block = &g->blocks[b];
    double pairs = 0;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        pairs += (double)dp_n_targets(g->in.tree, box) * l2p_points(g, box);
    if (!(pairs > 0))
        return DAGPOLE_OK;
    DP_TRY(begin_record(w, DAGPOLE_L2P, b));
    w->cost = w->graph->cost.pair * pairs;
    DP_TRY(add_targets(w, b));
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (l2p_points(g, box))
            DP_TRY(add_access(w, g->block_of[dp_local_of(g, box)], DP_LOCALS, DP_READ));
    end_record(w);
    return DAGPOLE_OK;
}

static dagpole_status scatter(walk *w, int32_t b) {
    DP_TRY(begin_record(w, DAGPOLE_SCATTER, b));
    const dp_csr *halos = &w->graph->halo_of;
    w->cost = w->graph->cost.point * (double)w->graph->blocks[b].n_targets;
    DP_TRY(add_access(w, b, DP_TARGETS, DP_READ_WRITE));
    for (int64_t i = halos->offset[b]; i < halos->offset[b + 1]; i++)
        DP_TRY(add_access(w, halos->index[i], DP_HALO, DP_READ));
    end_record(w);
    return DAGPOLE_OK;
}

static dagpole_status walk_level(walk *w, int level,
                                 dagpole_status (*const *operators)(walk *, int32_t), int n) {
    for (int i = 0; i < n; i++)
        for (int32_t b = 0; b < w->graph->n_blocks; b++)
            if (w->graph->blocks[b].level == level)
                DP_TRY(operators[i](w, b));
    return DAGPOLE_OK;
}

static dagpole_status walk_all(walk *w) {
    static dagpole_status (*const up[])(walk *, int32_t) = {p2m, m2m};
    static dagpole_status (*const down[])(walk *, int32_t) = {m2l, p2l, l2l};
    static dagpole_status (*const near[])(walk *, int32_t) = {p2p, m2p, l2p, scatter};
    const dp_graph *g = w->graph;
    for (int32_t b = 0; b < g->n_blocks; b++)
        DP_TRY(gather(w, b));
    for (int level = g->in.tree->depth; level >= 0; level--)
        if (dp_graph_k(g, level))
            DP_TRY(walk_level(w, level, up, 2));
    for (int level = 0; level <= g->in.tree->depth; level++)
        if (dp_graph_k(g, level))
            DP_TRY(walk_level(w, level, down, 3));
    for (int32_t b = 0; b < g->n_blocks; b++)
        for (int i = 0; g->blocks[b].n_targets && i < 4; i++)
            DP_TRY(near[i](w, b));
    return DAGPOLE_OK;
}

dagpole_status dp_walk(dp_graph *graph) {
    walk w = {.graph = graph};
    w.stamp = dp_alloc_zero((size_t)graph->stream.n_fields, sizeof *w.stamp);
    if (!w.stamp)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = walk_all(&w);
    dp_free(w.stamp);
    return status;
}
