#include "layout/memory.h"

#include "platform/machine.h"

typedef struct filling {
    const dp_layout *layout;
    const dp_field *fields;
} filling;

/* Points of a leaf, and where its first lies in its block's rows. */
typedef struct point_ranges {
    const dp_points *points;
    const int64_t *begin, *end, *at;
} point_ranges;

/* Three rows of coordinates in the order of the block's leaves. Padding is never read. */
static void copy_coordinates(const dp_tree *tree, const dp_block *block, const point_ranges *from,
                             int64_t row, double *data) {
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (!dp_tree_is_leaf(tree, box))
            continue;
        int64_t to = from->at[box];
        for (int64_t i = from->begin[box]; i < from->end[box]; i++, to++) {
            data[to] = from->points->x[i];
            data[row + to] = from->points->y[i];
            data[2 * row + to] = from->points->z[i];
        }
    }
}

static dagpole_status fill_block(void *argument, int64_t b) {
    const filling *f = argument;
    const dp_layout *layout = f->layout;
    const dp_problem *p = layout->problem;
    const dp_tree *tree = p->tree;
    const dp_block *block = &layout->blocks.block[b];
    int32_t sources = layout->of_block[b][DP_SOURCES], targets = layout->of_block[b][DP_TARGETS];
    point_ranges of_sources = {p->sources, tree->source_begin, tree->source_end,
                               layout->blocks.source_at},
                 of_targets = {p->targets, tree->target_begin, tree->target_end,
                               layout->blocks.target_at};
    if (sources != DP_NO_FIELD)
        copy_coordinates(tree, block, &of_sources, block->source_row, f->fields[sources].data);
    if (targets != DP_NO_FIELD && !dp_is_mutual(p))
        copy_coordinates(tree, block, &of_targets, block->target_row,
                         (double *)f->fields[targets].data + dp_sum_rows(p) * block->target_row);
    return DAGPOLE_OK;
}

static size_t in_arena(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

/* The arena of a node; with one there is nothing to choose. */
static int arena_of(const dp_problem *p, int node) {
    int i = 0;
    while (node >= 0 && p->nodes->number[i] != node)
        i++;
    return i;
}

static dagpole_status create_arenas(const dp_layout *layout, dp_memory *memory) {
    const dp_problem *p = layout->problem;
    size_t size[DP_MOST_NODES] = {0};
    for (int32_t i = 0; i < layout->n_fields; i++)
        size[arena_of(p, layout->blocks.block[layout->field[i].block].node)] +=
            in_arena(layout->field[i].bytes);
    memory->n_arenas = dp_n_homes(p);
    for (int i = 0; i < memory->n_arenas; i++) {
        memory->arena[i] = memory->n_arenas > 1 ? dp_alloc_apart(size[i]) : dp_alloc(size[i], 1);
        if (!memory->arena[i])
            return DAGPOLE_NO_MEMORY;
        if (memory->n_arenas > 1)
            (void)dp_binding_set(memory->arena[i], size[i], p->nodes->number[i]);
    }
    return DAGPOLE_OK;
}

static void place_fields(const dp_layout *layout, dp_memory *memory) {
    char *next[DP_MOST_NODES];
    for (int i = 0; i < memory->n_arenas; i++)
        next[i] = memory->arena[i];
    for (int32_t i = 0; i < layout->n_fields; i++) {
        dp_field *field = &memory->fields[i];
        char **at = &next[arena_of(layout->problem, field->node)];
        field->data = *at;
        *at += in_arena(field->bytes);
    }
}

dagpole_status dp_memory_outline(const dp_layout *layout, dp_memory *memory) {
    *memory = (dp_memory){0};
    memory->fields = dp_alloc((size_t)layout->n_fields, sizeof *memory->fields);
    if (!memory->fields)
        return DAGPOLE_NO_MEMORY;
    for (int32_t i = 0; i < layout->n_fields; i++) {
        const dp_field_place *place = &layout->field[i];
        memory->fields[i] = (dp_field){.bytes = place->bytes,
                                       .name = dp_quantity_name(place->quantity),
                                       .block = place->block,
                                       .node = layout->blocks.block[place->block].node};
    }
    return DAGPOLE_OK;
}

dagpole_status dp_memory_create(const dp_team *team, const dp_layout *layout, dp_memory *memory) {
    DP_TRY(dp_memory_outline(layout, memory));
    DP_TRY(create_arenas(layout, memory));
    place_fields(layout, memory);
    return team->run(team, layout->blocks.n, fill_block, &(filling){layout, memory->fields});
}

dagpole_status dp_memory_at_home(const dp_memory *memory, int32_t n_fields, int64_t *bytes,
                                 int64_t *at_home) {
    size_t n = (size_t)n_fields;
    void **first = dp_alloc(n, sizeof *first);
    int *node = dp_alloc(n, sizeof *node);
    dagpole_status status = first && node ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    *bytes = *at_home = 0;
    for (size_t f = 0; status == DAGPOLE_OK && f < n; f++)
        first[f] = memory->fields[f].data;
    if (status == DAGPOLE_OK)
        dp_machine_nodes_of(n_fields, first, node);
    for (size_t f = 0; status == DAGPOLE_OK && f < n; f++) {
        const dp_field *field = &memory->fields[f];
        *bytes += (int64_t)field->bytes;
        *at_home += field->node >= 0 && field->node == node[f] ? (int64_t)field->bytes : 0;
    }
    dp_free(first);
    dp_free(node);
    return status;
}

void dp_memory_free(dp_memory *memory) {
    for (int i = 0; i < memory->n_arenas; i++)
        dp_free(memory->arena[i]);
    dp_free(memory->fields);
    *memory = (dp_memory){0};
}
