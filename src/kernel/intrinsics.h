/* The compiler's vector intrinsics; where the build says -Davx512=emulated, those of AVX-512 from
 * SIMDe on two halves of AVX2, with what SIMDe 0.7 lacks. Results have the bits of the hardware's,
 * but for the guesses of rsqrt14: these differ from processor to processor anyway. */
#ifndef DP_KERNEL_INTRINSICS_H
#define DP_KERNEL_INTRINSICS_H

#if defined(SIMD_AVX512) && defined(DP_AVX512_EMULATED)

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <stdint.h>
#include <string.h>

#define EMULATED static inline __attribute__((always_inline))

typedef uint64_t emulated_bits __attribute__((vector_size(32)));

/* What rsqrt14 is wrong by, in units of 2^-14, in a cell of a table: anything in [-1, 1]. */
EMULATED __m256d emulated_error(emulated_bits cell) {
    cell = (cell + 1) * UINT64_C(0x9e3779b97f4a7c15);
    cell = (cell ^ cell >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return 2 * (__m256d)(cell >> 12 | UINT64_C(0x3ff) << 52) - 3;
}

/* v where the lane of mask is set, else y. */
EMULATED __m256d emulated_where(emulated_bits mask, emulated_bits v, __m256d y) {
    return _mm256_blendv_pd(y, (__m256d)v, (__m256d)mask);
}

/* 1 / sqrt(x), off by as much as a processor may be and as erratically: by an error that depends on
 * the leading 12 bits of the mantissa and on whether the exponent is odd, and that leaves room for
 * rounding to float. Unlike Intel's it is not exact for powers of 4. Integers are compared, so that
 * it raises no exception but inexact. */
static __attribute__((noinline)) __m256d emulated_rsqrt14(__m256d x) {
    const uint64_t least = UINT64_C(1) << 52, infinity = UINT64_C(0x7ff) << 52;
    emulated_bits sign = (emulated_bits)x & (UINT64_C(1) << 63), size = (emulated_bits)x ^ sign;
    emulated_bits is_tiny = (emulated_bits)(size < least);
    __m256d up = emulated_where(is_tiny, (emulated_bits)_mm256_set1_pd(0x1p108), _mm256_set1_pd(1));
    emulated_bits bits = (emulated_bits)((__m256d)size * up);
    /* m in [1/2, 2) and x up = m 4^(half - 511) */
    emulated_bits half = bits >> 53, m = (bits & (UINT64_MAX >> 11)) | UINT64_C(1022) << 52;
    __m256d y = 1 / _mm256_sqrt_pd((__m256d)m);
    y *= 1 + (0x1p-14 - 0x1p-23) * emulated_error(bits >> 40 & 0x1fff);
    y = (__m256d)((emulated_bits)y + ((511 - half + (is_tiny & 54)) << 52));

    const emulated_bits zero = {0}, nan = zero + (UINT64_C(0xfff8) << 48);
    y = emulated_where((emulated_bits)(size == infinity), zero, y);
    y = emulated_where(sign, nan, y);
    y = emulated_where((emulated_bits)(size == 0), sign | infinity, y);
    return emulated_where((emulated_bits)(size > infinity), (emulated_bits)x | nan << 1 >> 1, y);
}

EMULATED __m512d emulated_rsqrt14_pd(__m512d x) {
    __m256d half[2];
    memcpy(half, &x, sizeof x);
    for (int i = 0; i < 2; i++)
        half[i] = emulated_rsqrt14(half[i]);
    memcpy(&x, half, sizeof x);
    return x;
}

EMULATED __m512 emulated_rsqrt14_ps(__m512 x) {
    __m128 quarter[4];
    memcpy(quarter, &x, sizeof x);
    for (int i = 0; i < 4; i++)
        quarter[i] = _mm256_cvtpd_ps(emulated_rsqrt14(_mm256_cvtps_pd(quarter[i])));
    memcpy(&x, quarter, sizeof x);
    return x;
}

/* All ones in the lanes that the lowest four bits name. */
EMULATED __m256i emulated_lanes(unsigned mask) {
    const __m256i bit = _mm256_setr_epi64x(1, 2, 4, 8);
    return _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(mask), bit), bit);
}

EMULATED __m512d emulated_maskz_loadu_pd(__mmask8 mask, const double *p) {
    __m256d half[2] = {_mm256_maskload_pd(p, emulated_lanes(mask)),
                       _mm256_maskload_pd(p + 4, emulated_lanes(mask >> 4))};
    __m512d v;
    memcpy(&v, half, sizeof v);
    return v;
}

EMULATED void emulated_mask_storeu_pd(double *p, __mmask8 mask, __m512d v) {
    __m256d half[2];
    memcpy(half, &v, sizeof v);
    _mm256_maskstore_pd(p, emulated_lanes(mask), half[0]);
    _mm256_maskstore_pd(p + 4, emulated_lanes(mask >> 4), half[1]);
}

/* In the compiler's order. */
EMULATED double emulated_reduce_add_pd(__m512d v) {
    __m256d four = _mm512_castpd512_pd256(v) + _mm512_extractf64x4_pd(v, 1);
    __m128d two = _mm256_castpd256_pd128(four) + _mm256_extractf128_pd(four, 1);
    return two[0] + two[1];
}

#define emulated_extractf32x8_ps(v, i)                                                             \
    _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), i))

EMULATED float emulated_reduce_add_ps(__m512 v) {
    __m256 eight = _mm512_castps512_ps256(v) + emulated_extractf32x8_ps(v, 1);
    __m128 four = _mm256_castps256_ps128(eight) + _mm256_extractf128_ps(eight, 1);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* Which of them are macros already depends on the compiler. */
#undef _mm512_extractf32x8_ps
#undef _kand_mask16
#undef _kortestc_mask16_u8
#define _mm512_rsqrt14_pd             emulated_rsqrt14_pd
#define _mm512_rsqrt14_ps             emulated_rsqrt14_ps
#define _mm512_maskz_rsqrt14_ps(k, x) _mm512_maskz_mov_ps(k, emulated_rsqrt14_ps(x))
#define _mm512_maskz_loadu_pd         emulated_maskz_loadu_pd
#define _mm512_mask_storeu_pd         emulated_mask_storeu_pd
#define _mm512_reduce_add_pd          emulated_reduce_add_pd
#define _mm512_reduce_add_ps          emulated_reduce_add_ps
#define _mm512_extractf32x8_ps        emulated_extractf32x8_ps
#define _kand_mask16(a, b)            ((__mmask16)((a) & (b)))
#define _kortestc_mask16_u8(a, b)     (((a) | (b)) == 0xffff)

#elif defined(SIMD_AVX512) || defined(SIMD_AVX2)

#include <immintrin.h>

#endif

#endif
