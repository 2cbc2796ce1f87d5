#include "kernel/loops.h"

static double value(dp_lambda lambda, double r) {
    (void)lambda;
    return 1 / r;
}

static double slope(dp_lambda lambda, double r) {
    (void)lambda;
    return -1 / r / r;
}

static dp_radial radial(dp_lambda lambda, double r) {
    (void)lambda;
    double e1 = 1 / r / r / r;
    return (dp_radial){1 / r, e1, 3 * e1, 15 * e1};
}

const dp_kernel dp_kernel_laplace = {
    .id = DAGPOLE_LAPLACE,
    .name = "laplace",
    .has_dipoles = 1,
    .is_homogeneous = 1,
    .degree = -1,
    .has_isotropic = 1,
    .has_permutations = 1,
    .rates = DP_REAL_LAPLACE,
    .cost = 1,
    .unmeasured = 1,
    .value = value,
    .slope = slope,
    .radial = radial,
    DP_LOOPS(laplace),
};
