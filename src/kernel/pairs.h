/* Each kernel's formula for a vector of pairs, from their squared distances. Include after choosing
 * the instruction set (kernel/simd.h). */
#ifndef DP_KERNEL_PAIRS_H
#define DP_KERNEL_PAIRS_H

#include "kernel/simd.h"

/* With u = pair_unit(is_reduced): g(r) = u value, (1/r) dg/dr = -u^3 value ratio. */
typedef struct pair {
    vec value, ratio;
} pair;

/* unit_lambda: lambda times u. is_reduced: to DP_REDUCED_ERROR only; a constant where this is
 * inlined. */
typedef pair pair_fn(int is_reduced, vec unit_lambda, vec r2);

VEC_INLINE double pair_unit(int is_reduced) {
    return is_reduced ? VEC_RSQRT_UNIT_REDUCED : VEC_RSQRT_UNIT;
}

VEC_INLINE vec pair_rsqrt(int is_reduced, vec r2) {
    return is_reduced ? vec_rsqrt_reduced(r2) : vec_rsqrt(r2);
}

/* Where exp_minus is 0: n, below, is 1023. */
#define EXP_MINUS_END 709.4

/* exp(-x) for 0 <= x <= EXP_MINUS_END; 0 where it is no normal number. With x = n log 2 - t and
 * |t| <= log(2)/2, exp(-x) = 2^-n exp(t). The sum of x / log 2 and 1.5 2^52 has n in its lowest
 * bits; exp(t) = 1 + t + t^2 q(t), where q is the Chebyshev interpolant of degree 9 of
 * (exp(t) - 1 - t)/t^2: the relative error of exp is 2e-17 and the rounding of its last steps. */
VEC_INLINE vec exp_minus(vec x) {
    const double shift = 0x1.8p52;
    vec shifted = vec_fma(x, vec_splat(0x1.71547652b82fep+0), vec_splat(shift));
    vec n = shifted - shift;
    vec t = vec_fma(n, vec_splat(0x1.62e42fefa39efp-1), -x);
    t = vec_fma(n, vec_splat(0x1.abc9e3b39803fp-56), t);
    static const double q[] = {0x1.af38a9b0ec855p-26,
                               0x1.289185613a3d6p-22,
                               0x1.71de0dae63bb3p-19,
                               0x1.a019b90d2ae7ap-16,
                               0x1.a01a01a7c41d5p-13,
                               0x1.6c16c1788bd90p-10,
                               0x1.11111111109b3p-7,
                               0x1.5555555553d63p-5,
                               0x1.5555555555556p-3,
                               0x1.0000000000001p-1,
                               1,
                               1};
    vec p = vec_splat(q[0]);
    for (int k = 1; k < 12; k++)
        p = vec_fma(p, t, vec_splat(q[k]));
    /* The bits of 2^-n, and 0.0 for n = 1023; what shift leaves in the upper bits moves out. */
    return p * (vec)((1023 - (uvec)shifted) << 52);
}

/* 1/r; -1/r^3 */
VEC_INLINE pair laplace(int is_reduced, vec unit_lambda, vec r2) {
    (void)unit_lambda;
    vec y = pair_rsqrt(is_reduced, r2);
    return (pair){y, y * y};
}

/* exp(-lambda r)/r; -(lambda r + 1) exp(-lambda r)/r^3. vec_min also bounds the NaN that lambda r
 * is where r2 is infinite. */
VEC_INLINE pair yukawa(int is_reduced, vec unit_lambda, vec r2) {
    vec y = pair_rsqrt(is_reduced, r2);
    vec x = vec_min(unit_lambda * (r2 * y), vec_splat(EXP_MINUS_END));
    return (pair){exp_minus(x) * y, (x + 1) * (y * y)};
}

#endif
