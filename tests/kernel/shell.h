/* Orbits of a surface, and points in its box: what sums between points and orbits are tested on. */
#ifndef DP_TESTS_KERNEL_SHELL_H
#define DP_TESTS_KERNEL_SHELL_H

#include "kernel/cloud.h"

#include <string.h>

enum { MAX_ORBITS = 70, MAX_POINTS = 300, LD = 80 };

static const dp_frame shell_frame = {{0.3, -1.7, 2.1}, 0.25};
static const double shell_lambda = 0.7; /* in the frame's units */

/* A surface of mixed orbits at 1.05 and 2.95 half sides, some of them with a coordinate that is 0,
 * and its images, in the points' coordinates. */
typedef struct shell {
    dp_orbits orbits;
    double x[LD], y[LD], z[LD];
    double image[3][8 * MAX_ORBITS]; /* orbit o's are 8 o ... 8 o + 7 */
} shell;

static inline void shell_fill(int n, shell *s) {
    uint64_t seed = 21;
    double *const at[3] = {s->x, s->y, s->z};
    s->orbits = (dp_orbits){n, s->x, s->y, s->z};
    for (int k = 0; k < 3; k++)
        memset(at[k], 0, LD * sizeof(double));
    for (int o = 0; o < n; o++) {
        double radius = o % 2 ? 1.05 : 2.95;
        for (int k = 0; k < 3; k++)
            at[k][o] = o % 3 == k ? radius : o % 5 == 0 ? 0 : radius * suite_uniform(&seed);
        for (int g = 0; g < 8; g++)
            for (int k = 0; k < 3; k++)
                s->image[k][8 * o + g] =
                    shell_frame.centre[k] + shell_frame.half * (g >> k & 1 ? -at[k][o] : at[k][o]);
    }
}

/* Points of the box. */
static inline cloud shell_points(size_t n, double charge_scale) {
    cloud c = cloud_make(n, 1, 20);
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++)
            c.w[k][i] = shell_frame.centre[k] + shell_frame.half * (2 * c.w[k][i] - 1);
        c.w[3][i] *= charge_scale;
    }
    return c;
}

static inline dp_soa shell_images(const shell *s) {
    return (dp_soa){s->image[0], s->image[1], s->image[2]};
}

static inline int shell_sign(int a, int g) {
    return __builtin_parity((unsigned)(a & g)) ? -1 : 1;
}

/* Densities by image of n orbits, from those by parity. */
static inline void shell_densities(const double *density, int n, double *at_image) {
    for (int i = 0; i < 8 * n; i++) {
        at_image[i] = 0;
        for (int a = 0; a < 8; a++)
            at_image[i] += shell_sign(a, i % 8) * density[a * LD + i / 8];
    }
}

/* Of what a vector's points carry: what single precision can hold beside what it cannot. */
static inline double shell_scale(int v) {
    static const double scales[] = {1, 1e-200, 1e200, 0, 1e-3};
    return scales[v % 5];
}

#endif
