#include "graph/cost.h"

#include <math.h>

/* From the rates that perf/roof and perf/operators print on a Zen 5 core; what counts are their
 * ratios. AVX-512's are fitted to whole evaluations, the others only to the loops' own rates. */
static const dp_cost by_isa[DP_N_ISA] = {
    [DP_ISA_PORTABLE] = {.pair = 1.3e-9,
                         .leaf_pair = 40e-9,
                         .flop = 52e-12,
                         .column = 12e-9,
                         .coefficient = 0.5e-9,
                         .point = 4e-9,
                         .task = 2e-4},
    [DP_ISA_AVX2] = {.pair = 4e-10,
                     .leaf_pair = 35e-9,
                     .flop = 16e-12,
                     .column = 10e-9,
                     .coefficient = 0.3e-9,
                     .point = 4e-9,
                     .task = 2e-4},
    [DP_ISA_AVX512] = {.pair = 1.3e-10,
                       .leaf_pair = 30e-9,
                       .flop = 9e-12,
                       .column = 10e-9,
                       .coefficient = 0.2e-9,
                       .point = 4e-9,
                       .task = 2e-4},
};

/* Mutual near pairs, per instruction set and precision. */
static const double near_by_isa[DP_N_ISA][DP_N_PRECISIONS] = {
    [DP_ISA_PORTABLE] = {1.2e-9, 1.2e-9, 0.6e-9, 0.6e-9},
    [DP_ISA_AVX2] = {3.5e-10, 3e-10, 1e-10, 1e-10},
    [DP_ISA_AVX512] = {1.2e-10, 0.95e-10, 0.53e-10, 0.36e-10},
};

dp_cost dp_cost_of(const dp_kernel *kernel, dp_isa isa, dp_precision precision) {
    dp_cost cost = by_isa[isa];
    cost.near = near_by_isa[isa][precision];
    if (precision != DP_DOUBLE && isa != DP_ISA_PORTABLE)
        cost.pair *= 0.82;
    if (kernel->id == DAGPOLE_YUKAWA) {
        cost.pair *= 3.5; /* the exponential */
        cost.near *= 3.5;
    }
    return cost;
}

double dp_cost_m2l(const dp_cost *cost, const dp_operator_set *set) {
    double flops = 0;
    for (int f = 0; f < DP_N_FOLDED; f++)
        flops += 4.0 * set->k_padded * set->m2l_b[f].m_padded;
    return cost->flop * flops / DP_N_FOLDED + cost->column + cost->coefficient * set->k_padded;
}

/* 40, 154, 371 and 700 at 3, 6, 9 and 12 digits. */
double dp_cost_expansion_size(double tolerance) {
    return 40 * pow(-log10(tolerance) / 3.7, 2.35);
}

/* 9, 22, 47 and 82. */
double dp_cost_mean_rank(double expansion_size) {
    return 8.5 * pow(expansion_size / 40, 0.79);
}
