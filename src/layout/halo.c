#include "layout/halo.h"

/* The leaves of a block's halo, in order. */
typedef struct halo_leaves {
    int64_t n;
    int32_t n_parts, n_pieces;
    int32_t *leaf;
} halo_leaves;

typedef struct building {
    const dp_problem *problem;
    const dp_csr *near;
    const dp_blocks *blocks;
    halo_leaves *of_block;
} building;

static int32_t last_near(const dp_csr *near, const dp_block *block) {
    int32_t last = block->box_end - 1;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (dp_csr_length(near, box)) {
            int32_t leaf = near->index[near->offset[box + 1] - 1];
            last = leaf > last ? leaf : last;
        }
    return last;
}

static int node_of(const dp_blocks *blocks, int32_t leaf) {
    return blocks->block[blocks->of_box[leaf]].node;
}

static int starts_part(const dp_blocks *blocks, const int32_t *leaf, int64_t i) {
    return i == 0 || node_of(blocks, leaf[i]) != node_of(blocks, leaf[i - 1]);
}

static int starts_piece(const dp_blocks *blocks, const int32_t *leaf, int64_t i) {
    return i == 0 || blocks->of_box[leaf[i]] != blocks->of_box[leaf[i - 1]];
}

/* Marked leaves from `begin` on, by home and then ascending. */
static void list_marked(const building *build, int32_t begin, int32_t end, const uint8_t *is_near,
                        halo_leaves *halo) {
    const dp_nodes *nodes = build->problem->nodes;
    int64_t n = 0;
    int n_nodes = dp_n_homes(build->problem);
    for (int k = 0; k < n_nodes; k++)
        for (int32_t leaf = begin; leaf < end; leaf++)
            if (is_near[leaf - begin] &&
                (n_nodes == 1 || node_of(build->blocks, leaf) == nodes->number[k]))
                halo->leaf[n++] = leaf;
    for (int64_t i = 0; i < n; i++) {
        halo->n_parts += starts_part(build->blocks, halo->leaf, i);
        halo->n_pieces += starts_piece(build->blocks, halo->leaf, i);
    }
}

