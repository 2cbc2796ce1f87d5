#define SIMD_SINGLE
#define NEAR_NAME(loop, kernel) dp_##loop##_##kernel##_portable
#include "kernel/near_tmpl.c"
