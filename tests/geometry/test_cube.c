#include "geometry/cube.h"

#include <string.h>

#include "geometry/clouds.h"
#include "geometry/morton.h"

static dp_bounds bounds_of(int64_t n, const double *points) {
    dp_bounds bounds = dp_bounds_empty();
    ck_assert_int_eq(dp_bounds_widen(&dp_team_serial, "points", n, points, &bounds), DAGPOLE_OK);
    return bounds;
}

static void check_refused(int64_t i, int d, double value, const char *sentence) {
    int64_t n = 300000;
    double *points = cloud_make(CLOUD_CUBE, n, 1);
    points[3 * i + d] = value;
    points[3 * n - 1] = NAN; /* the first culprit is named */
    const dp_team *teams[] = {&dp_team_serial, &team_backwards};
    for (int t = 0; t < 2; t++) {
        dp_bounds bounds = dp_bounds_empty();
        ck_assert_int_eq(dp_bounds_widen(teams[t], "sources", n, points, &bounds), DAGPOLE_NUMERIC);
        if (t == 0)
            ck_assert_str_eq(dagpole_last_error(), sentence);
    }
    free(points);
}

START_TEST(bad_coordinates_are_named) {
    check_refused(12, 1, NAN, "sources[12][1] is nan: coordinates must be finite");
    check_refused(0, 0, -INFINITY, "sources[0][0] is -inf: coordinates must be finite");
    check_refused(299998, 2, 2e300,
                  "sources[299998][2] is 2e+300: coordinates must be at most 1e300 in size");
}
END_TEST

START_TEST(bounds_are_those_of_all_points) {
    double a[6] = {1, 2, 3, -1, 5, 0}, b[3] = {0, 0, 9};
    dp_bounds bounds = bounds_of(2, a);
    ck_assert_int_eq(dp_bounds_widen(&team_backwards, "b", 1, b, &bounds), DAGPOLE_OK);
    ck_assert_int_eq(dp_bounds_widen(&team_backwards, "none", 0, NULL, &bounds), DAGPOLE_OK);
    static const double low[3] = {-1, 0, 0}, high[3] = {1, 5, 9};
    ck_assert_mem_eq(bounds.low, low, sizeof low);
    ck_assert_mem_eq(bounds.high, high, sizeof high);
}
END_TEST

/* long double carries 64 bits: a sum that is not exact in 53 differs there. */
static void check_centres_exact(const dp_cube *cube) {
    uint64_t state = 5;
    for (int level = 0; level <= cube->max_depth; level++)
        for (int i = 0; i < 50; i++) {
            uint64_t anchor[3], last = (UINT64_C(1) << level) - 1;
            for (int d = 0; d < 3; d++)
                anchor[d] = (uint64_t)(suite_uniform(&state) * ((double)last + 1));
            if (i < 2)
                anchor[0] = anchor[1] = anchor[2] = i ? last : 0;
            double centre[3];
            dp_cube_centre(cube, level, dp_morton_encode(anchor), centre);
            for (int d = 0; d < 3; d++) {
                long double half = ldexpl(cube->side, -level - 1);
                long double exact = cube->corner[d] + (2.0L * anchor[d] + 1) * half;
                EXPECT(exact == centre[d]);
                EXPECT(exact - half == (double)(exact - half));
            }
        }
}

static void check_ladder(const dp_cube *cube) {
    int exponent;
    double sixteenths = 32 * frexp(cube->side, &exponent);
    EXPECT(sixteenths == 16 || sixteenths == 19 || sixteenths == 23 || sixteenths == 27);
    EXPECT(cube->side >= 1 && cube->side <= 8);
}

static void check_holds(const dp_cube *cube, const dp_bounds *bounds) {
    for (int d = 0; d < 3; d++) {
        double low = dp_cube_scale(cube, bounds->low[d]),
               high = dp_cube_scale(cube, bounds->high[d]);
        EXPECT(isfinite(low) && isfinite(high));
        EXPECT(cube->corner[d] <= low);
        EXPECT(high < cube->corner[d] + cube->side);
    }
}

