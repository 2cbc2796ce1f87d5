#define STRIP_NAME(loop) loop##_portable
#include "kernel/strip_tmpl.c"
