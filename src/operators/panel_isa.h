/* The compiled variants of panel_tmpl.c. */
#ifndef DP_OPERATORS_PANEL_ISA_H
#define DP_OPERATORS_PANEL_ISA_H

#include "operators/panel.h"

#define DP_DECLARE_PANEL(suffix)                                                                   \
    void dp_panel_apply_from_##suffix(const dp_panel *panel, const dp_ranges *ranges,              \
                                      int n_columns, const double *const *source, double *y,       \
                                      int ldy);                                                    \
    void dp_panel_apply_add_##suffix(const dp_panel *panel, int n_columns, const double *x,        \
                                     int ldx, double *const *y, const double *flip);               \
    void dp_panel_add_##suffix(int n_padded, int n_columns, const double *x, int ldx,              \
                               double *const *y, const double *flip);                              \
    void dp_panel_round_##suffix(int n_padded, int n_columns, const double *const *x, float *y,    \
                                 int ldy, double *unit);                                           \
    void dp_single_panel_apply_from_##suffix(const dp_panel *panel, const dp_ranges *ranges,       \
                                             int n_columns, const float *const *source,            \
                                             const double *const *later, float *y, int ldy);       \
    void dp_single_panel_apply_add_##suffix(const dp_panel *panel, int n_columns, const float *x,  \
                                            int ldx, double *const *y, const double *flip);

enum { DP_TILE_ROWS = 3 }; /* vectors of rows in a tile */

/* Those of the next tile where n_left are left. One of a single vector would wait for its sums:
 * four are two of two. */
static inline int dp_panel_rows(int n_left) {
    return n_left == DP_TILE_ROWS + 1 ? 2 : n_left < DP_TILE_ROWS ? n_left : DP_TILE_ROWS;
}

DP_DECLARE_PANEL(portable)
DP_DECLARE_PANEL(avx2)
DP_DECLARE_PANEL(avx512)

#endif
