/* A thin layer of double vectors, one section per instruction set; the including file picks one by
 * defining SIMD_AVX512 or SIMD_AVX2. Beside the compiler's own + - * on vectors each section has
 *
 *   VEC_WIDTH, vec, vec_mask  lanes; doubles; one yes or no for each
 *   real                      double
 *   vec_fma(a, b, c)          a b + c
 *   vec_min(a, b)             the smaller; b where a is NaN
 *   vec_guess(r2)             where vec_rsqrt starts from: 1 / sqrt(r2), roughly
 *   vec_rsqrt(r2, guess, least, far)  1 / (VEC_RSQRT_UNIT sqrt(r2)); 0, and the lane of *far unset,
 *                             where sqrt(r2) is at most *least or r2 is infinite;
 *                             least NULL: there are none such, *far says nothing
 *   vec_rsqrt_reduced(...)    the same in VEC_RSQRT_UNIT_REDUCED, to DP_REDUCED_ERROR only
 *   vec_power(shifted)        2^-n for the integer n in the lowest bits of shifted
 *   vec_load(p, n)            the first n of VEC_WIDTH lanes, zeros behind; reads no further
 *   vec_add_to(p, v, n)       p[i] += v[i] for the first n lanes
 *   vec_sum(v)                over the lanes, always in the same order
 *   vec_sum_four(v, sums)     the same for each of four vectors
 *
 * VEC_AHEAD is how many vectors of pairs have their guesses made ahead (kernel/ahead.h), 0 where
 * none have. Where some have there are also vec_max(a, b), a faster vec_guess_within(r2) for
 * VEC_GUESS_LEAST <= r2 <= VEC_GUESS_MOST, vec_is_within(low, high), whether every lane of both
 * lies there, and vec_leave_out.
 *
 * vec_rsqrt multiplies the guess y by a polynomial in e = 1 - r2 y^2, a truncated
 * series of (1 - e)^(-1/2). The polynomial is divided by its leading coefficient, which saves one
 * product a pair; VEC_RSQRT_UNIT is that coefficient (exact in double), and whoever sums multiplies
 * the sums by it. It is written in t = e + shift, with the shift at which the second-highest power
 * vanishes: t comes from r2 y as cheaply as e does, and a step is saved. r2 y is NaN or not
 * positive exactly where r2 is 0 or infinite, so that one ordered comparison masks both. */
#ifndef DP_KERNEL_SIMD_H
#define DP_KERNEL_SIMD_H

#include "kernel/intrinsics.h"
#include "kernel/kernel.h"

#include <math.h>

#define VEC_INLINE static inline __attribute__((always_inline))

typedef double real;

#if defined(SIMD_AVX512) || defined(SIMD_AVX2)

/* The sums over the lanes of each. */
VEC_INLINE void sum_four(__m256d a, __m256d b, __m256d c, __m256d d, double sums[4]) {
    __m256d ab = _mm256_hadd_pd(a, b), cd = _mm256_hadd_pd(c, d); /* halves of a and b in turn */
    __m256d low = _mm256_permute2f128_pd(ab, cd, 0x20), high = _mm256_permute2f128_pd(ab, cd, 0x31);
    _mm256_storeu_pd(sums, _mm256_add_pd(low, high));
}

#endif

#if defined(SIMD_AVX512)

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

VEC_INLINE int vec_is_above(vec a, vec b) {
    __mmask8 is_above = _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
    return is_above == 0xff;
}

VEC_INLINE vec vec_power(vec shifted) {
    __m512i bits = _mm512_sub_epi64(_mm512_set1_epi64(1023), _mm512_castpd_si512(shifted));
    return _mm512_castsi512_pd(_mm512_slli_epi64(bits, 52));
}

#define VEC_AHEAD 0

VEC_INLINE vec vec_guess(vec r2) {
    return _mm512_rsqrt14_pd(r2);
}

