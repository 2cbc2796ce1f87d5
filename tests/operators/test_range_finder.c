#include "operators/build.h"
#include "platform/linalg.h"
#include "suite.h"

#include <math.h>

/* A symmetric matrix of `parts` with singular values around 10^-(i / step): sum of v v^T with
 * random v. */
static double *make_symmetric(int parts, int k, double step) {
    double *v = dp_alloc((size_t)parts * k * k, sizeof *v);
    double *matrix = dp_alloc((size_t)parts * k * k, sizeof *matrix);
    uint64_t state = 3;
    for (int j = 0; j < k; j++)
        for (int i = 0; i < parts * k; i++)
            v[i + (size_t)j * parts * k] =
                pow(10, -0.5 * j / step) * (2 * suite_uniform(&state) - 1) / sqrt(k);
    dp_multiply(parts, DP_AS_IT_IS, DP_TRANSPOSED, k, k, k, v, k, v, k, matrix, k);
    dp_free(v);
    return matrix;
}

static double largest_singular_value(int parts, int k, const double *matrix, int which) {
    double *copy = dp_alloc_copy(matrix, (size_t)parts * k * k, sizeof *copy);
    double *sigma = dp_alloc((size_t)k, sizeof *sigma);
    ck_assert_int_eq(dp_svd_of(parts, k, k, copy, k, NULL, sigma, NULL), DAGPOLE_OK);
    double value = sigma[which];
    dp_free(sigma);
    dp_free(copy);
    return value;
}

/* What two factors of this rank leave can be no less than the first singular value left out, and
 * shall be little more. */
static void check(int parts, int k, double step, double threshold) {
    double *matrix = make_symmetric(parts, k, step);
    double *product = dp_alloc((size_t)parts * k * k, sizeof *product);
    dp_factors f = {0};
    ck_assert_int_eq(dp_factorise_symmetric(parts, k, matrix, threshold, 0, &f), DAGPOLE_OK);
    ck_assert_int_eq(parts * f.rank % 8, 0);
    double best = largest_singular_value(parts, k, matrix, f.rank);
    ck_assert_double_lt(best, 3 * threshold);
    dp_multiply(parts, DP_AS_IT_IS, DP_AS_IT_IS, k, k, f.rank, f.a, k, f.b, f.rank, product, k);
    for (int i = 0; i < parts * k * k; i++)
        product[i] -= matrix[i];
    double left = largest_singular_value(parts, k, product, 0);
    ck_assert_msg(left < 1.1 * best, "%d parts, %d: %g is left, %g would be", parts, k, left, best);
    dp_free(f.b);
    dp_free(f.a);
    dp_free(product);
    dp_free(matrix);
}

START_TEST(factors_are_as_good_as_those_of_an_svd) {
    ck_assert_int_eq(dp_blas_begin(1), DAGPOLE_OK);
    for (int parts = 1; parts <= 2; parts++) {
        check(parts, 40, 4, 1e-6);   /* too small for a sample */
        check(parts, 200, 8, 1e-2);  /* one block */
        check(parts, 200, 8, 1e-8);  /* several */
        check(parts, 200, 40, 1e-6); /* more than half: all of it */
    }
    dp_blas_end(1);
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

START_TEST(a_matrix_below_the_threshold_has_no_factors) {
    double *matrix = make_symmetric(2, 100, 5);
    dp_factors f = {0};
    ck_assert_int_eq(dp_factorise_symmetric(2, 100, matrix, 10, 0, &f), DAGPOLE_OK);
    ck_assert_int_eq(f.rank, 0);
    dp_free(f.b);
    dp_free(f.a);
    dp_free(matrix);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("range_finder");
    TCase *tcase = tcase_create("range_finder");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, factors_are_as_good_as_those_of_an_svd);
    tcase_add_test(tcase, a_matrix_below_the_threshold_has_no_factors);
    return suite_run(suite, tcase);
}
