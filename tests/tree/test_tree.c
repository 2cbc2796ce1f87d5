#include "tree/tree.h"

#include <string.h>

#include "tree/forest.h"
#include "tree/internals.h"

/* The oracle: internal boxes found by counting points in each, then balanced by trying every
 * internal box against every neighbour until nothing changes. */
typedef struct box_id {
    int level;
    dp_key key;
} box_id;

typedef struct oracle {
    int n, max_depth, n_sources;
    dp_key key[4096]; /* of all points, the sources first */
    int n_internal;
    box_id internal[20000];
} oracle;

static dp_key prefix(dp_key point_key, int level) {
    return point_key >> 3 * (DP_MAX_DEPTH - level);
}

static int n_inside(const oracle *o, box_id box) {
    int n = 0;
    for (int i = 0; i < o->n; i++)
        n += prefix(o->key[i], box.level) == box.key;
    return n;
}

static int is_internal(const oracle *o, box_id box) {
    for (int i = 0; i < o->n_internal; i++)
        if (o->internal[i].level == box.level && o->internal[i].key == box.key)
            return 1;
    return 0;
}

static int make_internal(oracle *o, box_id box) {
    if (is_internal(o, box))
        return 0;
    ck_assert_int_lt(o->n_internal, 20000);
    o->internal[o->n_internal++] = box;
    if (box.level > 0)
        make_internal(o, (box_id){box.level - 1, box.key >> 3});
    return 1;
}

/* Whether a source lies in the box or in one of its level that touches it. */
static int has_source_around(const oracle *o, box_id box) {
    uint64_t at[3], other[3];
    int is_around = 0;
    dp_morton_decode_ref(box.key, at);
    for (int i = 0; i < o->n_sources; i++) {
        int n_close = 0;
        dp_morton_decode_ref(prefix(o->key[i], box.level), other);
        for (int d = 0; d < 3; d++)
            n_close += llabs((long long)other[d] - (long long)at[d]) <= 1;
        is_around |= n_close == 3;
    }
    return is_around;
}

static void subdivide(oracle *o, box_id box, int n_crit) {
    int n = n_inside(o, box);
    if (n <= n_crit || box.level == o->max_depth ||
        (n <= DP_FAR_LEAF && !has_source_around(o, box)))
        return;
    make_internal(o, box);
    for (unsigned octant = 0; octant < 8; octant++)
        subdivide(o, (box_id){box.level + 1, box.key << 3 | octant}, n_crit);
}

static int balance_around(oracle *o, box_id box) {
    int n_made = 0;
    for (int i = 0; i < 27 && box.level > 0; i++) {
        int offset[3] = {i / 9 - 1, i / 3 % 3 - 1, i % 3 - 1};
        box_id region = {box.level - 1, 0};
        dp_key neighbour;
        if (!dp_morton_neighbour(box.level, box.key, offset, &neighbour))
            continue;
        region.key = neighbour >> 3;
        while (n_inside(o, region) == 0)
            region = (box_id){region.level - 1, region.key >> 3};
        n_made += make_internal(o, region);
    }
    return n_made;
}

static void balance(oracle *o) {
    int n_made;
    do {
        n_made = 0;
        for (int i = 0; i < o->n_internal; i++)
            n_made += balance_around(o, o->internal[i]);
    } while (n_made > 0);
}

static void check_against_oracle(const dp_tree *tree, const oracle *o) {
    int n_boxes = 1, n_internal = 0;
    for (int i = 0; i < o->n_internal; i++)
        for (unsigned octant = 0; octant < 8; octant++) {
            box_id child = {o->internal[i].level + 1, o->internal[i].key << 3 | octant};
            if (n_inside(o, child) == 0)
                continue;
            n_boxes++;
            int32_t box = dp_tree_find(tree, child.level, child.key);
            EXPECT(box >= 0);
            EXPECT(dp_tree_is_leaf(tree, box) == !is_internal(o, child));
        }
    for (int box = 0; box < tree->n_boxes; box++)
        n_internal += !dp_tree_is_leaf(tree, box);
    ck_assert_int_eq(tree->n_boxes, n_boxes);
    ck_assert_int_eq(n_internal, o->n_internal);
}

static void add_points(oracle *o, const dp_points *points) {
    for (int64_t i = 0; i < points->n; i++)
        o->key[o->n++] = points->key[i];
}

static void check_boxes(const forest *f, int n_crit) {
    static oracle o;
    o.n = o.n_internal = 0;
    o.max_depth = f->tree.cube.max_depth;
    o.n_sources = (int)f->sources.n;
    add_points(&o, &f->sources);
    add_points(&o, &f->targets);
    subdivide(&o, (box_id){0, 0}, n_crit);
    balance(&o);
    check_against_oracle(&f->tree, &o);
    forest_must_pass(f, n_crit, 1);
}