/* The last step of vec_rsqrt, r2 guess being r. */
VEC_INLINE vec vec_kept(vec y, vec p, vec r, const vec *least, vec_mask *far) {
    *far = least ? _mm512_cmp_pd_mask(r, *least, _CMP_GT_OQ) : 0;
    if (!least)
        return y * p;
    return _mm512_maskz_mul_pd(*far, y, p);
}

/* Third order: the guess is good to 2^-14, what the series leaves out to 2^-53. With t = e + 2/5,
 * e^3 + 6/5 e^2 + 8/5 e + 16/5 = t (t^2 + 28/25) + 336/125. */
#define VEC_RSQRT_UNIT 0.3125

VEC_INLINE vec vec_rsqrt(vec r2, vec y, const vec *least, vec_mask *far) {
    vec r = r2 * y;
    vec t = _mm512_fnmadd_pd(r, y, vec_splat(1.4));
    vec p = vec_fma(vec_fma(t, t, vec_splat(1.12)), t, vec_splat(2.688));
    return vec_kept(y, p, r, least, far);
}

/* One order less, economised: the coefficient of e takes up three quarters of the term that is left
 * out, 5/16 e^3 with |e| up to 2^-13. That leaves 1.6e-13. */
#define VEC_RSQRT_UNIT_REDUCED 0.375

VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec y, const vec *least, vec_mask *far) {
    const double shift = (0.5 + 0x1p-26 * 15 / 64) / 0.75;
    vec r = r2 * y;
    vec t = _mm512_fnmadd_pd(r, y, vec_splat(1 + shift));
    return vec_kept(y, vec_fma(t, t, vec_splat(8. / 3 - shift * shift)), r, least, far);
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

VEC_INLINE __m256d fold(vec v) {
    return _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
}

VEC_INLINE void vec_sum_four(const vec v[4], double sums[4]) {
    sum_four(fold(v[0]), fold(v[1]), fold(v[2]), fold(v[3]), sums);
}

#elif defined(SIMD_AVX2)

#define VEC_WIDTH 4
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

VEC_INLINE int vec_is_above(vec a, vec b) {
    return _mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_GT_OQ)) == 0xf;
}

VEC_INLINE vec vec_power(vec shifted) {
    __m256i bits = _mm256_sub_epi64(_mm256_set1_epi64x(1023), _mm256_castpd_si256(shifted));
    return _mm256_castsi256_pd(_mm256_slli_epi64(bits, 52));
}

/* Halving the exponent (and, roughly, the mantissa) by a shift guesses to 3.5 percent. The cubic is
 * the Chebyshev interpolant of (1 - e)^(-1/2) over the e that occur, good to 8e-7. An infinite r2
 * makes y minus infinity. */
VEC_INLINE vec vec_guess(vec r2) {
    vec y = (vec)(UINT64_C(0x5fe6eb50c7b537a9) - ((uvec)r2 >> 1));
    vec e = _mm256_fnmadd_pd(r2 * y, y, vec_splat(1));
    vec p = vec_fma(vec_splat(0.31283338882546124), e, vec_splat(0.37628284895159597));
    p = vec_fma(p, e, vec_splat(0.5000012480288748));
    return y * vec_fma(p, e, vec_splat(0.9999992494986328));
}

#define VEC_AHEAD              64

/* Single precision guesses to 2^-11.4 at half the price, where it can hold r2. */
#define VEC_GUESS_LEAST        0x1p-126
#define VEC_GUESS_MOST         0x1p+126

VEC_INLINE vec vec_guess_within(vec r2) {
    return _mm256_cvtps_pd(_mm_rsqrt_ps(_mm256_cvtpd_ps(r2)));
}

VEC_INLINE vec vec_max(vec a, vec b) {
    return _mm256_max_pd(a, b);
}

VEC_INLINE int vec_is_within(vec low, vec high) {
    vec is_out = _mm256_or_pd(_mm256_cmp_pd(low, vec_splat(VEC_GUESS_LEAST), _CMP_NGE_UQ),
                              _mm256_cmp_pd(high, vec_splat(VEC_GUESS_MOST), _CMP_NLE_UQ));
    return _mm256_movemask_pd(is_out) == 0;
}

