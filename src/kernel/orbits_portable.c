#define ORBITS_NAME(loop, kernel) dp_##loop##_##kernel##_portable
#include "kernel/orbits_tmpl.c"
