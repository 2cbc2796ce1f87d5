#define SIMD_AVX2
#define ORBITS_NAME(loop, kernel) dp_##loop##_##kernel##_avx2
#include "kernel/orbits_tmpl.c"
