/* The same layer as simd.h for single precision, but for loads and sums of a few lanes. Here
 * coincident pairs are not the only ones that vec_rsqrt leaves out: pairs closer than `least` are
 * not for single precision (kernel/strip.h). It stops at about 2^-23, vec_rsqrt_reduced at
 * DP_ROUGH_ERROR. */
#ifndef DP_KERNEL_SIMD_SINGLE_H
#define DP_KERNEL_SIMD_SINGLE_H

#include "kernel/intrinsics.h"
#include "kernel/kernel.h"

#include <math.h>

#define VEC_INLINE static inline __attribute__((always_inline))

typedef float real;

#if defined(SIMD_AVX512) || defined(SIMD_AVX2)

/* The sums over the lanes of each. */
VEC_INLINE void sum_four(__m256 a, __m256 b, __m256 c, __m256 d, float sums[4]) {
    __m256 halves = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    _mm_storeu_ps(sums,
                  _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1)));
}

#endif

#if defined(SIMD_AVX512)

#define VEC_WIDTH 16
typedef __m512 vec;
typedef __mmask16 vec_mask;

VEC_INLINE vec vec_splat(real x) {
    return _mm512_set1_ps(x);
}

VEC_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm512_fmadd_ps(a, b, c);
}

VEC_INLINE vec vec_min(vec a, vec b) {
    return _mm512_min_ps(a, b);
}

VEC_INLINE int vec_is_above(vec a, vec b) {
    __mmask16 is_above = _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
    return _kortestc_mask16_u8(is_above, is_above);
}

VEC_INLINE unsigned vec_lanes(vec_mask m) {
    return m;
}

VEC_INLINE vec_mask vec_both(vec_mask a, vec_mask b) {
    return _kand_mask16(a, b);
}

VEC_INLINE int vec_is_all(vec_mask m) {
    return _kortestc_mask16_u8(m, m);
}

#define VEC_AHEAD 0

VEC_INLINE vec vec_guess(vec r2) {
    return _mm512_rsqrt14_ps(r2);
}

#define VEC_RSQRT_UNIT 0.5f

VEC_INLINE vec vec_rsqrt(vec r2, vec y, const vec *least, vec_mask *far) {
    vec p = _mm512_fnmadd_ps(r2 * y, y, vec_splat(3));
    *far = least ? _mm512_cmp_ps_mask(r2, *least, _CMP_GT_OQ) : 0;
    if (!least)
        return y * p;
    return _mm512_maskz_mul_ps(*far, y, p);
}

#define VEC_RSQRT_UNIT_REDUCED 1.f

/* The guess itself. */
VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec guess, const vec *least, vec_mask *far) {
    *far = least ? _mm512_cmp_ps_mask(r2, *least, _CMP_GT_OQ) : 0;
    if (!least)
        return guess;
    return _mm512_maskz_rsqrt14_ps(*far, r2);
}

/* 2^-n for the integer n in the lowest bits of shifted. */
VEC_INLINE vec vec_power(vec shifted) {
    __m512i bits = _mm512_sub_epi32(_mm512_set1_epi32(127), _mm512_castps_si512(shifted));
    return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 23));
}

VEC_INLINE real vec_sum(vec v) {
    return _mm512_reduce_add_ps(v);
}

VEC_INLINE __m256 fold(vec v) {
    return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
}

VEC_INLINE void vec_sum_four(const vec v[4], float sums[4]) {
    sum_four(fold(v[0]), fold(v[1]), fold(v[2]), fold(v[3]), sums);
}

#elif defined(SIMD_AVX2)

#define VEC_WIDTH 8
typedef __m256 vec;
typedef __m256 vec_mask;

VEC_INLINE vec vec_splat(real x) {
    return _mm256_set1_ps(x);
}

VEC_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}

VEC_INLINE vec vec_min(vec a, vec b) {
    return _mm256_min_ps(a, b);
}

VEC_INLINE int vec_is_above(vec a, vec b) {
    return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) == 0xff;
}

VEC_INLINE unsigned vec_lanes(vec_mask m) {
    return (unsigned)_mm256_movemask_ps(m);
}

