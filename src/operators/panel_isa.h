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
                               double *const *y, const double *flip);

DP_DECLARE_PANEL(portable)
DP_DECLARE_PANEL(avx2)
DP_DECLARE_PANEL(avx512)

#endif