static void check_cloud(cloud kind, int64_t n, uint64_t seed, int n_crit, int has_targets) {
    forest f;
    double *points = cloud_make(kind, 2 * n, seed), *targets = points + 3 * n;
    if (has_targets)
        cloud_move(n, targets, 0.9, 0.05);
    ck_assert_int_eq(
        forest_build(&dp_team_serial, n, points, n, has_targets ? targets : NULL, n_crit, &f),
        DAGPOLE_OK);
    check_boxes(&f, n_crit);
    forest_free(&f);
    free(points);
}

START_TEST(boxes_match_the_oracle) {
    for (int kind = 0; kind < N_CLOUDS; kind++)
        for (int n_crit = 1; n_crit <= 9; n_crit += 4)
            check_cloud((cloud)kind, 150, 1, n_crit, n_crit == 5);
}
END_TEST

/* Targets far from all sources, fewer and more than share a leaf. */
START_TEST(far_targets_share_leaves) {
    for (int n = DP_FAR_LEAF / 2; n <= 3 * DP_FAR_LEAF; n *= 6) {
        forest f;
        double *points = cloud_make(CLOUD_CUBE, 200 + n, 3), *targets = points + 600;
        cloud_move(200, points, 0, 0.01);
        cloud_move(n, targets, 0.9, 0.01);
        ck_assert_int_eq(forest_build(&dp_team_serial, 200, points, n, targets, 5, &f), DAGPOLE_OK);
        check_boxes(&f, 5);
        int n_leaves = 0;
        for (int32_t box = 0; box < f.tree.n_boxes; box++)
            n_leaves +=
                dp_tree_is_leaf(&f.tree, box) && f.tree.target_end[box] > f.tree.target_begin[box];
        ck_assert_int_eq(n_leaves == 1, n <= DP_FAR_LEAF);
        ck_assert_int_le(n_leaves, 64);
        forest_free(&f);
        free(points);
    }
}
END_TEST

/* Few points leave many regions empty, which balance must look through. */
START_TEST(sparse_clouds_match_the_oracle) {
    for (uint64_t seed = 0; seed < 60; seed++) {
        check_cloud(CLOUD_LOG_RADIAL, 24, seed, 2, 0);
        check_cloud(CLOUD_CLUSTER, 16, seed, 3, seed % 2 == 1);
    }
}
END_TEST

/* Part of the points lie in a region that is smaller than the boxes that 64-bit keys tell apart. */
START_TEST(deep_trees_match_the_oracle) {
    for (int n_crit = 1; n_crit <= 4; n_crit += 3)
        for (int has_targets = 0; has_targets < 2; has_targets++) {
            forest f;
            double *points = cloud_make(CLOUD_CUBE, 90, 7);
            cloud_move(60, points, 0.3, 3e-10);
            ck_assert_int_eq(forest_build(&dp_team_serial, has_targets ? 45 : 90, points, 45,
                                          has_targets ? points + 3 * 45 : NULL, n_crit, &f),
                             DAGPOLE_OK);
            ck_assert_int_gt(f.tree.depth, 30);
            check_boxes(&f, n_crit);
            forest_free(&f);
            free(points);
        }
}
END_TEST

/* Points crowd in one octant towards the centre of the cube; every other octant holds two points
 * at its outer corner, so that what the crowd touches there is empty. */
START_TEST(empty_regions_are_looked_through) {
    for (int crowded = 0; crowded < 8; crowded++) {
        double points[3 * 54], *p = points;
        uint64_t state = 1;
        for (int i = 0; i < 54; i++)
            for (int d = 0; d < 3; d++) {
                int octant = i < 14 ? (crowded ^ (i / 2 + 1)) : crowded;
                double radius = i < 14 ? 1.99 - 0.01 * (i % 2) : ldexp(1, -i / 4);
                radius *= i < 14 ? 1 : suite_uniform(&state);
                *p++ = octant >> (2 - d) & 1 ? 2 + radius : 2 - radius;
            }
        dp_cube cube = {.side = 4, .max_depth = 21};
        forest f = {0};
        ck_assert_int_eq(dp_points_build(&dp_team_serial, &cube, 54, points, &f.sources),
                         DAGPOLE_OK);
        ck_assert_int_eq(dp_tree_build(&dp_team_serial, &cube, &f.sources, NULL, 2, &f.tree),
                         DAGPOLE_OK);
        ck_assert_int_eq(dp_lists_build(&dp_team_serial, &f.tree, &f.lists), DAGPOLE_OK);
        check_boxes(&f, 2);
        forest_free(&f);
    }
}
END_TEST

