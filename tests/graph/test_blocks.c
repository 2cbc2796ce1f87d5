#include "growth.h"

#include "geometry/keys.h"

static int64_t n_points(const growth *g, int32_t box, int of_targets) {
    if (!dp_tree_is_leaf(g->problem.tree, box))
        return 0;
    return of_targets ? dp_n_targets(g->problem.tree, box) : dp_n_sources(g->problem.tree, box);
}

static void check_block(const growth *g, int32_t b) {
    const dp_block *block = &g->layout.blocks.block[b];
    const dp_tree *tree = g->problem.tree;
    int64_t n_sources = 0, n_targets = 0;
    EXPECT(block->box_begin < block->box_end);
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        EXPECT(g->layout.blocks.of_box[box] == b && tree->level[box] == block->level);
        if (dp_tree_is_leaf(tree, box))
            EXPECT(g->layout.blocks.source_at[box] == n_sources &&
                   g->layout.blocks.target_at[box] == n_targets);
        n_sources += n_points(g, box, 0);
        n_targets += n_points(g, box, 1);
    }
    EXPECT(block->n_sources == n_sources && block->n_targets == n_targets);
    EXPECT(block->source_row >= n_sources && block->source_row % DP_PAD == 0);
    EXPECT(block->target_row >= n_targets && block->target_row % DP_PAD == 0);
}

/* Siblings share a block, and a block of asked size is closed as soon as it may be. */
static void check_ends(const growth *g, int block_boxes) {
    const dp_tree *tree = g->problem.tree;
    for (int32_t b = 0; b < g->layout.blocks.n; b++) {
        const dp_block *block = &g->layout.blocks.block[b];
        int32_t n = block->box_end - block->box_begin, end = block->box_end;
        int is_last = end == tree->level_begin[block->level + 1];
        EXPECT(is_last || tree->parent[end] != tree->parent[end - 1]);
        if (!block_boxes)
            continue;
        EXPECT(is_last || n >= block_boxes);
        int32_t last_family = end - 1;
        while (last_family > block->box_begin &&
               tree->parent[last_family - 1] == tree->parent[end - 1])
            last_family--;
        EXPECT(last_family == block->box_begin || last_family - block->box_begin < block_boxes);
    }
}

static void check_blocks(const growth *g, int block_boxes) {
    int32_t next = 0;
    for (int32_t b = 0; b < g->layout.blocks.n; b++) {
        EXPECT(g->layout.blocks.block[b].box_begin == next);
        next = g->layout.blocks.block[b].box_end;
        check_block(g, b);
    }
    EXPECT(next == g->problem.tree->n_boxes);
    check_ends(g, block_boxes);
}

START_TEST(blocks_cover_every_box_once) {
    static const int sizes[] = {0, 1, 5, 8, 64, 100000};
    for (int i = 0; i < 6; i++) {
        growth g;
        growth_scene(_i, 800, &(wish){.n_crit = 5, .block_boxes = sizes[i]}, &g);
        check_blocks(&g, sizes[i]);
        growth_free(&g);
    }
}
END_TEST

/* More cores, smaller blocks; more workers, the same. */
START_TEST(cut_depends_on_the_machine_not_on_the_workers) {
    growth g[3];
    growth_scene(CLOUD_CUBE, 20000, &(wish){.n_crit = 50, .n_cores = 2}, &g[0]);
    growth_scene(CLOUD_CUBE, 20000, &(wish){.n_crit = 50, .n_cores = 2, .n_workers = 7}, &g[1]);
    growth_scene(CLOUD_CUBE, 20000, &(wish){.n_crit = 50, .n_cores = 1}, &g[2]);
    ck_assert_int_gt(g[0].layout.blocks.n, g[0].forest.tree.depth + 1);
    ck_assert_int_eq(g[0].layout.blocks.n, g[1].layout.blocks.n);
    for (int32_t b = 0; b < g[0].layout.blocks.n; b++)
        ck_assert_int_eq(g[0].layout.blocks.block[b].box_begin,
                         g[1].layout.blocks.block[b].box_begin);
    ck_assert_int_le(g[2].layout.blocks.n, g[0].layout.blocks.n);
    for (int i = 0; i < 3; i++)
        growth_free(&g[i]);
}
END_TEST

/* Leaf blocks in the order of the curve: by the key of their first box at the deepest level. */
static int is_before(const growth *g, int32_t a, int32_t b) {
    const dp_tree *tree = &g->forest.tree;
    const dp_block *block = g->layout.blocks.block;
    return dp_key_first(tree->key[block[a].box_begin], block[a].level) <
           dp_key_first(tree->key[block[b].box_begin], block[b].level);
}

/* Nodes 3 and 5, the second with twice as many workers: one piece of the curve each on every level,
 * in order, with a third and two thirds of the points; fields lie at their block's home. */
START_TEST(homes_cut_the_curve_by_workers) {
    const dp_nodes nodes = {.n = 2, .number = {3, 5}, .n_workers = {2, 4}};
    wish w = {.n_crit = 20, .block_boxes = 16, .nodes = &nodes};
    growth g;
    growth_scene(_i, 20000, &w, &g);
    const dp_blocks *blocks = &g.layout.blocks;
    double n_points[2] = {0, 0};
    for (int32_t b = 0; b < blocks->n; b++) {
        const dp_block *block = &blocks->block[b];
        ck_assert(block->node == 3 || block->node == 5);
        n_points[block->node == 5] += (double)(block->n_sources + block->n_targets);
        if (b > 0 && block->level == block[-1].level) {
            ck_assert(is_before(&g, b - 1, b));
            ck_assert_int_ge(block->node, block[-1].node);
        }
    }
    if (_i == CLOUD_CUBE) { /* elsewhere points differ in cost */
        ck_assert_double_gt(n_points[1], 1.8 * n_points[0]);
        ck_assert_double_lt(n_points[1], 2.2 * n_points[0]);
    }
    const dp_stream *s = &g.graph->stream;
    for (int32_t f = 0; f < s->n_fields; f++)
        ck_assert_int_eq(s->fields[f].node, blocks->block[s->fields[f].block].node);
    for (int64_t i = 0; i < s->n_records; i++)
        ck_assert_int_eq(s->records[i].node, blocks->block[s->records[i].block].node);
    int64_t read, remote;
    dp_stream_bytes(s, &read, &remote);
    ck_assert(remote > 0 || _i != CLOUD_CUBE); /* clusters may lie apart */
    ck_assert_int_lt(remote, read / 2);
    growth_free(&g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("blocks");
    TCase *tcase = tcase_create("blocks");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, blocks_cover_every_box_once, 0, N_SCENES);
    tcase_add_loop_test(tcase, homes_cut_the_curve_by_workers, 0, N_CLOUDS);
    tcase_add_test(tcase, cut_depends_on_the_machine_not_on_the_workers);
    return suite_run(suite, tcase);
}
