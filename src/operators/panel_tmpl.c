/* The register tiles of panel.h, compiled once per instruction set and precision (meson.build). A
 * tile is up to 3 vectors of rows by up to DP_TILE_COLUMNS columns,
 * its accumulators stay in registers while a column of A meets broadcast elements of x. */
#include "operators/panel_isa.h"

#include "base/per_isa.h"
#include "kernel/halves.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Doubles of a vector. */
#define DP_DOUBLES DP_HALF

#if defined(SIMD_AVX512)
#define DP_TILE_COLUMNS 8
#else
#define DP_TILE_COLUMNS 4
#endif

#ifdef SIMD_SINGLE
#define PANEL(name) DP_PER_ISA(dp_single_panel_##name)
#define DP_WIDTH    (2 * DP_DOUBLES)
typedef float real;
#else
#define PANEL(name) DP_PER_ISA(dp_panel_##name)
#define DP_WIDTH    DP_DOUBLES
typedef double real;
#endif

#define ROWS DP_TILE_ROWS

/* Numbers ahead: a matrix is read once for every 8 columns, from an outer cache (measured: a fifth
 * faster with 32 columns, nearly a half with 8). LINE: numbers of a cache line. */
#define PREFETCH (6144 / (int)sizeof(real))
#define LINE     (64 / (int)sizeof(real))

typedef real vector __attribute__((vector_size(8 * DP_DOUBLES), aligned(sizeof(real)), may_alias));
typedef double doubles __attribute__((vector_size(8 * DP_DOUBLES), aligned(8), may_alias));
typedef int64_t bits __attribute__((vector_size(8 * DP_DOUBLES), aligned(8), may_alias));

/* Coefficients in a turn of the loops: what is asked for ahead, and the loop itself, then cost
 * little beside the products of narrow vectors. */
#define STEPS (DP_DOUBLES == 8 ? 1 : 4)

/* Keeps GCC, short of registers, from loading a vector anew for each column that it meets. */
#if DP_DOUBLES == 4
#define KEEP(v) __asm__("" : "+x"(v))
#else
#define KEEP(v) ((void)(v))
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE doubles flipped(doubles v, bits flip) {
    return (doubles)((bits)v ^ flip);
}

INLINE bits load_bits(const double *flip) {
    bits b;
    memcpy(&b, flip, sizeof b);
    return b;
}

typedef vector sums[ROWS][DP_TILE_COLUMNS];

INLINE void clear(int rows, int columns, sums acc) {
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++)
            acc[r][c] = (vector){0};
}

/* The lines of `a` that a step of `rows` vectors meets, PREFETCH ahead. */
INLINE void fetch_rows(int rows, int n_steps, const real *a) {
#pragma GCC unroll 8
    for (int i = 0; i < rows * DP_WIDTH * n_steps; i += LINE)
        __builtin_prefetch(a + PREFETCH + i);
}

/* acc[r][c] += a[r] x_c[j], or -=: rows, columns and is_flipped are constants. */
INLINE void add_product(int rows, int columns, int is_flipped, const real *a, const real *const *x,
                        int j, sums acc) {
    vector v[ROWS];
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++) {
        v[r] = *(const vector *)(a + r * DP_WIDTH);
        KEEP(v[r]);
    }
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++) {
        real s = x[c][j];
#pragma GCC unroll 3
        for (int r = 0; r < rows; r++)
            if (is_flipped)
                acc[r][c] -= v[r] * s;
            else
                acc[r][c] += v[r] * s;
    }
}

/* acc[r][c] = sum_j a[j][r] x_c[j] for `rows` vectors and `columns` columns, both constants where
 * this is inlined. */
INLINE void multiply(int rows, int columns, int n, const real *a, const real *x, int ldx,
                     sums acc) {
    const real *column[DP_TILE_COLUMNS];
    int j = 0, height = rows * DP_WIDTH;
    clear(rows, columns, acc);
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++)
        column[c] = x + c * ldx;
    for (; j + STEPS <= n; j += STEPS, a += STEPS * height) {
        fetch_rows(rows, STEPS, a);
#pragma GCC unroll 4
        for (int s = 0; s < STEPS; s++)
            add_product(rows, columns, 0, a + s * height, column, j + s, acc);
    }
    for (; j < n; j++, a += height)
        add_product(rows, columns, 0, a, column, j, acc);
}

