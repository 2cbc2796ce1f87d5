#include "geometry/morton.h"

#include <math.h>

#include "suite.h"

static void random_anchor(uint64_t *state, uint64_t anchor[3]) {
    for (int d = 0; d < 3; d++)
        anchor[d] = (uint64_t)(suite_uniform(state) * 0x1p42);
}

START_TEST(encode_and_decode_match_ref) {
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        uint64_t anchor[3], decoded[3], decoded_ref[3];
        random_anchor(&state, anchor);
        dp_key morton = dp_morton_encode(anchor);
        ck_assert(morton == dp_morton_encode_ref(anchor));
        dp_morton_decode(morton, decoded);
        dp_morton_decode_ref(morton, decoded_ref);
        for (int d = 0; d < 3; d++) {
            ck_assert_uint_eq(decoded[d], anchor[d]);
            ck_assert_uint_eq(decoded_ref[d], anchor[d]);
        }
    }
}
END_TEST

START_TEST(x_is_the_highest_bit) {
    ck_assert_uint_eq(dp_morton_encode((uint64_t[]){1, 0, 0}), 4);
    ck_assert_uint_eq(dp_morton_encode((uint64_t[]){0, 1, 0}), 2);
    ck_assert_uint_eq(dp_morton_encode((uint64_t[]){0, 0, 1}), 1);
    uint64_t last = (UINT64_C(1) << 42) - 1;
    ck_assert(dp_morton_encode((uint64_t[]){last, last, last}) == ((dp_key)1 << 126) - 1);
    ck_assert(dp_morton_encode((uint64_t[]){UINT64_C(1) << 21, 0, 0}) == (dp_key)4 << 63);
}
END_TEST

/* The place of a point in its box is rounded as the point itself is. */
static void check_inside(const dp_cube *cube, int level, dp_key key, const double point[3]) {
    double centre[3], half = dp_cube_side(cube, level) / 2;
    dp_cube_centre(cube, level, key, centre);
    for (int d = 0; d < 3; d++)
        ck_assert_double_le(fabs(point[d] - centre[d]), half + 1e-15);
}

START_TEST(points_fall_into_their_boxes) {
    dp_cube cube = {.corner = {-0.5, -1, 2}, .side = 1.4375, .max_depth = DP_MAX_DEPTH};
    uint64_t state = 2;
    for (int i = 0; i < 5000; i++) {
        double point[3];
        for (int d = 0; d < 3; d++)
            point[d] = cube.corner[d] + cube.side * suite_uniform(&state);
        dp_key key = dp_morton_of_point(&cube, point);
        uint64_t coarse = dp_morton_coarse_of_point(&cube, point);
        ck_assert(coarse == (uint64_t)(key >> 63));
        check_inside(&cube, DP_COARSE_DEPTH, coarse, point);
        check_inside(&cube, DP_MAX_DEPTH, key, point);
    }
}
END_TEST

START_TEST(points_outside_are_clamped) {
    dp_cube cube = {.corner = {0, 0, 0}, .side = 1};
    uint64_t anchor[3];
    dp_morton_decode(dp_morton_of_point(&cube, (double[]){-1e-9, 1, 1e300}), anchor);
    ck_assert_uint_eq(anchor[0], 0);
    ck_assert_uint_eq(anchor[1], (UINT64_C(1) << 42) - 1);
    ck_assert_uint_eq(anchor[2], (UINT64_C(1) << 42) - 1);
}
END_TEST

START_TEST(neighbours_are_found_and_end_at_the_faces) {
    dp_key neighbour = 99, morton = dp_morton_encode((uint64_t[]){0, 3, 7});
    ck_assert_int_eq(dp_morton_neighbour(3, morton, (int[]){1, -1, -1}, &neighbour), 1);
    ck_assert(neighbour == dp_morton_encode((uint64_t[]){1, 2, 6}));
    neighbour = 99;
    ck_assert_int_eq(dp_morton_neighbour(3, morton, (int[]){-1, 0, 0}, &neighbour), 0);
    ck_assert_int_eq(dp_morton_neighbour(3, morton, (int[]){0, 0, 1}, &neighbour), 0);
    ck_assert(neighbour == 99);
    ck_assert_int_eq(dp_morton_neighbour(4, morton, (int[]){0, 0, 1}, &neighbour), 1);
    ck_assert_int_eq(dp_morton_neighbour(0, 0, (int[]){0, 0, 0}, &neighbour), 1);
    ck_assert_int_eq(dp_morton_neighbour(0, 0, (int[]){0, 1, 0}, &neighbour), 0);
}
END_TEST

SUITE_MAIN("morton", 10, encode_and_decode_match_ref, x_is_the_highest_bit,
           points_fall_into_their_boxes, points_outside_are_clamped,
           neighbours_are_found_and_end_at_the_faces)
