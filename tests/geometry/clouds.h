/* Point clouds for tests, and a team that runs its work backwards. */
#ifndef DP_TESTS_CLOUDS_H
#define DP_TESTS_CLOUDS_H

#include <math.h>

#include "base/team.h"
#include "suite.h"

/* ck_assert for inner loops: Check notes the place of each ck_assert in a file, which is slow. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("not so: %s", #condition);                                                \
    } while (0)

typedef enum cloud {
    CLOUD_CUBE,
    CLOUD_SPHERE,
    CLOUD_PLUMMER,
    CLOUD_LINE,
    CLOUD_PLANE,
    CLOUD_IDENTICAL,
    CLOUD_HALF,       /* every other point at one place */
    CLOUD_LOG_RADIAL, /* r = 10^-u, u uniform in 0 ... 9 */
    CLOUD_CLUMP,      /* one point in five at one place */
    CLOUD_CLUSTER,    /* half of the points in a ball of 1e-4 within a uniform background */
    N_CLOUDS
} cloud;

static inline double cloud_uniform(uint64_t *state) {
    return 2 * suite_uniform(state) - 1;
}

/* A direction, uniform on the unit sphere. */
static inline void cloud_direction(uint64_t *state, double p[3]) {
    double z = cloud_uniform(state), angle = M_PI * cloud_uniform(state);
    p[0] = sqrt(1 - z * z) * cos(angle);
    p[1] = sqrt(1 - z * z) * sin(angle);
    p[2] = z;
}

static inline double cloud_radius(cloud kind, uint64_t *state) {
    if (kind == CLOUD_PLUMMER)
        return 1 / sqrt(pow(0.999 * suite_uniform(state) + 1e-9, -2.0 / 3) - 1);
    return kind == CLOUD_LOG_RADIAL ? pow(10, -9 * suite_uniform(state)) : 1;
}

static inline void cloud_point(cloud kind, int64_t i, uint64_t *state, double p[3]) {
    static const double place[3] = {0.3, -0.2, 0.7};
    int is_radial = kind == CLOUD_SPHERE || kind == CLOUD_PLUMMER || kind == CLOUD_LOG_RADIAL;
    int is_at_place = kind == CLOUD_IDENTICAL || (kind == CLOUD_HALF && i % 2 == 0) ||
                      (kind == CLOUD_CLUMP && i % 5 == 0);
    for (int d = 0; d < 3; d++)
        p[d] = cloud_uniform(state);
    if (is_radial) {
        double radius = cloud_radius(kind, state);
        cloud_direction(state, p);
        for (int d = 0; d < 3; d++)
            p[d] *= radius;
    }
    for (int d = 0; d < 3; d++) {
        if (is_at_place)
            p[d] = place[d];
        if (kind == CLOUD_CLUSTER && i % 2 == 0)
            p[d] = place[d] + 1e-4 * p[d];
        if (kind == CLOUD_LINE && d > 0)
            p[d] = d * p[0];
        if (kind == CLOUD_PLANE && d == 2)
            p[d] = 0.25;
    }
}

/* n x 3 coordinates, to be freed. */
static inline double *cloud_make(cloud kind, int64_t n, uint64_t seed) {
    double *points = malloc(sizeof(double) * 3 * (size_t)(n + 1));
    uint64_t state = 77 * seed + 1;
    for (int64_t i = 0; i < n; i++)
        cloud_point(kind, i, &state, points + 3 * i);
    return points;
}

static inline dagpole_status run_backwards(const dp_team *team, int64_t n, dp_team_body body,
                                           void *argument) {
    dagpole_status first = DAGPOLE_OK;
    (void)team;
    for (int64_t i = n - 1; i >= 0; i--) {
        dagpole_status status = body(argument, i);
        first = status != DAGPOLE_OK ? status : first;
    }
    return first;
}

static const dp_team team_backwards = {.run = run_backwards, .size = 7, .self = NULL};

#endif
