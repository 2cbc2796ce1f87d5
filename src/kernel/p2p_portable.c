#define P2P_NAME(kernel) dp_p2p_##kernel##_portable
#include "kernel/p2p_tmpl.c"
