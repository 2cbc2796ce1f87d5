/* The register tiles of panel.h, compiled once per instruction set and precision: DP_WIDTH numbers
 * in a vector, of floats where PANEL_SINGLE is defined, DP_NAME(x) the suffixed name. A tile is 3
 * vectors of rows by up to DP_TILE_COLUMNS columns, its accumulators stay in registers while a
 * column of A meets broadcast elements of x. Expansions are doubles in either case. */
#include "operators/panel_isa.h"

#include <string.h>

#ifdef PANEL_SINGLE
typedef float element;
#else
typedef double element;
#endif

#define ROWS 3 /* vectors of rows in a tile */

/* Bytes ahead: a matrix is read once for every 8 columns, from an outer cache (measured: a fifth
 * faster with 32 columns, nearly a half with 8). */
#define PREFETCH 6144

typedef element vector
    __attribute__((vector_size(sizeof(element) * DP_WIDTH), aligned(sizeof(element)), may_alias));

#define INLINE static inline __attribute__((always_inline))

static void gather(int n_padded, int n_columns, const double *const *source,
                   const double *const *sign, const double *unit, void *columns, int ldx) {
    for (int c = 0; c < n_columns; c++) {
        element *restrict to = (element *)columns + c * ldx;
        const double *restrict from = source[c], *restrict signs = sign[c];
#ifdef PANEL_SINGLE
        double inverse = 1 / unit[c];
        for (int i = 0; i < n_padded; i++)
            to[i] = (element)(signs[i] * inverse * from[i]);
#else
        (void)unit;
        for (int i = 0; i < n_padded; i++)
            to[i] = signs[i] * from[i];
#endif
    }
}

static void gather_ranges(int n_ranges, const dp_range *range, int n_columns,
                          const double *const *source, const double *const *sign,
                          const double *unit, void *columns, int ldx) {
    for (int c = 0; c < n_columns; c++) {
        element *restrict to = (element *)columns + c * ldx;
        double inverse = unit ? 1 / unit[c] : 1;
        for (int r = 0; r < n_ranges; r++) {
            const double *restrict from = source[c] + range[r].begin;
            double s = sign[c][range[r].begin] * inverse;
            int n = range[r].end - range[r].begin;
            for (int i = 0; i < n; i++)
                to[i] = (element)(s * from[i]);
            to += n;
        }
    }
}

static void add_ranges(int n_ranges, const dp_range *range, int n_columns, const void *columns,
                       int ldx, const double *const *sign, const double *unit,
                       double *const *target) {
    for (int c = 0; c < n_columns; c++) {
        const element *restrict from = (const element *)columns + c * ldx;
        double factor = unit ? unit[c] : 1;
        for (int r = 0; r < n_ranges; r++) {
            double *restrict to = target[c] + range[r].begin;
            double s = sign[c][range[r].begin] * factor;
            int n = range[r].end - range[r].begin;
            for (int i = 0; i < n; i++)
                to[i] += s * (double)from[i];
            from += n;
        }
    }
}

/* acc[r][c] = sum_j a[j][r] x_c[j] for `rows` vectors and `columns` columns, both constants where
 * this is inlined. */
INLINE void multiply(int rows, int columns, int n, const element *a, const element *x, int ldx,
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
            __builtin_prefetch((const char *)(a + (j * rows + r) * DP_WIDTH) + PREFETCH);
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++)
            v[r] = *(const vector *)(a + (j * rows + r) * DP_WIDTH);
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) {
            element s = x[c * ldx + j];
#pragma GCC unroll 3
            for (int r = 0; r < rows; r++)
                acc[r][c] += v[r] * s;
        }
    }
}

INLINE void tile_store(int rows, int columns, int n, const element *a, const element *x, int ldx,
                       element *y, int ldy) {
    vector acc[ROWS][DP_TILE_COLUMNS];
    multiply(rows, columns, n, a, x, ldx, acc);
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++)
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++)
            *(vector *)(y + c * ldy + r * DP_WIDTH) = acc[r][c];
}