START_TEST(every_cloud_passes_the_check) {
    for (int kind = 0; kind < N_CLOUDS; kind++)
        for (int n_crit = 1; n_crit <= 100; n_crit *= 10) {
            forest f;
            forest_grow((cloud)kind, 3000, n_crit, &f);
            forest_must_pass(&f, n_crit, n_crit > 1);
            forest_free(&f);
        }
}
END_TEST

START_TEST(sources_and_targets_may_differ) {
    for (int kind = 0; kind < N_CLOUDS; kind++)
        for (int how = 0; how < 3; how++) {
            forest f;
            int n = 1500;
            double *sources = cloud_make((cloud)kind, n, 1);
            double *targets =
                cloud_make(how == 0 ? CLOUD_SPHERE : (cloud)kind, n, how == 1 ? 1 : 2);
            if (how == 2) { /* opposite corners of the cube */
                cloud_move(n, sources, -1, 0.3);
                cloud_move(n, targets, 1, 0.1);
            }
            dagpole_status status =
                forest_build(&dp_team_serial, n, sources, n - 7, targets, 10, &f);
            ck_assert_int_eq(status, DAGPOLE_OK);
            forest_must_pass(&f, 10, 1);
            forest_free(&f);
            free(sources);
            free(targets);
        }
}
END_TEST

START_TEST(few_points_make_a_root) {
    static const double points[6] = {0, 0, 0, 1, 1, 1};
    for (int n_sources = 0; n_sources <= 2; n_sources++)
        for (int n_targets = 0; n_targets <= 2; n_targets++) {
            forest f;
            ck_assert_int_eq(
                forest_build(&dp_team_serial, n_sources, points, n_targets, points, 4, &f),
                DAGPOLE_OK);
            ck_assert_int_eq(f.tree.n_boxes, 1);
            ck_assert_int_eq(f.tree.n_leaves, 1);
            ck_assert_int_eq(f.tree.depth, 0);
            ck_assert_int_eq(f.tree.source_end[0], n_sources);
            ck_assert_int_eq(f.tree.target_end[0], n_targets);
            ck_assert_int_eq(f.lists.u.offset[1], n_sources > 0 && n_targets > 0);
            forest_must_pass(&f, 4, 1);
            forest_free(&f);
        }
}
END_TEST

START_TEST(coincident_points_do_not_split) {
    forest f;
    forest_grow(CLOUD_IDENTICAL, 5000, 1, &f);
    ck_assert_int_eq(f.tree.n_boxes, 1);
    ck_assert_int_eq(f.sources.n, 1);
    forest_free(&f);
}
END_TEST

START_TEST(points_closer_than_the_finest_box_stay_together) {
    double points[9] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1 + 1e-15, 1, 1, 1};
    forest f;
    ck_assert_int_eq(forest_build(&dp_team_serial, 3, points, 0, NULL, 1, &f), DAGPOLE_OK);
    ck_assert_int_eq(f.tree.depth, DP_MAX_DEPTH);
    ck_assert_int_eq(f.tree.level_begin[DP_MAX_DEPTH + 1], f.tree.n_boxes);
    forest_must_pass(&f, 1, 1);
    forest_free(&f);
}
END_TEST

START_TEST(a_cloud_far_away_stays_within_max_depth) {
    for (double centre = 1e6; centre < 1e17; centre *= 10) {
        double *points = cloud_make(CLOUD_LOG_RADIAL, 2000, 4);
        cloud_move(2000, points, centre, 1);
        forest f;
        ck_assert_int_eq(forest_build(&dp_team_serial, 2000, points, 0, NULL, 3, &f), DAGPOLE_OK);
        ck_assert_int_le(f.tree.depth, f.tree.cube.max_depth);
        forest_must_pass(&f, 3, 0);
        forest_free(&f);
        free(points);
    }
}
END_TEST

START_TEST(enclosing_boxes_are_found) {
    forest f;
    forest_grow(CLOUD_CLUSTER, 2000, 5, &f);
    const dp_tree *tree = &f.tree;
    uint64_t state = 3;
    for (int i = 0; i < 3000; i++) {
        int level = (int)(suite_uniform(&state) * (DP_MAX_DEPTH + 1));
        dp_key key = (dp_key)(suite_uniform(&state) * ldexp(1, 3 * level)), above = key;
        if (i % 2)
            above = key = prefix(f.sources.key[i % f.sources.n], level);
        int l = level, box;
        while ((box = dp_tree_find(tree, l, above)) < 0)
            l--, above >>= 3;
        ck_assert_int_eq(dp_tree_find_enclosing(tree, level, key), box);
    }
    forest_free(&f);
}
END_TEST

