#define SIMD_AVX2
#define NEAR_NAME(loop, kernel) dp_##loop##_##kernel##_avx2
#include "kernel/near_tmpl.c"
