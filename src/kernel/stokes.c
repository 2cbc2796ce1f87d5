#include "kernel/loops.h"

#include <math.h>

/* Flow of viscosity 1, less the factor 1/(4 pi) of all kernels. Parts 0, 1, 2 are components of a
 * force (of a source) and of the velocity (of a target), part 3 is the strength of a source of
 * flow and the pressure. With d from source to target, r = |d| and n = d/r:
 *   velocity i of force j    (I + n n)_ij / (2 r)
 *   velocity i of a source   n_i / r^2
 *   pressure of force j      n_j / r^2
 *   pressure of a source     0
 * Pozrikidis 1992, "Boundary integral and singularity methods for linearized viscous flow". */

enum { FLOW = 3, SECOND = DP_GRADIENT };

static double unit(int a, int b) {
    return a == b;
}

/* (I + n n)_ij / (2 r): its derivatives are those of delta_ij / r, of which n n's are sums with
 * delta in all places. */
static void force(const double n[3], double r, int i, int j, double of[DP_HESSIAN]) {
    of[0] = (unit(i, j) + n[i] * n[j]) / (2 * r);
    for (int k = 0; k < 3; k++)
        of[1 + k] =
            (-unit(i, j) * n[k] + unit(i, k) * n[j] + unit(j, k) * n[i] - 3 * n[i] * n[j] * n[k]) /
            (2 * r * r);
    for (int s = 0; s < DP_N_SECOND; s++) {
        int k = dp_second_axes[s][0], l = dp_second_axes[s][1];
        double of_one = -unit(i, j) * (unit(k, l) - 3 * n[k] * n[l]) +
                        unit(i, k) * (unit(j, l) - 3 * n[j] * n[l]) +
                        unit(j, k) * (unit(i, l) - 3 * n[i] * n[l]);
        double of_three = unit(i, l) * n[j] * n[k] + unit(j, l) * n[i] * n[k] +
                          unit(k, l) * n[i] * n[j] - 5 * n[i] * n[j] * n[k] * n[l];
        of[SECOND + s] = (of_one - 3 * of_three) / r / r / (2 * r);
    }
}

/* n_i / r^2. */
static void source(const double n[3], double r, int i, double of[DP_HESSIAN]) {
    of[0] = n[i] / (r * r);
    for (int k = 0; k < 3; k++)
        of[1 + k] = (unit(i, k) - 3 * n[i] * n[k]) / r / r / r;
    for (int s = 0; s < DP_N_SECOND; s++) {
        int k = dp_second_axes[s][0], l = dp_second_axes[s][1];
        of[SECOND + s] = (15 * n[i] * n[k] * n[l] -
                          3 * (unit(i, k) * n[l] + unit(i, l) * n[k] + unit(k, l) * n[i])) /
                         r / r / r / r;
    }
}

static void parts(const double d[3], double of[DP_FLOW_PARTS][DP_FLOW_PARTS][DP_HESSIAN]) {
    double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), n[3] = {d[0] / r, d[1] / r, d[2] / r};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            force(n, r, i, j, of[i][j]);
        source(n, r, i, of[i][FLOW]);
        source(n, r, i, of[FLOW][i]);
    }
    for (int k = 0; k < DP_HESSIAN; k++)
        of[FLOW][FLOW][k] = 0;
}

/* Expansions are Laplace's (operators/flow.h). */
const dp_kernel dp_kernel_stokes = {
    .id = DAGPOLE_STOKES,
    .name = "stokes",
    .has_dipoles = 1,
    .is_homogeneous = 1,
    .degree = -1,
    .has_permutations = 1,
    .cost = 1,
    .n_parts = DP_FLOW_PARTS,
    .far = &dp_kernel_laplace,
    .parts = parts,
    .p2p_parts = DP_OF_EACH_ISA(dp_p2p_flow),
    .squares_parts = DP_OF_EACH_ISA(dp_p2p_squares_flow),
    .near_many = DP_BY_PRECISION(dp_near_many, flow),
};
