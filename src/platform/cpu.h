/* Instruction sets. */
#ifndef DP_PLATFORM_CPU_H
#define DP_PLATFORM_CPU_H

typedef enum dp_isa { DP_ISA_PORTABLE = 0, DP_ISA_AVX2 = 1, DP_ISA_AVX512 = 2, DP_N_ISA } dp_isa;

/* The best set this processor runs (AVX2 means AVX2 and FMA; AVX-512 means F, DQ, VL, BW), capped
 * by DAGPOLE_ISA where that is set (platform/env). */
dp_isa dp_isa_best(void);

/* 1 where this processor runs `isa`, whatever DAGPOLE_ISA says (for tests). */
int dp_isa_is_supported(dp_isa isa);

const char *dp_isa_name(dp_isa isa); /* "portable", "avx2", "avx512" */

/* The name for reports and for what was measured: "avx512-emulated" where a build emulates it. */
const char *dp_isa_title(dp_isa isa);

#endif
