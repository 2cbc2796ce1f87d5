/* A thin layer of double vectors, one section per instruction set; the including file picks one by
 * defining SIMD_AVX512 or SIMD_AVX2. Beside the compiler's own + - * on vectors each section has
 *
 *   VEC_WIDTH, vec, vec_mask  lanes; doubles; one yes or no for each
 *   real                      double
 *   vec_fma(a, b, c)          a b + c
 *   vec_min(a, b)             the smaller; b where a is NaN
 *   vec_rsqrt(r2, least, far) 1 / (VEC_RSQRT_UNIT sqrt(r2)); 0, and the lane of *far unset, where
 *                             sqrt(r2) is at most least or r2 is infinite
 *   vec_rsqrt_fine(...)       the same in VEC_RSQRT_UNIT_FINE, to DP_FINE_ERROR only
 *   vec_rsqrt_reduced(...)    the same in VEC_RSQRT_UNIT_REDUCED, to DP_REDUCED_ERROR only
 *   vec_power(shifted)        2^-n for the integer n in the lowest bits of shifted
 *   vec_load(p, n)            the first n of VEC_WIDTH lanes, zeros behind; reads no further
 *   vec_add_to(p, v, n)       p[i] += v[i] for the first n lanes
 *   vec_sum(v)                over the lanes, always in the same order
 *
 * vec_rsqrt starts from a guess y and multiplies it by a polynomial in e = 1 - r2 y^2, a truncated
 * series of (1 - e)^(-1/2). The polynomial is divided by its leading coefficient, which saves one
 * product a pair; VEC_RSQRT_UNIT is that coefficient (exact in double), and whoever sums multiplies
 * the sums by it. r2 y is NaN or not positive exactly where r2 is 0 or infinite, so that one
 * ordered comparison masks both. */
#ifndef DP_KERNEL_SIMD_H
#define DP_KERNEL_SIMD_H

#include "kernel/kernel.h"

#include <math.h>

#define VEC_INLINE static inline __attribute__((always_inline))

typedef double real;

#if defined(SIMD_AVX512)

#include <immintrin.h>

#define VEC_WIDTH 8
typedef __m512d vec;
typedef __mmask8 vec_mask;

VEC_INLINE vec vec_splat(double x) {
    return _mm512_set1_pd(x);
}

VEC_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm512_fmadd_pd(a, b, c);
}

VEC_INLINE vec vec_min(vec a, vec b) {
    return _mm512_min_pd(a, b);
}

VEC_INLINE vec vec_power(vec shifted) {
    __m512i bits = _mm512_sub_epi64(_mm512_set1_epi64(1023), _mm512_castpd_si512(shifted));
    return _mm512_castsi512_pd(_mm512_slli_epi64(bits, 52));
}

/* Third order: the guess is good to 2^-14, what the series leaves out to 2^-53. */
#define VEC_RSQRT_UNIT 0.3125

VEC_INLINE vec vec_rsqrt(vec r2, vec least, vec_mask *far) {
    vec y = _mm512_rsqrt14_pd(r2);
    vec r = r2 * y;
    vec e = _mm512_fnmadd_pd(r, y, vec_splat(1));
    vec p = vec_fma(e + vec_splat(6. / 5), e, vec_splat(8. / 5));
    p = vec_fma(p, e, vec_splat(16. / 5));
    *far = _mm512_cmp_pd_mask(r, least, _CMP_GT_OQ);
    return _mm512_maskz_mul_pd(*far, y, p);
}

/* One order less, economised: the coefficient of e takes up three quarters of the term that is left
 * out, 5/16 e^3 with |e| up to 2^-13. */
#define VEC_RSQRT_UNIT_FINE 0.375

VEC_INLINE vec vec_rsqrt_fine(vec r2, vec least, vec_mask *far) {
    const double linear = 0.5 + 0x1p-26 * 15 / 64;
    vec y = _mm512_rsqrt14_pd(r2);
    vec r = r2 * y;
    vec e = _mm512_fnmadd_pd(r, y, vec_splat(1));
    vec p = vec_fma(e + vec_splat(linear / 0.375), e, vec_splat(8. / 3));
    *far = _mm512_cmp_pd_mask(r, least, _CMP_GT_OQ);
    return _mm512_maskz_mul_pd(*far, y, p);
}

/* Second order (Newton): 1.5 times the square of the guess's error. */
#define VEC_RSQRT_UNIT_REDUCED 0.5

VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec least, vec_mask *far) {
    vec y = _mm512_rsqrt14_pd(r2);
    vec r = r2 * y;
    *far = _mm512_cmp_pd_mask(r, least, _CMP_GT_OQ);
    return _mm512_maskz_mul_pd(*far, y, _mm512_fnmadd_pd(r, y, vec_splat(3)));
}

VEC_INLINE __mmask8 first_lanes(int n) {
    return (__mmask8)((1u << n) - 1);
}

VEC_INLINE vec vec_load(const double *p, int n) {
    return n == VEC_WIDTH ? _mm512_loadu_pd(p) : _mm512_maskz_loadu_pd(first_lanes(n), p);
}

VEC_INLINE void vec_add_to(double *p, vec v, int n) {
    _mm512_mask_storeu_pd(p, first_lanes(n), vec_load(p, n) + v);
}

VEC_INLINE double vec_sum(vec v) {
    return _mm512_reduce_add_pd(v);
}

