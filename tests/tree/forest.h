/* Points, tree and lists of a cloud in one go, for tests. */
#ifndef DP_TESTS_FOREST_H
#define DP_TESTS_FOREST_H

#include "geometry/clouds.h"
#include "tree/check.h"

typedef struct forest {
    dp_points sources, targets; /* targets empty where they are the sources */
    dp_points *target_points;   /* NULL then */
    dp_tree tree;
    dp_lists lists;
} forest;

static inline void forest_free(forest *f) {
    dp_lists_free(&f->lists);
    dp_tree_free(&f->tree);
    dp_points_free(&f->targets);
    dp_points_free(&f->sources);
}

/* targets NULL: the sources. On failure nothing is left to free. */
static inline dagpole_status forest_build_in(const dp_team *team, const dp_cube *cube,
                                             int64_t n_sources, const double *sources,
                                             int64_t n_targets, const double *targets, int n_crit,
                                             forest *f) {
    *f = (forest){0};
    dagpole_status status = dp_points_build(team, cube, n_sources, sources, &f->sources);
    if (status == DAGPOLE_OK && targets) {
        f->target_points = &f->targets;
        status = dp_points_build(team, cube, n_targets, targets, &f->targets);
    }
    if (status == DAGPOLE_OK)
        status = dp_tree_build(team, cube, &f->sources, f->target_points, n_crit, &f->tree);
    if (status == DAGPOLE_OK)
        status = dp_lists_build(team, &f->tree, &f->lists);
    if (status != DAGPOLE_OK)
        forest_free(f);
    return status;
}

/* In the smallest cube. */
static inline dagpole_status forest_build(const dp_team *team, int64_t n_sources,
                                          const double *sources, int64_t n_targets,
                                          const double *targets, int n_crit, forest *f) {
    *f = (forest){0};
    dp_bounds bounds = dp_bounds_empty();
    dagpole_status status = dp_bounds_widen(team, "sources", n_sources, sources, &bounds);
    if (status == DAGPOLE_OK && targets)
        status = dp_bounds_widen(team, "targets", n_targets, targets, &bounds);
    dp_cube cube = dp_cube_fit(&bounds, 1);
    if (status == DAGPOLE_OK)
        status = forest_build_in(team, &cube, n_sources, sources, n_targets, targets, n_crit, f);
    return status;
}

static inline dagpole_status forest_check(const forest *f, int n_crit, int exhaustive) {
    return dp_tree_check(&f->tree, &f->lists, &f->sources, f->target_points, n_crit, exhaustive);
}

static inline void forest_must_pass(const forest *f, int n_crit, int exhaustive) {
    dagpole_status status = forest_check(f, n_crit, exhaustive);
    ck_assert_msg(status == DAGPOLE_OK, "%s", dagpole_last_error());
}

/* A forest of one cloud: sources are targets. */
static inline void forest_grow(cloud kind, int64_t n, int n_crit, forest *f) {
    double *points = cloud_make(kind, n, (uint64_t)n);
    dagpole_status status = forest_build(&dp_team_serial, n, points, 0, NULL, n_crit, f);
    ck_assert_int_eq(status, DAGPOLE_OK);
    free(points);
}

/* The second half of a cloud moved and shrunk onto `corner` of the cube. */
static inline void cloud_move(int64_t n, double *points, double corner, double size) {
    for (int64_t i = 0; i < 3 * n; i++)
        points[i] = corner + size * points[i];
}

#endif
