#include "kernel/peak.h"

double dp_peak_portable(int64_t n_steps, double *left);
double dp_peak_avx2(int64_t n_steps, double *left);
double dp_peak_avx512(int64_t n_steps, double *left);

#if defined(__x86_64__)
#define LOOPS(loop)                                                                                \
    { loop##_portable, loop##_avx2, loop##_avx512 }
#else
#define LOOPS(loop)                                                                                \
    { loop##_portable, loop##_portable, loop##_portable }
#endif

double dp_peak_run(dp_isa isa, int64_t n_steps, double *left) {
    static double (*const peak[DP_N_ISA])(int64_t, double *) = LOOPS(dp_peak);
    return peak[isa](n_steps, left);
}