#elif defined(SIMD_AVX2)

#include <immintrin.h>

#define VEC_WIDTH      4
typedef __m256d vec;
typedef __m256d vec_mask;
typedef uint64_t uvec __attribute__((vector_size(32)));

VEC_INLINE vec vec_splat(double x) {
    return _mm256_set1_pd(x);
}

VEC_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm256_fmadd_pd(a, b, c);
}

VEC_INLINE vec vec_min(vec a, vec b) {
    return _mm256_min_pd(a, b);
}

VEC_INLINE vec vec_power(vec shifted) {
    __m256i bits = _mm256_sub_epi64(_mm256_set1_epi64x(1023), _mm256_castpd_si256(shifted));
    return _mm256_castsi256_pd(_mm256_slli_epi64(bits, 52));
}

/* Halving the exponent (and, roughly, the mantissa) by a shift guesses to 3.5 percent. The cubic is
 * the Chebyshev interpolant of (1 - e)^(-1/2) over the e that occur, good to 8e-7; what the second
 * step's series leaves out is below 2^-58. An infinite r2 makes y minus infinity in the first. */
#define VEC_RSQRT_UNIT 0.375

VEC_INLINE vec rsqrt_first_step(vec r2) {
    vec y = (vec)(UINT64_C(0x5fe6eb50c7b537a9) - ((uvec)r2 >> 1));
    vec e = _mm256_fnmadd_pd(r2 * y, y, vec_splat(1));
    vec p = vec_fma(vec_splat(0.31283338882546124), e, vec_splat(0.37628284895159597));
    p = vec_fma(p, e, vec_splat(0.5000012480288748));
    return y * vec_fma(p, e, vec_splat(0.9999992494986328));
}

VEC_INLINE vec vec_rsqrt(vec r2, vec least, vec_mask *far) {
    vec y = rsqrt_first_step(r2);
    vec r = r2 * y;
    vec e = _mm256_fnmadd_pd(r, y, vec_splat(1));
    vec p = vec_fma(e + vec_splat(4. / 3), e, vec_splat(8. / 3));
    *far = _mm256_cmp_pd(r, least, _CMP_GT_OQ);
    return _mm256_and_pd(*far, y * p);
}

#define VEC_RSQRT_UNIT_FINE    VEC_RSQRT_UNIT

VEC_INLINE vec vec_rsqrt_fine(vec r2, vec least, vec_mask *far) {
    return vec_rsqrt(r2, least, far);
}

/* The second step by Newton: 1e-12, more than is asked for, but the first alone leaves 8e-7. */
#define VEC_RSQRT_UNIT_REDUCED 0.5

VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec least, vec_mask *far) {
    vec y = rsqrt_first_step(r2);
    vec r = r2 * y;
    *far = _mm256_cmp_pd(r, least, _CMP_GT_OQ);
    return _mm256_and_pd(*far, y * _mm256_fnmadd_pd(r, y, vec_splat(3)));
}

VEC_INLINE __m256i first_lanes(int n) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}

VEC_INLINE vec vec_load(const double *p, int n) {
    return n == VEC_WIDTH ? _mm256_loadu_pd(p) : _mm256_maskload_pd(p, first_lanes(n));
}

VEC_INLINE void vec_add_to(double *p, vec v, int n) {
    _mm256_maskstore_pd(p, first_lanes(n), vec_load(p, n) + v);
}

VEC_INLINE double vec_sum(vec v) {
    return (v[0] + v[1]) + (v[2] + v[3]);
}

#else

#define VEC_WIDTH 2
typedef double vec __attribute__((vector_size(16)));
typedef uint64_t uvec __attribute__((vector_size(16)));
typedef uvec vec_mask;

VEC_INLINE vec vec_splat(double x) {
    return (vec){x, x};
}

VEC_INLINE vec vec_fma(vec a, vec b, vec c) {
    return a * b + c;
}

VEC_INLINE vec vec_min(vec a, vec b) {
    uvec is_less = (uvec)(a < b);
    return (vec)(((uvec)a & is_less) | ((uvec)b & ~is_less));
}

VEC_INLINE vec vec_power(vec shifted) {
    return (vec)((1023 - (uvec)shifted) << 52);
}

#define VEC_RSQRT_UNIT 1.

VEC_INLINE vec vec_rsqrt(vec r2, vec least, vec_mask *far) {
    vec r = {sqrt(r2[0]), sqrt(r2[1])}, y = 1 / r;
    *far = (uvec)(r > least) & (uvec)(y > 0);
    return (vec)(*far & (uvec)y);
}

#define VEC_RSQRT_UNIT_FINE    VEC_RSQRT_UNIT
#define VEC_RSQRT_UNIT_REDUCED VEC_RSQRT_UNIT

VEC_INLINE vec vec_rsqrt_fine(vec r2, vec least, vec_mask *far) {
    return vec_rsqrt(r2, least, far);
}

VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec least, vec_mask *far) {
    return vec_rsqrt(r2, least, far);
}

VEC_INLINE vec vec_load(const double *p, int n) {
    return (vec){p[0], n == VEC_WIDTH ? p[1] : 0};
}

VEC_INLINE void vec_add_to(double *p, vec v, int n) {
    for (int i = 0; i < n; i++)
        p[i] += v[i];
}

VEC_INLINE double vec_sum(vec v) {
    return v[0] + v[1];
}

#endif

#endif
