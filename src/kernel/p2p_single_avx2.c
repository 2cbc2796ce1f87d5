#define SIMD_SINGLE
#define SIMD_AVX2
#define P2P_NAME(loop, kernel) dp_##loop##_##kernel##_avx2
#include "kernel/p2p_tmpl.c"
