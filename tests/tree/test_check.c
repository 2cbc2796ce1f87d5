#include "tree/check.h"

#include <string.h>

#include "tree/forest.h"
#include "tree/internals.h"

/* What is broken on purpose must be found, and the sentence must name a box or a point. */

#define N_CRIT 6

static void grow(forest *f) {
    forest_grow(CLOUD_LOG_RADIAL, 3000, N_CRIT, f);
    forest_must_pass(f, N_CRIT, 0);
}

static void must_fail(forest *f, const char *part_of_sentence) {
    for (int exhaustive = 0; exhaustive < 2; exhaustive++) {
        ck_assert_int_eq(forest_check(f, N_CRIT, exhaustive), DAGPOLE_INTERNAL);
        ck_assert_msg(strstr(dagpole_last_error(), part_of_sentence) != NULL, "%s",
                      dagpole_last_error());
    }
    forest_free(f);
}

/* Index of a row with at least two entries, past the middle. */
static int32_t row_of(const dp_csr *list) {
    int32_t row = (int32_t)(list->n_rows / 2);
    while (list->offset[row + 1] - list->offset[row] < 2)
        row++;
    return row;
}

static void drop_entry(dp_csr *list) {
    int32_t row = row_of(list);
    int64_t at = list->offset[row], n = list->offset[list->n_rows];
    memmove(list->index + at, list->index + at + 1, sizeof *list->index * (size_t)(n - at - 1));
    for (int64_t i = row + 1; i <= list->n_rows; i++)
        list->offset[i]--;
}

START_TEST(a_dropped_entry_is_found) {
    for (int i = 0; i < 4; i++) {
        forest f;
        grow(&f);
        dp_csr *lists[4] = {&f.lists.u, &f.lists.v, &f.lists.w, &f.lists.x};
        drop_entry(lists[i]);
        must_fail(&f, "its lists bring it");
    }
}
END_TEST

START_TEST(a_duplicate_entry_is_found) {
    for (int i = 0; i < 4; i++) {
        forest f;
        grow(&f);
        dp_csr *lists[4] = {&f.lists.u, &f.lists.v, &f.lists.w, &f.lists.x};
        int64_t at = lists[i]->offset[row_of(lists[i])];
        lists[i]->index[at + 1] = lists[i]->index[at];
        must_fail(&f, "does not belong into its list");
    }
}
END_TEST

START_TEST(a_foreign_entry_is_found) {
    for (int i = 0; i < 4; i++) {
        forest f;
        grow(&f);
        dp_csr *lists[4] = {&f.lists.u, &f.lists.v, &f.lists.w, &f.lists.x};
        lists[i]->index[lists[i]->offset[row_of(lists[i])]] = 0;
        must_fail(&f, "box 0 does not belong into its list");
    }
}
END_TEST

/* The trap that PyExaFMM fell into: only leaves in W. */
START_TEST(w_lists_of_leaves_alone_are_found_out) {
    forest f;
    grow(&f);
    dp_csr *w = &f.lists.w;
    int64_t kept = 0, begin = 0;
    for (int64_t row = 0; row < w->n_rows; row++) {
        for (int64_t i = begin; i < w->offset[row + 1]; i++)
            if (dp_tree_is_leaf(&f.tree, w->index[i]))
                w->index[kept++] = w->index[i];
        begin = w->offset[row + 1];
        w->offset[row + 1] = kept;
    }
    must_fail(&f, "its lists bring it");
}
END_TEST

START_TEST(broken_points_are_found) {
    forest f;
    grow(&f);
    f.sources.x[7] += 2;
    must_fail(&f, "source point 7: it lies outside the cube");
    grow(&f);
    f.sources.key[9] ^= 1;
    must_fail(&f, "source point 9: its key");
    grow(&f);
    f.sources.origin[9] = f.sources.origin[10];
    must_fail(&f, "source point 10: an origin");
}
END_TEST

START_TEST(broken_boxes_are_found) {
    forest f;
    grow(&f);
    f.tree.key[5]++;
    must_fail(&f, "box ");
    grow(&f);
    f.tree.parent[40]++;
    must_fail(&f, "a child is not its child");
    grow(&f);
    f.tree.source_end[f.tree.n_boxes - 1]--;
    must_fail(&f, "all of its points");
    grow(&f);
    f.tree.n_leaves--;
    must_fail(&f, "miscounted");
    grow(&f);
    f.tree.cube.max_depth = f.tree.depth - 1;
    must_fail(&f, "deeper than the cube allows");
}
END_TEST

START_TEST(a_leaf_too_large_is_found) {
    forest f;
    forest_grow(CLOUD_CUBE, 1000, 4 * N_CRIT, &f); /* some leaf holds more than N_CRIT */
    must_fail(&f, "a leaf of more points than allowed");
}
END_TEST

