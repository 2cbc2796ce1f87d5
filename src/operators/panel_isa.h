/* The compiled variants of panel_tmpl.c. Columns x and products are of the variant's precision. */
#ifndef DP_OPERATORS_PANEL_ISA_H
#define DP_OPERATORS_PANEL_ISA_H

#include "operators/panel.h"

typedef struct dp_panel_loops {
    int width; /* numbers in a vector */
    void (*gather)(int n_padded, int n_columns, const double *const *source,
                   const double *const *sign, const double *unit, void *x, int ldx);
    void (*gather_ranges)(int n_ranges, const dp_range *range, int n_columns,
                          const double *const *source, const double *const *sign,
                          const double *unit, void *x, int ldx);
    void (*add_ranges)(int n_ranges, const dp_range *range, int n_columns, const void *x, int ldx,
                       const double *const *sign, const double *unit, double *const *target);
    void (*apply)(const dp_panel *panel, int n_columns, const void *x, int ldx, void *y, int ldy);
    void (*apply_add)(const dp_panel *panel, int n_columns, const void *x, int ldx,
                      double *const *y, const double *const *sign, const double *unit);
} dp_panel_loops;

extern const dp_panel_loops dp_panel_loops_portable, dp_panel_loops_single_portable;
#ifdef __x86_64__
extern const dp_panel_loops dp_panel_loops_avx2, dp_panel_loops_single_avx2;
extern const dp_panel_loops dp_panel_loops_avx512, dp_panel_loops_single_avx512;
#endif

#endif
