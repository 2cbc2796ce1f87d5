/* Near lists, what is left of W and X, and V lists: together they meet each pair of leaves
 * exactly once. */
#include "growth.h"

#include "tree/internals.h"

/* Counts one more meeting with every leaf below a source box. */
static void meet(const dp_tree *tree, int32_t box, uint8_t *n_met) {
    n_met[box] += (uint8_t)dp_tree_is_leaf(tree, box);
    for (int i = 0; i < tree->n_children[box]; i++)
        meet(tree, tree->child[box] + i, n_met);
}

static void meet_row(const dp_tree *tree, const dp_csr *csr, int32_t row, uint8_t *n_met) {
    for (int64_t i = csr->offset[row]; i < csr->offset[row + 1]; i++)
        meet(tree, csr->index[i], n_met);
}

static void check_leaf(const growth *g, int32_t leaf, uint8_t *n_met) {
    const dp_tree *tree = g->problem.tree;
    memset(n_met, 0, (size_t)tree->n_boxes);
    meet_row(tree, &g->interactions.near, leaf, n_met);
    meet_row(tree, &g->interactions.w, leaf, n_met);
    for (int32_t box = leaf; box >= 0; box = tree->parent[box]) {
        meet_row(tree, &g->interactions.x, box, n_met);
        if (dp_expansion_size(&g->problem, tree->level[box]))
            meet_row(tree, &g->forest.lists.v, box, n_met);
    }
    for (int32_t s = 0; s < tree->n_boxes; s++)
        if (dp_tree_is_leaf(tree, s) && dp_n_sources(tree, s))
            EXPECT(n_met[s] == 1);
}

START_TEST(each_pair_of_leaves_meets_once) {
    static const int n_crit[] = {1, 6, 45};
    for (int i = 0; i < 3; i++) {
        growth g;
        growth_scene(_i, i == 2 ? 2500 : 500, &(wish){.n_crit = n_crit[i], .block_boxes = 20}, &g);
        uint8_t *n_met = malloc((size_t)g.forest.tree.n_boxes);
        for (int32_t box = 0; box < g.forest.tree.n_boxes; box++)
            if (dp_tree_is_leaf(&g.forest.tree, box) && dp_n_targets(&g.forest.tree, box))
                check_leaf(&g, box, n_met);
        free(n_met);
        growth_free(&g);
    }
}
END_TEST

static int is_empty(const dp_csr *list, int32_t row) {
    return list->offset[row] == list->offset[row + 1];
}

/* A leaf takes the local of an ancestor below which nothing enters; nothing above it would do. */
static void check_local(const growth *g, int32_t leaf, int *n_shared) {
    const dp_tree *tree = &g->forest.tree;
    const dp_lists *lists = &g->forest.lists;
    int32_t home = dp_local_of(&g->interactions, leaf);
    *n_shared += home != leaf;
    EXPECT(home == leaf || (is_empty(&lists->u, leaf) && is_empty(&lists->w, leaf)));
    for (int32_t box = leaf; box != home; box = tree->parent[box]) {
        EXPECT(is_empty(&lists->v, box) && is_empty(&lists->x, box));
        EXPECT(!dp_has_l2l(&g->problem, &g->interactions, &g->layout.blocks, box));
    }
    EXPECT(home == leaf || !is_empty(&lists->v, home) || !is_empty(&lists->x, home));
}

START_TEST(far_targets_take_the_largest_complete_local) {
    growth g;
    int n_shared = 0;
    double *points = cloud_make(CLOUD_CUBE, 6000, 1), *targets = points + 3 * 2000;
    cloud_move(2000, points, 0, 0.1);
    cloud_move(4000, targets, 0.5, 0.05 + 0.4 * (_i > 0));
    growth_make(&(wish){.n_crit = 20}, 2000, points, 4000, targets, &g);
    for (int32_t box = 0; box < g.forest.tree.n_boxes; box++)
        if (dp_tree_is_leaf(&g.forest.tree, box) && dp_n_targets(&g.forest.tree, box))
            check_local(&g, box, &n_shared);
    ck_assert_int_eq(n_shared > 0, _i == 0); /* the others fit one leaf each */
    growth_free(&g);
    free(points);
}
END_TEST

