#define DP_WIDTH        8
#define DP_TILE_COLUMNS 8
#define DP_NAME(name)   name##_avx512
#include "operators/panel_tmpl.c"
