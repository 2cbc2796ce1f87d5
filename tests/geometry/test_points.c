#include "geometry/points.h"

#include <string.h>

#include "geometry/clouds.h"
#include "kernel/kernel.h"

static dp_cube cube_of(int64_t n, const double *given) {
    dp_bounds bounds = dp_bounds_empty();
    ck_assert_int_eq(dp_bounds_widen(&dp_team_serial, "given", n, given, &bounds), DAGPOLE_OK);
    return dp_cube_fit(&bounds, 1);
}

static dp_points build(const dp_team *team, int64_t n, const double *given) {
    dp_points points = {0};
    dp_cube cube = cube_of(n, given);
    ck_assert_int_eq(dp_points_build(team, &cube, n, given, &points), DAGPOLE_OK);
    return points;
}

/* The oracle: given points ordered by key, position, index with the C library's sort. */
typedef struct given_point {
    dp_key key;
    double position[3];
    int64_t origin;
} given_point;

static int compare_given(const void *left, const void *right) {
    const given_point *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    for (int d = 0; d < 3; d++)
        if (a->position[d] != b->position[d])
            return a->position[d] < b->position[d] ? -1 : 1;
    return (a->origin > b->origin) - (a->origin < b->origin);
}

static void check_points(const dp_points *points, int64_t n, const double *given) {
    dp_cube cube = cube_of(n, given);
    given_point *all = malloc(sizeof *all * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++) {
        all[i].origin = i;
        for (int d = 0; d < 3; d++)
            all[i].position[d] = ldexp(given[3 * i + d], -cube.exponent);
        all[i].key = dp_morton_of_point(&cube, all[i].position);
    }
    qsort(all, (size_t)n, sizeof *all, compare_given);
    int64_t unique = -1;
    for (int64_t i = 0; i < n; i++) {
        const double *p = all[i].position, *q = all[i > 0 ? i - 1 : 0].position;
        if (i == 0 || p[0] != q[0] || p[1] != q[1] || p[2] != q[2]) {
            unique++;
            EXPECT((points->origin_begin ? points->origin_begin[unique] : unique) == i);
        }
        EXPECT(unique < points->n);
        EXPECT(points->key[unique] == all[i].key);
        EXPECT(points->x[unique] == p[0]);
        EXPECT(points->y[unique] == p[1]);
        EXPECT(points->z[unique] == p[2]);
        EXPECT(points->origin[i] == all[i].origin);
    }
    EXPECT(points->n == unique + 1);
    EXPECT(points->n_given == n);
    EXPECT((points->origin_begin == NULL) == (points->n == n));
    if (points->origin_begin)
        EXPECT(points->origin_begin[points->n] == n);
    free(all);
}

START_TEST(clouds_match_the_oracle) {
    static const int64_t sizes[] = {0, 1, 2, 3, 1000, 70000};
    static const double scales[] = {1, 1e12, 1e-30, 1e-200};
    for (int kind = 0; kind < N_CLOUDS; kind++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            double *given = cloud_make((cloud)kind, sizes[i], i);
            for (int64_t j = 0; j < 3 * sizes[i]; j++)
                given[j] *= scales[i % 4];
            dp_points serial = build(&dp_team_serial, sizes[i], given);
            dp_points backwards = build(&team_backwards, sizes[i], given);
            check_points(&serial, sizes[i], given);
            check_points(&backwards, sizes[i], given);
            dp_points_free(&serial);
            dp_points_free(&backwards);
            free(given);
        }
}
END_TEST

/* So close that one coarse key, or one key, holds many positions, some of them twice. */
static void check_crowd(double spacing, int has_keys) {
    int64_t n = 40000;
    double *given = cloud_make(CLOUD_CUBE, n, 3);
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < 3; d++)
            given[3 * i + d] = i == 0 ? 1 : 0.25 + spacing * floor(20 * given[3 * i + d]);
    dp_points points = build(&team_backwards, n, given);
    check_points(&points, n, given);
    ck_assert_int_lt(points.n, n);
    ck_assert_int_gt(points.n, 1000);
    int64_t n_keys = 1;
    for (int64_t i = 1; i < points.n; i++)
        n_keys += points.key[i] != points.key[i - 1];
    if (has_keys)
        ck_assert_int_eq(n_keys, points.n);
    else
        ck_assert_int_lt(n_keys, 30);
    dp_points_free(&points);
    free(given);
}

