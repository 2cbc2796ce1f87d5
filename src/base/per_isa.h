/* Names of what meson.build compiles once per instruction set, with SIMD_ISA set to its name:
 * DP_PER_ISA(dp_strip_pack) is dp_strip_pack_avx2 there. */
#ifndef DP_BASE_PER_ISA_H
#define DP_BASE_PER_ISA_H

#define DP_PER_ISA(name)             DP_PER_ISA_EXPAND(name, SIMD_ISA)
#define DP_PER_ISA_EXPAND(name, isa) DP_PER_ISA_JOIN(name, isa)
#define DP_PER_ISA_JOIN(name, isa)   name##_##isa

/* The loop of each dp_isa, as an array's initializer. Only on x86-64 does the build compile more
 * than the portable one. */
#ifdef __x86_64__
#define DP_OF_EACH_ISA(loop)                                                                       \
    { loop##_portable, loop##_avx2, loop##_avx512 }
#else
#define DP_OF_EACH_ISA(loop)                                                                       \
    { loop##_portable, loop##_portable, loop##_portable }
#endif

#endif
