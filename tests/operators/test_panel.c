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
    int m, n;
    double a[LARGEST * LARGEST], x[LARGEST * DP_COLUMNS], expected[LARGEST * DP_COLUMNS];
    dp_panel panel;
} product;

static void fill(int rows, int columns, uint64_t *state, double *matrix) {
    for (int j = 0; j < columns; j++)
        for (int i = 0; i < LARGEST; i++)
            matrix[i + j * LARGEST] = i < rows ? 2 * suite_uniform(state) - 1 : NAN;
}

static void make(int m, int n, product *p) {
    uint64_t state = (uint64_t)(1000 * m + n);
    p->m = m;
    p->n = n;
    fill(m, n, &state, p->a);
    fill(n, DP_COLUMNS, &state, p->x);
    dp_gemm(0, 0, m, DP_COLUMNS, n, 1, p->a, LARGEST, p->x, LARGEST, 0, p->expected, LARGEST);
    ck_assert_int_eq(dp_panel_pack(suite_isa, m, n, p->a, LARGEST, &p->panel), DAGPOLE_OK);
    ck_assert_int_eq(p->panel.m, m);
    ck_assert_int_eq(p->panel.n, n);
    ck_assert_int_eq(p->panel.m_padded, DP_PADDED(m));
    ck_assert_int_eq(dp_panel_bytes(&p->panel), 8 * DP_PADDED(m) * n);
}

/* Flips of either kind, and what they do to a value. */
static void fill_flips(int n, uint64_t *state, double *flip) {
    for (int i = 0; i < n; i++)
        flip[i] = suite_uniform(state) < 0.5 ? -0. : 0.;
}

static double flipped(double value, double flip) {
    return copysign(1, flip) * value;
}

enum { GAP = 3, N_RANGES = 3, SPREAD = LARGEST + GAP * N_RANGES };

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
    dp_panel_apply_from(suite_isa, &p->panel, &ranges, columns, source, y, LARGEST);
    for (int c = 0; c < DP_COLUMNS; c++)
        for (int i = 0; i < LARGEST; i++) {
            double is = y[i + c * LARGEST], expected = i < p->m ? p->expected[i + c * LARGEST] : 0;
            n_wrong += c >= columns || i >= p->panel.m_padded
                           ? is != UNTOUCHED
                           : !(fabs(is - expected) < 1e-15 * (p->n + 8));
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
    dp_panel_apply_add(suite_isa, &panel, columns, p->x, LARGEST, target, flip);
    for (int i = 0; i < LARGEST * DP_COLUMNS; i++)
        n_wrong += !(fabs(y[i] - expected[i]) < 2e-15 * (p->n + 16));
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

static void check_product(int m, int n) {
    static product p;
    int mirrored[LARGEST / DP_PAD];
    make(m, n, &p);
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
        check_product(sizes[i / N_SIZES], sizes[i % N_SIZES]);
}
END_TEST

/* A level whose far field vanishes, and an M2L class of rank 0. */
START_TEST(empty_matrices_are_legal) {
    dp_panel panel;
    double x[16] = {1}, y[8] = {5, 5, 5, 5, 5, 5, 5, 5}, *target = y;
    const double *flip = x + 1, *source = x;
    const dp_ranges three = {1, {{0, 3, 0}}}, none = {0};
    ck_assert_int_eq(dp_panel_pack(suite_isa, 0, 3, x, 1, &panel), DAGPOLE_OK);
    dp_panel_apply_from(suite_isa, &panel, &three, 1, &source, y, 8);
    ck_assert_double_eq(y[0], 5);
    dp_panel_free(&panel);
    ck_assert_int_eq(dp_panel_pack(suite_isa, 3, 0, x, 3, &panel), DAGPOLE_OK);
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
    dagpole_status status = dp_panel_pack(suite_isa, 1, 1, &a, 1, &panel);
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
    ck_assert_int_eq(dp_memory_live(), live);
}
END_TEST

ISA_SUITE_MAIN("panel", 60, products_match_dgemm, adding_flips, empty_matrices_are_legal,
               a_failing_allocation_is_reported)
