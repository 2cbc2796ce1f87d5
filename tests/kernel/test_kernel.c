#include "kernel/kernel.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static const double radii[] = {1e-3, 0.1, 0.7, 1, 3, 20};
static const double lambdas[] = {1e-3, 1, 7};
#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

START_TEST(table_is_complete) {
    ck_assert_str_eq(dp_kernel_get(DAGPOLE_LAPLACE)->name, "laplace");
    ck_assert_str_eq(dp_kernel_get(DAGPOLE_YUKAWA)->name, "yukawa");
    ck_assert_str_eq(dp_kernel_get(DAGPOLE_HELMHOLTZ)->name, "helmholtz");
    ck_assert_str_eq(dp_kernel_get(DAGPOLE_STOKES)->name, "stokes");
    ck_assert_ptr_null(dp_kernel_get((dagpole_kernel)1000));
    ck_assert_ptr_null(dp_kernel_get((dagpole_kernel)-1));
    ck_assert_ptr_eq(dp_kernel_number(DP_REAL_YUKAWA), dp_kernel_get(DAGPOLE_YUKAWA));
    for (int i = 0; i < DP_N_REAL_KERNELS; i++) {
        const dp_kernel *kernel = dp_kernel_number(i);
        ck_assert_ptr_eq(dp_kernel_get(kernel->id), kernel);
        ck_assert_int_eq(kernel->rates, i);
        ck_assert(kernel->cost == 1 && kernel->unmeasured > 0);
        for (int isa = 0; isa < DP_N_ISA; isa++) {
            ck_assert(kernel->p2p[isa] != NULL);
            for (int precision = 0; precision < DP_N_PRECISIONS; precision++) {
                ck_assert(kernel->near[precision][isa] != NULL);
                ck_assert(kernel->near_many[precision][isa] != NULL);
                ck_assert(kernel->to_orbits[precision][isa] != NULL);
                ck_assert(kernel->from_orbits[precision][isa] != NULL);
                ck_assert(kernel->to_orbits_many[precision][isa] != NULL);
                ck_assert(kernel->from_orbits_many[precision][isa] != NULL);
            }
        }
    }
    const dp_kernel *waves = dp_kernel_get(DAGPOLE_HELMHOLTZ);
    for (int i = 0; i < 2 * DP_N_ISA; i++) {
        dp_precision precision = i % 2 ? DP_REDUCED : DP_DOUBLE;
        int isa = i / 2;
        ck_assert(waves->near_many[precision][isa] != NULL);
        ck_assert(waves->to_orbits_many[precision][isa] != NULL);
        ck_assert(waves->from_orbits_many[precision][isa] != NULL);
        for (const dp_kernel *part = waves; part; part = part->imaginary)
            ck_assert(part->p2p[isa] != NULL && part->squares[isa] != NULL);
    }
    const dp_kernel *flow = dp_kernel_get(DAGPOLE_STOKES);
    ck_assert_ptr_eq(flow->far, dp_kernel_get(DAGPOLE_LAPLACE));
    for (int isa = 0; isa < DP_N_ISA; isa++) {
        ck_assert(flow->p2p_parts[isa] != NULL && flow->squares_parts[isa] != NULL);
        for (int precision = 0; precision < DP_N_PRECISIONS; precision++)
            ck_assert(flow->near_many[precision][isa] != NULL);
    }
    for (int i = 0; dp_kernel_number(i); i++) {
        const dp_kernel *kernel = dp_kernel_number(i);
        ck_assert_int_eq(kernel->n_parts, dp_kernel_widths(kernel->id)->n_parts);
        ck_assert_str_eq(kernel->name, dp_kernel_name(kernel->id));
    }
    ck_assert_ptr_null(dp_kernel_widths((dagpole_kernel)1000));
}
END_TEST

START_TEST(values_are_those_of_the_definition) {
    const dp_kernel *laplace = dp_kernel_get(DAGPOLE_LAPLACE);
    const dp_kernel *yukawa = dp_kernel_get(DAGPOLE_YUKAWA);
    for (int i = 0; i < COUNT(radii); i++) {
        double r = radii[i];
        ck_assert_double_eq(laplace->value(5, r), 1 / r);
        ck_assert_double_eq_tol(yukawa->value(2, r), exp(-2 * r) / r, 1e-15 / r);
        ck_assert_double_eq(yukawa->value(0, r), 1 / r);
    }
}
END_TEST

/* Central differences, extrapolated from steps h and h/2. */
static double derivative(const dp_kernel *kernel, double lambda, double r) {
    double d[2], h = 1e-3 * r / (1 + lambda * r);
    for (int k = 0; k < 2; k++, h /= 2)
        d[k] = (kernel->value(lambda, r + h) - kernel->value(lambda, r - h)) / (2 * h);
    return (4 * d[1] - d[0]) / 3;
}

