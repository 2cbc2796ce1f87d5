#define PANEL_SINGLE
#define DP_WIDTH        4
#define DP_TILE_COLUMNS 4
#define DP_NAME(name)   name##_single_portable
#include "operators/panel_tmpl.c"
