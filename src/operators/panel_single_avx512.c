#define PANEL_SINGLE
#define DP_WIDTH        16
#define DP_TILE_COLUMNS 8
#define DP_NAME(name)   name##_single_avx512
#include "operators/panel_tmpl.c"
