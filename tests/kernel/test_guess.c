/* What the AVX-512 loops take for granted of rsqrt14, where they begin: of this processor's, or of
 * what stands in for it (kernel/intrinsics.h). */
#include <fenv.h>
#include <math.h>
#include <stdint.h>

#include "platform/cpu.h"
#include "suite.h"

#ifdef DP_AVX512_EMULATED
#define SIMD_AVX512
#include "kernel/intrinsics.h"
#define AVX512
#else
#include <immintrin.h>
#define AVX512 __attribute__((target("avx512f")))
#endif

enum { N = 16 }; /* lanes of either precision, twice as many vectors of doubles */

AVX512 static void guess(const double x[N], double y[N]) {
    for (int i = 0; i < N; i += 8)
        _mm512_storeu_pd(y + i, _mm512_rsqrt14_pd(_mm512_loadu_pd(x + i)));
}

AVX512 static void guess_single(const float x[N], float y[N]) {
    _mm512_storeu_ps(y, _mm512_rsqrt14_ps(_mm512_loadu_ps(x)));
}

typedef struct range {
    double least, most;
} range;

static void widen(range *r, double error) {
    r->least = fmin(r->least, error);
    r->most = fmax(r->most, error);
}

/* Errors in units of 2^-14 over arguments of every exponent, least to most. */
static void find_errors(int exponent, int last, range *in_double, range *in_single) {
    uint64_t state = 1;
    for (; exponent <= last; exponent++)
        for (int k = 0; k < 40; k++) {
            double x[N], y[N];
            float x_f[N], y_f[N];
            for (int i = 0; i < N; i++)
                x_f[i] = (float)(x[i] = ldexp(1 + suite_uniform(&state), exponent));
            guess(x, y);
            guess_single(x_f, y_f);
            for (int i = 0; i < N; i++) {
                widen(in_double, (double)(0x1p14L * (sqrtl(x[i]) * y[i] - 1)));
                if (x_f[i] > 0 && isfinite(x_f[i]))
                    widen(in_single, (double)(0x1p14L * (sqrtl(x_f[i]) * y_f[i] - 1)));
            }
        }
}

START_TEST(errors_are_within_2_to_the_minus_14) {
    range in_double = {0}, in_single = {0};
    find_errors(-1074, 1023, &in_double, &in_single);
    ck_assert_double_le(fmax(-in_double.least, in_double.most), 1);
    ck_assert_double_le(fmax(-in_single.least, in_single.most), 1);
}
END_TEST

#ifdef DP_AVX512_EMULATED
/* So that what passes with it passes with any processor. */
START_TEST(errors_are_as_large_as_they_may_be) {
    range in_double = {0}, in_single = {0};
    find_errors(-2, 1, &in_double, &in_single);
    ck_assert_double_gt(fmin(-in_double.least, in_double.most), 0.98);
    ck_assert_double_gt(fmin(-in_single.least, in_single.most), 0.98);
}
END_TEST
#endif

START_TEST(special_values) {
    const double x[N] = {0, -0., INFINITY, -INFINITY, NAN, -1, -0x1p-1074, 0x1p-1074};
    double y[N];
    float x_f[N], y_f[N];
    for (int i = 0; i < N; i++)
        x_f[i] = (float)x[i];
    x_f[6] = -0x1p-149f;
    feclearexcept(FE_ALL_EXCEPT);
    guess(x, y);
    guess_single(x_f, y_f);
    ck_assert_int_eq(fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW), 0);
    ck_assert(y[0] == INFINITY && y[1] == -INFINITY && y[2] == 0 && !signbit(y[2]));
    ck_assert(y_f[0] == INFINITY && y_f[1] == -INFINITY && y_f[2] == 0 && !signbit(y_f[2]));
    for (int i = 3; i <= 6; i++)
        ck_assert_msg(isnan(y[i]) && isnan(y_f[i]), "%g: %g, %g", x[i], y[i], y_f[i]);
    ck_assert_double_le(fabs(y[7] * 0x1p-537 - 1), 0x1p-14);
}
END_TEST

#ifdef DP_AVX512_EMULATED
#define OF_THE_EMULATION , errors_are_as_large_as_they_may_be
#else
#define OF_THE_EMULATION
#endif

int main(void) {
    const TTest *const tests[] = {errors_are_within_2_to_the_minus_14,
                                  special_values OF_THE_EMULATION};
    if (!dp_isa_is_supported(DP_ISA_AVX512))
        return 77; /* Meson's sign for a test that was skipped */
    return suite_main("guess", 20, sizeof tests / sizeof tests[0], tests);
}