/* The same for coefficients [begin, end) of columns where they lie. Columns that come later are
 * asked for meanwhile, a line of each for the doubles that it holds in whole turns. */
INLINE void multiply_range(int rows, int columns, int begin, int end, int is_flipped, const real *a,
                           const real *const *source, const double *const *ahead, sums acc) {
    enum { N_LINES = STEPS * DP_TILE_COLUMNS / 8 };
    int j = begin, height = rows * DP_WIDTH;
    for (; j + STEPS <= end; j += STEPS) {
        const real *here = a + (j - begin) * height;
        const double *const *next = ahead + (j / STEPS * N_LINES & (DP_TILE_COLUMNS - 1));
        fetch_rows(rows, STEPS, here);
#pragma GCC unroll 4
        for (int i = 0; i < N_LINES; i++)
            __builtin_prefetch(next[i] + (j & ~7));
#pragma GCC unroll 4
        for (int s = 0; s < STEPS; s++)
            add_product(rows, columns, is_flipped, here + s * height, source, j + s, acc);
    }
    for (; j < end; j++)
        add_product(rows, columns, is_flipped, a + (j - begin) * height, source, j, acc);
}

/* Of the columns the first n_kept are stored. */
INLINE void tile_from(int rows, int columns, int n_kept, const dp_ranges *ranges, const real *a,
                      const real *const *source, const double *const *ahead, real *y, int ldy) {
    sums acc;
    clear(rows, columns, acc);
    for (int i = 0; i < ranges->n; i++) {
        const dp_range *range = &ranges->range[i];
        if (range->is_flipped)
            multiply_range(rows, columns, range->begin, range->end, 1, a, source, ahead, acc);
        else
            multiply_range(rows, columns, range->begin, range->end, 0, a, source, ahead, acc);
        a += (range->end - range->begin) * rows * DP_WIDTH;
    }
#pragma GCC unroll 8
    for (int c = 0; c < columns; c++)
#pragma GCC unroll 3
        for (int r = 0; c < n_kept && r < rows; r++)
            *(vector *)(y + c * ldy + r * DP_WIDTH) = acc[r][c];
}

#ifdef SIMD_SINGLE
enum { N_HALVES = 2 };
#define half_of(v, i) dp_half_of(v, i)
#else
enum { N_HALVES = 1 };
#define half_of(v, i) ((void)(i), v)
#endif

/* Adds a vector of rows to those of y, of which it is at[row / DP_PAD] or, in order, row itself. */
INLINE void add_rows(vector v, double *y, const double *flip, const int *at, int row) {
#pragma GCC unroll 2
    for (int i = 0; i < N_HALVES; i++, row += DP_DOUBLES) {
        int to = at ? at[row / DP_PAD] + row % DP_PAD : row;
        *(doubles *)(y + to) += flipped(half_of(v, i), load_bits(flip + to));
    }
}

