#include "tree/lists.h"

#include "tree/forest.h"

/* The oracle: the definitions of the lists, tried on every pair of boxes. */

/* Intervals of the box in units of the finest boxes. */
static void extent(const dp_tree *tree, int32_t box, int64_t low[3], int64_t high[3]) {
    uint64_t anchor[3];
    int shift = DP_MAX_DEPTH - tree->level[box];
    dp_morton_decode_ref(tree->key[box], anchor);
    for (int d = 0; d < 3; d++) {
        low[d] = (int64_t)anchor[d] << shift;
        high[d] = ((int64_t)anchor[d] + 1) << shift;
    }
}

static int touch(const dp_tree *tree, int32_t a, int32_t b) {
    int64_t low_a[3], high_a[3], low_b[3], high_b[3];
    extent(tree, a, low_a, high_a);
    extent(tree, b, low_b, high_b);
    for (int d = 0; d < 3; d++)
        if (high_a[d] < low_b[d] || high_b[d] < low_a[d])
            return 0;
    return 1;
}

static int is_in_u(const dp_tree *tree, int32_t target, int32_t source) {
    return dp_tree_is_leaf(tree, target) && dp_tree_is_leaf(tree, source) &&
           touch(tree, target, source);
}

static int is_in_v(const dp_tree *tree, int32_t target, int32_t source) {
    return target > 0 && source > 0 && tree->level[target] == tree->level[source] &&
           touch(tree, tree->parent[target], tree->parent[source]) && !touch(tree, target, source);
}

static int is_in_w(const dp_tree *tree, int32_t target, int32_t source) {
    if (!dp_tree_is_leaf(tree, target) || tree->level[source] <= tree->level[target])
        return 0;
    int32_t colleague = source;
    while (tree->level[colleague] > tree->level[target])
        colleague = tree->parent[colleague];
    return touch(tree, target, colleague) && !touch(tree, target, source) &&
           touch(tree, target, tree->parent[source]);
}

static int is_in_x(const dp_tree *tree, int32_t target, int32_t source) {
    return is_in_w(tree, source, target);
}

static void check_list(const dp_tree *tree, const dp_csr *list, int most,
                       int (*is_in)(const dp_tree *, int32_t, int32_t)) {
    for (int32_t target = 0; target < tree->n_boxes; target++) {
        int64_t at = list->offset[target], end = list->offset[target + 1];
        int has_targets = tree->target_end[target] > tree->target_begin[target];
        EXPECT(end - at <= most);
        for (int32_t source = 0; source < tree->n_boxes; source++) {
            if (!has_targets || tree->source_end[source] == tree->source_begin[source] ||
                !is_in(tree, target, source))
                continue;
            EXPECT(at < end && list->index[at] == source);
            at++;
        }
        EXPECT(at == end);
    }
}

static void check_lists(const forest *f) {
    check_list(&f->tree, &f->lists.u, DP_MAX_U, is_in_u);
    check_list(&f->tree, &f->lists.v, DP_MAX_V, is_in_v);
    check_list(&f->tree, &f->lists.w, DP_MAX_W, is_in_w);
    check_list(&f->tree, &f->lists.x, DP_MAX_X, is_in_x);
}

START_TEST(lists_match_their_definitions) {
    for (int kind = 0; kind < N_CLOUDS; kind++) {
        forest f;
        forest_grow((cloud)kind, 1200, 6, &f);
        check_lists(&f);
        forest_free(&f);
    }
}
END_TEST

START_TEST(boxes_without_sources_or_targets_are_left_out) {
    for (int kind = 0; kind < N_CLOUDS; kind++) {
        forest f;
        int n = 500;
        double *points = cloud_make((cloud)kind, 2 * n, 1), *targets = points + 3 * n;
        if (kind % 2)
            cloud_move(n, targets, 0.7, 0.3);
        ck_assert_int_eq(forest_build(&dp_team_serial, n, points, n, targets, 5, &f), DAGPOLE_OK);
        check_lists(&f);
        forest_free(&f);
        free(points);
    }
}
END_TEST

static void fill_box(double *points, int64_t *n, const double corner[3], double side,
                     int per_side) {
    for (int i = 0; i < per_side * per_side * per_side; i++) {
        int place[3] = {i / (per_side * per_side), i / per_side % per_side, i % per_side};
        for (int d = 0; d < 3; d++)
            points[3 * *n + d] = corner[d] + side * (place[d] + 0.5) / per_side;
        ++*n;
    }
}

