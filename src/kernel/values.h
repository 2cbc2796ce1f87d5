/* Where the numbers of the caller's values are among the rows of the parts, and the other way. */
#ifndef DP_KERNEL_VALUES_H
#define DP_KERNEL_VALUES_H

#include <math.h>

#include "geometry/cube.h"
#include "kernel/kernel.h"

/* Components of a force, Stokes' first parts. */
enum { DP_FORCES = DP_FLOW_PARTS - 1 };

/* The arrays of results. */
typedef enum dp_result {
    DP_POTENTIALS,
    DP_GRADIENTS,
    DP_HESSIANS,
    DP_PRESSURES,
    DP_N_RESULTS
} dp_result;

/* What a part's sums are in one of these: which rows they are, and where these are among a value's
 * numbers. */
typedef struct dp_place {
    int first_row, n_rows;  /* 0 rows: the part has nothing there */
    int width, first, step; /* numbers of a value; the first row's, and from one to the next */
} dp_place;

/* Parts of a complex number lie side by side, but of Stokes a velocity's gradients one behind the
 * other; its last part is the pressure. */
static inline dp_place dp_place_of(const dp_shape *shape, int part, dp_result result) {
    static const int first_row[] = {0, DP_POTENTIAL, DP_GRADIENT, 0};
    static const int n_rows[] = {DP_POTENTIAL, DP_GRADIENT - DP_POTENTIAL, DP_N_SECOND, 1};
    const int is_flow = dp_is_flow(shape), n_parts = is_flow ? DP_FORCES : dp_n_parts(shape);
    const int rows = n_rows[result];
    if (part == n_parts || result == DP_PRESSURES)
        return (dp_place){
            .n_rows = part == n_parts && result == DP_PRESSURES, .width = 1, .step = 1};
    return (dp_place){.first_row = first_row[result],
                      .n_rows = rows,
                      .width = n_parts * rows,
                      .first = is_flow ? part * rows : part,
                      .step = is_flow ? 1 : n_parts};
}

/* By how many lengths sums of a row are divided; a pressure is a force over two. */
static inline int dp_lengths_of(const dp_shape *shape, int part, int row) {
    int is_pressure = dp_is_flow(shape) && part == DP_FORCES;
    return (row < DP_POTENTIAL ? 1 : row < DP_GRADIENT ? 2 : 3) + is_pressure;
}

/* ---- stresslets ---- */

/* Of the largest of three numbers by size. */
static inline int dp_exponent_of(const double v[3]) {
    int exponent;
    frexp(fmax(fabs(v[0]), fmax(fabs(v[1]), fabs(v[2]))), &exponent);
    return exponent;
}

/* Takes the normal to a length of about 1 and the density times that and 2^exponent. */
static inline void dp_stresslet_scale(double stresslet[6], int exponent) {
    const int length = dp_exponent_of(stresslet);
    const dp_power unit = dp_power_split(exponent + length);
    for (int k = 0; k < 3; k++) {
        stresslet[k] = ldexp(stresslet[k], -length);
        stresslet[3 + k] = dp_power_times(&unit, stresslet[3 + k]);
    }
}

/* A stresslet's velocity is T_ijk n_k g_j with T_ijk = -3 d_i d_j d_k / r^5 of a normal n and a
 * density g, without 1/(4 pi), d from source to target. That is what doublets
 * -(g_j n_k + n_j g_k), derivatives along k of force j with respect to the source, and a source of
 * strength -(n . g) do together (Pozrikidis 1992). stresslet: n, then g. */
static inline double dp_doublet_of(const double stresslet[6], int j, int k) {
    const double *n = stresslet, *g = stresslet + 3;
    return -(g[j] * n[k] + n[j] * g[k]);
}

static inline double dp_source_of(const double stresslet[6]) {
    const double *n = stresslet, *g = stresslet + 3;
    return -(n[0] * g[0] + n[1] * g[1] + n[2] * g[2]);
}

#endif