typedef struct point {
    double at[3];
} point;

static point point_of(const dp_points *p, int64_t i) {
    return (point){{p->x[i], p->y[i], p->z[i]}};
}

static double distance(point a, point b) {
    return sqrt((a.at[0] - b.at[0]) * (a.at[0] - b.at[0]) +
                (a.at[1] - b.at[1]) * (a.at[1] - b.at[1]) +
                (a.at[2] - b.at[2]) * (a.at[2] - b.at[2]));
}

/* Distance of target t from the nearest source of a leaf, or of all (leaf 0, the root). */
static double nearest(const growth *g, int64_t t, int32_t box) {
    const dp_points *s = &g->forest.sources;
    double found = INFINITY;
    for (int64_t i = g->forest.tree.source_begin[box]; i < g->forest.tree.source_end[box]; i++)
        found = fmin(found, distance(point_of(&g->forest.targets, t), point_of(s, i)));
    return found;
}

/* A leaf that is cut off meets every leaf of sources once, or not at all where for each of its
 * targets all sources there are too far beyond the nearest. */
static void check_far_leaf(const growth *g, int32_t leaf, uint8_t *n_met, int *n_left_out) {
    const dp_tree *tree = &g->forest.tree;
    const dp_problem *in = &g->problem;
    double reach = log((double)g->forest.sources.n / in->tolerance) / in->lambda;
    int64_t begin = tree->target_begin[leaf], end = tree->target_end[leaf];
    double own[DP_FAR_LEAF];
    for (int64_t t = begin; t < end; t++)
        own[t - begin] = nearest(g, t, 0);
    memset(n_met, 0, (size_t)tree->n_boxes);
    meet_row(tree, &g->interactions.near, leaf, n_met);
    meet_row(tree, &g->interactions.w, leaf, n_met);
    for (int32_t s = 0; s < tree->n_boxes; s++) {
        if (!dp_tree_is_leaf(tree, s) || !dp_n_sources(tree, s))
            continue;
        EXPECT(n_met[s] <= 1);
        *n_left_out += n_met[s] == 0;
        for (int64_t t = begin; !n_met[s] && t < end; t++)
            EXPECT(nearest(g, t, s) - own[t - begin] >= reach);
    }
}

START_TEST(leaves_cut_off_meet_what_matters_once) {
    static const double lambdas[] = {0, 2, 20, 90};
    growth g;
    int n_far = 0, n_left_out = 0;
    double *points = cloud_make(CLOUD_CUBE, 2000, 1), *targets = points + 3 * 1500;
    cloud_move(1500, points, 0.1, 0.2);
    cloud_move(500, targets, _i == 0 ? 4 : 0.1, 0.7);
    growth_make(&(wish){.n_crit = 20, .lambda = lambdas[_i], .tolerance = 1e-2}, 1500, points, 500,
                targets, &g);
    uint8_t *n_met = malloc((size_t)g.forest.tree.n_boxes);
    for (int32_t box = 0; box < g.forest.tree.n_boxes; box++)
        if (dp_local_of(&g.interactions, box) == DP_NO_BOX) {
            n_far++;
            check_far_leaf(&g, box, n_met, &n_left_out);
        }
    ck_assert_int_eq(n_far > 0, _i != 1);
    ck_assert_int_eq(n_left_out > 0, _i >= 2);
    ck_assert_int_eq(g.graph->n_unresolved, 0);
    free(n_met);
    growth_free(&g);
    free(points);
}
END_TEST

/* P2P relies on it: leaves of one block are near both ways or not at all. */
static void check_symmetry(const growth *g, int32_t target, int32_t source) {
    const dp_csr *near = &g->interactions.near;
    int n_back = 0;
    if (g->layout.blocks.of_box[target] != g->layout.blocks.of_box[source])
        return;
    for (int64_t i = near->offset[source]; i < near->offset[source + 1]; i++)
        n_back += near->index[i] == target;
    EXPECT(n_back == 1);
}

