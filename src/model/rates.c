#include "model/rates.h"

#include <math.h>
#include <stddef.h>

#define ENTRY(name, member)                                                                        \
    { name, offsetof(dp_rates, member) }

/* By kernel and precision. */
#define LOOPS(loop, id, name)                                                                      \
    ENTRY(#loop "_" #name, loop[DP_REAL_##id][DP_DOUBLE]),                                         \
        ENTRY(#loop "_" #name "_reduced", loop[DP_REAL_##id][DP_REDUCED]),                         \
        ENTRY(#loop "_" #name "_single", loop[DP_REAL_##id][DP_SINGLE]),                           \
        ENTRY(#loop "_" #name "_rough", loop[DP_REAL_##id][DP_ROUGH]),
#define PAIR(id, number, name, order) LOOPS(pair, id, name)
#define NEAR(id, number, name, order) LOOPS(near, id, name)

const dp_rate_entry dp_rate_entries[DP_N_RATES] = {
    /* clang-format off */
    DP_EACH_REAL_KERNEL(PAIR)
    DP_EACH_REAL_KERNEL(NEAR)
    /* clang-format on */
    ENTRY("leaf_pair", leaf_pair),
    ENTRY("flop", flop),
    ENTRY("column", column),
    ENTRY("coefficient", coefficient),
    ENTRY("point", point),
    ENTRY("surface_point", surface_point),
};

_Static_assert(offsetof(dp_rates, name) == DP_N_RATES * sizeof(double), "an entry for each double");

/* What counts are their ratios. AVX-512's are of a Zen 5 core, fitted to whole evaluations there
 * and on Zen 4; the others are those of the operators in evaluations of 1e5 points in a cube on a
 * Zen 4 core. Pairs are Laplace's, by precision. */
static const dp_rates of_laplace[DP_N_ISA] = {
    [DP_ISA_PORTABLE] = {.pair = {{1.75e-9, 1.75e-9, 0.68e-9, 0.68e-9}},
                         .near = {{0.96e-9, 0.96e-9, 0.31e-9, 0.31e-9}},
                         .leaf_pair = 40e-9,
                         .flop = 77e-12,
                         .column = 9e-9,
                         .coefficient = 0.36e-9,
                         .point = 4e-9,
                         .surface_point = 4e-9,
                         .name = "built-in"},
    [DP_ISA_AVX2] = {.pair = {{4.5e-10, 4.4e-10, 1.6e-10, 1.6e-10}},
                     .near = {{3.05e-10, 2.85e-10, 0.97e-10, 0.97e-10}},
                     .leaf_pair = 35e-9,
                     .flop = 26e-12,
                     .column = 5e-9,
                     .coefficient = 0.15e-9,
                     .point = 4e-9,
                     .surface_point = 4e-9,
                     .name = "built-in"},
    [DP_ISA_AVX512] = {.pair = {{1.3e-10, 1.07e-10, 0.95e-10, 0.8e-10}},
                       .near = {{1.15e-10, 0.92e-10, 0.51e-10, 0.4e-10}},
                       .leaf_pair = 30e-9,
                       .flop = 9.6e-12,
                       .column = 10e-9,
                       .coefficient = 0.08e-9,
                       .point = 4e-9,
                       .surface_point = 2.5e-9,
                       .name = "built-in"},
};

dp_rates dp_rates_built_in(dp_isa isa) {
    dp_rates rates = of_laplace[isa];
    for (int k = 1; k < DP_N_REAL_KERNELS; k++)
        for (int i = 0; i < DP_N_PRECISIONS; i++) {
            rates.pair[k][i] = rates.pair[DP_REAL_LAPLACE][i] * dp_kernel_number(k)->unmeasured;
            rates.near[k][i] = rates.near[DP_REAL_LAPLACE][i] * dp_kernel_number(k)->unmeasured;
        }
    return rates;
}

dagpole_status dp_rates_check(dp_isa isa, const dp_rates *rates) {
    const dp_rates built_in = dp_rates_built_in(isa);
    for (int i = 0; i < DP_N_RATES; i++) {
        double is = dp_rate_value(rates, i), expected = dp_rate_value(&built_in, i);
        if (!(is * DP_RATES_FACTOR >= expected && is <= expected * DP_RATES_FACTOR))
            return dp_fail(DAGPOLE_RUNTIME,
                           "the coefficient %s is %.3g s: it must be within a factor of %d of the "
                           "built-in %.3g s",
                           dp_rate_entries[i].name, is, DP_RATES_FACTOR, expected);
    }
    return DAGPOLE_OK;
}
