#include "operators/panel.h"

#include <math.h>
#include <string.h>

#include "isa.h"
#include "platform/linalg.h"

static const int sizes[] = {1, 3, 7, 8, 9, 23, 24, 25, 47, 64, 153};
enum { N_SIZES = sizeof sizes / sizeof *sizes, LARGEST = 160 };

#define UNTOUCHED 123.25

/* A product to be made: A (m x n, ld LARGEST), columns x (ld LARGEST), what dgemm makes of them.
 * Beside the matrices lies NaN, which must not be used. */
typedef struct product {
    int is_single, m, n;
    double a[LARGEST * LARGEST], x[LARGEST * DP_COLUMNS], expected[LARGEST * DP_COLUMNS];
    dp_panel panel;
} product;

/* Numbers that floats hold. */
static void fill(int rows, int columns, uint64_t *state, double *matrix) {
    for (int j = 0; j < columns; j++)
        for (int i = 0; i < LARGEST; i++)
            matrix[i + j * LARGEST] = i < rows ? (float)(2 * suite_uniform(state) - 1) : NAN;
}

static int m_padded(int is_single, int m) {
    int unit = is_single ? 2 * DP_PAD : DP_PAD;
    return (m + unit - 1) / unit * unit;
}

static void make(int is_single, int m, int n, product *p) {
    uint64_t state = (uint64_t)(1000 * m + n);
    p->is_single = is_single;
    p->m = m;
    p->n = n;
    fill(m, n, &state, p->a);
    fill(n, DP_COLUMNS, &state, p->x);
    dp_gemm(0, 0, m, DP_COLUMNS, n, 1, p->a, LARGEST, p->x, LARGEST, 0, p->expected, LARGEST);
    ck_assert_int_eq(dp_panel_pack(suite_isa, is_single, m, n, p->a, LARGEST, &p->panel),
                     DAGPOLE_OK);
    ck_assert_int_eq(p->panel.m, m);
    ck_assert_int_eq(p->panel.n, n);
    ck_assert_int_eq(p->panel.m_padded, m_padded(is_single, m));
    ck_assert_int_eq(dp_panel_bytes(&p->panel),
                     (is_single ? 4 : 8) * (int64_t)m_padded(is_single, m) * n);
    ck_assert_double_eq(dp_panel_flops(&p->panel), (is_single ? 1. : 2.) * m * n);
}

/* What a rounding to the last bit is, of sums of n products. */
static double least_error(const product *p, int n) {
    return (p->is_single ? 0x1p-23 : 1e-15) * n;
}

/* Flips of either kind, and what they do to a value. */
static void fill_flips(int n, uint64_t *state, double *flip) {
    for (int i = 0; i < n; i++)
        flip[i] = suite_uniform(state) < 0.5 ? -0. : 0.;
}

static double flipped(double value, double flip) {
    return copysign(1, flip) * value;
}

enum { GAP = 3, N_RANGES = 3, SPREAD = LARGEST + 2 * DP_PAD };

/* n coefficients in up to N_RANGES ranges with gaps before them, every other one flipped. */
static dp_ranges make_ranges(int n) {
    dp_ranges ranges = {.n = n < N_RANGES ? n : N_RANGES};
    int from = 0;
    for (int r = 0; r < ranges.n; r++) {
        int to = n * (r + 1) / ranges.n;
        ranges.range[r] = (dp_range){from + GAP * (r + 1), to + GAP * (r + 1), r % 2};
        from = to;
    }
    return ranges;
}

/* y of a panel in floats too. */
static void apply_from(const product *p, const dp_ranges *ranges, int columns,
                       const double *const *source, double *y) {
    static float rounded[SPREAD * DP_COLUMNS], of_floats[LARGEST * DP_COLUMNS];
    const float *column[DP_COLUMNS];
    double unit[DP_COLUMNS];
    if (!p->is_single) {
        dp_panel_apply_from(suite_isa, &p->panel, ranges, columns, source, y, LARGEST);
        return;
    }
    dp_panel_round(suite_isa, SPREAD, columns, source, rounded, SPREAD, unit);
    for (int c = 0; c < columns; c++)
        column[c] = rounded + c * SPREAD;
    for (int i = 0; i < LARGEST * DP_COLUMNS; i++)
        of_floats[i] = (float)y[i];
    dp_single_panel_apply_from(suite_isa, &p->panel, ranges, columns, column, source, of_floats,
                               LARGEST);
    for (int i = 0; i < LARGEST * DP_COLUMNS; i++)
        y[i] = of_floats[i];
}

static void apply_add(const product *p, const dp_panel *panel, int columns, double *const *target,
                      const double *flip) {
    static float x[LARGEST * DP_COLUMNS];
    for (int i = 0; p->is_single && i < LARGEST * DP_COLUMNS; i++)
        x[i] = (float)p->x[i];
    if (p->is_single)
        dp_single_panel_apply_add(suite_isa, panel, columns, x, LARGEST, target, flip);
    else
        dp_panel_apply_add(suite_isa, panel, columns, p->x, LARGEST, target, flip);
}

