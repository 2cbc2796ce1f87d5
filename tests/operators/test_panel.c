#include "operators/panel.h"

#include <math.h>
#include <string.h>

#include "platform/linalg.h"
#include "suite.h"

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

static void make(dp_isa isa, int m, int n, product *p) {
    uint64_t state = (uint64_t)(1000 * m + n);
    p->m = m;
    p->n = n;
    fill(m, n, &state, p->a);
    fill(n, DP_COLUMNS, &state, p->x);
    dp_gemm(0, 0, m, DP_COLUMNS, n, 1, p->a, LARGEST, p->x, LARGEST, 0, p->expected, LARGEST);
    ck_assert_int_eq(dp_panel_pack(isa, m, n, p->a, LARGEST, &p->panel), DAGPOLE_OK);
    ck_assert_int_eq(p->panel.m, m);
    ck_assert_int_eq(p->panel.n, n);
    ck_assert_int_eq(p->panel.m_padded, DP_PADDED(m));
    ck_assert_int_eq(dp_panel_bytes(&p->panel), 8 * DP_PADDED(m) * n);
}

static void check_apply(dp_isa isa, const product *p) {
    double y[LARGEST * DP_COLUMNS];
    for (int columns = 1; columns <= DP_COLUMNS; columns++) {
        int n_wrong = 0;
        for (int i = 0; i < LARGEST * DP_COLUMNS; i++)
            y[i] = UNTOUCHED;
        dp_panel_apply(isa, &p->panel, columns, p->x, LARGEST, y, LARGEST);
        for (int c = 0; c < DP_COLUMNS; c++)
            for (int i = 0; i < LARGEST; i++) {
                double is = y[i + c * LARGEST];
                if (c >= columns || i >= p->panel.m_padded)
                    n_wrong += is != UNTOUCHED;
                else if (i >= p->m)
                    n_wrong += is != 0;
                else
                    n_wrong += !(fabs(is - p->expected[i + c * LARGEST]) < 1e-15 * (p->n + 8));
            }
        ck_assert_msg(n_wrong == 0, "%s, %d x %d, %d columns: %d wrong", dp_isa_name(isa), p->m,
                      p->n, columns, n_wrong);
    }
}

/* Column c goes to target c % n_targets: some are added to several times. */
static void check_apply_add(dp_isa isa, const product *p, int columns, int n_targets) {
    double y[LARGEST * DP_COLUMNS], expected[LARGEST * DP_COLUMNS], signs[LARGEST * DP_COLUMNS];
    double *target[DP_COLUMNS];
    const double *sign[DP_COLUMNS];
    uint64_t state = 7;
    int n_wrong = 0;
    for (int i = 0; i < LARGEST * DP_COLUMNS; i++) {
        y[i] = expected[i] = suite_uniform(&state);
        signs[i] = suite_uniform(&state) < 0.5 ? -1 : 1;
    }
    for (int c = 0; c < columns; c++) {
        target[c] = y + c % n_targets * LARGEST;
        sign[c] = signs + c * LARGEST;
        for (int i = 0; i < p->m; i++)
            expected[i + c % n_targets * LARGEST] += sign[c][i] * p->expected[i + c * LARGEST];
    }
    dp_panel_apply_add(isa, &p->panel, columns, p->x, LARGEST, target, sign);
    for (int c = 0; c < DP_COLUMNS; c++)
        for (int i = 0; i < LARGEST; i++) {
            double error = fabs(y[i + c * LARGEST] - expected[i + c * LARGEST]);
            n_wrong += i < p->m ? !(error < 2e-15 * (p->n + 16)) : error != 0;
        }
    ck_assert_msg(n_wrong == 0, "%s, %d x %d, %d columns to %d targets: %d wrong", dp_isa_name(isa),
                  p->m, p->n, columns, n_targets, n_wrong);
}

static void check_product(dp_isa isa, int m, int n) {
    static product p;
    make(isa, m, n, &p);
    check_apply(isa, &p);
    for (int columns = 1; columns <= DP_COLUMNS; columns++)
        for (int n_targets = 1; n_targets <= DP_COLUMNS; n_targets += 1 + n_targets)
            check_apply_add(isa, &p, columns, n_targets);
    dp_panel_free(&p.panel);
    ck_assert_ptr_null(p.panel.data);
}

START_TEST(products_match_dgemm) {
    for (int isa = 0; isa < DP_N_ISA; isa++)
        for (int i = 0; dp_isa_is_supported((dp_isa)isa) && i < N_SIZES * N_SIZES; i++)
            check_product((dp_isa)isa, sizes[i / N_SIZES], sizes[i % N_SIZES]);
}
END_TEST

/* A level whose far field vanishes, and an M2L class of rank 0. */
START_TEST(empty_matrices_are_legal) {
    for (int isa = 0; isa < DP_N_ISA; isa++) {
        dp_panel panel;
        double x[8] = {1}, y[8] = {5, 5, 5, 5, 5, 5, 5, 5}, *target = y;
        const double *sign = x;
        if (!dp_isa_is_supported((dp_isa)isa))
            continue;
        ck_assert_int_eq(dp_panel_pack((dp_isa)isa, 0, 3, x, 1, &panel), DAGPOLE_OK);
        dp_panel_apply((dp_isa)isa, &panel, 1, x, 8, y, 8);
        ck_assert_double_eq(y[0], 5);
        dp_panel_free(&panel);
        ck_assert_int_eq(dp_panel_pack((dp_isa)isa, 3, 0, x, 3, &panel), DAGPOLE_OK);
        dp_panel_apply_add((dp_isa)isa, &panel, 1, x, 8, &target, &sign);
        ck_assert_double_eq(y[7], 5);
        dp_panel_apply((dp_isa)isa, &panel, 1, x, 8, y, 8);
        ck_assert_double_eq(y[0], 0);
        dp_panel_free(&panel);
    }
}
END_TEST

START_TEST(a_failing_allocation_is_reported) {
    dp_panel panel;
    double a = 1;
    int64_t live = dp_memory_live();
    dp_memory_fail_at(1, 0);
    dagpole_status status = dp_panel_pack(DP_ISA_PORTABLE, 1, 1, &a, 1, &panel);
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
    ck_assert_int_eq(dp_memory_live(), live);
}
END_TEST

SUITE_MAIN("panel", 60, products_match_dgemm, empty_matrices_are_legal,
           a_failing_allocation_is_reported)