/* One leaf whose 26 colleagues are all split once: the longest W list there is. */
START_TEST(the_longest_w_list_is_met) {
    double *points = malloc(sizeof(double) * 3 * 4000);
    int64_t n = 0;
    for (int i = 0; i < 64; i++) {
        int place[3] = {i / 16, i / 4 % 4, i % 4};
        int is_middle = place[0] == 1 && place[1] == 1 && place[2] == 1;
        double corner[3] = {place[0], place[1], place[2]};
        fill_box(points, &n, corner, 1, is_middle ? 1 : 2);
    }
    points[0] = points[1] = points[2] = 1e-9; /* pins the cube to side 4 */
    forest f;
    dp_cube cube = {.side = 4, .max_depth = 21};
    f = (forest){0};
    ck_assert_int_eq(dp_points_build(&dp_team_serial, &cube, n, points, &f.sources), DAGPOLE_OK);
    ck_assert_int_eq(dp_tree_build(&dp_team_serial, &cube, &f.sources, NULL, 1, &f.tree),
                     DAGPOLE_OK);
    ck_assert_int_eq(dp_lists_build(&dp_team_serial, &f.tree, &f.lists), DAGPOLE_OK);
    int32_t leaf = dp_tree_find(&f.tree, 2, dp_morton_encode((uint64_t[]){1, 1, 1}));
    ck_assert(dp_tree_is_leaf(&f.tree, leaf));
    ck_assert_int_eq(f.lists.w.offset[leaf + 1] - f.lists.w.offset[leaf], DP_MAX_W);
    forest_must_pass(&f, 1, 1);
    forest_free(&f);
    free(points);
}
END_TEST

START_TEST(graded_clouds_have_w_entries_that_are_not_leaves) {
    forest f;
    forest_grow(CLOUD_LOG_RADIAL, 3000, 4, &f);
    int64_t n_internal = 0, n = f.lists.w.offset[f.tree.n_boxes];
    for (int64_t i = 0; i < n; i++)
        n_internal += !dp_tree_is_leaf(&f.tree, f.lists.w.index[i]);
    ck_assert_int_gt(n_internal, 100);
    ck_assert_int_gt(f.lists.x.offset[f.tree.n_boxes], 100);
    forest_free(&f);
}
END_TEST

START_TEST(touching_matches_ref) {
    forest f;
    forest_grow(CLOUD_CLUSTER, 800, 5, &f);
    for (int32_t a = 0; a < f.tree.n_boxes; a++)
        for (int32_t b = 0; b < f.tree.n_boxes; b++)
            EXPECT(dp_boxes_touch(&f.tree, a, b) == touch(&f.tree, a, b));
    forest_free(&f);
}
END_TEST

/* For a direct sum: all leaves with sources, once, in every row of a leaf with targets. */
START_TEST(all_near_is_all_pairs_of_leaves) {
    forest f;
    dp_lists near;
    double *points = cloud_make(CLOUD_CLUSTER, 600, 3), *targets = cloud_make(CLOUD_CUBE, 300, 4);
    cloud_move(300, targets, 0.5, 0.2);
    ck_assert_int_eq(forest_build(&dp_team_serial, 600, points, 300, targets, 20, &f), DAGPOLE_OK);
    ck_assert_int_eq(dp_lists_all_near(&f.tree, &near), DAGPOLE_OK);
    for (int32_t box = 0; box < f.tree.n_boxes; box++) {
        int64_t at = near.u.offset[box], end = near.u.offset[box + 1];
        int is_target =
            dp_tree_is_leaf(&f.tree, box) && f.tree.target_begin[box] < f.tree.target_end[box];
        for (int32_t leaf = 0; is_target && leaf < f.tree.n_boxes; leaf++)
            if (dp_tree_is_leaf(&f.tree, leaf) &&
                f.tree.source_begin[leaf] < f.tree.source_end[leaf])
                EXPECT(at < end && near.u.index[at++] == leaf);
        EXPECT(at == end);
    }
    ck_assert_int_eq(near.v.offset[f.tree.n_boxes] + near.w.offset[f.tree.n_boxes] +
                         near.x.offset[f.tree.n_boxes],
                     0);
    dp_lists_free(&near);
    forest_free(&f);
    free(points);
    free(targets);
}
END_TEST

SUITE_MAIN("lists", 30, lists_match_their_definitions,
           boxes_without_sources_or_targets_are_left_out, the_longest_w_list_is_met,
           graded_clouds_have_w_entries_that_are_not_leaves, touching_matches_ref,
           all_near_is_all_pairs_of_leaves)
