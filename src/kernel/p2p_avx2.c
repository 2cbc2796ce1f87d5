#define SIMD_AVX2
#define P2P_NAME(kernel) dp_p2p_##kernel##_avx2
#include "kernel/p2p_tmpl.c"
