/* Yukawa's kernel, exp(-lambda r)/r: its formula for a vector of pairs, which kernel/pairs.h
 * takes into every loop, and its definition, which the formula is held against. */
#ifdef DP_PAIR_FORMULAS

/* exp(-x)/r with x = lambda r; times -(1 + x)/r^2, (3 + 3 x + x^2)/r^4, and so on. vec_min also
 * bounds the NaN that lambda r is where r2 is infinite. */
VEC_INLINE pair yukawa(pair_grade grade, vec_lambda unit_lambda, const vec *least, vec r2,
                       vec guess) {
    vec_mask far;
    vec y = pair_rsqrt(grade, r2, guess, least, &far);
    vec x = vec_min(unit_lambda.damping * (r2 * y), vec_splat(EXP_MINUS_END));
    vec square = y * y, second = vec_fma(x + 3, x, vec_splat(3));
    vec third = vec_fma(vec_fma(x + 6, x, vec_splat(15)), x, vec_splat(15));
    return (pair){
        exp_minus(grade, x) * y, (x + 1) * square, second * square, third * square, y, far};
}

#else

#include "kernel/loops.h"

#include <math.h>

static dp_lambda lambda(const dagpole_plan_options *options) {
    return options->lambda;
}

static double value(dp_lambda lambda, double r) {
    return exp(-dp_damping(lambda) * r) / r;
}

static double slope(dp_lambda lambda, double r) {
    return -(dp_damping(lambda) + 1 / r) * exp(-dp_damping(lambda) * r) / r;
}

/* Beyond `most` exp(-x) is 0, and powers of x shall not overflow beside it. */
static dp_radial radial(dp_lambda lambda, double r) {
    const double most = 800;
    double x = fmin(dp_damping(lambda) * r, most), g = value(lambda, r), slope = g / r / r;
    return (dp_radial){g, slope * (1 + x), slope * (3 + x * (3 + x)),
                       slope * (15 + x * (15 + x * (6 + x)))};
}

static const dp_parameter parameters[] = {DP_PARAMETER(lambda, 1)};

/* A screened field bends more across a box: one more point an edge keeps the same digits. */
const dp_kernel dp_kernel_yukawa = {
    .id = DAGPOLE_YUKAWA,
    .name = "yukawa",
    DP_PARAMETERS(parameters),
    .lambda = lambda,
    .has_dipoles = 1,
    .p_more = 1,
    .degree = -1,
    .has_isotropic = 1,
    .has_permutations = 1,
    .rates = DP_REAL_YUKAWA,
    .cost = 1,
    .unmeasured = 3, /* the exponential */
    .value = value,
    .slope = slope,
    .radial = radial,
    DP_LOOPS(yukawa),
};

#endif
