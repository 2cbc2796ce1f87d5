/* Compiled once per instruction set (meson.build). */
#include "kernel/simd.h"

#include "base/per_isa.h"

/* Two units that take four cycles each, and half as many again; they fit 16 registers. */
enum { N_CHAINS = 12 };

double DP_PER_ISA(dp_peak)(int64_t n_steps, double *left) {
    const vec half = vec_splat(0.5);
    vec chain[N_CHAINS];
    for (int k = 0; k < N_CHAINS; k++)
        chain[k] = vec_splat(2 + k);
    for (int64_t i = 0; i < n_steps; i++) {
#pragma GCC unroll 12
        for (int k = 0; k < N_CHAINS; k++)
            chain[k] = vec_fma(chain[k], half, half); /* drives it to 1 */
    }
    *left = 0;
    for (int k = 0; k < N_CHAINS; k++)
        *left += fabs(vec_sum(chain[k]) / VEC_WIDTH - 1);
    return 2.0 * N_CHAINS * VEC_WIDTH * (double)n_steps;
}
