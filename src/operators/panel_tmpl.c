/* The register tiles of panel.h, compiled once per instruction set: DP_WIDTH doubles in a vector,
 * DP_NAME(x) the suffixed name. A tile is 3 vectors of rows by up to DP_TILE_COLUMNS columns, its
 * accumulators stay in registers while a column of A meets broadcast elements of x. */
#include "operators/panel_isa.h"

#include <string.h>

#define ROWS 3 /* vectors of rows in a tile */

/* Doubles ahead: a matrix is read once for every 8 columns, from an outer cache (measured: a fifth
 * faster with 32 columns, nearly a half with 8). */
#define PREFETCH 768

typedef double vector __attribute__((vector_size(8 * DP_WIDTH), aligned(8), may_alias));
typedef int64_t bits __attribute__((vector_size(8 * DP_WIDTH), aligned(8), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vector flipped(vector v, bits flip) {
    return (vector)((bits)v ^ flip);
}

/* The bits of one flip in all elements. */
INLINE bits splat_bits(const double *flip) {
    int64_t b;
    memcpy(&b, flip, sizeof b);
    return b - (bits){0};
}

INLINE bits load_bits(const double *flip) {
    bits b;
    memcpy(&b, flip, sizeof b);
    return b;
}

void DP_NAME(dp_panel_add)(int n_padded, int n_columns, const double *x, int ldx, double *const *y,
                           const double *flip) {
    for (int c = 0; c < n_columns; c++)
        for (int i = 0; i < n_padded; i += DP_WIDTH)
            *(vector *)(y[c] + i) +=
                flipped(*(const vector *)(x + c * ldx + i), load_bits(flip + i));
}

typedef vector sums[ROWS][DP_TILE_COLUMNS];

INLINE void clear(int rows, int columns, sums acc) {
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++)
            acc[r][c] = (vector){0};
}

INLINE void load_rows(int rows, const double *a, vector v[ROWS]) {
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++) {
        __builtin_prefetch(a + r * DP_WIDTH + PREFETCH);
        v[r] = *(const vector *)(a + r * DP_WIDTH);
    }
}

/* acc[r][c] = sum_j a[j][r] x_c[j] for `rows` vectors and `columns` columns, both constants where
 * this is inlined. */
INLINE void multiply(int rows, int columns, int n, const double *a, const double *x, int ldx,
                     sums acc) {
    clear(rows, columns, acc);
    for (int j = 0; j < n; j++) {
        vector v[ROWS];
        load_rows(rows, a + j * rows * DP_WIDTH, v);
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) {
            double s = x[c * ldx + j];
#pragma GCC unroll 3
            for (int r = 0; r < rows; r++)
                acc[r][c] += v[r] * s;
        }
    }
}

/* The same with columns where they lie, and flips, which all columns share, put into the rows. The
 * columns after these are asked for meanwhile, a line of one for each coefficient. */
INLINE void multiply_from(int rows, int columns, int n_ranges, const dp_range *range,
                          const double *a, const double *const *source, const double *const *ahead,
                          const double *flip, sums acc) {
    clear(rows, columns, acc);
    for (int i = 0; i < n_ranges; i++)
        for (int j = range[i].begin; j < range[i].end; j++, a += rows * DP_WIDTH) {
            vector v[ROWS];
            bits f = splat_bits(flip + j);
            load_rows(rows, a, v);
            __builtin_prefetch(ahead[j % DP_TILE_COLUMNS] + j / 8 * 8);
#pragma GCC unroll 3
            for (int r = 0; r < rows; r++)
                v[r] = flipped(v[r], f);
#pragma GCC unroll 8
            for (int c = 0; c < columns; c++) {
                double s = source[c][j];
#pragma GCC unroll 3
                for (int r = 0; r < rows; r++)
                    acc[r][c] += v[r] * s;
            }
        }
}

/* Of the columns the first n_kept are stored. */
INLINE void store(int rows, int columns, int n_kept, sums acc, double *y, int ldy) {
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++)
#pragma GCC unroll 3
        for (int r = 0; c < n_kept && r < rows; r++)
            *(vector *)(y + c * ldy + r * DP_WIDTH) = acc[r][c];
}

INLINE void tile_store(int rows, int columns, int n_kept, int n, const double *a, const double *x,
                       int ldx, double *y, int ldy) {
    sums acc;
    multiply(rows, columns, n, a, x, ldx, acc);
    store(rows, columns, n_kept, acc, y, ldy);
}

INLINE void tile_from(int rows, int columns, int n_kept, int n_ranges, const dp_range *range,
                      const double *a, const double *const *source, const double *const *ahead,
                      const double *flip, double *y, int ldy) {
    sums acc;
    multiply_from(rows, columns, n_ranges, range, a, source, ahead, flip, acc);
    store(rows, columns, n_kept, acc, y, ldy);
}

