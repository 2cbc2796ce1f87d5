/* What a kernel's formula for a vector of pairs is made of, from their squared distances, and the
 * formulas, each of which lies in the file of its kernel's definition. Include after choosing
 * instruction set and precision: kernel/simd.h, or with SIMD_SINGLE kernel/simd_single.h. */
#ifndef DP_KERNEL_PAIRS_H
#define DP_KERNEL_PAIRS_H

#ifdef SIMD_SINGLE
#include "kernel/simd_single.h"
#else
#include "kernel/simd.h"
#endif

/* How exactly a pair is computed; a constant where these functions are inlined. */
typedef enum pair_grade {
    EXACT,  /* to the precision */
    REDUCED /* double: to DP_REDUCED_ERROR, single: to DP_ROUGH_ERROR */
} pair_grade;

/* With u = pair_unit(grade): g = u value, 1 / r = u root, and of what derivatives are made of
 * (kernel/kernel.h) e1 = u^3 value ratio, e2 = u^3 value second, e3 = u^3 value third. A loop that
 * does not use a member does not compute it. */
typedef struct pair {
    vec value, ratio, second, third, root;
    vec_mask far; /* where value is not left out: see vec_rsqrt */
} pair;

/* Of lambda. */
typedef struct vec_lambda {
    vec damping, wave_number;
    int is_damped;
} vec_lambda;

VEC_INLINE vec_lambda splat_lambda(dp_lambda lambda, real unit) {
    return (vec_lambda){vec_splat((real)dp_damping(lambda) * unit),
                        vec_splat((real)dp_wave_number(lambda) * unit), dp_damping(lambda) > 0};
}

/* unit_lambda: lambda times u. guess, least: what vec_rsqrt takes. */
typedef pair pair_fn(pair_grade grade, vec_lambda unit_lambda, const vec *least, vec r2, vec guess);

VEC_INLINE real pair_unit(pair_grade grade) {
    return grade == REDUCED ? VEC_RSQRT_UNIT_REDUCED : VEC_RSQRT_UNIT;
}

VEC_INLINE vec pair_rsqrt(pair_grade grade, vec r2, vec guess, const vec *least, vec_mask *far) {
    return grade == REDUCED ? vec_rsqrt_reduced(r2, guess, least, far)
                            : vec_rsqrt(r2, guess, least, far);
}

/* exp(-x) for 0 <= x <= EXP_MINUS_END; 0 where it is no normal number. With x = n log 2 - t and
 * |t| <= log(2)/2, exp(-x) = 2^-n exp(t). The sum of x / log 2 and EXP_SHIFT has n in its lowest
 * bits; exp(t) = 1 + t + t^2 q(t), with the Chebyshev interpolant of q = (exp(t) - 1 - t)/t^2.
 * Reduced, exp is as good as the root: q is of a lower degree, and log 2 is in one piece. */
#define LOG2 0.69314718055994530942
#ifdef SIMD_SINGLE
#define EXP_MINUS_END 88.f /* n is 127 at most, where vec_power is 0 */
#define EXP_SHIFT     0x1.8p23f
#define LOG2_HIGH     0x1.62e4p-1f /* 15 bits: its product with n is exact */
#define LOG2_LOW      0x1.7f7d1cp-20f
/* Of degree 4: what is left out is below 1.1e-8; of degree 3: 4.2e-7. */
static const float exp_coefficients[] = {
    0x1.6d117ap-10f, 0x1.120bdep-7f, 0x1.555518p-5f, 0x1.5554dcp-3f, 0.5f, 1, 1};
static const float exp_reduced[] = {
    0x1.11d9aap-7f, 0x1.56b488p-5f, 0x1.555526p-3f, 0x1.ffff56p-2f, 1, 1};
#else
#define EXP_MINUS_END 709.4 /* n is 1023 at most, where vec_power is 0 */
#define EXP_SHIFT     0x1.8p52
#define LOG2_HIGH     0x1.62e42fefa39efp-1
#define LOG2_LOW      0x1.abc9e3b39803fp-56
/* Of degree 9: the relative error of exp is 2e-17 and the rounding of its last steps; of degree 7:
 * 7.4e-14. */
static const double exp_coefficients[] = {0x1.af38a9b0ec855p-26,
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
static const double exp_reduced[] = {0x1.72ad3afdd48dep-19,
                                     0x1.a136b08f4d167p-16,
                                     0x1.a019c3721025ap-13,
                                     0x1.6c166be7451fep-10,
                                     0x1.111111170ad7ap-7,
                                     0x1.55555565c5602p-5,
                                     0x1.5555555554f97p-3,
                                     0x1.fffffffffe069p-2,
                                     1,
                                     1};
#endif
#define N_COEFFICIENTS(list) (int)(sizeof(list) / sizeof(list)[0])

VEC_INLINE vec exp_minus(pair_grade grade, vec x) {
    const real *coefficient = grade == REDUCED ? exp_reduced : exp_coefficients;
    const int n_coefficients =
        grade == REDUCED ? N_COEFFICIENTS(exp_reduced) : N_COEFFICIENTS(exp_coefficients);
    vec shifted = vec_fma(x, vec_splat((real)(1 / LOG2)), vec_splat(EXP_SHIFT));
    vec n = shifted - EXP_SHIFT;
    vec t = vec_fma(n, vec_splat(grade == REDUCED ? (real)LOG2 : LOG2_HIGH), -x);
    if (grade != REDUCED)
        t = vec_fma(n, vec_splat(LOG2_LOW), t);
    vec p = vec_splat(coefficient[0]);
#pragma GCC unroll 12
    for (int k = 1; k < n_coefficients; k++)
        p = vec_fma(p, t, vec_splat(coefficient[k]));
    return p * vec_power(shifted);
}

/* A function of type pair_fn for each real kernel, from the kernel's own file. */
#define DP_PAIR_FORMULAS
#include "kernel/formulas.h"
#undef DP_PAIR_FORMULAS

#include "kernel/waves.h"

#endif