START_TEST(slope_is_the_derivative) {
    for (int k = 0; k < DP_N_REAL_KERNELS; k++)
        for (int i = 0; i < COUNT(radii); i++)
            for (int l = 0; l < COUNT(lambdas); l++) {
                const dp_kernel *kernel = dp_kernel_number(k);
                double slope = kernel->slope(lambdas[l], radii[i]);
                double expected = derivative(kernel, lambdas[l], radii[i]);
                ck_assert_double_lt(slope, 0);
                ck_assert_double_eq_tol(slope / expected, 1, 1e-8);
            }
}
END_TEST

START_TEST(homogeneous_kernels_scale) {
    const dp_kernel *kernel = dp_kernel_get(DAGPOLE_LAPLACE);
    ck_assert(kernel->is_homogeneous);
    ck_assert(!dp_kernel_get(DAGPOLE_YUKAWA)->is_homogeneous);
    for (int i = 0; i < COUNT(radii); i++)
        ck_assert_double_eq_tol(kernel->value(0, 2 * radii[i]), 0.5 * kernel->value(0, radii[i]),
                                1e-15);
}
END_TEST

START_TEST(matrix_is_column_major) {
    double x[] = {0, 1, 3, 6, 10}, zero[5] = {0}, matrix[6];
    dp_soa targets = {x, zero, zero}, sources = {x + 1, zero, zero};
    const dp_kernel *kernel = dp_kernel_get(DAGPOLE_YUKAWA);
    dp_kernel_matrix(kernel, 0.5, 3, targets, 2, sources, matrix);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) {
            double r = fabs(x[j] - x[i + 1]);
            ck_assert_double_eq(matrix[3 * i + j], r > 0 ? kernel->value(0.5, r) : 0);
        }
}
END_TEST

START_TEST(ref_sums_value_and_slope) {
    double tx[] = {0.5}, ty[] = {-1}, tz[] = {2}, sx[] = {0, 0.5}, sy[] = {1, -1}, sz[] = {0, 2};
    double charges[] = {3, 5}, potential = 10, g[3] = {20, 30, 40};
    const dp_kernel *kernel = dp_kernel_get(DAGPOLE_YUKAWA);
    dp_p2p_ref(kernel, 0.3, 1, (dp_soa){tx, ty, tz},
               (dp_sums){.potential = &potential, .gx = g, .gy = g + 1, .gz = g + 2}, 2,
               (dp_soa){sx, sy, sz}, (dp_carried){.charge = charges});
    double r = sqrt(0.25 + 4 + 4), slope = 3 * kernel->slope(0.3, r);
    ck_assert_double_eq_tol(potential, 10 + 3 * kernel->value(0.3, r), 1e-14);
    ck_assert_double_eq_tol(g[0], 20 + slope * 0.5 / r, 1e-14);
    ck_assert_double_eq_tol(g[1], 30 + slope * -2 / r, 1e-14);
    ck_assert_double_eq_tol(g[2], 40 + slope * 2 / r, 1e-14);
}
END_TEST

/* ---- derivatives, by differences in long double ---------------------------------------------- */

