#define DP_WIDTH        2
#define DP_TILE_COLUMNS 4
#define DP_NAME(name)   name##_portable
#include "operators/panel_tmpl.c"
