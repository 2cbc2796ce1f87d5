#define STRIP_NAME(loop) loop##_avx512
#include "kernel/strip_tmpl.c"