/* r2 and guess of pairs that are left out, so that they come to 0 of their own accord. */
VEC_INLINE void vec_leave_out(vec *r2, vec *guess, vec least) {
    vec far = _mm256_cmp_pd(*r2 * *guess, least, _CMP_GT_OQ);
    *r2 = _mm256_blendv_pd(vec_splat(1), *r2, far);
    *guess = _mm256_and_pd(far, *guess);
}

/* The last step of vec_rsqrt, r2 guess being r. */
VEC_INLINE vec vec_kept(vec value, vec r, const vec *least, vec_mask *far) {
    if (!least) {
        *far = vec_splat(0);
        return value;
    }
    *far = _mm256_cmp_pd(r, *least, _CMP_GT_OQ);
    return _mm256_and_pd(*far, value);
}

/* What the series leave out, for |e| up to 2^-10.4: here 2^-54, in the reduced one 8e-14. With
 * t = e + 2/7 it is (t^2 + half)^2 + linear t + rest, which stands for
 * e^4 + 8/7 e^3 + 48/35 e^2 + 64/35 e + 128/35. */
#define VEC_RSQRT_UNIT         0.2734375

VEC_INLINE vec vec_rsqrt(vec r2, vec y, const vec *least, vec_mask *far) {
    const double a = 2. / 7, half = 0.5 * (48. / 35 - 6 * a * a);
    const double linear = 64. / 35 - 96. / 35 * a + 8 * a * a * a;
    const double rest =
        128. / 35 - 64. / 35 * a + 48. / 35 * a * a - 3 * a * a * a * a - half * half;
    vec r = r2 * y;
    vec t = _mm256_fnmadd_pd(r, y, vec_splat(1 + a));
    vec square = vec_fma(t, t, vec_splat(half));
    vec p = vec_fma(square, square, vec_fma(vec_splat(linear), t, vec_splat(rest)));
    return vec_kept(y * p, r, least, far);
}

/* With t = e + 2/5, e^3 + 6/5 e^2 + 8/5 e + 16/5 = t (t^2 + 28/25) + 336/125. */
#define VEC_RSQRT_UNIT_REDUCED 0.3125

VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec y, const vec *least, vec_mask *far) {
    vec r = r2 * y;
    vec t = _mm256_fnmadd_pd(r, y, vec_splat(1.4));
    vec p = vec_fma(vec_fma(t, t, vec_splat(1.12)), t, vec_splat(2.688));
    return vec_kept(y * p, r, least, far);
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

VEC_INLINE void vec_sum_four(const vec v[4], double sums[4]) {
    sum_four(v[0], v[1], v[2], v[3], sums);
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

VEC_INLINE int vec_is_above(vec a, vec b) {
    uvec is_above = (uvec)(a > b);
    return (is_above[0] & is_above[1]) != 0;
}

VEC_INLINE vec vec_power(vec shifted) {
    return (vec)((1023 - (uvec)shifted) << 52);
}

#define VEC_AHEAD 0

/* Square root and division need none. */
VEC_INLINE vec vec_guess(vec r2) {
    return r2;
}

#define VEC_RSQRT_UNIT 1.

VEC_INLINE vec vec_rsqrt(vec r2, vec guess, const vec *least, vec_mask *far) {
    (void)guess;
    vec r = {sqrt(r2[0]), sqrt(r2[1])}, y = 1 / r;
    *far = least ? (uvec)(r > *least) & (uvec)(y > 0) : (uvec){0};
    if (!least)
        return y;
    return (vec)(*far & (uvec)y);
}

#define VEC_RSQRT_UNIT_REDUCED VEC_RSQRT_UNIT

VEC_INLINE vec vec_rsqrt_reduced(vec r2, vec guess, const vec *least, vec_mask *far) {
    return vec_rsqrt(r2, guess, least, far);
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

VEC_INLINE void vec_sum_four(const vec v[4], double sums[4]) {
    for (int i = 0; i < 4; i++)
        sums[i] = vec_sum(v[i]);
}

#endif

#endif
