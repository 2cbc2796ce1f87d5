/* Small dense matrices that never change, applied to a few columns at a time: what M2M, M2L, L2L
 * and the dense halves of P2M, L2P, M2P and P2L consist of.
 *
 * A matrix is packed once into panels of rows as high as the register tile of the instruction set
 * (up to 3 vectors), so that a product reads it with unit stride; columns come one by one from
 * wherever the expansions lie. Measured by `bench loops`. */
#ifndef DP_OPERATORS_PANEL_H
#define DP_OPERATORS_PANEL_H

#include "base/memory.h"
#include "platform/cpu.h"

/* Lengths of expansions and rows of panels are padded to this many doubles (one AVX-512 vector). */
#define DP_PAD       8
#define DP_PADDED(n) (((n) + DP_PAD - 1) / DP_PAD * DP_PAD)

/* Most columns in a call. The more meet a matrix, the less it matters from which cache it comes. */
#define DP_COLUMNS 32

typedef struct dp_panel {
    int m, n;     /* rows, columns of the matrix */
    int m_padded; /* DP_PADDED(m): rows of zeros follow */
    int *at;      /* m_padded / DP_PAD, owned: results of rows DP_PAD i ... DP_PAD i + 7 go to at[i]
                     and the 7 behind it; NULL: in order */
    int is_single; /* its numbers are floats, and m_padded a multiple of 2 DP_PAD */
    void *data;    /* m_padded * n, owned, packed for one instruction set */
} dp_panel;

/* Flops of one column, without padding: two an entry, of floats one, of which twice as many are
 * done in the time. */
static inline double dp_panel_flops(const dp_panel *panel) {
    return (panel->is_single ? 1.0 : 2.0) * panel->m * panel->n;
}

/* The same with padding. */
static inline double dp_panel_padded_flops(const dp_panel *panel) {
    return (panel->is_single ? 1.0 : 2.0) * panel->m_padded * panel->n;
}

/* Packs a (column-major, m x n, leading dimension lda), with results in order. */
dagpole_status dp_panel_pack(dp_isa isa, int is_single, int m, int n, const double *a, int lda,
                             dp_panel *panel);
void dp_panel_free(dp_panel *panel);
int64_t dp_panel_bytes(const dp_panel *panel);

static inline size_t dp_panel_data_bytes(const dp_panel *panel) {
    return (size_t)panel->m_padded * (size_t)panel->n *
           (panel->is_single ? sizeof(float) : sizeof(double));
}

/* Coefficients [begin, end) of an expansion, in order, and whether a reflection changes their sign.
 */
typedef struct dp_range {
    int begin, end, is_flipped;
} dp_range;

typedef struct dp_ranges {
    int n;
    dp_range range[8];
} dp_ranges;

/* Where blocks of DP_PAD rows of a result go, each with rows of one range and zeros: at most
 * k / DP_PAD + ranges->n of them. A range's last block may reach beyond the range, but not beyond
 * the expansion: it then begins earlier, among rows that another block has. */
int dp_list_blocks(const dp_ranges *ranges, int k_padded, int *at);

/* y_c = A x_c for c = 0 ... n_columns - 1 (at most DP_COLUMNS): x_c is the ranges of source[c], n
 * coefficients together, one behind the other; y_c = y + c ldy takes m_padded. */
void dp_panel_apply_from(dp_isa isa, const dp_panel *panel, const dp_ranges *ranges, int n_columns,
                         const double *const *source, double *y, int ldy);

/* y[c] += A x_c, with the signs of y[c] that flip holds: -0 where a coefficient changes its sign,
 * else 0 (the bits of both are combined by xor). x_c = x + c ldx; columns up to the next multiple
 * of 8 are read and left out of the results. y[c] and flip have 8 entries from each of the panel's
 * at on, or m_padded. The y[c] may repeat and are updated in order. */
void dp_panel_apply_add(dp_isa isa, const dp_panel *panel, int n_columns, const double *x, int ldx,
                        double *const *y, const double *flip);

/* y[c] += x_c flipped, n_padded values each (a multiple of DP_PAD). */
void dp_panel_add(dp_isa isa, int n_padded, int n_columns, const double *x, int ldx,
                  double *const *y, const double *flip);

/* The same two for panels of floats: columns are floats, what is added to stays in double. later:
 * as many columns that are rounded next, which are asked for meanwhile. */
void dp_single_panel_apply_from(dp_isa isa, const dp_panel *panel, const dp_ranges *ranges,
                                int n_columns, const float *const *source,
                                const double *const *later, float *y, int ldy);
void dp_single_panel_apply_add(dp_isa isa, const dp_panel *panel, int n_columns, const float *x,
                               int ldx, double *const *y, const double *flip);

/* y + c ldy = x[c] / unit[c] in floats, n_padded values each (a multiple of DP_PAD). unit[c] is 1,
 * or a power of two where the largest number of a column is not between these two, so that floats
 * would lose digits of it or overflow. (Columns below DBL_MIN keep 1.) */
#define DP_SMALL_COLUMN 0x1p-80
#define DP_LARGE_COLUMN 0x1p100
void dp_panel_round(dp_isa isa, int n_padded, int n_columns, const double *const *x, float *y,
                    int ldy, double *unit);

#endif
