#include "geometry/cube.h"

#include <math.h>

#include "geometry/chunk.h"

#define GRAIN 65536

static const int ladder[4] = {16, 19, 23, 27}; /* sixteenths */

dp_bounds dp_bounds_empty(void) {
    return (dp_bounds){{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
}

void dp_bounds_join(dp_bounds *bounds, const dp_bounds *other) {
    for (int d = 0; d < 3; d++) {
        bounds->low[d] = fmin(bounds->low[d], other->low[d]);
        bounds->high[d] = fmax(bounds->high[d], other->high[d]);
    }
}

double dp_bounds_gap(const dp_bounds *bounds, const dp_bounds *other) {
    double gap = -INFINITY, extent = 0;
    for (int d = 0; d < 3; d++) {
        gap = fmax(gap, fmax(other->low[d] - bounds->high[d], bounds->low[d] - other->high[d]));
        extent = fmax(extent, bounds->high[d] - bounds->low[d]);
    }
    return gap > 0 ? gap / extent : gap;
}

typedef struct widening {
    const char *what;
    const double *points;
    dp_bounds chunk_bounds[DP_MAX_CHUNKS];
} widening;

static dagpole_status refuse(const char *what, int64_t i, int d, double value) {
    const char *allowed = isfinite(value) ? "at most 1e300 in size" : "finite";
    return dp_fail(DAGPOLE_NUMERIC, "%s[%lld][%d] is %g: coordinates must be %s", what,
                   (long long)i, d, value, allowed);
}

static dagpole_status widen_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    widening *w = argument;
    dp_bounds bounds = dp_bounds_empty();
    for (int64_t i = begin; i < end; i++)
        for (int d = 0; d < 3; d++) {
            double value = w->points[3 * i + d];
            if (!(fabs(value) <= DP_MAX_COORDINATE))
                return refuse(w->what, i, d, value);
            bounds.low[d] = value < bounds.low[d] ? value : bounds.low[d];
            bounds.high[d] = value > bounds.high[d] ? value : bounds.high[d];
        }
    w->chunk_bounds[chunk] = bounds;
    return DAGPOLE_OK;
}

dagpole_status dp_bounds_widen(const dp_team *team, const char *what, int64_t n,
                               const double *points, dp_bounds *bounds) {
    widening w = {.what = what, .points = points};
    int64_t n_chunks = dp_chunk_count(team, n, GRAIN);
    DP_TRY(dp_chunk_run(team, n, n_chunks, widen_chunk, &w));
    for (int64_t chunk = 0; chunk < n_chunks; chunk++)
        dp_bounds_join(bounds, &w.chunk_bounds[chunk]);
    return DAGPOLE_OK;
}

/* The side to aim at, in the caller's unit: the longest edge of the bounds, but no less than a few
 * units in the last place of the largest coordinate. Any length does for a single point. */
static double wanted_extent(const dp_bounds *bounds) {
    double extent = 0, largest = 0;
    for (int d = 0; d < 3; d++) {
        extent = fmax(extent, bounds->high[d] - bounds->low[d]);
        largest = fmax(largest, fmax(fabs(bounds->low[d]), fabs(bounds->high[d])));
    }
    if (largest == 0)
        return 1;
    return extent == 0 ? largest : fmax(extent, 0x1p-50 * largest);
}

/* Box centres are odd multiples of half a box side from the corner: with the corner on a grid of
 * 2^grid, which half a box side is a multiple of, they are exact while the coordinates take no
 * more than 53 bits on that grid. A side of m * 2^(rung/4 - 4) halved depth + 1 times lies on the
 * grid of rung/4 - 5 - depth, or 4 bits coarser where m = 16. */
static int exact_depth(int rung, double largest, int *grid) {
    int exponent, bits = rung % 4 == 0 ? 1 : 5;
    frexp(largest, &exponent);
    int depth = 53 - exponent + rung / 4 - bits;
    depth = depth < DP_MAX_DEPTH ? depth : DP_MAX_DEPTH;
    *grid = rung / 4 - bits - depth;
    return depth;
}

/* The cube of this rung on the finest grid, 0 where the scaled bounds do not fit. Lower corners
 * coincide: in a cube that is wider than need be, a cloud with sharp faces then fills whole boxes
 * on three sides instead of cutting through boxes on six. */
static int fit_rung(const dp_bounds *bounds, int rung, dp_cube *cube) {
    cube->side = ldexp(ladder[rung % 4], rung / 4 - 4);
    double largest = 0;
    for (int d = 0; d < 3; d++)
        largest = fmax(largest, fmax(fabs(bounds->low[d]), fabs(bounds->high[d])) + cube->side);
    int grid;
    cube->max_depth = exact_depth(rung, largest, &grid);
    if (cube->max_depth < 0)
        return 0;
    for (int d = 0; d < 3; d++) {
        cube->corner[d] = ldexp(floor(ldexp(bounds->low[d], -grid)), grid) + 0.0;
        if (!(cube->corner[d] <= bounds->low[d] && bounds->high[d] < cube->corner[d] + cube->side))
            return 0;
    }
    return 1;
}

/* The first rung from `rung` on that fits. Where boxes cannot go down to the depth that most clouds
 * need, a power of two allows four levels more. */
static int climb(const dp_bounds *bounds, int rung, dp_cube *cube) {
    while (!fit_rung(bounds, rung, cube) || (cube->max_depth < DP_COARSE_DEPTH && rung % 4 != 0))
        rung++;
    return rung;
}

dp_cube dp_cube_fit(const dp_bounds *bounds, double inflate) {
    dp_bounds scaled = *bounds;
    if (!(bounds->low[0] <= bounds->high[0]))
        scaled = (dp_bounds){{0, 0, 0}, {0, 0, 0}};
    double extent = wanted_extent(&scaled);
    dp_cube cube = {.exponent = ilogb(extent)};
    for (int d = 0; d < 3; d++) {
        scaled.low[d] = dp_cube_scale(&cube, scaled.low[d]);
        scaled.high[d] = dp_cube_scale(&cube, scaled.high[d]);
    }
    extent = dp_cube_scale(&cube, extent);
    int rung = 0;
    while (ldexp(ladder[rung % 4], rung / 4 - 4) < extent)
        rung++;
    rung = climb(&scaled, rung, &cube);
    double least = inflate * cube.side;
    while (ldexp(ladder[rung % 4], rung / 4 - 4) < least)
        rung++;
    climb(&scaled, rung, &cube);
    return cube;
}

double dp_cube_side(const dp_cube *cube, int level) {
    return cube->side * dp_power_of_two(-level);
}
