#define STRIP_NAME(loop) loop##_avx2
#include "kernel/strip_tmpl.c"
