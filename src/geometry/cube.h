/* The root cube and the frame of coordinates.
 *
 * Coordinates are scaled by a power of two (exact) so that a cloud of any unit neither overflows
 * nor underflows; they are never shifted, so that differences of close points stay exact. The
 * cube's side has a mantissa of few bits and its corner is a multiple of a small fraction of the
 * side, so that the centre of every box is exact in double precision. */
#ifndef DP_GEOMETRY_CUBE_H
#define DP_GEOMETRY_CUBE_H

#include "base/status.h"
#include "base/team.h"

#define DP_MAX_DEPTH    42 /* 3 * 42 = 126 bits of Morton key */
#define DP_COARSE_DEPTH 21 /* what 64 bits hold */

typedef struct dp_bounds {
    double low[3], high[3];
} dp_bounds;

typedef struct dp_cube {
    int exponent;     /* scaled coordinate = coordinate * 2^-exponent */
    double corner[3]; /* lower corner, scaled */
    double side;      /* scaled; 1 <= side <= 8 */
    int max_depth;    /* at most DP_MAX_DEPTH; less where boxes would be finer than the
                         coordinates' own resolution (side of a box at max_depth is at least
                         2 ulp of the largest coordinate), so that box centres stay exact.
                         42 up to coordinates of about 16 sides, one less for each factor of two
                         beyond; at 1e15 sides the cube is as wide as the resolution demands */
} dp_cube;

#define DP_MAX_COORDINATE 1e300

/* 2^exponent for -1022 <= exponent <= 1023. */
static inline double dp_power_of_two(int exponent) {
    union {
        uint64_t bits;
        double value;
    } power = {.bits = (uint64_t)(exponent + 1023) << 52};
    return power.value;
}

/* 2^exponent as factors on one side of 1: between x and the product nothing overflows or underflows
 * that does not in the product. (Beyond 2^4000 every double but 0 does, and beyond 2^-4000.) */
typedef struct dp_power {
    double step[4];
} dp_power;

static inline dp_power dp_power_split(int exponent) {
    exponent = exponent > 4000 ? 4000 : exponent < -4000 ? -4000 : exponent;
    int quarter = exponent / 4;
    double step = dp_power_of_two(quarter);
    return (dp_power){{step, step, step, dp_power_of_two(exponent - 3 * quarter)}};
}

/* -0.0 becomes 0.0. */
static inline double dp_power_times(const dp_power *power, double x) {
    return x * power->step[0] * power->step[1] * power->step[2] * power->step[3] + 0.0;
}

/* Bounds of n x 3 row-major points, widening *bounds (start from dp_bounds_empty). NUMERIC where a
 * coordinate is NaN or Inf or larger than DP_MAX_COORDINATE in size; `what` names the array in the
 * sentence. */
dp_bounds dp_bounds_empty(void);
dagpole_status dp_bounds_widen(const dp_team *team, const char *what, int64_t n,
                               const double *points, dp_bounds *bounds);
void dp_bounds_join(dp_bounds *bounds, const dp_bounds *other);

/* How far the other bounds are away along the axis of which that is most, over the largest side of
 * these: negative where they overlap, infinite where these are of one point. Either may be empty.
 */
double dp_bounds_gap(const dp_bounds *bounds, const dp_bounds *other);

/* The smallest admissible cube around bounds whose side is at least `inflate` (>= 1, at most 2)
 * times the smallest one. Sides come from a fixed ladder of mantissas {16, 19, 23, 27} / 16 times
 * powers of two, about 2^(j/4), so that level-dependent operators are met again. Empty or
 * degenerate (single point) bounds give some cube around them. */
dp_cube dp_cube_fit(const dp_bounds *bounds, double inflate);

/* x * 2^-exponent: exact, unless the result is below 1e-308 (that is, nothing beside the side). In
 * two steps, since the factor itself may be out of range. -0.0 becomes 0.0. */
static inline double dp_cube_scale(const dp_cube *cube, double x) {
    int half = cube->exponent / 2;
    return x * dp_power_of_two(-half) * dp_power_of_two(half - cube->exponent) + 0.0;
}

double dp_cube_side(const dp_cube *cube, int level);

#endif