START_TEST(equal_keys_are_ordered_by_position) {
    check_crowd(1e-9, 1);
    check_crowd(1e-14, 0);
}
END_TEST

START_TEST(zeros_of_both_signs_coincide) {
    double given[12] = {0.0, -0.0, 1, -0.0, 0.0, 1, 0.5, 0, 0, -0.0, -0.0, 1};
    dp_points points = build(&dp_team_serial, 4, given);
    check_points(&points, 4, given);
    ck_assert_int_eq(points.n, 2);
    dp_points_free(&points);
}
END_TEST

static int has_tiny(double x, double y, double z) {
    double given[15] = {1, 1, 1, 0, -0.0, 0.5, x, y, z, x, y, z, 0, 1, 1};
    dp_points points = build(&dp_team_serial, 5, given);
    ck_assert_int_eq(points.n, 4);
    int has = points.has_tiny;
    dp_points_free(&points);
    return has;
}

START_TEST(tiny_coordinates_are_noticed) {
    ck_assert_int_eq(has_tiny(0.25, 1e-60, -0.5), 0);
    ck_assert_int_eq(has_tiny(1e-80, 0.5, 0.5), 1);
    ck_assert_int_eq(has_tiny(0.5, -1e-300, 0.5), 1);
    ck_assert_int_eq(has_tiny(0.5, 0.5, 5e-324), 1);
    ck_assert_double_gt(DP_TINY_COORDINATE * 0x1p-53, DP_NEAREST);
}
END_TEST

START_TEST(keys_are_forgotten_and_made_again) {
    int64_t n = 3000;
    double *given = cloud_make(CLOUD_LOG_RADIAL, n, 2);
    dp_points points = build(&dp_team_serial, n, given);
    dp_cube cube = cube_of(n, given);
    int64_t bytes = dp_points_bytes(&points);
    dp_points_forget_keys(&points);
    ck_assert_int_eq(dp_points_bytes(&points), bytes - 16 * points.n);
    ck_assert_int_eq(dp_points_make_keys(&cube, &points), DAGPOLE_OK);
    check_points(&points, n, given);
    dp_points_free(&points);
    free(given);
}
END_TEST

START_TEST(bytes_are_counted) {
    dp_points none = {0};
    ck_assert_int_eq(dp_points_bytes(&none), 0);
    double given[9] = {0, 0, 0, 1, 1, 1, 0, 0, 0};
    dp_points points = build(&dp_team_serial, 3, given);
    ck_assert_int_eq(dp_points_bytes(&points), 2 * 40 + 3 * 8 + 3 * 8);
    dp_points_free(&points);
    dp_points_free(&points);
}
END_TEST

START_TEST(failed_allocations_leave_nothing) {
    int64_t n = 200, live = dp_memory_live();
    double *given = cloud_make(CLOUD_LOG_RADIAL, n, 1);
    memcpy(given + 3, given, 3 * sizeof *given);
    dp_cube cube = cube_of(n, given);
    for (int persistent = 0; persistent < 2; persistent++) {
        dagpole_status status;
        int k = 0;
        do {
            dp_points points = {0}, empty = {0};
            dp_memory_fail_at(++k, persistent);
            status = dp_points_build(&dp_team_serial, &cube, n, given, &points);
            dp_memory_fail_at(0, 0);
            if (status != DAGPOLE_OK)
                ck_assert_mem_eq(&points, &empty, sizeof points);
            dp_points_free(&points);
            ck_assert_int_eq(dp_memory_live(), live);
        } while (status == DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(status, DAGPOLE_OK);
        ck_assert_int_gt(k, 12);
    }
    free(given);
}
END_TEST

SUITE_MAIN("points", 20, clouds_match_the_oracle, equal_keys_are_ordered_by_position,
           zeros_of_both_signs_coincide, tiny_coordinates_are_noticed,
           keys_are_forgotten_and_made_again, bytes_are_counted, failed_allocations_leave_nothing)
