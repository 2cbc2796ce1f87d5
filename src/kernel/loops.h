/* What a kernel's description is written with: its loops, and its parameters. */
#ifndef DP_KERNEL_LOOPS_H
#define DP_KERNEL_LOOPS_H

#include <stddef.h>

#include "base/per_isa.h"
#include "kernel/near.h"
#include "kernel/orbits.h"
#include "kernel/p2p.h"

#define DP_BY_PRECISION(loop, kernel)                                                              \
    {                                                                                              \
        [DP_DOUBLE] = DP_OF_EACH_ISA(loop##_##kernel),                                             \
        [DP_REDUCED] = DP_OF_EACH_ISA(loop##_reduced_##kernel),                                    \
        [DP_SINGLE] = DP_OF_EACH_ISA(loop##_single_##kernel),                                      \
        [DP_ROUGH] = DP_OF_EACH_ISA(loop##_rough_##kernel)                                         \
    }

/* Of a real kernel, as the list says (kernel/names.h). */
#define DP_LOOPS(kernel)                                                                           \
    .n_parts = 1, .has_hessians = DP_ORDER_##kernel == 2, .p2p = DP_OF_EACH_ISA(dp_p2p_##kernel),  \
    .squares = DP_OF_EACH_ISA(dp_p2p_squares_##kernel), .near = DP_BY_PRECISION(dp_near, kernel),  \
    .near_many = DP_BY_PRECISION(dp_near_many, kernel),                                            \
    .to_orbits = DP_BY_PRECISION(dp_to_orbits, kernel),                                            \
    .from_orbits = DP_BY_PRECISION(dp_from_orbits, kernel),                                        \
    .to_orbits_many = DP_BY_PRECISION(dp_to_orbits_many, kernel),                                  \
    .from_orbits_many = DP_BY_PRECISION(dp_from_orbits_many, kernel)

#define DP_DIRECT_LOOPS(kernel)                                                                    \
    .p2p = DP_OF_EACH_ISA(dp_p2p_##kernel), .squares = DP_OF_EACH_ISA(dp_p2p_squares_##kernel)

/* Members of dagpole_plan_options and of dagpole_report. */
#define DP_PARAMETER(member, positive)                                                             \
    {                                                                                              \
        .name = #member, .offset = offsetof(dagpole_plan_options, member),                         \
        .report_offset = offsetof(dagpole_report, member), .is_positive = (positive)               \
    }
#define DP_PARAMETERS(list) .parameters = (list), .n_parameters = sizeof(list) / sizeof(list)[0]

#endif