START_TEST(near_lists_of_a_block_are_symmetric) {
    growth g;
    growth_scene(_i, 2000, &(wish){.n_crit = 20}, &g);
    const dp_csr *near = &g.interactions.near;
    for (int32_t box = 0; box < g.forest.tree.n_boxes; box++)
        for (int64_t i = near->offset[box]; i < near->offset[box + 1]; i++)
            check_symmetry(&g, box, near->index[i]);
    growth_free(&g);
}
END_TEST

static int64_t n_entries(const dp_csr *csr) {
    return csr->offset[csr->n_rows];
}

/* The clouds above are worth something only where every kind of list has entries. */
START_TEST(small_boxes_are_near_and_large_ones_keep_their_operators) {
    growth g;
    growth_scene(CLOUD_CLUSTER, 2500, &(wish){.n_crit = 45}, &g);
    const dp_interactions *made = &g.interactions;
    const dp_tree *tree = &g.forest.tree;
    const dp_lists *lists = &g.forest.lists;
    ck_assert_int_gt(n_entries(&made->w), 0);
    ck_assert_int_gt(n_entries(&made->x), 0);
    ck_assert_int_lt(n_entries(&made->w), n_entries(&lists->w));
    ck_assert_int_lt(n_entries(&made->x), n_entries(&lists->x));
    ck_assert_int_gt(n_entries(&made->near), n_entries(&lists->u));
    for (int64_t i = 0; i < n_entries(&made->w); i++) {
        int32_t box = made->w.index[i];
        ck_assert_int_gt(dp_n_sources(tree, box),
                         dp_surface_points(&g.operators->level[tree->level[box]]->inner));
    }
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        if (made->x.offset[box] < made->x.offset[box + 1])
            ck_assert_int_gt(dp_n_targets(tree, box),
                             dp_surface_points(&g.operators->level[tree->level[box]]->inner));
        for (int64_t i = made->near.offset[box] + 1; i < made->near.offset[box + 1]; i++)
            EXPECT(made->near.index[i - 1] < made->near.index[i]);
    }
    growth_free(&g);
}
END_TEST

/* The label says where the source lies. */
static void check_label(const growth *g, const dp_offsets *offsets, int32_t target, int64_t i) {
    const dp_csr *v = &g->forest.lists.v;
    const dp_folded *folded = &offsets->folded[v->label[i] / 8];
    uint64_t s[3], t[3];
    EXPECT(g->problem.tree->level[v->index[i]] == g->problem.tree->level[target]);
    dp_morton_decode_ref(g->problem.tree->key[v->index[i]], s);
    dp_morton_decode_ref(g->problem.tree->key[target], t);
    for (int d = 0; d < 3; d++) {
        int at = v->label[i] >> d & 1 ? -folded->v[d] : folded->v[d];
        EXPECT((int)s[d] - (int)t[d] == at);
    }
}

START_TEST(v_entries_carry_their_position) {
    growth g;
    dp_offsets offsets;
    dp_offsets_fill(&offsets, 1);
    growth_scene(_i, 400, &(wish){.n_crit = 4, .block_boxes = 8}, &g);
    const dp_csr *v = &g.forest.lists.v;
    for (int32_t t = 0; t < g.forest.tree.n_boxes; t++)
        for (int64_t i = v->offset[t]; i < v->offset[t + 1]; i++)
            check_label(&g, &offsets, t, i);
    ck_assert_ptr_null(g.forest.lists.u.label); /* nothing is shifted */
    growth_free(&g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("near");
    TCase *tcase = tcase_create("near");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_pair_of_leaves_meets_once, 0, N_SCENES);
    tcase_add_loop_test(tcase, v_entries_carry_their_position, 0, N_SCENES);
    tcase_add_loop_test(tcase, far_targets_take_the_largest_complete_local, 0, 2);
    tcase_add_loop_test(tcase, leaves_cut_off_meet_what_matters_once, 0, 4);
    tcase_add_loop_test(tcase, near_lists_of_a_block_are_symmetric, 0, N_CLOUDS);
    tcase_add_test(tcase, small_boxes_are_near_and_large_ones_keep_their_operators);
    return suite_run(suite, tcase);
}
