/* Small dense matrices that never change, applied to a few columns at a time: what M2M, M2L, L2L
 * and the dense halves of P2M, L2P, M2P and P2L consist of.
 *
 * A matrix is packed once into panels of rows as high as the register tile of the instruction set
 * (3 vectors), so that a product reads it with unit stride; columns come one by one from wherever
 * the expansions lie. Measured by perf/operators. */
#ifndef DP_OPERATORS_PANEL_H
#define DP_OPERATORS_PANEL_H

#include "base/memory.h"
#include "platform/cpu.h"

/* Lengths of expansions and rows of panels are padded to this many doubles (one AVX-512 vector). */
#define DP_PAD       8
#define DP_PADDED(n) (((n) + DP_PAD - 1) / DP_PAD * DP_PAD)

/* Columns handled together: callers gather at most this many at a time. The more meet a matrix, the
 * less it matters from which cache it comes. */
#define DP_COLUMNS 32

typedef struct dp_panel {
    int m, n;     /* rows, columns of the matrix */
    int m_padded; /* DP_PADDED(m): rows of zeros follow */
    int *at;      /* where results go: rows DP_PAD i and the following to at[i] and the following;
                     NULL: in order */
    double *data; /* m_padded * n, packed for one instruction set */
} dp_panel;

/* Packs a (column-major, m x n, leading dimension lda), with results in order. */
dagpole_status dp_panel_pack(dp_isa isa, int m, int n, const double *a, int lda, dp_panel *panel);
void dp_panel_free(dp_panel *panel);
int64_t dp_panel_bytes(const dp_panel *panel);

/* y_c = A x_c for c = 0 ... n_columns - 1 (at most DP_COLUMNS); x_c = x + c ldx holds n values, y_c
 * = y + c ldy takes m_padded. */
void dp_panel_apply(dp_isa isa, const dp_panel *panel, int n_columns, const double *x, int ldx,
                    double *y, int ldy);

/* Coefficients [begin, end) of an expansion. */
typedef struct dp_range {
    int begin, end;
} dp_range;

/* Reflections come as flips, an array as long as an expansion, which all columns share: -0 where a
 * coefficient changes its sign, else 0 (their bits are added to each other).
 *
 * y_c = A x_c for columns where they lie: x_c is the ranges, n coefficients together, of source[c]
 * flipped. */
void dp_panel_apply_from(dp_isa isa, const dp_panel *panel, int n_ranges, const dp_range *range,
                         int n_columns, const double *const *source, const double *flip, double *y,
                         int ldy);

/* y[c] += A x_c flipped, where the panel's `at` says; the y[c] may repeat and are updated in order.
 */
void dp_panel_apply_add(dp_isa isa, const dp_panel *panel, int n_columns, const double *x, int ldx,
                        double *const *y, const double *flip);

/* y[c] += x_c flipped, n_padded values each (a multiple of DP_PAD). */
void dp_panel_add(dp_isa isa, int n_padded, int n_columns, const double *x, int ldx,
                  double *const *y, const double *flip);

#endif