START_TEST(cubes_fit_clouds_of_every_size_and_place) {
    static const double sizes[] = {1, 1e-3, 1e12, 1e-30, 1e-200, 1e300, 1e-308, 3e-320, 0.7};
    static const double offsets[] = {0, 0.3, -5, 1e3, 1e6, -1e8, 1e10, 1e13, 1e15, 1e17};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof offsets / sizeof *offsets; j++)
            for (int kind = 0; kind < N_CLOUDS; kind++) {
                double offset = offsets[j] * sizes[i];
                if (fabs(offset) > 1e299)
                    continue;
                double *points = cloud_make((cloud)kind, 50, i + j);
                for (int k = 0; k < 150; k++)
                    points[k] = points[k] / 10 * sizes[i] + (k % 3 ? offset : -offset / 3);
                dp_bounds bounds = bounds_of(50, points);
                for (int k = 0; k < 4; k++) {
                    dp_cube cube = dp_cube_fit(&bounds, 1 + k / 3.0);
                    check_holds(&cube, &bounds);
                    check_ladder(&cube);
                    check_centres_exact(&cube);
                    EXPECT(cube.max_depth >= 0);
                    EXPECT(cube.max_depth == DP_MAX_DEPTH || fabs(offsets[j]) > 4);
                    EXPECT(cube.max_depth >= DP_COARSE_DEPTH || fabs(offsets[j]) > 1e6);
                }
                free(points);
            }
}
END_TEST

START_TEST(a_plane_far_from_the_origin_gets_a_cube) {
    dp_bounds bounds = {{0, 0, 1e100}, {1e-200, 1, 1e100}};
    dp_cube cube = dp_cube_fit(&bounds, 1);
    check_holds(&cube, &bounds);
    check_centres_exact(&cube);
}
END_TEST

START_TEST(the_cube_is_tight_and_inflates) {
    dp_bounds bounds = {{-1, -1, -1}, {0.999, 0.5, 0.999}};
    dp_cube cube = dp_cube_fit(&bounds, 1);
    ck_assert_double_eq(cube.side, 2);
    ck_assert_int_eq(cube.max_depth, DP_MAX_DEPTH);
    double before = 0;
    for (double inflate = 1; inflate <= 2; inflate += 0.125) {
        dp_cube larger = dp_cube_fit(&bounds, inflate);
        ck_assert_int_eq(larger.exponent, cube.exponent);
        ck_assert_double_ge(larger.side, inflate * cube.side);
        ck_assert_double_le(larger.side, inflate * cube.side * 1.22);
        ck_assert_double_ge(larger.side, before);
        before = larger.side;
    }
}
END_TEST

START_TEST(no_points_and_one_point_get_a_cube) {
    dp_bounds bounds = dp_bounds_empty();
    dp_cube cube = dp_cube_fit(&bounds, 1);
    ck_assert_double_ge(cube.side, 1);
    static const double places[] = {0, -0.0, 1e-320, -3e-12, 1, 1e300};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        double point[3] = {places[i], 0, -places[i]};
        bounds = bounds_of(1, point);
        cube = dp_cube_fit(&bounds, 1);
        check_holds(&cube, &bounds);
        check_centres_exact(&cube);
    }
}
END_TEST

START_TEST(scaling_is_exact) {
    static const double values[] = {1, -1.1, 3e-310, 1e300, -7e-200};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        dp_cube cube = {.exponent = ilogb(values[i])};
        double scaled = dp_cube_scale(&cube, values[i]);
        ck_assert(fabs(scaled) >= 1 && fabs(scaled) < 2);
        ck_assert_double_eq(ldexp(scaled, cube.exponent), values[i]);
    }
    ck_assert_int_eq(signbit(dp_cube_scale(&(dp_cube){.exponent = 3}, -0.0)), 0);
}
END_TEST

SUITE_MAIN("cube", 20, bad_coordinates_are_named, bounds_are_those_of_all_points,
           cubes_fit_clouds_of_every_size_and_place, a_plane_far_from_the_origin_gets_a_cube,
           the_cube_is_tight_and_inflates, no_points_and_one_point_get_a_cube, scaling_is_exact)