/* row: first of the panel's. */
INLINE void tile_add(int rows, int columns, int n_kept, int n, const double *a, const double *x,
                     int ldx, double *const *y, const double *flip, const int *at, int row) {
    sums acc;
    multiply(rows, columns, n, a, x, ldx, acc);
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++, row += DP_WIDTH) {
        int to = at ? at[row / DP_PAD] + row % DP_PAD : row;
        bits f = load_bits(flip + to);
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++)
            if (c < n_kept)
                *(vector *)(y[c] + to) += flipped(acc[r][c], f);
    }
}

/* Calls tile(rows, columns, n_kept, ...) with rows and columns as constants: as many columns as the
 * tile takes, 4, 2 or 1, whichever is the least that holds those that are left. */
#define WITH_COLUMNS(tile, rows, n_kept, ...)                                                      \
    do {                                                                                           \
        if ((n_kept) > DP_TILE_COLUMNS / 2)                                                        \
            tile(rows, DP_TILE_COLUMNS, n_kept, __VA_ARGS__);                                      \
        else if ((n_kept) > 2)                                                                     \
            tile(rows, 4, n_kept, __VA_ARGS__);                                                    \
        else if ((n_kept) == 2)                                                                    \
            tile(rows, 2, 2, __VA_ARGS__);                                                         \
        else                                                                                       \
            tile(rows, 1, 1, __VA_ARGS__);                                                         \
    } while (0)

#define WITH_BOTH(tile, rows, n_kept, ...)                                                         \
    switch (rows) {                                                                                \
    case 3:                                                                                        \
        WITH_COLUMNS(tile, 3, n_kept, __VA_ARGS__);                                                \
        break;                                                                                     \
    case 2:                                                                                        \
        WITH_COLUMNS(tile, 2, n_kept, __VA_ARGS__);                                                \
        break;                                                                                     \
    default:                                                                                       \
        WITH_COLUMNS(tile, 1, n_kept, __VA_ARGS__);                                                \
    }

static int least(int a, int b) {
    return a < b ? a : b;
}

void DP_NAME(dp_panel_apply)(const dp_panel *panel, int n_columns, const double *x, int ldx,
                             double *y, int ldy) {
    int n_vectors = panel->m_padded / DP_WIDTH, n = panel->n;
    for (int v = 0; v < n_vectors; v += ROWS) {
        int rows = least(n_vectors - v, ROWS);
        const double *a = panel->data + (size_t)v * DP_WIDTH * n;
        for (int c = 0; c < n_columns; c += DP_TILE_COLUMNS) {
            int n_kept = least(n_columns - c, DP_TILE_COLUMNS);
            WITH_BOTH(tile_store, rows, n_kept, n, a, x + c * ldx, ldx, y + c * ldy + v * DP_WIDTH,
                      ldy)
        }
    }
}

/* Where fewer are left than the tile takes, the last one is repeated. */
static void list_columns(int n_columns, const double *const *source, int first,
                         const double *list[DP_TILE_COLUMNS]) {
    for (int c = 0; c < DP_TILE_COLUMNS; c++)
        list[c] = source[least(first + c, n_columns - 1)];
}

void DP_NAME(dp_panel_apply_from)(const dp_panel *panel, int n_ranges, const dp_range *range,
                                  int n_columns, const double *const *source, const double *flip,
                                  double *y, int ldy) {
    int n_vectors = panel->m_padded / DP_WIDTH;
    const double *here[DP_TILE_COLUMNS], *ahead[DP_TILE_COLUMNS];
    for (int v = 0; v < n_vectors; v += ROWS) {
        int rows = least(n_vectors - v, ROWS);
        const double *a = panel->data + (size_t)v * DP_WIDTH * panel->n;
        for (int c = 0; c < n_columns; c += DP_TILE_COLUMNS) {
            int n_kept = least(n_columns - c, DP_TILE_COLUMNS);
            list_columns(n_columns, source, c, here);
            list_columns(n_columns, source, c + DP_TILE_COLUMNS, ahead);
            WITH_BOTH(tile_from, rows, n_kept, n_ranges, range, a, here, ahead, flip,
                      y + c * ldy + v * DP_WIDTH, ldy)
        }
    }
}

void DP_NAME(dp_panel_apply_add)(const dp_panel *panel, int n_columns, const double *x, int ldx,
                                 double *const *y, const double *flip) {
    int n_vectors = panel->m_padded / DP_WIDTH, n = panel->n;
    for (int v = 0; v < n_vectors; v += ROWS) {
        int rows = least(n_vectors - v, ROWS);
        const double *a = panel->data + (size_t)v * DP_WIDTH * n;
        for (int c = 0; c < n_columns; c += DP_TILE_COLUMNS) {
            int n_kept = least(n_columns - c, DP_TILE_COLUMNS);
            WITH_BOTH(tile_add, rows, n_kept, n, a, x + c * ldx, ldx, y + c, flip, panel->at,
                      v * DP_WIDTH)
        }
    }
}
