#include "platform/cpu.h"

#include <string.h>

#include "platform/env.h"

static const char *const names[DP_N_ISA] = {"portable", "avx2", "avx512"};

const char *dp_isa_name(dp_isa isa) {
    return (unsigned)isa < DP_N_ISA ? names[isa] : "unknown";
}

/* Its loops are compiled for AVX2 then (kernel/intrinsics.h). */
#ifdef DP_AVX512_EMULATED
#define IS_EMULATED(isa) ((isa) == DP_ISA_AVX512)
#else
#define IS_EMULATED(isa) 0
#endif

const char *dp_isa_title(dp_isa isa) {
    return IS_EMULATED(isa) ? "avx512-emulated" : dp_isa_name(isa);
}

/* The builtin also asks whether the operating system saves the wide registers. */
int dp_isa_is_supported(dp_isa isa) {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (isa == DP_ISA_AVX2 || IS_EMULATED(isa))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == DP_ISA_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
    return isa == DP_ISA_PORTABLE;
}

/* A name that is none of ours caps nothing. */
static dp_isa cap(void) {
    const char *name = dp_env_isa();
    for (int isa = 0; name && isa < DP_N_ISA; isa++)
        if (strcmp(name, names[isa]) == 0)
            return (dp_isa)isa;
    return DP_N_ISA - 1;
}

dp_isa dp_isa_best(void) {
    dp_isa isa = cap();
    while (!dp_isa_is_supported(isa))
        isa--;
    return isa;
}