/* Near leaves behind the block, each once. */
static dagpole_status list_block(void *argument, int64_t b) {
    const building *build = argument;
    const dp_csr *near = build->near;
    const dp_block *block = &build->blocks->block[b];
    halo_leaves *halo = &build->of_block[b];
    int32_t begin = block->box_end, end = last_near(near, block) + 1;
    uint8_t *is_near = dp_alloc_zero((size_t)(end - begin), 1);
    if (!is_near)
        return DAGPOLE_NO_MEMORY;
    for (int64_t i = near->offset[block->box_begin]; i < near->offset[begin]; i++)
        if (near->index[i] >= begin) {
            uint8_t *mark = &is_near[near->index[i] - begin];
            halo->n += !*mark;
            *mark = 1;
        }
    halo->leaf = dp_alloc((size_t)halo->n, sizeof *halo->leaf);
    if (halo->leaf)
        list_marked(build, begin, end, is_near, halo);
    dp_free(is_near);
    return halo->leaf ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

/* The parts of block b, behind those of the blocks before it. */
static void join_block(const building *build, int32_t b, int64_t n_entries, dp_halo *halo) {
    const dp_blocks *blocks = build->blocks;
    const halo_leaves *leaves = &build->of_block[b];
    int64_t n_points = 0;
    for (int64_t i = 0; i < leaves->n; i++) {
        int32_t leaf = leaves->leaf[i];
        if (starts_part(blocks, leaves->leaf, i)) {
            halo->part[halo->n_parts++] =
                (dp_halo_part){.from = b, .node = node_of(blocks, leaf), .entry_begin = n_entries};
            n_points = 0;
        }
        if (starts_piece(blocks, leaves->leaf, i))
            halo->piece[halo->n_pieces++] = (dp_halo_piece){.part = (int32_t)halo->n_parts - 1,
                                                            .to = blocks->of_box[leaf],
                                                            .entry_begin = n_entries};
        halo->leaf[n_entries] = leaf;
        halo->at[n_entries++] = n_points;
        n_points += dp_n_targets(build->problem->tree, leaf);
        halo->piece[halo->n_pieces - 1].entry_end = n_entries;
        halo->part[halo->n_parts - 1].entry_end = n_entries;
        halo->part[halo->n_parts - 1].row = DP_PADDED(n_points);
    }
}

static dagpole_status join(const building *build, dp_halo *halo) {
    int64_t n_entries = 0, n_parts = 0, n_pieces = 0;
    for (int32_t b = 0; b < build->blocks->n; b++) {
        n_entries += build->of_block[b].n;
        n_parts += build->of_block[b].n_parts;
        n_pieces += build->of_block[b].n_pieces;
    }
    halo->leaf = dp_alloc((size_t)n_entries, sizeof *halo->leaf);
    halo->at = dp_alloc((size_t)n_entries, sizeof *halo->at);
    halo->part = dp_alloc((size_t)n_parts, sizeof *halo->part);
    halo->piece = dp_alloc((size_t)n_pieces, sizeof *halo->piece);
    if (!halo->leaf || !halo->at || !halo->part || !halo->piece)
        return DAGPOLE_NO_MEMORY;
    n_entries = 0;
    for (int32_t b = 0; b < build->blocks->n; b++) {
        halo->part_begin[b] = halo->n_parts;
        join_block(build, b, n_entries, halo);
        n_entries += build->of_block[b].n;
    }
    halo->part_begin[build->blocks->n] = halo->n_parts;
    return DAGPOLE_OK;
}

/* Pieces are in the order of their earlier blocks, and so are those of a later one. */
static dagpole_status list_by_later_block(dp_halo *halo, int64_t *next) {
    dp_csr *to = &halo->to;
    for (int64_t i = 0; i < halo->n_pieces; i++)
        to->offset[halo->piece[i].to + 1]++;
    DP_TRY(dp_csr_end(0, to));
    for (int64_t b = 0; b < to->n_rows; b++)
        next[b] = to->offset[b];
    for (int64_t i = 0; i < halo->n_pieces; i++)
        to->index[next[halo->piece[i].to]++] = (int32_t)i;
    return DAGPOLE_OK;
}

static dagpole_status build_parts(const dp_team *team, building *build, dp_halo *halo) {
    int32_t n_blocks = build->blocks->n;
    int64_t *next = dp_alloc((size_t)n_blocks, sizeof *next);
    build->of_block = dp_alloc_zero((size_t)n_blocks, sizeof *build->of_block);
    dagpole_status status = next && build->of_block ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = team->run(team, n_blocks, list_block, build);
    if (status == DAGPOLE_OK)
        status = join(build, halo);
    if (status == DAGPOLE_OK)
        status = list_by_later_block(halo, next);
    for (int32_t b = 0; build->of_block && b < n_blocks; b++)
        dp_free(build->of_block[b].leaf);
    dp_free(build->of_block);
    dp_free(next);
    return status;
}

static dagpole_status build(const dp_team *team, const dp_problem *p,
                            const dp_interactions *interactions, const dp_blocks *blocks,
                            dp_halo *halo) {
    building build = {.problem = p, .near = &interactions->near, .blocks = blocks};
    halo->part_begin = dp_alloc_zero((size_t)blocks->n + 1, sizeof *halo->part_begin);
    if (!halo->part_begin)
        return DAGPOLE_NO_MEMORY;
    DP_TRY(dp_csr_begin(blocks->n, &halo->to));
    return dp_is_mutual(p) ? build_parts(team, &build, halo) : DAGPOLE_OK;
}

dagpole_status dp_halo_build(const dp_team *team, const dp_problem *p,
                             const dp_interactions *interactions, const dp_blocks *blocks,
                             dp_halo *halo) {
    *halo = (dp_halo){0};
    dagpole_status status = build(team, p, interactions, blocks, halo);
    if (status != DAGPOLE_OK)
        dp_halo_free(halo);
    return status;
}

void dp_halo_free(dp_halo *halo) {
    dp_free(halo->part);
    dp_free(halo->piece);
    dp_free(halo->part_begin);
    dp_free(halo->leaf);
    dp_free(halo->at);
    dp_csr_free(&halo->to);
    *halo = (dp_halo){0};
}

int64_t dp_halo_part_of(const dp_halo *halo, int32_t from, int node) {
    int64_t part = halo->part_begin[from];
    while (halo->part[part].node != node)
        part++;
    return part;
}