/* Targets with no source around them may share one, up to a size of its own. */
START_TEST(a_far_leaf_too_large_is_found) {
    enum { N = 4 * DP_FAR_LEAF };
    forest f;
    double *points = cloud_make(CLOUD_CUBE, N, 5), *targets = points + 3 * N / 2;
    cloud_move(N / 2, points, 0, 0.1);
    cloud_move(N / 2, targets, 0.9, 0.1);
    ck_assert_int_eq(forest_build(&dp_team_serial, N / 2, points, N / 2, targets, N / 2, &f),
                     DAGPOLE_OK);
    must_fail(&f, "a leaf of more points than allowed");
    free(points);
}
END_TEST

static void remove_int32(int32_t *array, int32_t at, int32_t n, int32_t end) {
    memmove(array + at, array + at + n, sizeof *array * (size_t)(end - at - n));
}

static void remove_int64(int64_t *array, int32_t at, int32_t n, int32_t end) {
    memmove(array + at, array + at + n, sizeof *array * (size_t)(end - at - n));
}

/* Turns a box whose children are leaves into a leaf. */
static void collapse(dp_tree *tree, int32_t box) {
    int32_t at = tree->child[box], n = tree->n_children[box], end = tree->n_boxes;
    for (int32_t i = at; i < at + n; i++)
        ck_assert(dp_tree_is_leaf(tree, i));
    for (int level = tree->level[box] + 2; level <= DP_MAX_DEPTH + 1; level++)
        tree->level_begin[level] -= n;
    tree->child[box] = -1;
    tree->n_children[box] = 0;
    memmove(tree->key + at, tree->key + at + n, sizeof *tree->key * (size_t)(end - at - n));
    remove_int64(tree->source_begin, at, n, end);
    remove_int64(tree->source_end, at, n, end);
    remove_int32(tree->parent, at, n, end);
    remove_int32(tree->child, at, n, end);
    memmove(tree->level + at, tree->level + at + n, (size_t)(end - at - n));
    memmove(tree->n_children + at, tree->n_children + at + n, (size_t)(end - at - n));
    tree->n_boxes -= n;
    tree->n_leaves -= n - 1;
    for (int32_t i = 0; i < tree->n_boxes; i++) {
        tree->parent[i] -= tree->parent[i] >= at ? n : 0;
        tree->child[i] -= tree->child[i] >= at ? n : 0;
    }
}

/* Points crowd towards the centre of the cube in one octant; the opposite octant holds two points
 * and is split for balance alone. */
START_TEST(a_tree_out_of_balance_is_found) {
    int64_t n = 100;
    double *points = cloud_make(CLOUD_CUBE, n, 1);
    for (int64_t i = 0; i < 3 * n; i++)
        points[i] = 2 - ldexp(fabs(points[i]), -(int)(i / 30));
    for (int d = 0; d < 3; d++) {
        points[d] = 2.001;
        points[3 + d] = 3.5;
    }
    dp_cube cube = {.side = 4, .max_depth = 21};
    forest f = {0};
    ck_assert_int_eq(dp_points_build(&dp_team_serial, &cube, n, points, &f.sources), DAGPOLE_OK);
    ck_assert_int_eq(dp_tree_build(&dp_team_serial, &cube, &f.sources, NULL, N_CRIT, &f.tree),
                     DAGPOLE_OK);
    ck_assert_int_eq(dp_lists_build(&dp_team_serial, &f.tree, &f.lists), DAGPOLE_OK);
    forest_must_pass(&f, N_CRIT, 1);
    int32_t box = dp_tree_find(&f.tree, 1, 7);
    ck_assert_int_eq(f.tree.source_end[box] - f.tree.source_begin[box], 2);
    while (!dp_tree_is_leaf(&f.tree, f.tree.child[box]))
        box = f.tree.child[box];
    collapse(&f.tree, box);
    must_fail(&f, "its children touch a leaf two levels coarser");
    free(points);
}
END_TEST

START_TEST(failed_allocations_are_reported) {
    forest f;
    grow(&f);
    int64_t live = dp_memory_live();
    dagpole_status status;
    int k = 0;
    do {
        dp_memory_fail_at(++k, 0);
        status = forest_check(&f, N_CRIT, 0);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(dp_memory_live(), live);
    } while (status == DAGPOLE_NO_MEMORY);
    ck_assert_int_eq(status, DAGPOLE_OK);
    ck_assert_int_gt(k, 3);
    forest_free(&f);
}
END_TEST

SUITE_MAIN("check", 30, a_dropped_entry_is_found, a_duplicate_entry_is_found,
           a_foreign_entry_is_found, w_lists_of_leaves_alone_are_found_out, broken_points_are_found,
           broken_boxes_are_found, a_leaf_too_large_is_found, a_far_leaf_too_large_is_found,
           a_tree_out_of_balance_is_found, failed_allocations_are_reported)
