#include "graph/cost.h"

dp_cost dp_cost_of(const dp_kernel *kernel, dp_isa isa) {
    static const dp_cost laplace[DP_N_ISA] = {
        [DP_ISA_PORTABLE] = {.pair = 3e-9, .flop = 6e-11, .point = 4e-9, .task = 4e-4},
        [DP_ISA_AVX2] = {.pair = 7e-10, .flop = 2e-11, .point = 4e-9, .task = 4e-4},
        [DP_ISA_AVX512] = {.pair = 2e-10, .flop = 1e-11, .point = 4e-9, .task = 4e-4},
    };
    dp_cost cost = laplace[isa];
    if (kernel->id == DAGPOLE_YUKAWA)
        cost.pair *= 4; /* the exponential */
    return cost;
}

double dp_cost_m2l_flops(const dp_operator_set *set) {
    double flops = 0;
    for (int f = 0; f < DP_N_FOLDED; f++)
        flops += 4.0 * set->k_padded * set->m2l_b[f].m_padded;
    return flops / DP_N_FOLDED;
}
