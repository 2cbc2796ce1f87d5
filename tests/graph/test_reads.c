/* What records read of fields with several NUMA nodes: as many bytes as the lists say, and of halos
 * a piece that the home of the reader has its own field for. */
#include "growth.h"

static const dp_nodes two_nodes = {.n = 2, .number = {3, 5}, .n_workers = {1, 1}};

/* Marks boxes of a row that lie in a block; only those behind `after`. */
static void mark_row(const dp_csr *list, int32_t row, const dp_block *in, int32_t after,
                     uint8_t *is_marked) {
    for (int64_t i = list->offset[row]; i < list->offset[row + 1]; i++) {
        int32_t box = list->index[i];
        if (box > after && box >= in->box_begin && box < in->box_end)
            is_marked[box] = 1;
    }
}

/* Boxes of a block whose multipoles or sources a record reads. */
static void mark_read(const growth *g, const dp_record *r, const dp_block *in, uint8_t *is_marked) {
    const dp_block *own = &g->layout.blocks.block[r->block];
    int is_mutual = dp_is_mutual(&g->problem);
    for (int32_t box = own->box_begin; box < own->box_end; box++) {
        if (r->op == DAGPOLE_M2L)
            mark_row(&g->forest.lists.v, box, in, DP_NO_BOX, is_marked);
        if (r->op == DAGPOLE_M2P)
            mark_row(&g->interactions.w, box, in, DP_NO_BOX, is_marked);
        if (r->op == DAGPOLE_P2L)
            mark_row(&g->interactions.x, box, in, DP_NO_BOX, is_marked);
        if (r->op == DAGPOLE_P2P)
            mark_row(&g->interactions.near, box, in, is_mutual ? box : DP_NO_BOX, is_marked);
    }
}

static int64_t bytes_of_boxes(const growth *g, const dp_record *r, const dp_field_place *place) {
    const dp_tree *tree = &g->forest.tree;
    const dp_block *in = &g->layout.blocks.block[place->block];
    uint8_t *is_marked = calloc((size_t)tree->n_boxes, 1);
    int64_t bytes = 0;
    mark_read(g, r, in, is_marked);
    for (int32_t box = in->box_begin; box < in->box_end; box++)
        if (is_marked[box] && place->quantity == DP_SOURCES)
            bytes += 4 * 8 * dp_n_sources(tree, box);
        else if (is_marked[box])
            bytes += 8 * (int64_t)dp_set_of(&g->problem, box)->k_padded;
    free(is_marked);
    return bytes;
}

/* Points of a block's leaves that an earlier block's leaves meet. */
static int64_t bytes_of_halo(const growth *g, int32_t earlier, int32_t later) {
    const dp_tree *tree = &g->forest.tree;
    const dp_block *from = &g->layout.blocks.block[earlier], *to = &g->layout.blocks.block[later];
    uint8_t *is_marked = calloc((size_t)tree->n_boxes, 1);
    int64_t bytes = 0;
    for (int32_t box = from->box_begin; box < from->box_end; box++)
        mark_row(&g->interactions.near, box, to, DP_NO_BOX, is_marked);
    for (int32_t box = to->box_begin; box < to->box_end; box++)
        bytes += is_marked[box] ? 4 * 8 * dp_n_targets(tree, box) : 0;
    free(is_marked);
    return bytes;
}

static int reads_boxes(int op) {
    return op == DAGPOLE_M2L || op == DAGPOLE_M2P || op == DAGPOLE_P2L || op == DAGPOLE_P2P;
}

/* Returns 1 where the access was of a part. */
static int check_access(const growth *g, const dp_record *r, int64_t access) {
    const dp_stream *s = &g->graph->stream;
    int32_t field = s->access_field[access];
    const dp_field_place *place = &g->layout.field[field];
    int64_t bytes = s->access_bytes[access], whole = (int64_t)s->fields[field].bytes;
    int is_own_targets =
        place->quantity == DP_SOURCES && place->block == r->block && dp_is_mutual(&g->problem);
    EXPECT(bytes >= 0 && bytes <= whole);
    if (s->access_mode[access] != DP_READ)
        EXPECT(bytes == whole);
    else if (place->quantity == DP_HALO)
        EXPECT(bytes == bytes_of_halo(g, place->block, r->block));
    else if (reads_boxes(r->op))
        EXPECT(bytes == (is_own_targets ? whole : bytes_of_boxes(g, r, place)));
    return bytes < whole;
}

