#define SIMD_SINGLE
#define P2P_NAME(loop, kernel) dp_##loop##_##kernel##_portable
#include "kernel/p2p_tmpl.c"
