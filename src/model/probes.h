/* What a tree will look like, before it is built: a sample of the points tells what lies around
 * some of them, the probes, on each level.
 *
 * Where the sample is thick, boxes are counted: the probe's and the 26 around it. So a cloud's
 * edge, surfaces and boxes that are full in part show. What is deeper follows from the local
 * dimension. */
#ifndef DP_MODEL_PROBES_H
#define DP_MODEL_PROBES_H

#include "geometry/cube.h"
#include "geometry/keys.h"

#define DP_N_PROBES 128

/* In a box, and of the boxes that touch it, itself among them, in those that hold points. Numbers
 * of points are expected ones. */
typedef struct dp_surroundings {
    double n;
    double boxes, points;
    double dense_boxes, dense_points; /* much fuller boxes, which are split where this one is not */
    double beside;                    /* points in the fullest child that touches it, of the fullest
                                         box: what decides whether 2:1 balance splits it */
} dp_surroundings;

typedef struct dp_probe {
    dp_surroundings level[DP_MAX_DEPTH + 1];
    double dimension; /* local: 2^dimension is the ratio of a box's points to its child's */
    int known;        /* the deepest level that was counted */
    /* deepest levels on which a source (a target) lies in the probe's box or one that touches it */
    int last_sources, last_targets;
} dp_probe;

/* Points in the caller's coordinates; n_targets = 0: the sources are the targets. */
typedef struct dp_probed {
    int64_t n_sources, n_targets;
    const double *sources, *targets;
} dp_probed;

/* Probes of the points in this cube, of equal numbers of points each: no more than DP_N_PROBES.
 * NO_MEMORY. */
dagpole_status dp_probes_take(const dp_probed *points, const dp_cube *cube, int *n_probes,
                              dp_probe probes[DP_N_PROBES]);

/* Of the box and those that touch it. */
static inline double dp_mean_points(const dp_surroundings *level) {
    return level->points / level->boxes;
}

#endif