/* Columns that lie spread over the ranges of expansions; NaN between them. */
static void check_apply_from(const product *p, int columns) {
    static double spread[SPREAD * DP_COLUMNS], y[LARGEST * DP_COLUMNS];
    const double *source[DP_COLUMNS];
    dp_ranges ranges = make_ranges(p->n);
    int n_wrong = 0;
    for (int i = 0; i < SPREAD * DP_COLUMNS; i++)
        spread[i] = NAN;
    for (int i = 0; i < LARGEST * DP_COLUMNS; i++)
        y[i] = UNTOUCHED;
    for (int c = 0; c < DP_COLUMNS; c++) {
        const double *from = p->x + c * LARGEST;
        source[c] = spread + c * SPREAD;
        for (int r = 0; r < ranges.n; r++)
            for (int i = ranges.range[r].begin; i < ranges.range[r].end; i++)
                spread[c * SPREAD + i] = (ranges.range[r].is_flipped ? -1 : 1) * *from++;
    }
    apply_from(p, &ranges, columns, source, y);
    for (int c = 0; c < DP_COLUMNS; c++)
        for (int i = 0; i < LARGEST; i++) {
            double is = y[i + c * LARGEST], expected = i < p->m ? p->expected[i + c * LARGEST] : 0;
            n_wrong += c >= columns || i >= p->panel.m_padded
                           ? is != UNTOUCHED
                           : !(fabs(is - expected) < least_error(p, p->n + 8));
        }
    ck_assert_msg(n_wrong == 0, "%s, %d x %d, %d columns from ranges: %d wrong",
                  dp_isa_name(suite_isa), p->m, p->n, columns, n_wrong);
}

/* Column c goes to target c % n_targets: some are added to several times. With `at`, blocks of rows
 * go to the mirrored places. */
static void check_apply_add(const product *p, const int *at, int columns, int n_targets) {
    double y[LARGEST * DP_COLUMNS], expected[LARGEST * DP_COLUMNS], flip[LARGEST];
    double *target[DP_COLUMNS];
    dp_panel panel = p->panel;
    uint64_t state = 7;
    int n_wrong = 0;
    panel.at = (int *)at;
    fill_flips(LARGEST, &state, flip);
    for (int i = 0; i < LARGEST * DP_COLUMNS; i++)
        y[i] = expected[i] = suite_uniform(&state);
    for (int c = 0; c < columns; c++) {
        target[c] = y + c % n_targets * LARGEST;
        for (int i = 0; i < p->m; i++) {
            int to = at ? at[i / DP_PAD] + i % DP_PAD : i;
            expected[to + c % n_targets * LARGEST] +=
                flipped(p->expected[i + c * LARGEST], flip[to]);
        }
    }
    apply_add(p, &panel, columns, target, flip);
    for (int i = 0; i < LARGEST * DP_COLUMNS; i++)
        n_wrong += !(fabs(y[i] - expected[i]) < 2 * least_error(p, p->n + 16));
    ck_assert_msg(n_wrong == 0, "%s, %d x %d, %d columns to %d targets%s: %d wrong",
                  dp_isa_name(suite_isa), p->m, p->n, columns, n_targets, at ? ", placed" : "",
                  n_wrong);
}

START_TEST(adding_flips) {
    double x[3 * LARGEST], y[2 * LARGEST], flip[LARGEST], *target[] = {y, y + LARGEST, y};
    uint64_t state = 3;
    fill_flips(LARGEST, &state, flip);
    for (int i = 0; i < 3 * LARGEST; i++)
        x[i] = i;
    for (int i = 0; i < 2 * LARGEST; i++)
        y[i] = 0.5;
    dp_panel_add(suite_isa, 24, 3, x, LARGEST, target, flip);
    for (int i = 0; i < LARGEST; i++) {
        double first = i < 24 ? flipped(2 * LARGEST + 2 * i, flip[i]) : 0;
        ck_assert_double_eq(y[i], 0.5 + first);
        ck_assert_double_eq(y[LARGEST + i], 0.5 + (i < 24 ? flipped(LARGEST + i, flip[i]) : 0));
    }
}
END_TEST

static void check_product(int is_single, int m, int n) {
    static product p;
    int mirrored[LARGEST / DP_PAD];
    make(is_single, m, n, &p);
    for (int block = 0; block < LARGEST / DP_PAD; block++)
        mirrored[block] = LARGEST - DP_PAD * (block + 1);
    for (int columns = 1; columns <= DP_COLUMNS; columns++) {
        check_apply_from(&p, columns);
        for (int n_targets = 1; n_targets <= DP_COLUMNS; n_targets += 1 + n_targets)
            check_apply_add(&p, n_targets % 2 ? NULL : mirrored, columns, n_targets);
        check_apply_add(&p, mirrored, columns, DP_COLUMNS);
    }
    dp_panel_free(&p.panel);
    ck_assert_ptr_null(p.panel.data);
}

