/* Yukawa's formula for a vector of pairs; what it is held against is the definition in
 * kernel/yukawa.c. A part of kernel/pairs.h. */
#ifndef DP_KERNEL_YUKAWA_H
#define DP_KERNEL_YUKAWA_H

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

#endif
