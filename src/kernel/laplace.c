/* Laplace's kernel, 1/r: its formula for a vector of pairs, which kernel/pairs.h
 * takes into every loop, and its definition, which the formula is held against. */
#ifdef DP_PAIR_FORMULAS

/* 1/r; -1/r^3; 3/r^5; -15/r^7 */
VEC_INLINE pair laplace(pair_grade grade, vec_lambda unit_lambda, const vec *least, vec r2,
                        vec guess) {
    vec_mask far;
    (void)unit_lambda;
    vec y = pair_rsqrt(grade, r2, guess, least, &far);
    vec square = y * y;
    return (pair){y, square, square * 3, square * 15, y, far};
}

#else

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

#endif
