/* The definition of Stokes flow, and direct sums against it. */
#include "isa.h"
#include "kernel/flow_side.h"

#include <string.h>

typedef double parts[PARTS][PARTS][DP_HESSIAN];

static const double differences[][3] = {
    {1, 0, 0}, {0.3, -0.4, 1.2}, {-1e-3, 2e-3, 5e-4}, {30, -20, 7}};
enum { N_DIFFERENCES = sizeof differences / sizeof differences[0] };

static const int second[3][3] = {{4, 5, 6}, {5, 7, 8}, {6, 8, 9}};

static double length(const double d[3]) {
    return hypot(hypot(d[0], d[1]), d[2]);
}

static void evaluate(const double d[3], parts of) {
    dp_kernel_get(DAGPOLE_STOKES)->parts(d, of);
}

/* ---- the definition -------------------------------------------------------------------------- */

START_TEST(values_are_those_of_the_definition) {
    for (int i = 0; i < N_DIFFERENCES; i++) {
        const double *d = differences[i];
        double r = length(d), close = 4 * DBL_EPSILON / r;
        parts of;
        evaluate(d, of);
        for (int a = 0; a < 3; a++) {
            for (int b = 0; b < 3; b++)
                ck_assert_double_eq_tol(
                    of[a][b][0], (a == b ? 0.5 / r : 0) + d[a] * d[b] / (2 * r * r * r), close);
            ck_assert_double_eq_tol(of[a][PRESSURE][0], d[a] / (r * r * r), close / r);
            ck_assert_double_eq_tol(of[PRESSURE][a][0], d[a] / (r * r * r), close / r);
        }
        for (int k = 0; k < DP_HESSIAN; k++)
            ck_assert_double_eq(of[PRESSURE][PRESSURE][k], 0);
    }
}
END_TEST

/* Central differences of values and of first derivatives, extrapolated from steps h and h/2. */
START_TEST(derivatives_are_those_of_differences) {
    for (int i = 0; i < N_DIFFERENCES; i++)
        for (int axis = 0; axis < 3; axis++) {
            double r = length(differences[i]);
            parts of, slope[2] = {{{{0}}}}, at;
            evaluate(differences[i], of);
            for (int side = 0; side < 4; side++) {
                double h = 1e-3 * r / (1 + side / 2), d[3], sign = side % 2 ? -1 : 1;
                memcpy(d, differences[i], sizeof d);
                d[axis] += sign * h;
                evaluate(d, at);
                for (int k = 0; k < PARTS * PARTS * DP_HESSIAN; k++)
                    (&slope[side / 2][0][0][0])[k] += sign * (&at[0][0][0])[k] / (2 * h);
            }
            for (int k = 0; k < PARTS * PARTS; k++) {
                const double *is = of[k / PARTS][k % PARTS];
                const double *one = slope[0][k / PARTS][k % PARTS];
                const double *half = slope[1][k / PARTS][k % PARTS];
                int higher = k / PARTS == PRESSURE || k % PARTS == PRESSURE;
                double close = 1e-9 / pow(r, 2 + higher);
                ck_assert_double_eq_tol(is[1 + axis], (4 * half[0] - one[0]) / 3, close);
                for (int l = 0; l < 3; l++)
                    ck_assert_double_eq_tol(is[second[axis][l]], (4 * half[1 + l] - one[1 + l]) / 3,
                                            10 * close / r);
            }
        }
}
END_TEST

/* Flow of forces and of sources has no divergence, and the Laplacian of its velocity is the
 * gradient of its pressure, where neither force nor source is. */
START_TEST(flow_obeys_its_equations) {
    for (int i = 0; i < N_DIFFERENCES; i++)
        for (int j = 0; j < PARTS; j++) {
            double r = length(differences[i]), divergence = 0, of_pressure = 0;
            int higher = j == PRESSURE;
            double close = 64 * DBL_EPSILON / pow(r, 2 + higher);
            parts of;
            evaluate(differences[i], of);
            for (int k = 0; k < 3; k++) {
                double laplacian = of[k][j][4] + of[k][j][7] + of[k][j][9];
                divergence += of[k][j][1 + k];
                of_pressure += of[PRESSURE][j][second[k][k]];
                ck_assert_double_eq_tol(laplacian, of[PRESSURE][j][1 + k], close / r);
            }
            ck_assert_double_le(fabs(divergence), close);
            ck_assert_double_le(fabs(of_pressure), 4 * close / r / r);
        }
}
END_TEST

