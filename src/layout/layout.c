#include "layout/layout.h"

static const char *const quantity_names[DP_N_QUANTITIES] = {"sources", "multipoles", "locals",
                                                            "targets", "halo"};

const char *dp_quantity_name(dp_quantity quantity) {
    return quantity_names[quantity];
}

int32_t dp_row_of_field(const dp_layout *layout, int32_t field) {
    const dp_field_place *place = &layout->field[field];
    const dp_block *block = &layout->blocks.block[place->block];
    if (place->quantity == DP_HALO)
        return (int32_t)(place->bytes / ((size_t)dp_sum_rows(layout->problem) * sizeof(double)));
    return (int32_t)(place->quantity == DP_SOURCES ? block->source_row : block->target_row);
}

static size_t bytes_of(const dp_layout *layout, const dp_block *block, dp_quantity quantity) {
    const dp_problem *p = layout->problem;
    const dp_operator_set *set = p->operators->level[block->level];
    size_t n_vectors = (size_t)p->shape.n_vectors, n_sums = (size_t)dp_sum_rows(p),
           n_columns = (size_t)dp_n_columns(&p->shape);
    size_t n_boxes = (size_t)(block->box_end - block->box_begin);
    switch (quantity) {
    case DP_SOURCES:
        return block->source_row ? ((size_t)dp_source_rows(&p->shape) * (size_t)block->source_row +
                                    DP_PADDED(2 * n_vectors)) *
                                       sizeof(double)
                                 : 0;
    case DP_TARGETS:
        return (n_sums + (dp_is_mutual(p) ? 0 : 3)) * (size_t)block->target_row * sizeof(double);
    default:
        return set && set->k ? (size_t)set->k_padded * n_boxes * n_columns * sizeof(double) : 0;
    }
}

static int32_t add_field(dp_layout *layout, dp_quantity quantity, int32_t block, size_t bytes) {
    if (!bytes)
        return DP_NO_FIELD;
    layout->field[layout->n_fields] = (dp_field_place){quantity, block, bytes};
    return layout->n_fields++;
}

static void number_fields(dp_layout *layout) {
    const dp_halo *halo = &layout->halo;
    for (int32_t b = 0; b < layout->blocks.n; b++) {
        for (int q = 0; q < DP_OF_BLOCK; q++)
            layout->of_block[b][q] =
                add_field(layout, (dp_quantity)q, b,
                          bytes_of(layout, &layout->blocks.block[b], (dp_quantity)q));
        for (int64_t i = halo->part_begin[b]; i < halo->part_begin[b + 1]; i++)
            layout->of_part[i] = add_field(layout, DP_HALO, b,
                                           (size_t)dp_sum_rows(layout->problem) *
                                               (size_t)halo->part[i].row * sizeof(double));
    }
}

static dagpole_status build(const dp_team *team, dp_layout *layout) {
    const dp_problem *p = layout->problem;
    DP_TRY(dp_blocks_cut(p, layout->interactions, &layout->blocks));
    DP_TRY(dp_halo_build(team, p, layout->interactions, &layout->blocks, &layout->halo));
    size_t n_blocks = (size_t)layout->blocks.n, n_parts = (size_t)layout->halo.n_parts;
    layout->field = dp_alloc(DP_OF_BLOCK * n_blocks + n_parts, sizeof *layout->field);
    layout->of_block = dp_alloc(n_blocks, sizeof *layout->of_block);
    layout->of_part = dp_alloc(n_parts, sizeof *layout->of_part);
    if (!layout->field || !layout->of_block || !layout->of_part)
        return DAGPOLE_NO_MEMORY;
    number_fields(layout);
    return DAGPOLE_OK;
}

dagpole_status dp_layout_build(const dp_team *team, const dp_problem *problem,
                               const dp_interactions *interactions, dp_layout *layout) {
    *layout = (dp_layout){.problem = problem, .interactions = interactions};
    dagpole_status status = build(team, layout);
    if (status != DAGPOLE_OK)
        dp_layout_free(layout);
    return status;
}

void dp_layout_shed(dp_layout *layout) {
    layout->interactions = NULL;
    dp_halo_free(&layout->halo);
    dp_free(layout->of_part);
    layout->of_part = NULL;
    dp_free(layout->blocks.source_at);
    dp_free(layout->blocks.target_at);
    layout->blocks.source_at = layout->blocks.target_at = NULL;
}

void dp_layout_free(dp_layout *layout) {
    dp_free(layout->field);
    dp_free(layout->of_block);
    dp_free(layout->of_part);
    dp_halo_free(&layout->halo);
    dp_blocks_free(&layout->blocks);
    *layout = (dp_layout){0};
}
