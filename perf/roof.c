/* What one core of this machine can do: FMA peak, reciprocal square roots, memory bandwidth, and
 * the P2P loops beside them. Every number is the median of a few short runs, and every loop's
 * result is checked before its time counts. Usage: roof [--json] */
#include "base/clock.h"
#include "base/memory.h"
#include "kernel/kernel.h"
#include "platform/cpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define N_RUNS 5
#define N_CHAINS                                                                                   \
    12 /* independent ones: two pipes times a latency of four, and they fit 16 registers */

typedef struct figure {
    double median, spread; /* spread: (largest - smallest) / median */
} figure;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void require(int is_right, const char *what) {
    if (!is_right) {
        fprintf(stderr, "roof: %s gives a wrong result\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Billions a second of what run does `count` of in a call. */
static figure measure(void (*run)(void *argument), void *argument, double count) {
    double rate[N_RUNS];
    run(argument);
    for (int i = 0; i < N_RUNS; i++) {
        double begin = dp_clock();
        run(argument);
        rate[i] = 1e-9 * count / (dp_clock() - begin);
    }
    qsort(rate, N_RUNS, sizeof *rate, by_value);
    return (figure){rate[N_RUNS / 2], (rate[N_RUNS - 1] - rate[0]) / rate[N_RUNS / 2]};
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
static figure measure_chains(double (*run)(void), int lanes, double tolerance, const char *what) {
    chains c = {run, 1};
    figure f = measure(run_chains, &c, (double)N_STEPS * N_CHAINS * lanes);
    require(c.error <= tolerance, what);
    return f;
}

/* ---- memory ----------------------------------------------------------------------------- */

#define TRIAD_N 8000000

static void run_triad(void *argument) {
    double *a = argument, *b = a + TRIAD_N, *c = b + TRIAD_N;
    for (int64_t i = 0; i < TRIAD_N; i++)
        a[i] = b[i] + 3 * c[i];
}

static figure measure_triad(void) {
    double *memory = dp_alloc(3 * TRIAD_N, sizeof *memory);
    require(memory != NULL, "an allocation of 192 MB");
    for (int64_t i = 0; i < 3 * TRIAD_N; i++)
        memory[i] = i < TRIAD_N ? 0 : i < 2 * TRIAD_N ? 1 : 2;
    figure f = measure(run_triad, memory, 24. * TRIAD_N);
    require(memory[0] == 7 && memory[TRIAD_N - 1] == 7, "triad");
    dp_free(memory);
    return f;
}

/* ---- P2P -------------------------------------------------------------------------------- */

#define MAX_N    250
#define RUN_S    5e-3 /* how long one run takes, about */
#define N_TRIALS 20   /* calls to find out what one takes */

typedef struct p2p_case {
    const dp_kernel *kernel;
    dp_isa isa;
    int n, repeats;
    double targets[3][MAX_N], sources[3][MAX_N], charges[MAX_N], sums[4][MAX_N];
    int has_gradient;
} p2p_case;

static const double lambda = 1;

static dp_soa soa(double points[3][MAX_N]) {
    return (dp_soa){points[0], points[1], points[2]};
}

static dp_sums sums_of(double sums[4][MAX_N], int has_gradient) {
    if (!has_gradient)
        return (dp_sums){sums[0], NULL, NULL, NULL};
    return (dp_sums){sums[0], sums[1], sums[2], sums[3]};
}

static void run_p2p(void *argument) {
    p2p_case *p = argument;
    for (int i = 0; i < p->repeats; i++)
        p->kernel->p2p[p->isa](lambda, p->n, soa(p->targets), sums_of(p->sums, p->has_gradient),
                               p->n, soa(p->sources), p->charges);
}

static void fill_p2p(p2p_case *p) {
    srand(1);
    for (int i = 0; i < MAX_N; i++) {
        for (int k = 0; k < 3; k++) {
            p->targets[k][i] = rand() / (double)RAND_MAX;
            p->sources[k][i] = rand() / (double)RAND_MAX;
        }
        p->charges[i] = rand() / (double)RAND_MAX;
    }
}

static void check_p2p(p2p_case *p) {
    static double expected[4][MAX_N];
    memset(expected, 0, sizeof expected);
    memset(p->sums, 0, sizeof p->sums);
    p->repeats = 1;
    run_p2p(p);
    dp_p2p_ref(p->kernel, lambda, p->n, soa(p->targets), sums_of(expected, p->has_gradient), p->n,
               soa(p->sources), p->charges);
    double error = 0, norm = 0;
    for (int k = 0; k < (p->has_gradient ? 4 : 1); k++)
        for (int j = 0; j < p->n; j++) {
            error = fmax(error, fabs(p->sums[k][j] - expected[k][j]));
            norm = fmax(norm, fabs(expected[k][j]));
        }
    require(error <= 1e-14 * norm, "P2P");
}

static void print_p2p(p2p_case *p, int is_json, const char *separator) {
    check_p2p(p);
    p->repeats = N_TRIALS;
    double begin = dp_clock();
    run_p2p(p);
    p->repeats = 1 + (int)(RUN_S * N_TRIALS / (dp_clock() - begin));
    figure f = measure(run_p2p, p, (double)p->repeats * p->n * p->n);
    const char *isa = dp_isa_name(p->isa), *gradient = p->has_gradient ? "true" : "false";
    if (is_json)
        printf("%s\n    {\"kernel\": \"%s\", \"isa\": \"%s\", \"gradient\": %s, \"n\": %d, "
               "\"gpairs_s\": %.3f, \"spread\": %.3f}",
               separator, p->kernel->name, isa, gradient, p->n, f.median, f.spread);
    else
        printf("P2P %-8s %-9s%-10s%4d x %-4d %8.2f Gpairs/s  +- %2.0f %%\n", p->kernel->name, isa,
               p->has_gradient ? "gradient" : "", p->n, p->n, f.median, 50 * f.spread);
}

static void print_all_p2p(int is_json) {
    static const int sizes[] = {32, 64, 96, 128, 250};
    static p2p_case p;
    const char *separator = "";
    fill_p2p(&p);
    for (int id = 0; (p.kernel = dp_kernel_get((dagpole_kernel)id)) != NULL; id++)
        for (int isa = 0; isa < DP_N_ISA; isa++)
            for (int k = 0; k < 10 && dp_isa_is_supported((dp_isa)isa); k++) {
                p.isa = (dp_isa)isa;
                p.has_gradient = k / 5;
                p.n = sizes[k % 5];
                print_p2p(&p, is_json, separator);
                separator = ",";
            }
}

/* ---- report ----------------------------------------------------------------------------- */

static void print_figure(int is_json, const char *key, const char *text, const char *unit,
                         figure f) {
    if (is_json)
        printf("  \"%s\": {\"median\": %.3f, \"spread\": %.3f},\n", key, f.median, f.spread);
    else
        printf("%-38s %8.2f %s  +- %2.0f %%\n", text, f.median, unit, 50 * f.spread);
}

/* Twice a lane's rate: a product and a sum. */
static figure in_flops(figure f) {
    return (figure){2 * f.median, f.spread};
}

static dp_isa best_supported(void) {
    dp_isa best = DP_ISA_PORTABLE;
    for (int isa = 0; isa < DP_N_ISA; isa++)
        if (dp_isa_is_supported((dp_isa)isa))
            best = (dp_isa)isa;
    return best;
}

int main(int argc, char **argv) {
    int is_json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 2 || (argc == 2 && !is_json)) {
        fprintf(stderr, "usage: roof [--json]\n");
        return 2;
    }
    dp_isa isa = best_supported();
    const arithmetic *a = &arithmetics[isa];
    int doubles = a->bytes / 8;
    figure fma_double = measure_chains(a->fma_double, doubles, 0, "FMA in double");
    figure fma_single = measure_chains(a->fma_single, 2 * doubles, 0, "FMA in single");
    figure rsqrt = measure_chains(a->rsqrt, doubles, 0x1p-12, a->rsqrt_name);
    if (is_json)
        printf("{\n  \"isa\": \"%s\",\n", dp_isa_name(isa));
    print_figure(is_json, "fma_double_gflops", "FMA peak, double", "GFlop/s", in_flops(fma_double));
    print_figure(is_json, "fma_single_gflops", "FMA peak, single", "GFlop/s", in_flops(fma_single));
    print_figure(is_json, "rsqrt_g_s", a->rsqrt_name, "G/s", rsqrt);
    print_figure(is_json, "triad_gbytes_s", "memory, triad", "GB/s", measure_triad());
    if (is_json)
        printf("  \"p2p\": [");
    print_all_p2p(is_json);
    if (is_json)
        printf("\n  ]\n}\n");
    return EXIT_SUCCESS;
}