/* row: first of the panel's. */
INLINE void tile_add(int rows, int columns, int n_kept, int n, const real *a, const real *x,
                     int ldx, double *const *y, const double *flip, const int *at, int row) {
    sums acc;
    multiply(rows, columns, n, a, x, ldx, acc);
#pragma GCC unroll 3
    for (int r = 0; r < rows; r++, row += DP_WIDTH) {
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++)
            if (c < n_kept)
                add_rows(acc[r][c], y[c], flip, at, row);
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
    do {                                                                                           \
        if ((rows) == ROWS)                                                                        \
            WITH_COLUMNS(tile, ROWS, n_kept, __VA_ARGS__);                                         \
        else if ((rows) == 2)                                                                      \
            WITH_COLUMNS(tile, 2, n_kept, __VA_ARGS__);                                            \
        else                                                                                       \
            WITH_COLUMNS(tile, 1, n_kept, __VA_ARGS__);                                            \
    } while (0)

static int least(int a, int b) {
    return a < b ? a : b;
}

/* Where fewer are left than the tile takes, the last one is repeated. */
#define LIST_COLUMNS(n_columns, source, first, list)                                               \
    for (int k = 0; k < DP_TILE_COLUMNS; k++)                                                      \
        (list)[k] = (source)[least((first) + k, (n_columns)-1)];

/* The columns that are asked for ahead of the tile at c are those of `later` from c + distance on.
 */
INLINE void apply_from(const dp_panel *panel, const dp_ranges *ranges, int n_columns,
                       const real *const *source, const double *const *later, int distance, real *y,
                       int ldy) {
    int n_vectors = panel->m_padded / DP_WIDTH;
    const real *here[DP_TILE_COLUMNS], *data = panel->data;
    const double *ahead[DP_TILE_COLUMNS];
    for (int v = 0, rows; v < n_vectors; v += rows) {
        rows = dp_panel_rows(n_vectors - v);
        const real *a = data + (size_t)v * DP_WIDTH * panel->n;
        for (int c = 0; c < n_columns; c += DP_TILE_COLUMNS) {
            int n_kept = least(n_columns - c, DP_TILE_COLUMNS);
            LIST_COLUMNS(n_columns, source, c, here)
            LIST_COLUMNS(n_columns, later, c + distance, ahead)
            WITH_BOTH(tile_from, rows, n_kept, ranges, a, here, ahead, y + c * ldy + v * DP_WIDTH,
                      ldy);
        }
    }
}

#ifdef SIMD_SINGLE
void PANEL(apply_from)(const dp_panel *panel, const dp_ranges *ranges, int n_columns,
                       const float *const *source, const double *const *later, float *y, int ldy) {
    apply_from(panel, ranges, n_columns, source, later, 0, y, ldy);
}
#else
void PANEL(apply_from)(const dp_panel *panel, const dp_ranges *ranges, int n_columns,
                       const double *const *source, double *y, int ldy) {
    apply_from(panel, ranges, n_columns, source, source, DP_TILE_COLUMNS, y, ldy);
}
#endif

void PANEL(apply_add)(const dp_panel *panel, int n_columns, const real *x, int ldx,
                      double *const *y, const double *flip) {
    int n_vectors = panel->m_padded / DP_WIDTH, n = panel->n;
    const real *data = panel->data;
    for (int v = 0, rows; v < n_vectors; v += rows) {
        rows = dp_panel_rows(n_vectors - v);
        const real *a = data + (size_t)v * DP_WIDTH * n;
        for (int c = 0; c < n_columns; c += DP_TILE_COLUMNS) {
            int n_kept = least(n_columns - c, DP_TILE_COLUMNS);
            WITH_BOTH(tile_add, rows, n_kept, n, a, x + c * ldx, ldx, y + c, flip, panel->at,
                      v * DP_WIDTH);
        }
    }
}

#ifdef SIMD_SINGLE
/* y = times x; the largest size of a number of x. */
INLINE double round_column(int n_padded, double times, const double *x, const double *ahead,
                           float *y) {
    dp_half largest = {0};
    double most = 0;
    for (int i = 0; i < n_padded; i += DP_PAD) {
        __builtin_prefetch(ahead + i);
#pragma GCC unroll 4
        for (int j = i; j < i + DP_PAD; j += DP_DOUBLES) {
            dp_half v = *(const dp_half *)(x + j);
            dp_round_half(y + j, v * times);
            largest = dp_larger_half(largest, v);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < DP_DOUBLES; i++)
        most = largest[i] > most ? largest[i] : most;
    return most;
}

void DP_PER_ISA(dp_panel_round)(int n_padded, int n_columns, const double *const *x, float *y,
                                int ldy, double *unit) {
    for (int c = 0; c < n_columns; c++, y += ldy) {
        double most = round_column(n_padded, 1, x[c], x[least(c + 2, n_columns - 1)], y);
        unit[c] = 1;
        if ((most >= DP_SMALL_COLUMN && most < DP_LARGE_COLUMN) || most < DBL_MIN || most > DBL_MAX)
            continue;
        unit[c] = ldexp(1, ilogb(most));
        round_column(n_padded, 1 / unit[c], x[c], x[c], y);
    }
}
#else
void DP_PER_ISA(dp_panel_add)(int n_padded, int n_columns, const double *x, int ldx,
                              double *const *y, const double *flip) {
    for (int c = 0; c < n_columns; c++)
        for (int i = 0; i < n_padded; i += DP_WIDTH)
            *(vector *)(y[c] + i) +=
                flipped(*(const vector *)(x + c * ldx + i), load_bits(flip + i));
}
#endif
