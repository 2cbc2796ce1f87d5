#define DP_WIDTH        4
#define DP_TILE_COLUMNS 4
#define DP_NAME(name)   name##_avx2
#include "operators/panel_tmpl.c"