VEC_INLINE vec_mask vec_both(vec_mask a, vec_mask b) {
    return _mm256_and_ps(a, b);
}

VEC_INLINE int vec_is_all(vec_mask m) {
    return vec_lanes(m) == 0xff;
}

#define VEC_AHEAD 0

VEC_INLINE vec vec_guess(vec r2) {
    return _mm256_rsqrt_ps(r2);
}

#define VEC_RSQRT_UNIT         0.5f

VEC_INLINE vec vec_rsqrt(vec r2, vec y, const vec *least, vec_mask *far) {
    vec value = y * _mm256_fnmadd_ps(r2 * y, y, vec_splat(3));
    *far = least ? _mm256_cmp_ps(r2, *least, _CMP_GT_OQ) : vec_splat(0);
    if (!least)
        return value;
    return _mm256_and_ps(*far, value);
}

/* The guess alone is good to 2^-11.4 only: too rough. */
#define VEC_RSQRT_UNIT_REDUCED VEC_RSQRT_UNIT

VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec y, const vec *least, vec_mask *far) {
    return vec_rsqrt(r2, y, least, far);
}

VEC_INLINE vec vec_power(vec shifted) {
    __m256i bits = _mm256_sub_epi32(_mm256_set1_epi32(127), _mm256_castps_si256(shifted));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
}

VEC_INLINE real vec_sum(vec v) {
    __m128 low = _mm256_castps256_ps128(v) + _mm256_extractf128_ps(v, 1);
    return (low[0] + low[1]) + (low[2] + low[3]);
}

VEC_INLINE void vec_sum_four(const vec v[4], float sums[4]) {
    sum_four(v[0], v[1], v[2], v[3], sums);
}

#else

#define VEC_WIDTH 4
typedef float vec __attribute__((vector_size(16)));
typedef uint32_t uvec __attribute__((vector_size(16)));
typedef uvec vec_mask;

VEC_INLINE vec vec_splat(real x) {
    return (vec){x, x, x, x};
}

VEC_INLINE vec vec_fma(vec a, vec b, vec c) {
    return a * b + c;
}

VEC_INLINE vec vec_min(vec a, vec b) {
    uvec is_less = (uvec)(a < b);
    return (vec)(((uvec)a & is_less) | ((uvec)b & ~is_less));
}

VEC_INLINE int vec_is_above(vec a, vec b) {
    uvec is_above = (uvec)(a > b);
    return (is_above[0] & is_above[1] & is_above[2] & is_above[3]) != 0;
}

VEC_INLINE unsigned vec_lanes(vec_mask m) {
    return (m[0] & 1) | (m[1] & 2) | (m[2] & 4) | (m[3] & 8);
}

VEC_INLINE vec_mask vec_both(vec_mask a, vec_mask b) {
    return a & b;
}

VEC_INLINE int vec_is_all(vec_mask m) {
    return vec_lanes(m) == 0xf;
}

#define VEC_AHEAD 0

VEC_INLINE vec vec_guess(vec r2) {
    return r2;
}

#define VEC_RSQRT_UNIT 1.f

VEC_INLINE vec vec_rsqrt(vec r2, vec guess, const vec *least, vec_mask *far) {
    (void)guess;
    vec y = 1 / (vec){sqrtf(r2[0]), sqrtf(r2[1]), sqrtf(r2[2]), sqrtf(r2[3])};
    *far = least ? (uvec)(r2 > *least) : (uvec){0};
    if (!least)
        return y;
    return (vec)(*far & (uvec)y);
}

#define VEC_RSQRT_UNIT_REDUCED VEC_RSQRT_UNIT

VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec guess, const vec *least, vec_mask *far) {
    return vec_rsqrt(r2, guess, least, far);
}

VEC_INLINE vec vec_power(vec shifted) {
    return (vec)((127 - (uvec)shifted) << 23);
}

VEC_INLINE real vec_sum(vec v) {
    return (v[0] + v[1]) + (v[2] + v[3]);
}

VEC_INLINE void vec_sum_four(const vec v[4], float sums[4]) {
    for (int i = 0; i < 4; i++)
        sums[i] = vec_sum(v[i]);
}

#endif

#endif