static long double value_at(const dp_kernel *kernel, double lambda, const long double d[3]) {
    long double r = sqrtl(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    return (kernel->id == DAGPOLE_YUKAWA ? expl(-lambda * r) : 1) / r;
}

/* The derivative of g along the axes, by central differences of step h. */
static long double difference(const dp_kernel *kernel, double lambda, const long double d[3],
                              int n_axes, const int *axes, long double h) {
    if (n_axes == 0)
        return value_at(kernel, lambda, d);
    long double side[2];
    for (int k = 0; k < 2; k++) {
        long double moved[3] = {d[0], d[1], d[2]};
        moved[axes[0]] += k ? h : -h;
        side[k] = difference(kernel, lambda, moved, n_axes - 1, axes + 1, h);
    }
    return (side[1] - side[0]) / (2 * h);
}

/* Extrapolated from three steps. */
static double derivative_along(const dp_kernel *kernel, double lambda, const long double d[3],
                               int n_axes, const int *axes) {
    long double h = 1e-2L * sqrtl(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), at[3];
    for (int k = 0; k < 3; k++, h /= 2)
        at[k] = difference(kernel, lambda, d, n_axes, axes, h);
    for (int k = 0; k < 2; k++)
        at[k] = (4 * at[k + 1] - at[k]) / 3;
    return (double)((16 * at[1] - at[0]) / 15);
}

/* One source, which carries a charge (axis 3) or a dipole along an axis; its ten sums. */
static void check_derivatives(const dp_kernel *kernel, double lambda, const double d[3], int axis) {
    static const int axes[DP_HESSIAN][2] = {{3, 3}, {0, 3}, {1, 3}, {2, 3}, {0, 0},
                                            {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};
    const double zero = 0, charge = 1.5,
                 p[3] = {axis == 0 ? 1.5 : 0, axis == 1 ? 1.5 : 0, axis == 2 ? 1.5 : 0};
    const long double at[3] = {d[0], d[1], d[2]};
    dp_carried carried = {NULL, {p, p + 1, p + 2}};
    if (axis == 3)
        carried = (dp_carried){.charge = &charge};
    double sums[DP_HESSIAN] = {0}, r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    dp_p2p_ref(kernel, lambda, 1, (dp_soa){d, d + 1, d + 2}, dp_sums_of_rows(sums, 1, DP_HESSIAN),
               1, (dp_soa){&zero, &zero, &zero}, carried);
    for (int k = 0; k < DP_HESSIAN; k++) {
        int along[3] = {axis}, n = axis < 3;
        for (int i = 0; i < 2; i++)
            if (axes[k][i] < 3)
                along[n++] = axes[k][i];
        double expected = 1.5 * derivative_along(kernel, lambda, at, n, along);
        ck_assert_double_eq_tol(sums[k], axis < 3 ? -expected : expected, 1e-8 / pow(r, n + 1));
    }
}

START_TEST(ref_sums_derivatives) {
    static const double at[][3] = {{0.3, -0.7, 0.5}, {-2, 1, 3}, {0, 0, 0.1}, {0.02, 0.01, 0}};
    for (int id = 0; id < 2; id++)
        for (int i = 0; i < COUNT(at); i++)
            for (int axis = 0; axis < 4; axis++)
                check_derivatives(dp_kernel_get((dagpole_kernel)id), 0.8, at[i], axis);
}
END_TEST

/* The radial functions agree with value and slope; far away all are 0, none is NaN. */
START_TEST(radial_is_value_and_slope) {
    for (int k = 0; k < DP_N_REAL_KERNELS; k++) {
        const dp_kernel *kernel = dp_kernel_number(k);
        for (int i = 0; i < COUNT(radii); i++)
            for (int l = 0; l < COUNT(lambdas); l++) {
                const dp_radial e = kernel->radial(lambdas[l], radii[i]);
                double slope = kernel->slope(lambdas[l], radii[i]);
                ck_assert_double_eq(e.g, kernel->value(lambdas[l], radii[i]));
                ck_assert_double_eq_tol(-e.e1 * radii[i] / slope, 1, 1e-15);
            }
        const dp_radial far = kernel->radial(1e6, 1e160);
        ck_assert(far.g >= 0 && far.e1 >= 0 && far.e2 >= 0 && far.e3 >= 0);
        ck_assert(far.g <= 1e-160 && far.e1 == 0 && far.e2 == 0 && far.e3 == 0);
    }
}
END_TEST

/* e1' = -e2/r and e2' = (2 e2 - e3)/r, by differences as above. */
START_TEST(radial_is_of_derivatives) {
    for (int call = 0; call < DP_N_REAL_KERNELS * COUNT(radii) * COUNT(lambdas); call++) {
        const dp_kernel *kernel = dp_kernel_number(call / COUNT(radii) / COUNT(lambdas));
        double r = radii[call % COUNT(radii)],
               lambda = lambdas[call / COUNT(radii) % COUNT(lambdas)];
        double d1[2], d2[2], h = 1e-3 * r / (1 + lambda * r);
        for (int k = 0; k < 2; k++, h /= 2) {
            dp_radial above = kernel->radial(lambda, r + h), below = kernel->radial(lambda, r - h);
            d1[k] = (above.e1 - below.e1) / (2 * h);
            d2[k] = (above.e2 - below.e2) / (2 * h);
        }
        const dp_radial e = kernel->radial(lambda, r);
        ck_assert_double_eq_tol((4 * d1[1] - d1[0]) / 3 * r / -e.e2, 1, 1e-8);
        ck_assert_double_eq_tol((4 * d2[1] - d2[0]) / 3 * r / (2 * e.e2 - e.e3), 1, 1e-8);
    }
}
END_TEST

SUITE_MAIN("kernel", 10, table_is_complete, values_are_those_of_the_definition,
           slope_is_the_derivative, homogeneous_kernels_scale, matrix_is_column_major,
           ref_sums_value_and_slope, ref_sums_derivatives, radial_is_value_and_slope,
           radial_is_of_derivatives)