/* A double layer, the stress of a force's flow, is dipoles of forces and a source: velocity i of
 * density g on a surface with normal n is -3 d_i (d . g) (d . n) / r^5, its pressure
 * 2 (g . n - 3 (d . g) (d . n) / r^2) / r^3. */
START_TEST(double_layers_are_dipoles_and_a_source) {
    const double n[3] = {0.6, 0, -0.8}, g[3] = {0.3, 0.7, -0.2};
    double row[4][PARTS] = {{0}}, sum[PARTS] = {0}, zero = 0;
    for (int j = 0; j < 3; j++) {
        row[0][PRESSURE] -= n[j] * g[j];
        for (int k = 0; k < 3; k++)
            row[1 + k][j] = -(n[j] * g[k] + n[k] * g[j]);
    }
    for (int i = 0; i < N_DIFFERENCES; i++) {
        const double *d = differences[i];
        double r = length(d), along = d[0] * g[0] + d[1] * g[1] + d[2] * g[2],
               normal = d[0] * n[0] + d[1] * n[1] + d[2] * n[2];
        memset(sum, 0, sizeof sum);
        dp_p2p_parts_ref(dp_kernel_get(DAGPOLE_STOKES), 1, (dp_soa){&d[0], &d[1], &d[2]},
                         (dp_sums){.potential = sum}, 1, 1, (dp_soa){&zero, &zero, &zero},
                         (dp_carried){row[0], {row[1], row[2], row[3]}}, 1);
        ck_assert_double_eq_tol(sum[PRESSURE],
                                2 * (0.34 - 3 * along * normal / (r * r)) / (r * r * r),
                                64 * DBL_EPSILON / (r * r * r));
        for (int k = 0; k < 3; k++)
            ck_assert_double_eq_tol(sum[k], -3 * d[k] * along * normal / pow(r, 5),
                                    32 * DBL_EPSILON / (r * r));
    }
}
END_TEST

/* ---- sums ------------------------------------------------------------------------------------ */

static double relative(const void *how, int order, double r) {
    (void)order;
    (void)r;
    return *(const double *)how;
}

static void compare(const char *what, int kind, int n_sums, const flow_side *at,
                    const flow_side *of) {
    const double roundings = 32 * DBL_EPSILON;
    for (int v = 0; v < at->n_vectors; v++)
        for (int j = 0; j < at->n; j++) {
            double most[2];
            flow_allow(relative, &roundings, kind, at, of, v, j, most);
            for (int k = 0; k < n_sums; k++) {
                double is = at->sum[k][v * at->n + j], e = at->expected[k][v * at->n + j];
                ck_assert_msg(fabs(is - e) <= most[order_of(k)],
                              "%s %s, carried %d, %d sums, %d targets, %d sources: sum %d of part "
                              "%d at %d is %.17g, not %.17g within %g",
                              what, dp_isa_name(suite_isa), kind, n_sums, at->n, of->n, k, v, j, is,
                              e, most[order_of(k)]);
            }
        }
}

/* One value, without and with compensation. */
static void check_direct(int kind, int n_sums, flow_side *t, const flow_side *s) {
    const dp_kernel *kernel = dp_kernel_get(DAGPOLE_STOKES);
    const dp_direct_loop loop = {
        .parts = kernel->p2p_parts[suite_isa], .out_stride = t->n, .carried_stride = s->n};
    flow_expect(kind, t, s);
    flow_set(t, t->sum);
    dp_direct_add(&loop, t->n, flow_points(t), flow_sums(t, t->sum, n_sums, 0, 0), s->n,
                  flow_points(s), flow_carried(s, kind, 0, 0));
    compare("added", kind, n_sums, t, s);
    for (int k = 0; k < n_sums; k++)
        for (int i = 0; i < PARTS * t->n; i++) {
            t->sum[k][i] = NAN; /* overwritten */
            t->expected[k][i] -= 1;
        }
    ck_assert_int_eq(dp_direct(&loop, t->n, flow_points(t), flow_sums(t, t->sum, n_sums, 0, 0),
                               s->n, flow_points(s), flow_carried(s, kind, 0, 0)),
                     DAGPOLE_OK);
    compare("direct", kind, n_sums, t, s);
}

