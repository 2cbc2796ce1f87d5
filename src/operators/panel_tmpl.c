/* The register tiles of panel.h, compiled once per instruction set: DP_WIDTH doubles in a vector,
 * DP_NAME(x) the suffixed name. A tile is 3 vectors of rows by up to DP_TILE_COLUMNS columns, its
 * accumulators stay in registers while a column of A meets broadcast elements of x. */
#include "operators/panel_isa.h"

#define ROWS 3 /* vectors of rows in a tile */

/* Doubles ahead: a matrix is read once for every 8 columns, from an outer cache (measured: a fifth
 * faster with 32 columns, nearly a half with 8). */
#define PREFETCH 768

typedef double vector __attribute__((vector_size(8 * DP_WIDTH), aligned(8), may_alias));

#define INLINE static inline __attribute__((always_inline))

void DP_NAME(dp_panel_gather)(int n_padded, int n_columns, const double *const *source,
                              const double *const *sign, double *x, int ldx) {
    for (int c = 0; c < n_columns; c++)
        for (int i = 0; i < n_padded; i += DP_WIDTH)
            *(vector *)(x + c * ldx + i) =
                *(const vector *)(sign[c] + i) * *(const vector *)(source[c] + i);
}

void DP_NAME(dp_panel_gather_ranges)(int n_ranges, const dp_range *range, int n_columns,
                                     const double *const *source, const double *const *sign,
                                     double *x, int ldx) {
    for (int c = 0; c < n_columns; c++) {
        double *restrict to = x + c * ldx;
        for (int r = 0; r < n_ranges; r++) {
            const double *restrict from = source[c] + range[r].begin;
            double s = sign[c][range[r].begin];
            int n = range[r].end - range[r].begin;
            for (int i = 0; i < n; i++)
                to[i] = s * from[i];
            to += n;
        }
    }
}

void DP_NAME(dp_panel_add_ranges)(int n_ranges, const dp_range *range, int n_columns,
                                  const double *x, int ldx, const double *const *sign,
                                  double *const *target) {
    for (int c = 0; c < n_columns; c++) {
        const double *restrict from = x + c * ldx;
        for (int r = 0; r < n_ranges; r++) {
            double *restrict to = target[c] + range[r].begin;
            double s = sign[c][range[r].begin];
            int n = range[r].end - range[r].begin;
            for (int i = 0; i < n; i++)
                to[i] += s * from[i];
            from += n;
        }
    }
}

/* acc[r][c] = sum_j a[j][r] x_c[j] for `rows` vectors and `columns` columns, both constants where
 * this is inlined. */
INLINE void multiply(int rows, int columns, int n, const double *a, const double *x, int ldx,
                     vector acc[ROWS][DP_TILE_COLUMNS]) {
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++)
            acc[r][c] = (vector){0};
    for (int j = 0; j < n; j++) {
        vector v[ROWS];
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++)
            __builtin_prefetch(a + (j * rows + r) * DP_WIDTH + PREFETCH);
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++)
            v[r] = *(const vector *)(a + (j * rows + r) * DP_WIDTH);
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) {
            double s = x[c * ldx + j];
#pragma GCC unroll 3
            for (int r = 0; r < rows; r++)
                acc[r][c] += v[r] * s;
        }
    }
}

INLINE void tile_store(int rows, int columns, int n, const double *a, const double *x, int ldx,
                       double *y, int ldy) {
    vector acc[ROWS][DP_TILE_COLUMNS];
    multiply(rows, columns, n, a, x, ldx, acc);
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++)
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++)
            *(vector *)(y + c * ldy + r * DP_WIDTH) = acc[r][c];
}

INLINE void tile_add(int rows, int columns, int n, const double *a, const double *x, int ldx,
                     double *const *y, const double *const *sign, int row) {
    vector acc[ROWS][DP_TILE_COLUMNS];
    multiply(rows, columns, n, a, x, ldx, acc);
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++)
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++) {
            int at = row + r * DP_WIDTH;
            *(vector *)(y[c] + at) += *(const vector *)(sign[c] + at) * acc[r][c];
        }
}

/* Calls tile(rows, columns, ...) with both as constants: full tiles first, then what is left. */
#define WITH_ROWS(tile, rows, columns, ...)                                                        \
    switch (rows) {                                                                                \
    case 3:                                                                                        \
        tile(3, columns, __VA_ARGS__);                                                             \
        break;                                                                                     \
    case 2:                                                                                        \
        tile(2, columns, __VA_ARGS__);                                                             \
        break;                                                                                     \
    default:                                                                                       \
        tile(1, columns, __VA_ARGS__);                                                             \
    }

void DP_NAME(dp_panel_apply)(const dp_panel *panel, int n_columns, const double *x, int ldx,
                             double *y, int ldy) {
    int n_vectors = panel->m_padded / DP_WIDTH, n = panel->n;
    for (int v = 0; v < n_vectors; v += ROWS) {
        int rows = n_vectors - v < ROWS ? n_vectors - v : ROWS;
        const double *a = panel->data + (size_t)v * DP_WIDTH * n;
        int c = 0;
        for (; c + DP_TILE_COLUMNS <= n_columns; c += DP_TILE_COLUMNS)
            WITH_ROWS(tile_store, rows, DP_TILE_COLUMNS, n, a, x + c * ldx, ldx,
                      y + c * ldy + v * DP_WIDTH, ldy)
        for (; c + 2 <= n_columns; c += 2)
            WITH_ROWS(tile_store, rows, 2, n, a, x + c * ldx, ldx, y + c * ldy + v * DP_WIDTH, ldy)
        if (c < n_columns)
            WITH_ROWS(tile_store, rows, 1, n, a, x + c * ldx, ldx, y + c * ldy + v * DP_WIDTH, ldy)
    }
}

void DP_NAME(dp_panel_apply_add)(const dp_panel *panel, int n_columns, const double *x, int ldx,
                                 double *const *y, const double *const *sign) {
    int n_vectors = panel->m_padded / DP_WIDTH, n = panel->n;
    for (int v = 0; v < n_vectors; v += ROWS) {
        int rows = n_vectors - v < ROWS ? n_vectors - v : ROWS;
        const double *a = panel->data + (size_t)v * DP_WIDTH * n;
        int c = 0;
        for (; c + DP_TILE_COLUMNS <= n_columns; c += DP_TILE_COLUMNS)
            WITH_ROWS(tile_add, rows, DP_TILE_COLUMNS, n, a, x + c * ldx, ldx, y + c, sign + c,
                      v * DP_WIDTH)
        for (; c + 2 <= n_columns; c += 2)
            WITH_ROWS(tile_add, rows, 2, n, a, x + c * ldx, ldx, y + c, sign + c, v * DP_WIDTH)
        if (c < n_columns)
            WITH_ROWS(tile_add, rows, 1, n, a, x + c * ldx, ldx, y + c, sign + c, v * DP_WIDTH)
    }
}
