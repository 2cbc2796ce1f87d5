#include "roofs.h"

#include "base/memory.h"

#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Independent ones: two pipes times a latency of four, and they fit 16 registers. */
#define N_CHAINS 12

enum { N_RUNS = 5 };

perf_figure perf_rate(void (*run)(void *argument), void *argument, double count) {
    double rate[N_RUNS];
    run(argument);
    for (int i = 0; i < N_RUNS; i++) {
        double begin = perf_own_clock();
        run(argument);
        rate[i] = 1e-9 * count / (perf_own_clock() - begin);
    }
    return perf_figure_of(N_RUNS, rate);
}

#define CALLS_S  4e-3 /* how long they take together, about */
#define N_TRIALS 20   /* calls to find out what one takes */

perf_figure perf_rate_of_calls(void (*run)(void *argument), void *argument, int64_t *repeats,
                               double count) {
    *repeats = N_TRIALS;
    double begin = perf_own_clock();
    run(argument);
    *repeats = 1 + (int64_t)(CALLS_S * N_TRIALS / (perf_own_clock() - begin));
    return perf_rate(run, argument, (double)*repeats * count);
}

/* ---- arithmetic ------------------------------------------------------------------------- */

#define N_STEPS 800000

/* Defines a function that repeats `step` on N_CHAINS vectors x, which drives each from where it
 * starts to 1, and returns the largest distance from 1 that is left. */
#define DEFINE_CHAINS(name, attribute, scalar, vector, splat, step)                                \
    attribute static double name(void) {                                                           \
        vector chain[N_CHAINS];                                                                    \
        const vector half = splat((scalar)0.5);                                                    \
        (void)half;                                                                                \
        for (int k = 0; k < N_CHAINS; k++)                                                         \
            chain[k] = splat((scalar)(2 + k));                                                     \
        for (int i = 0; i < N_STEPS; i++) {                                                        \
            _Pragma("GCC unroll 32") for (int k = 0; k < N_CHAINS; k++) {                          \
                vector x = chain[k];                                                               \
                chain[k] = step;                                                                   \
            }                                                                                      \
        }                                                                                          \
        double worst = 0;                                                                          \
        for (int k = 0; k < N_CHAINS; k++)                                                         \
            worst = fmax(worst, fabs((double)chain[k][0] - 1));                                    \
        return worst;                                                                              \
    }

typedef double double2 __attribute__((vector_size(16)));
typedef float float4 __attribute__((vector_size(16)));
#define SPLAT2(x) ((double2){x, x})
#define SPLAT4(x) ((float4){x, x, x, x})
#define NONE
DEFINE_CHAINS(fma_double_portable, NONE, double, double2, SPLAT2, x *half + half)
DEFINE_CHAINS(fma_single_portable, NONE, float, float4, SPLAT4, x *half + half)
DEFINE_CHAINS(rsqrt_portable, NONE, double, double2, SPLAT2,
              1 / ((double2){sqrt(x[0]), sqrt(x[1])}))

#if defined(__x86_64__)
#define AVX2   __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f")))
DEFINE_CHAINS(fma_double_avx2, AVX2, double, __m256d, _mm256_set1_pd,
              _mm256_fmadd_pd(x, half, half))
DEFINE_CHAINS(fma_single_avx2, AVX2, float, __m256, _mm256_set1_ps, _mm256_fmadd_ps(x, half, half))
DEFINE_CHAINS(rsqrt_avx2, AVX2, double, __m256d, _mm256_set1_pd, 1 / _mm256_sqrt_pd(x))
DEFINE_CHAINS(fma_double_avx512, AVX512, double, __m512d, _mm512_set1_pd,
              _mm512_fmadd_pd(x, half, half))
DEFINE_CHAINS(fma_single_avx512, AVX512, float, __m512, _mm512_set1_ps,
              _mm512_fmadd_ps(x, half, half))
DEFINE_CHAINS(rsqrt_avx512, AVX512, double, __m512d, _mm512_set1_pd, _mm512_rsqrt14_pd(x))
#else
#define fma_double_avx2   fma_double_portable
#define fma_single_avx2   fma_single_portable
#define rsqrt_avx2        rsqrt_portable
#define fma_double_avx512 fma_double_portable
#define fma_single_avx512 fma_single_portable
#define rsqrt_avx512      rsqrt_portable
#endif

typedef struct arithmetic {
    const char *rsqrt_name;
    int bytes; /* of a vector */
    double (*fma_double)(void), (*fma_single)(void), (*rsqrt)(void);
} arithmetic;

static const arithmetic arithmetics[DP_N_ISA] = {
    {"sqrt and division", 16, fma_double_portable, fma_single_portable, rsqrt_portable},
    {"vsqrtpd and vdivpd", 32, fma_double_avx2, fma_single_avx2, rsqrt_avx2},
    {"vrsqrt14pd", 64, fma_double_avx512, fma_single_avx512, rsqrt_avx512},
};

typedef struct chains {
    double (*run)(void);
    double error;
} chains;

static void run_chains(void *argument) {
    chains *c = argument;
    c->error = c->run();
}

/* Billions of lanes a second. */
static perf_figure measure_chains(double (*run)(void), int lanes, double tolerance,
                                  const char *what) {
    chains c = {run, 1};
    perf_figure f = perf_rate(run_chains, &c, (double)N_STEPS * N_CHAINS * lanes);
    perf_require(c.error <= tolerance, what);
    return f;
}

perf_figure perf_fma_peak(dp_isa isa, int is_single) {
    const arithmetic *a = &arithmetics[isa];
    perf_figure f = is_single ? measure_chains(a->fma_single, a->bytes / 4, 0, "FMA in single")
                              : measure_chains(a->fma_double, a->bytes / 8, 0, "FMA in double");
    return (perf_figure){2 * f.median, f.spread, 2 * f.smallest}; /* a product and a sum */
}

perf_figure perf_rsqrt_rate(dp_isa isa) {
    const arithmetic *a = &arithmetics[isa];
    return measure_chains(a->rsqrt, a->bytes / 8, 0x1p-12, a->rsqrt_name);
}

const char *perf_rsqrt_name(dp_isa isa) {
    return arithmetics[isa].rsqrt_name;
}

/* ---- memory ----------------------------------------------------------------------------- */

#define TRIAD_N 8000000

static void run_triad(void *argument) {
    double *a = argument, *b = a + TRIAD_N, *c = b + TRIAD_N;
    for (int64_t i = 0; i < TRIAD_N; i++)
        a[i] = b[i] + 3 * c[i];
}

perf_figure perf_triad(void) {
    double *memory = dp_alloc(3 * TRIAD_N, sizeof *memory);
    if (!memory)
        perf_try(DAGPOLE_NO_MEMORY);
    for (int64_t i = 0; i < 3 * TRIAD_N; i++)
        memory[i] = i < TRIAD_N ? 0 : i < 2 * TRIAD_N ? 1 : 2;
    perf_figure f = perf_rate(run_triad, memory, 24. * TRIAD_N);
    perf_require(memory[0] == 7 && memory[TRIAD_N - 1] == 7, "triad");
    dp_free(memory);
    return f;
}
