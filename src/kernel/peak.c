#include "kernel/peak.h"

#include "base/per_isa.h"

double dp_peak_portable(int64_t n_steps, double *left);
double dp_peak_avx2(int64_t n_steps, double *left);
double dp_peak_avx512(int64_t n_steps, double *left);

double dp_peak_run(dp_isa isa, int64_t n_steps, double *left) {
    static double (*const peak[DP_N_ISA])(int64_t, double *) = DP_OF_EACH_ISA(dp_peak);
    return peak[isa](n_steps, left);
}
