#include "layout/memory.h"

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
                         (double *)f->fields[targets].data + 4 * block->target_row);
    return DAGPOLE_OK;
}

static size_t in_arena(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

dagpole_status dp_memory_create(const dp_team *team, const dp_layout *layout, dp_field **fields,
                                void **arena) {
    size_t size = 0;
    *fields = dp_alloc((size_t)layout->n_fields, sizeof **fields);
    for (int32_t i = 0; i < layout->n_fields; i++)
        size += in_arena(layout->field[i].bytes);
    *arena = dp_alloc(size, 1);
    if (!*fields || !*arena)
        return DAGPOLE_NO_MEMORY;
    char *next = *arena;
    for (int32_t i = 0; i < layout->n_fields; i++) {
        const dp_field_place *place = &layout->field[i];
        (*fields)[i] = (dp_field){.data = next,
                                  .bytes = place->bytes,
                                  .name = dp_quantity_name(place->quantity),
                                  .block = place->block};
        next += in_arena(place->bytes);
    }
    return team->run(team, layout->blocks.n, fill_block, &(filling){layout, *fields});
}