START_TEST(products_match_dgemm) {
    for (int i = 0; i < N_SIZES * N_SIZES; i++)
        check_product(0, sizes[i / N_SIZES], sizes[i % N_SIZES]);
}
END_TEST

START_TEST(products_of_floats_match_dgemm) {
    for (int i = 0; i < N_SIZES * N_SIZES; i++)
        check_product(1, sizes[i / N_SIZES], sizes[i % N_SIZES]);
}
END_TEST

START_TEST(columns_are_rounded_to_the_nearest_float) {
    enum { N = 40, LD = N + 3, COLUMNS = 7 };
    /* The largest number of a column is about 2^of its own. */
    static const int exponent[COLUMNS] = {0, 60, -79, -82, 98, 200, -1000};
    double x[COLUMNS][N], unit[COLUMNS];
    const double *column[COLUMNS];
    float y[COLUMNS * LD];
    uint64_t state = 5;
    for (int c = 0; c < COLUMNS; c++) {
        column[c] = x[c];
        for (int i = 0; i < N; i++)
            x[c][i] = ldexp(2 * suite_uniform(&state) - 1, exponent[c] - i / 2);
        x[c][c] = ldexp(1.5, exponent[c]);
    }
    for (int i = 0; i < COLUMNS * LD; i++)
        y[i] = (float)UNTOUCHED;
    dp_panel_round(suite_isa, N, COLUMNS, column, y, LD, unit);
    for (int c = 0; c < COLUMNS; c++)
        ck_assert_double_eq(unit[c],
                            exponent[c] >= -80 && exponent[c] < 100 ? 1 : ldexp(1, exponent[c]));
    for (int i = 0; i < COLUMNS * LD; i++)
        ck_assert_double_eq(y[i], i % LD < N ? (float)(column[i / LD][i % LD] / unit[i / LD])
                                             : UNTOUCHED);
}
END_TEST

/* What no unit helps: zeros, what doubles hardly hold, and what they do not. */
START_TEST(columns_beyond_doubles_keep_their_unit) {
    double x[3][DP_PAD] = {{0}, {1e-310, -1e-320}, {INFINITY, 1}}, unit[3];
    const double *column[3] = {x[0], x[1], x[2]};
    float y[3 * DP_PAD];
    dp_panel_round(suite_isa, DP_PAD, 3, column, y, DP_PAD, unit);
    for (int c = 0; c < 3; c++)
        ck_assert_double_eq(unit[c], 1);
    ck_assert_double_eq(y[DP_PAD], 0);
    ck_assert(isinf(y[2 * DP_PAD]));
}
END_TEST

/* A level whose far field vanishes, and an M2L class of rank 0. */
START_TEST(empty_matrices_are_legal) {
    dp_panel panel;
    double x[16] = {1}, y[8] = {5, 5, 5, 5, 5, 5, 5, 5}, *target = y;
    const double *flip = x + 1, *source = x;
    const dp_ranges three = {1, {{0, 3, 0}}}, none = {0};
    ck_assert_int_eq(dp_panel_pack(suite_isa, 0, 0, 3, x, 1, &panel), DAGPOLE_OK);
    dp_panel_apply_from(suite_isa, &panel, &three, 1, &source, y, 8);
    ck_assert_double_eq(y[0], 5);
    dp_panel_free(&panel);
    ck_assert_int_eq(dp_panel_pack(suite_isa, 0, 3, 0, x, 3, &panel), DAGPOLE_OK);
    dp_panel_apply_add(suite_isa, &panel, 1, x, 8, &target, flip);
    ck_assert_double_eq(y[7], 5);
    dp_panel_apply_from(suite_isa, &panel, &none, 1, &source, y, 8);
    ck_assert_double_eq(y[0], 0);
    dp_panel_free(&panel);
}
END_TEST

START_TEST(a_failing_allocation_is_reported) {
    dp_panel panel;
    double a = 1;
    int64_t live = dp_memory_live();
    dp_memory_fail_at(1, 0);
    dagpole_status status = dp_panel_pack(suite_isa, 0, 1, 1, &a, 1, &panel);
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
    ck_assert_int_eq(dp_memory_live(), live);
}
END_TEST

ISA_SUITE_MAIN("panel", 60, products_match_dgemm, products_of_floats_match_dgemm,
               columns_are_rounded_to_the_nearest_float, columns_beyond_doubles_keep_their_unit,
               adding_flips, empty_matrices_are_legal, a_failing_allocation_is_reported)
