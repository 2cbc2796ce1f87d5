#define SIMD_AVX512
#define P2P_NAME(kernel) dp_p2p_##kernel##_avx512
#include "kernel/p2p_tmpl.c"
