#define SIMD_AVX512
#define ORBITS_NAME(loop, kernel) dp_##loop##_##kernel##_avx512
#include "kernel/orbits_tmpl.c"