/* Where products go: y[c] += unit[c] sign[c] .* product, in rows up to row_end. */
typedef struct destination {
    double *const *y;
    const double *const *sign;
    const double *unit;
    int row_end;
} destination;

#ifdef PANEL_SINGLE
typedef float half_vector __attribute__((vector_size(2 * DP_WIDTH)));
typedef double wide __attribute__((vector_size(4 * DP_WIDTH), aligned(8), may_alias));

/* Half a vector of floats makes a vector of doubles; row_end may lie between the halves. */
INLINE void add_vector(const destination *to, int c, int row, vector product) {
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) {
        int at = row + h * (DP_WIDTH / 2);
        half_vector half;
        memcpy(&half, (const char *)&product + (size_t)h * sizeof half, sizeof half);
        if (at < to->row_end)
            *(wide *)(to->y[c] + at) += *(const wide *)(to->sign[c] + at) * to->unit[c] *
                                        __builtin_convertvector(half, wide);
    }
}
#else
/* Doubles take any expansion as it is. */
INLINE void add_vector(const destination *to, int c, int row, vector product) {
    *(vector *)(to->y[c] + row) += *(const vector *)(to->sign[c] + row) * product;
}
#endif

INLINE void tile_add(int rows, int columns, int n, const element *a, const element *x, int ldx,
                     const destination *to, int first, int row) {
    vector acc[ROWS][DP_TILE_COLUMNS];
    multiply(rows, columns, n, a, x, ldx, acc);
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++)
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++)
            add_vector(to, first + c, row + r * DP_WIDTH, acc[r][c]);
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

static void apply(const dp_panel *panel, int n_columns, const void *columns, int ldx,
                  void *products, int ldy) {
    int n_vectors = (panel->m_padded + DP_WIDTH - 1) / DP_WIDTH, n = panel->n;
    for (int v = 0; v < n_vectors; v += ROWS) {
        int rows = n_vectors - v < ROWS ? n_vectors - v : ROWS, c = 0;
        const element *a = (const element *)panel->data + (size_t)v * DP_WIDTH * n, *x = columns;
        element *y = (element *)products + v * DP_WIDTH;
        for (; c + DP_TILE_COLUMNS <= n_columns; c += DP_TILE_COLUMNS)
            WITH_ROWS(tile_store, rows, DP_TILE_COLUMNS, n, a, x + c * ldx, ldx, y + c * ldy, ldy)
        for (; c + 2 <= n_columns; c += 2)
            WITH_ROWS(tile_store, rows, 2, n, a, x + c * ldx, ldx, y + c * ldy, ldy)
        if (c < n_columns)
            WITH_ROWS(tile_store, rows, 1, n, a, x + c * ldx, ldx, y + c * ldy, ldy)
    }
}

static void apply_add(const dp_panel *panel, int n_columns, const void *columns, int ldx,
                      double *const *y, const double *const *sign, const double *unit) {
    int n_vectors = (panel->m_padded + DP_WIDTH - 1) / DP_WIDTH, n = panel->n;
    const destination to = {y, sign, unit, panel->m_padded};
    for (int v = 0; v < n_vectors; v += ROWS) {
        int rows = n_vectors - v < ROWS ? n_vectors - v : ROWS, c = 0;
        const element *a = (const element *)panel->data + (size_t)v * DP_WIDTH * n, *x = columns;
        for (; c + DP_TILE_COLUMNS <= n_columns; c += DP_TILE_COLUMNS)
            WITH_ROWS(tile_add, rows, DP_TILE_COLUMNS, n, a, x + c * ldx, ldx, &to, c, v * DP_WIDTH)
        for (; c + 2 <= n_columns; c += 2)
            WITH_ROWS(tile_add, rows, 2, n, a, x + c * ldx, ldx, &to, c, v * DP_WIDTH)
        if (c < n_columns)
            WITH_ROWS(tile_add, rows, 1, n, a, x + c * ldx, ldx, &to, c, v * DP_WIDTH)
    }
}

const dp_panel_loops DP_NAME(dp_panel_loops) = {DP_WIDTH,   gather, gather_ranges,
                                                add_ranges, apply,  apply_add};
