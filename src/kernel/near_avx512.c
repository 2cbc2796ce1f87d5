#define SIMD_AVX512
#define NEAR_NAME(loop, kernel) dp_##loop##_##kernel##_avx512
#include "kernel/near_tmpl.c"
