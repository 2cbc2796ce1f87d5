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
    ck_assert_ptr_null(dp_kernel_get((dagpole_kernel)2));
    ck_assert_ptr_null(dp_kernel_get((dagpole_kernel)-1));
    for (int id = 0; id < 2; id++) {
        ck_assert_int_eq(dp_kernel_get((dagpole_kernel)id)->id, id);
        for (int isa = 0; isa < DP_N_ISA; isa++) {
            const dp_kernel *kernel = dp_kernel_get((dagpole_kernel)id);
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
    for (int id = 0; id < 2; id++)
        for (int i = 0; i < COUNT(radii); i++)
            for (int l = 0; l < COUNT(lambdas); l++) {
                const dp_kernel *kernel = dp_kernel_get((dagpole_kernel)id);
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

SUITE_MAIN("kernel", 10, table_is_complete, values_are_those_of_the_definition,
           slope_is_the_derivative, homogeneous_kernels_scale, matrix_is_column_major,
           ref_sums_value_and_slope)
