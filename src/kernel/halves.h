/* Between a vector of floats and the two of doubles that hold as many. GCC 12 makes several
 * conversions of one that is not spelled out. */
#ifndef DP_KERNEL_HALVES_H
#define DP_KERNEL_HALVES_H

#include <math.h>

#include "kernel/intrinsics.h"

#if defined(SIMD_AVX512)
#define DP_HALF 8
#elif defined(SIMD_AVX2)
#define DP_HALF 4
#else
#define DP_HALF 2
#endif

typedef double dp_half __attribute__((vector_size(8 * DP_HALF), aligned(8), may_alias));
typedef float dp_floats __attribute__((vector_size(8 * DP_HALF), aligned(4), may_alias));

#define HALVES_INLINE static inline __attribute__((always_inline))

#if defined(SIMD_AVX512) && !defined(DP_AVX512_EMULATED)

/* The first half, or the second. */
HALVES_INLINE dp_half dp_half_of(dp_floats v, int is_second) {
    return (dp_half)_mm512_cvtps_pd(is_second ? _mm512_extractf32x8_ps((__m512)v, 1)
                                              : _mm512_castps512_ps256((__m512)v));
}

HALVES_INLINE void dp_round_half(float *y, dp_half x) {
    _mm256_storeu_ps(y, _mm512_cvtpd_ps((__m512d)x));
}

/* The larger one of a and the size of b. */
HALVES_INLINE dp_half dp_larger_half(dp_half a, dp_half b) {
    return (dp_half)_mm512_max_pd((__m512d)a, _mm512_abs_pd((__m512d)b));
}

#elif defined(SIMD_AVX2)

HALVES_INLINE dp_half dp_half_of(dp_floats v, int is_second) {
    return (dp_half)_mm256_cvtps_pd(is_second ? _mm256_extractf128_ps((__m256)v, 1)
                                              : _mm256_castps256_ps128((__m256)v));
}

HALVES_INLINE void dp_round_half(float *y, dp_half x) {
    _mm_storeu_ps(y, _mm256_cvtpd_ps((__m256d)x));
}

HALVES_INLINE dp_half dp_larger_half(dp_half a, dp_half b) {
    return (dp_half)_mm256_max_pd((__m256d)a, _mm256_andnot_pd(_mm256_set1_pd(-0.0), (__m256d)b));
}

#else

HALVES_INLINE dp_half dp_half_of(dp_floats v, int is_second) {
    dp_half half;
    for (int i = 0; i < DP_HALF; i++)
        half[i] = v[is_second * DP_HALF + i];
    return half;
}

HALVES_INLINE void dp_round_half(float *y, dp_half x) {
    for (int i = 0; i < DP_HALF; i++)
        y[i] = (float)x[i];
}

HALVES_INLINE dp_half dp_larger_half(dp_half a, dp_half b) {
    for (int i = 0; i < DP_HALF; i++)
        a[i] = fmax(a[i], fabs(b[i]));
    return a;
}

#endif

#endif
