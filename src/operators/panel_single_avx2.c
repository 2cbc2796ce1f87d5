#define PANEL_SINGLE
#define DP_WIDTH        8
#define DP_TILE_COLUMNS 4
#define DP_NAME(name)   name##_single_avx2
#include "operators/panel_tmpl.c"