START_TEST(records_read_what_the_lists_say) {
    growth g;
    int64_t n_parts = 0;
    growth_scene(_i, 2000, &(wish){.n_crit = 8, .block_boxes = 24, .nodes = &two_nodes}, &g);
    const dp_stream *s = &g.graph->stream;
    for (int64_t i = 0; i < s->n_records; i++)
        for (int32_t a = 0; a < s->records[i].n_access; a++)
            n_parts += check_access(&g, &s->records[i], s->records[i].access_begin + a);
    EXPECT(n_parts > s->n_records / 2 || _i % N_CLOUDS == CLOUD_IDENTICAL);
    growth_free(&g);
}
END_TEST

/* One writer and one home of readers each; the pieces cover a field but for its padding. */
START_TEST(halos_are_cut_by_home) {
    growth g;
    growth_scene(_i, 2000, &(wish){.n_crit = 8, .block_boxes = 24, .nodes = &two_nodes}, &g);
    const dp_stream *s = &g.graph->stream;
    size_t n = (size_t)s->n_fields;
    int64_t *n_read = calloc(n, sizeof *n_read), n_halos = 0;
    int *home = calloc(n, sizeof *home), *n_writers = calloc(n, sizeof *n_writers);
    int *n_of_block = calloc((size_t)g.layout.blocks.n, sizeof *n_of_block);
    for (int64_t i = 0; i < s->n_records; i++) {
        const dp_record *r = &s->records[i];
        for (int64_t a = r->access_begin; a < r->access_begin + r->n_access; a++) {
            int32_t f = s->access_field[a];
            n_writers[f] += s->access_mode[a] != DP_READ;
            if (s->access_mode[a] != DP_READ || g.layout.field[f].quantity != DP_HALO)
                continue;
            EXPECT(home[f] == 0 || home[f] == r->node);
            home[f] = r->node;
            n_read[f] += s->access_bytes[a];
        }
    }
    for (int32_t f = 0; f < s->n_fields; f++) {
        if (g.layout.field[f].quantity != DP_HALO)
            continue;
        int64_t bytes = (int64_t)s->fields[f].bytes;
        EXPECT(n_writers[f] == 1);
        EXPECT(n_read[f] <= bytes && n_read[f] > bytes - 4 * 8 * DP_PAD);
        EXPECT(++n_of_block[g.layout.field[f].block] <= two_nodes.n);
        n_halos++;
    }
    EXPECT(n_halos > 0 || _i == CLOUD_IDENTICAL);
    free(n_read);
    free(home);
    free(n_writers);
    free(n_of_block);
    growth_free(&g);
}
END_TEST

/* With one home a block has one halo at most, and no bytes are counted. */
START_TEST(one_node_counts_nothing) {
    growth g;
    int n_halos = 0;
    growth_scene(_i, 2000, &(wish){.n_crit = 8, .block_boxes = 24}, &g);
    const dp_stream *s = &g.graph->stream;
    for (int32_t f = 0; f < s->n_fields; f++)
        n_halos += g.layout.field[f].quantity == DP_HALO;
    EXPECT(n_halos > 0 || _i == CLOUD_IDENTICAL);
    EXPECT(n_halos < g.layout.blocks.n);
    EXPECT(s->access_bytes == NULL);
    growth_free(&g);
}
END_TEST

START_TEST(workers_take_the_operators_of_their_node) {
    static const int of_worker[] = {5, 3, 5};
    dp_nodes nodes = {.n = 2, .number = {3, 5}, .n_workers = {1, 2}, .of_worker = of_worker};
    wish w = {.n_crit = 20, .nodes = &nodes, .n_workers = 3};
    growth g;
    growth_scene(CLOUD_CUBE, 2000, &w, &g);
    int64_t held = dp_graph_bytes(g.graph), bytes = dp_operators_bytes(g.operators);
    ck_assert_int_eq(g.graph->n_copies, 2);
    ck_assert_ptr_eq(g.graph->workers[0].operators, g.graph->copy[1]);
    ck_assert_ptr_eq(g.graph->workers[1].operators, g.graph->copy[0]);
    ck_assert_ptr_eq(g.graph->workers[2].operators, g.graph->copy[1]);
    growth_free(&g);
    w.shared_cache_bytes = bytes;
    growth_scene(CLOUD_CUBE, 2000, &w, &g);
    ck_assert_int_eq(g.graph->n_copies, 0);
    ck_assert_ptr_eq(g.graph->workers[1].operators, g.operators);
    ck_assert_int_eq(dp_graph_bytes(g.graph), held - 2 * bytes);
    growth_free(&g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reads");
    TCase *tcase = tcase_create("reads");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, records_read_what_the_lists_say, 0, N_SCENES);
    tcase_add_loop_test(tcase, halos_are_cut_by_home, 0, N_CLOUDS);
    tcase_add_loop_test(tcase, one_node_counts_nothing, 0, N_CLOUDS);
    tcase_add_test(tcase, workers_take_the_operators_of_their_node);
    return suite_run(suite, tcase);
}
