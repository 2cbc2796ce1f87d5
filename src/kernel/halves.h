/* Between a vector of floats and the two of doubles that hold as many. GCC 12 makes several
 * conversions of one that is not spelled out. */
#ifndef DP_KERNEL_HALVES_H
#define DP_KERNEL_HALVES_H

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

HALVES_INLINE void dp_round_half(float *y, const double *x) {
    _mm256_storeu_ps(y, _mm512_cvtpd_ps(_mm512_loadu_pd(x)));
}

#elif defined(SIMD_AVX2)

HALVES_INLINE dp_half dp_half_of(dp_floats v, int is_second) {
    return (dp_half)_mm256_cvtps_pd(is_second ? _mm256_extractf128_ps((__m256)v, 1)
                                              : _mm256_castps256_ps128((__m256)v));
}

HALVES_INLINE void dp_round_half(float *y, const double *x) {
    _mm_storeu_ps(y, _mm256_cvtpd_ps(_mm256_loadu_pd(x)));
}

#else

HALVES_INLINE dp_half dp_half_of(dp_floats v, int is_second) {
    dp_half half;
    for (int i = 0; i < DP_HALF; i++)
        half[i] = v[is_second * DP_HALF + i];
    return half;
}

HALVES_INLINE void dp_round_half(float *y, const double *x) {
    for (int i = 0; i < DP_HALF; i++)
        y[i] = (float)x[i];
}

#endif

#endif
