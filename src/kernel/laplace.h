/* Laplace's formula for a vector of pairs; what it is held against is the definition in
 * kernel/laplace.c. A part of kernel/pairs.h. */
#ifndef DP_KERNEL_LAPLACE_H
#define DP_KERNEL_LAPLACE_H

/* 1/r; -1/r^3; 3/r^5; -15/r^7 */
VEC_INLINE pair laplace(pair_grade grade, vec_lambda unit_lambda, const vec *least, vec r2,
                        vec guess) {
    vec_mask far;
    (void)unit_lambda;
    vec y = pair_rsqrt(grade, r2, guess, least, &far);
    vec square = y * y;
    return (pair){y, square, square * 3, square * 15, y, far};
}

#endif