START_TEST(direct_sums_match_ref) {
    static const int sizes[][2] = {{0, 5}, {5, 0}, {1, 1}, {9, 8}, {67, 61}, {3, 300}, {261, 40}};
    for (int i = 0; i < (int)(sizeof sizes / sizeof sizes[0]); i++) {
        flow_side t = flow_make(sizes[i][0], 1, 1, 1), s = flow_make(sizes[i][1], 1, 1, 2);
        flow_bring_together(&t, &s, 1);
        for (int k = 0; k < 4; k++)
            check_direct(k / 2 ? CARRY_BOTH : CARRY_CHARGES, wanted[k % 2], &t, &s);
        flow_free(&s);
        flow_free(&t);
    }
}
END_TEST

/* What one number that source i carries does at target j: squares of velocity and pressure, and of
 * their derivatives. */
static void add_squares(const flow_side *t, int j, const flow_side *s, int i, double row[4][PARTS],
                        int has_dipoles, double square[2][2]) {
    double rows[DP_HESSIAN][PARTS] = {{0}};
    dp_soa at = dp_soa_from(flow_points(t), j), from = dp_soa_from(flow_points(s), i);
    dp_carried carried = {row[0], {NULL, NULL, NULL}};
    if (has_dipoles)
        carried.dipole = (dp_soa){row[1], row[2], row[3]};
    dp_p2p_parts_ref(dp_kernel_get(DAGPOLE_STOKES), 1, at,
                     dp_sums_of_rows(rows[0], PARTS, DP_GRADIENT), 1, 1, from, carried, 1);
    for (int k = 0; k < DP_GRADIENT; k++)
        for (int part = 0; part < PARTS; part++)
            square[part == PRESSURE][k > 0] += rows[k][part] * rows[k][part];
}

static void expect_squares(const flow_side *t, int j, const flow_side *s, int has_dipoles,
                           double square[2][2]) {
    memset(square, 0, 4 * sizeof **square);
    for (int i = 0; i < s->n; i++)
        for (int part = 0; part < PARTS; part++) {
            double row[4][PARTS] = {{0}};
            row[0][part] = sqrt(s->carried[0][part * s->n + i]);
            add_squares(t, j, s, i, row, has_dipoles, square);
            row[0][part] = 0;
            for (int k = 1; k < 4; k++)
                row[k][part] = s->carried[k][part * s->n + i];
            if (has_dipoles)
                add_squares(t, j, s, i, row, 1, square);
        }
}

START_TEST(squares_are_those_of_the_terms) {
    flow_side t = flow_make(19, 1, 1, 7), s = flow_make(60, 1, 1, 8);
    const dp_direct_loop loop = {.parts = dp_kernel_get(DAGPOLE_STOKES)->squares_parts[suite_isa],
                                 .out_stride = t.n,
                                 .carried_stride = s.n};
    for (int k = 0; k < PARTS * s.n; k++)
        s.carried[0][k] *= s.carried[0][k];
    for (int call = 0; call < 4; call++) {
        int has_dipoles = call / 2, has_gradient = call % 2;
        for (int k = 0; k < DP_GRADIENT; k++)
            for (int i = 0; i < PARTS * t.n; i++)
                t.sum[k][i] = NAN;
        dp_sums out = {.potential = t.sum[0], .gx = has_gradient ? t.sum[1] : NULL};
        ck_assert_int_eq(
            dp_direct(&loop, t.n, flow_points(&t), out, s.n, flow_points(&s),
                      flow_carried(&s, has_dipoles ? CARRY_BOTH : CARRY_CHARGES, 0, 0)),
            DAGPOLE_OK);
        for (int j = 0; j < t.n; j++) {
            double square[2][2];
            expect_squares(&t, j, &s, has_dipoles, square);
            for (int k = 0; k < 2 + 2 * has_gradient; k++) {
                int of_pressure = k % 2, order = k / 2;
                double is = t.sum[order][(of_pressure ? PRESSURE : 0) * t.n + j];
                ck_assert_double_eq_tol(is / square[of_pressure][order], 1, 1e-12);
            }
        }
        ck_assert(isnan(t.sum[2][0]) && isnan(t.sum[3][0]));
    }
    flow_free(&s);
    flow_free(&t);
}
END_TEST

ISA_SUITE_MAIN("flow", 60, values_are_those_of_the_definition, derivatives_are_those_of_differences,
               flow_obeys_its_equations, double_layers_are_dipoles_and_a_source,
               direct_sums_match_ref, squares_are_those_of_the_terms)
