#include "model/rates.h"

#include <math.h>
#include <stddef.h>

#define ENTRY(name, member)                                                                        \
    { name, offsetof(dp_rates, member) }

const dp_rate_entry dp_rate_entries[DP_N_RATES] = {
    ENTRY("pair_laplace", pair[DAGPOLE_LAPLACE][DP_DOUBLE]),
    ENTRY("pair_laplace_reduced", pair[DAGPOLE_LAPLACE][DP_REDUCED]),
    ENTRY("pair_laplace_single", pair[DAGPOLE_LAPLACE][DP_SINGLE]),
    ENTRY("pair_laplace_rough", pair[DAGPOLE_LAPLACE][DP_ROUGH]),
    ENTRY("pair_yukawa", pair[DAGPOLE_YUKAWA][DP_DOUBLE]),
    ENTRY("pair_yukawa_reduced", pair[DAGPOLE_YUKAWA][DP_REDUCED]),
    ENTRY("pair_yukawa_single", pair[DAGPOLE_YUKAWA][DP_SINGLE]),
    ENTRY("pair_yukawa_rough", pair[DAGPOLE_YUKAWA][DP_ROUGH]),
    ENTRY("near_laplace", near[DAGPOLE_LAPLACE][DP_DOUBLE]),
    ENTRY("near_laplace_reduced", near[DAGPOLE_LAPLACE][DP_REDUCED]),
    ENTRY("near_laplace_single", near[DAGPOLE_LAPLACE][DP_SINGLE]),
    ENTRY("near_laplace_rough", near[DAGPOLE_LAPLACE][DP_ROUGH]),
    ENTRY("near_yukawa", near[DAGPOLE_YUKAWA][DP_DOUBLE]),
    ENTRY("near_yukawa_reduced", near[DAGPOLE_YUKAWA][DP_REDUCED]),
    ENTRY("near_yukawa_single", near[DAGPOLE_YUKAWA][DP_SINGLE]),
    ENTRY("near_yukawa_rough", near[DAGPOLE_YUKAWA][DP_ROUGH]),
    ENTRY("leaf_pair", leaf_pair),
    ENTRY("flop", flop),
    ENTRY("column", column),
    ENTRY("coefficient", coefficient),
    ENTRY("point", point),
};

_Static_assert(offsetof(dp_rates, name) == DP_N_RATES * sizeof(double), "an entry for each double");

/* Laplace and Yukawa (the exponential), by precision. */
#define LOOPS(in_double, reduced, single, rough)                                                   \
    {                                                                                              \
        {(in_double), (reduced), (single), (rough)}, {                                             \
            (in_double) * 3.5, (reduced)*3.5, (single)*3.5, (rough)*3.5                            \
        }                                                                                          \
    }

/* From the rates that bench (perf/) printed on a Zen 5 core; what counts are their
 * ratios. AVX-512's are fitted to whole evaluations, the others only to the loops' own rates. */
static const dp_rates built_in[DP_N_ISA] = {
    [DP_ISA_PORTABLE] = {.pair = LOOPS(1.3e-9, 1.3e-9, 0.65e-9, 0.65e-9),
                         .near = LOOPS(1.2e-9, 1.2e-9, 0.6e-9, 0.6e-9),
                         .leaf_pair = 40e-9,
                         .flop = 52e-12,
                         .column = 9e-9,
                         .coefficient = 0.36e-9,
                         .point = 4e-9,
                         .name = "built-in"},
    [DP_ISA_AVX2] = {.pair = LOOPS(3.2e-10, 2.9e-10, 1.2e-10, 1.2e-10),
                     .near = LOOPS(2.5e-10, 2.3e-10, 0.9e-10, 0.9e-10),
                     .leaf_pair = 35e-9,
                     .flop = 16e-12,
                     .column = 5e-9,
                     .coefficient = 0.15e-9,
                     .point = 4e-9,
                     .name = "built-in"},
    [DP_ISA_AVX512] = {.pair = LOOPS(1.3e-10, 1.07e-10, 0.95e-10, 0.8e-10),
                       .near = LOOPS(1.2e-10, 0.95e-10, 0.53e-10, 0.36e-10),
                       .leaf_pair = 30e-9,
                       .flop = 9e-12,
                       .column = 10e-9,
                       .coefficient = 0.08e-9,
                       .point = 4e-9,
                       .name = "built-in"},
};

const dp_rates *dp_rates_built_in(dp_isa isa) {
    return &built_in[isa];
}

dagpole_status dp_rates_check(dp_isa isa, const dp_rates *rates) {
    for (int i = 0; i < DP_N_RATES; i++) {
        double is = dp_rate_value(rates, i), expected = dp_rate_value(&built_in[isa], i);
        if (!(is * DP_RATES_FACTOR >= expected && is <= expected * DP_RATES_FACTOR))
            return dp_fail(DAGPOLE_RUNTIME,
                           "the coefficient %s is %.3g s: it must be within a factor of %d of the "
                           "built-in %.3g s",
                           dp_rate_entries[i].name, is, DP_RATES_FACTOR, expected);
    }
    return DAGPOLE_OK;
}