START_TEST(a_bad_n_crit_is_refused) {
    dp_points none = {0};
    dp_cube cube = {.side = 1, .max_depth = 21};
    dp_tree tree;
    ck_assert_int_eq(dp_tree_build(&dp_team_serial, &cube, &none, NULL, 0, &tree),
                     DAGPOLE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "n_crit is 0"));
}
END_TEST

START_TEST(bytes_are_counted) {
    forest f;
    dp_tree none = {0};
    ck_assert_int_eq(dp_tree_bytes(&none), 0);
    forest_grow(CLOUD_CUBE, 500, 10, &f);
    ck_assert_int_eq(dp_tree_bytes(&f.tree), (16 + 1 + 4 + 4 + 1 + 16) * f.tree.n_boxes);
    forest_free(&f);
}
END_TEST

static void ck_same(const void *a, const void *b, size_t bytes) {
    ck_assert_int_eq(memcmp(a, b, bytes), 0);
}

static void check_same_rows(const dp_csr *a, const dp_csr *b) {
    ck_assert_int_eq(a->n_rows, b->n_rows);
    ck_same(a->offset, b->offset, sizeof *a->offset * (size_t)(a->n_rows + 1));
    ck_same(a->index, b->index, sizeof *a->index * (size_t)a->offset[a->n_rows]);
}

static void check_same(const forest *a, const forest *b) {
    size_t n = (size_t)a->tree.n_boxes;
    ck_assert_int_eq(a->tree.n_boxes, b->tree.n_boxes);
    ck_assert_int_eq(a->tree.n_leaves, b->tree.n_leaves);
    ck_same(a->tree.level_begin, b->tree.level_begin, sizeof a->tree.level_begin);
    ck_same(a->tree.key, b->tree.key, n * sizeof *a->tree.key);
    ck_same(a->tree.parent, b->tree.parent, n * sizeof *a->tree.parent);
    ck_same(a->tree.child, b->tree.child, n * sizeof *a->tree.child);
    ck_same(a->tree.n_children, b->tree.n_children, n);
    ck_same(a->tree.source_begin, b->tree.source_begin, n * sizeof(int64_t));
    ck_same(a->tree.source_end, b->tree.source_end, n * sizeof(int64_t));
    ck_same(a->tree.target_begin, b->tree.target_begin, n * sizeof(int64_t));
    ck_same(a->tree.target_end, b->tree.target_end, n * sizeof(int64_t));
    check_same_rows(&a->lists.u, &b->lists.u);
    check_same_rows(&a->lists.v, &b->lists.v);
    check_same_rows(&a->lists.w, &b->lists.w);
    check_same_rows(&a->lists.x, &b->lists.x);
}

START_TEST(the_team_does_not_matter) {
    for (int kind = 0; kind < N_CLOUDS; kind++) {
        int64_t n = 70000;
        double *points = cloud_make((cloud)kind, 2 * n, 9), *targets = points + 3 * n;
        const double *given = kind % 2 ? targets : NULL;
        forest a, b;
        ck_assert_int_eq(forest_build(&dp_team_serial, n, points, n, given, 6, &a), DAGPOLE_OK);
        ck_assert_int_eq(forest_build(&team_backwards, n, points, n, given, 6, &b), DAGPOLE_OK);
        check_same(&a, &b);
        if (kind == CLOUD_LOG_RADIAL || kind == CLOUD_CUBE)
            forest_must_pass(&b, 6, 0);
        forest_free(&a);
        forest_free(&b);
        free(points);
    }
}
END_TEST

START_TEST(failed_allocations_leave_nothing) {
    int64_t n = 300, live = dp_memory_live();
    double *points = cloud_make(CLOUD_LOG_RADIAL, 2 * n, 1);
    for (int persistent = 0; persistent < 2; persistent++) {
        dagpole_status status;
        int k = 0;
        do {
            forest f;
            dp_memory_fail_at(++k, persistent);
            status = forest_build(&team_backwards, n, points, n, points + 3 * n, 2, &f);
            dp_memory_fail_at(0, 0);
            if (status == DAGPOLE_OK)
                forest_free(&f);
            ck_assert_int_eq(dp_memory_live(), live);
        } while (status == DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(status, DAGPOLE_OK);
        ck_assert_int_gt(k, 50);
    }
    free(points);
}
END_TEST

SUITE_MAIN("tree", 30, boxes_match_the_oracle, far_targets_share_leaves,
           sparse_clouds_match_the_oracle, deep_trees_match_the_oracle,
           empty_regions_are_looked_through, every_cloud_passes_the_check,
           sources_and_targets_may_differ, few_points_make_a_root, coincident_points_do_not_split,
           points_closer_than_the_finest_box_stay_together, a_cloud_far_away_stays_within_max_depth,
           enclosing_boxes_are_found, a_bad_n_crit_is_refused, bytes_are_counted,
           the_team_does_not_matter, failed_allocations_leave_nothing)
