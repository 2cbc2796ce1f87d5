#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "platform/linalg.h"
#include "platform/scratch.h"
#include "suite.h"

/* m x n with leading dimension ld; rows below m are set to a value that must survive. */
static double *make_matrix(int m, int n, int ld, uint64_t seed) {
    double *a = dp_alloc((size_t)ld * (size_t)n, sizeof(double));
    for (int j = 0; j < n; j++)
        for (int i = 0; i < ld; i++)
            a[j * ld + i] = i < m ? 2 * suite_uniform(&seed) - 1 : 77;
    return a;
}

/* max |A - B C|, A m x n (ld lda), B m x k (ld ldb), C k x n (ld ldc), by three plain loops. */
static double product_error(int m, int n, int k, const double *a, int lda, const double *b, int ldb,
                            const double *c, int ldc) {
    double error = 0;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++)
                sum += b[l * ldb + i] * c[j * ldc + l];
            error = fmax(error, fabs(a[j * lda + i] - sum));
        }
    return error;
}

/* max |Q^T Q - I| of an m x n Q; rows != 0: of Q Q^T. */
static double orthogonality_error(int m, int n, const double *q, int ld, int rows) {
    double error = 0;
    int size = rows ? m : n, length = rows ? n : m;
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            double sum = i == j ? -1 : 0;
            for (int l = 0; l < length; l++)
                sum += rows ? q[l * ld + i] * q[l * ld + j] : q[i * ld + l] * q[j * ld + l];
            error = fmax(error, fabs(sum));
        }
    return error;
}

static const int shapes[][3] = {{1, 1, 1}, {7, 4, 9}, {4, 7, 4}, {40, 40, 43}, {90, 33, 90}};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

START_TEST(gemm_matches_three_loops) {
    for (int flags = 0; flags < 4; flags++) {
        int m = 5, n = 6, k = 7, ta = flags & 1, tb = flags >> 1;
        double *a = make_matrix(ta ? k : m, ta ? m : k, 8, 1);
        double *b = make_matrix(tb ? n : k, tb ? k : n, 9, 2);
        double *c = make_matrix(m, n, 6, 3), *before = dp_alloc_copy(c, 36, sizeof(double));
        dp_gemm(ta, tb, m, n, k, 1.5, a, 8, b, 9, -2, c, 6);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++)
                    sum += (ta ? a[i * 8 + l] : a[l * 8 + i]) * (tb ? b[l * 9 + j] : b[j * 9 + l]);
                ck_assert_double_eq_tol(c[j * 6 + i], 1.5 * sum - 2 * before[j * 6 + i], 1e-14);
            }
        for (int j = 0; j < n; j++)
            ck_assert(c[j * 6 + 5] == 77);
        dp_free(a);
        dp_free(b);
        dp_free(c);
        dp_free(before);
    }
}
END_TEST

START_TEST(gemm_of_nothing) {
    double c[2] = {3, 4};
    dp_gemm(0, 0, 0, 2, 2, 1, NULL, 0, NULL, 2, 0, NULL, 0);
    dp_gemm(0, 0, 2, 1, 0, 1, NULL, 2, NULL, 0, 2, c, 2);
    ck_assert(c[0] == 6 && c[1] == 8);
}
END_TEST

START_TEST(svd_reconstructs) {
    for (int t = 0; t < N_SHAPES; t++) {
        int m = shapes[t][0], n = shapes[t][1], ld = shapes[t][2], r = m < n ? m : n;
        double *a = make_matrix(m, n, ld, 5), *work = make_matrix(m, n, ld, 5);
        double *u = dp_alloc((size_t)(m * r), 8), *s = dp_alloc((size_t)r, 8);
        double *vt = dp_alloc((size_t)(r * n), 8), *s_alone = dp_alloc((size_t)r, 8);
        ck_assert_int_eq(dp_svd(m, n, work, ld, u, s, vt), DAGPOLE_OK);
        ck_assert_double_lt(orthogonality_error(m, r, u, m, 0), 1e-13);
        ck_assert_double_lt(orthogonality_error(r, n, vt, r, 1), 1e-13);
        for (int i = 0; i < r; i++) {
            ck_assert(s[i] >= 0 && (i == 0 || s[i] <= s[i - 1]));
            for (int j = 0; j < m; j++)
                u[i * m + j] *= s[i];
        }
        ck_assert_double_lt(product_error(m, n, r, a, ld, u, m, vt, r), 1e-13);
        memcpy(work, a, (size_t)(ld * n) * 8);
        ck_assert_int_eq(dp_svd(m, n, work, ld, NULL, s_alone, NULL), DAGPOLE_OK);
        for (int i = 0; i < r; i++)
            ck_assert_double_eq_tol(s_alone[i], s[i], 1e-13);
        double *const all[] = {a, work, u, s, vt, s_alone};
        for (int i = 0; i < 6; i++)
            dp_free(all[i]);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

/* A complex matrix acts as a real one on real and imaginary parts in turn: twice the size. */
static double *as_real(int m, int n, const double *a, int is_adjoint) {
    int rows = is_adjoint ? n : m;
    double *real = dp_alloc((size_t)(4 * m * n), 8);
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            double re = a[2 * (i + j * m)], im = a[2 * (i + j * m) + 1];
            int row = is_adjoint ? j : i, column = is_adjoint ? i : j;
            double *to = real + 2 * row + 4 * (size_t)column * rows;
            to[0] = to[2 * rows + 1] = re;
            to[1] = is_adjoint ? -im : im;
            to[2 * rows] = is_adjoint ? im : -im;
        }
    return real;
}

enum { C_M = 7, C_N = 4 };

START_TEST(complex_products_are_real_ones_of_parts) {
    double *a = make_matrix(2 * C_M, C_N, 2 * C_M, 3), *b = make_matrix(2 * C_M, C_M, 2 * C_M, 4);
    double *c = dp_alloc((size_t)(2 * C_N * C_M), 8);
    double *a_real = as_real(C_M, C_N, a, 1), *b_real = as_real(C_M, C_M, b, 0);
    double *expected = dp_alloc((size_t)(4 * C_N * C_M), 8);
    dp_gemm(0, 0, 2 * C_N, 2 * C_M, 2 * C_M, 1, a_real, 2 * C_N, b_real, 2 * C_M, 0, expected,
            2 * C_N);
    dp_multiply(2, DP_ADJOINT, DP_AS_IT_IS, C_N, C_M, C_M, a, C_M, b, C_M, c, C_N);
    double *c_real = as_real(C_N, C_M, c, 0);
    for (int i = 0; i < 4 * C_N * C_M; i++)
        ck_assert_double_eq_tol(c_real[i], expected[i], 1e-13);
    double *const all[] = {a, b, c, a_real, b_real, expected, c_real};
    for (int i = 0; i < 7; i++)
        dp_free(all[i]);
}
END_TEST

/* Largest entry of a - x y, m x n through r. */
static double complex_error(int m, int n, int r, const double *a, const double *x,
                            const double *y) {
    double *product = dp_alloc((size_t)(2 * m * n), 8), most = 0;
    dp_multiply(2, DP_AS_IT_IS, DP_AS_IT_IS, m, n, r, x, m, y, r, product, m);
    for (int i = 0; i < 2 * m * n; i++)
        most = fmax(most, fabs(product[i] - a[i]));
    dp_free(product);
    return most;
}

START_TEST(complex_factorisations_reconstruct) {
    double *a = make_matrix(2 * C_M, C_N, 2 * C_M, 3),
           *work = make_matrix(2 * C_M, C_N, 2 * C_M, 3);
    double u[2 * C_M * C_N], s[C_N], vt[2 * C_N * C_N], r[2 * C_N * C_N], alone[2 * C_N * C_N];
    ck_assert_int_eq(dp_svd_of(2, C_M, C_N, work, C_M, u, s, vt), DAGPOLE_OK);
    for (int i = 0; i < 2 * C_M * C_N; i++)
        u[i] *= s[i / (2 * C_M)];
    ck_assert_double_lt(complex_error(C_M, C_N, C_N, a, u, vt), 1e-13);
    memcpy(work, a, sizeof u);
    ck_assert_int_eq(dp_qr_of(2, C_M, C_N, work, C_M, r), DAGPOLE_OK);
    ck_assert_double_lt(complex_error(C_M, C_N, C_N, a, work, r), 1e-13);
    memcpy(work, a, sizeof u);
    ck_assert_int_eq(dp_qr_r_of(2, C_M, C_N, work, C_M, alone), DAGPOLE_OK);
    ck_assert_mem_eq(alone, r, sizeof r);
    /* a is a times the identity. */
    memcpy(work, a, sizeof u);
    memcpy(u, a, sizeof u);
    ck_assert_int_eq(dp_least_squares_of(2, C_M, C_N, C_N, work, C_M, u, C_M), DAGPOLE_OK);
    for (int j = 0; j < C_N; j++)
        for (int i = 0; i < 2 * C_N; i++)
            ck_assert_double_eq_tol(u[i + 2 * j * C_M], i == 2 * j, 1e-13);
    dp_free(work);
    dp_free(a);
}
END_TEST

START_TEST(qr_reconstructs) {
    for (int t = 0; t < N_SHAPES; t++) {
        int m = shapes[t][0], n = shapes[t][1], ld = shapes[t][2];
        if (m < n)
            continue;
        double *a = make_matrix(m, n, ld, 6), *q = make_matrix(m, n, ld, 6);
        double *r = make_matrix(n, n, n, 7), *r_alone = make_matrix(n, n, n, 8);
        ck_assert_int_eq(dp_qr(m, n, q, ld, r), DAGPOLE_OK);
        ck_assert_double_lt(orthogonality_error(m, n, q, ld, 0), 1e-13);
        ck_assert_double_lt(product_error(m, n, n, a, ld, q, ld, r, n), 1e-13);
        for (int j = 0; j < n; j++)
            for (int i = j + 1; i < n; i++)
                ck_assert(r[j * n + i] == 0);
        for (int j = 0; j < n; j++)
            for (int i = m; i < ld; i++)
                ck_assert(q[j * ld + i] == 77);
        ck_assert_int_eq(dp_qr_r(m, n, a, ld, r_alone), DAGPOLE_OK);
        ck_assert_mem_eq(r_alone, r, (size_t)(n * n) * 8);
        dp_free(a);
        dp_free(q);
        dp_free(r);
        dp_free(r_alone);
    }
}
END_TEST

/* R^T R = A^T A says it all where A is wide and Q is not at hand. */
START_TEST(qr_r_of_a_wide_matrix) {
    enum { M = 4, N = 7 };
    double *a = make_matrix(M, N, M, 9), *r = make_matrix(N, N, N, 10), *work, gram[N * N];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            gram[j * N + i] = 0;
            for (int l = 0; l < M; l++)
                gram[j * N + i] += a[i * M + l] * a[j * M + l];
        }
    ck_assert_int_eq(dp_qr_r(M, N, a, M, r), DAGPOLE_OK);
    work = dp_alloc(N * N, 8);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            work[j * N + i] = r[i * N + j];
            if (i > j || i >= M)
                ck_assert(r[j * N + i] == 0);
        }
    ck_assert_double_lt(product_error(N, N, N, gram, N, work, N, r, N), 1e-14);
    dp_free(a);
    dp_free(r);
    dp_free(work);
}
END_TEST

START_TEST(least_squares_residual_is_orthogonal) {
    enum { M = 25, N = 8, NRHS = 3, LDA = 26, LDB = 27 };
    double *a = make_matrix(M, N, LDA, 12), *b = make_matrix(M, NRHS, LDB, 13);
    double *a_work = make_matrix(M, N, LDA, 12), *x = make_matrix(M, NRHS, LDB, 13);
    ck_assert_int_eq(dp_least_squares(M, N, NRHS, a_work, LDA, x, LDB), DAGPOLE_OK);
    for (int c = 0; c < NRHS; c++) {
        double residual[M];
        for (int i = 0; i < M; i++) {
            residual[i] = b[c * LDB + i];
            for (int j = 0; j < N; j++)
                residual[i] -= a[j * LDA + i] * x[c * LDB + j];
        }
        for (int j = 0; j < N; j++) {
            double dot = 0;
            for (int i = 0; i < M; i++)
                dot += a[j * LDA + i] * residual[i];
            ck_assert_double_eq_tol(dot, 0, 1e-13);
        }
    }
    dp_free(a);
    dp_free(b);
    dp_free(a_work);
    dp_free(x);
}
END_TEST

START_TEST(empty_matrices) {
    double a[4] = {1, 2, 3, 4}, r[4] = {9, 9, 9, 9};
    ck_assert_int_eq(dp_svd(0, 2, a, 1, NULL, NULL, NULL), DAGPOLE_OK);
    ck_assert_int_eq(dp_svd(2, 0, a, 2, NULL, NULL, NULL), DAGPOLE_OK);
    ck_assert_int_eq(dp_qr(2, 0, a, 2, r), DAGPOLE_OK);
    ck_assert_int_eq(dp_least_squares(2, 0, 1, a, 2, r, 2), DAGPOLE_OK);
    ck_assert(r[0] == 9);
    ck_assert_int_eq(dp_qr_r(0, 2, a, 1, r), DAGPOLE_OK);
    for (int i = 0; i < 4; i++)
        ck_assert(r[i] == 0);
}
END_TEST

START_TEST(what_cannot_be_done_is_said) {
    double a[6] = {1, 1, 1, 1, 1, 1}, s[2], u[6], vt[4], b[3] = {1, 2, 3};
    ck_assert_int_eq(dp_qr(2, 3, a, 2, NULL), DAGPOLE_INTERNAL);
    assert_error_has("2 x 3");
    ck_assert_int_eq(dp_svd(100000, 100000, a, 100000, u, s, vt), DAGPOLE_UNSUPPORTED);
    ck_assert_int_eq(dp_svd(3, 2, a, 2, u, s, vt), DAGPOLE_INTERNAL);
    double singular[6] = {1, 0, 0, 0, 0, 0};
    ck_assert_int_eq(dp_least_squares(3, 2, 1, singular, 3, b, 3), DAGPOLE_NUMERIC);
    a[3] = NAN;
    ck_assert_int_eq(dp_svd(3, 2, a, 3, u, s, vt), DAGPOLE_NUMERIC);
    assert_error_has("SVD");
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

/* Calls every routine once; OK where all of them are. */
static dagpole_status call_all(void) {
    double a[] = {4, 1, 0, 1, 3, 1}, q[] = {4, 1, 0, 1, 3, 1}, c[] = {4, 1, 0, 1, 3, 1};
    double d[] = {4, 1, 0, 1, 3, 1};
    double s[2], u[6], vt[4], r[4], b[3] = {1, 2, 3};
    DP_TRY(dp_svd(3, 2, a, 3, u, s, vt));
    DP_TRY(dp_qr(3, 2, q, 3, r));
    DP_TRY(dp_qr_r(3, 2, c, 3, r));
    return dp_least_squares(3, 2, 1, d, 3, b, 3);
}

START_TEST(memory_that_runs_out) {
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(call_all(), DAGPOLE_OK);
    int64_t n = dp_memory_count();
    ck_assert_int_ge(n, 5);
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(call_all(), DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), 0);
    }
}
END_TEST

static void *begin_and_end(void *argument) {
    (void)argument;
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(dp_blas_begin(1), DAGPOLE_OK);
        dp_blas_end(1);
    }
    return NULL;
}

START_TEST(blas_threads_are_restored) {
    openblas_set_num_threads(2);
    int found = openblas_get_num_threads();
    ck_assert_int_eq(dp_blas_begin(1), DAGPOLE_OK);
    ck_assert_int_eq(openblas_get_num_threads(), 1);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, begin_and_end, NULL), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(openblas_get_num_threads(), 1);
    dp_blas_end(1);
    ck_assert_int_eq(openblas_get_num_threads(), found);
}
END_TEST

static rlim_t address_space(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Beside what the process has; a negative number lifts the limit, before any assertion. */
static void limit_room(int mib) {
    struct rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = mib < 0 ? limit.rlim_max : address_space() + ((rlim_t)mib << 20);
    setrlimit(RLIMIT_AS, &limit);
}

/* Small products take no buffer. */
enum { LARGE = 128 };

static void *multiply(void *argument) {
    double a[LARGE * LARGE], b[LARGE * LARGE], c[LARGE * LARGE];
    for (int i = 0; i < LARGE * LARGE; i++)
        a[i] = b[i] = i;
    for (int k = 0; k < 100; k++)
        dp_gemm(0, 0, LARGE, LARGE, LARGE, 1, a, LARGE, b, LARGE, 0, c, LARGE);
    *(double *)argument = c[0];
    return NULL;
}

/* OpenBLAS would try for ever. With room for one buffer threads wait for each other; OpenBLAS keeps
 * it, so that later calls need no room. A process that Check has forked has threads of OpenBLAS's
 * to come, which take one each. */
START_TEST(no_room_for_buffers) {
    enum { N = 3 };
    pthread_t threads[N];
    double first[N];
    int n_made = 0;
    if (SUITE_IS_SANITIZED)
        return;
    limit_room(100);
    dagpole_status without = dp_blas_begin(1);
    limit_room(150 + 130 * (openblas_get_num_procs() - 1));
    dagpole_status with = dp_blas_begin(N);
    limit_room(50);
    while (n_made < N && !pthread_create(&threads[n_made], NULL, multiply, &first[n_made]))
        n_made++;
    for (int i = 0; i < n_made; i++)
        pthread_join(threads[i], NULL);
    limit_room(-1);
    ck_assert_int_eq(without, DAGPOLE_NO_MEMORY);
    ck_assert_int_eq(with, DAGPOLE_OK);
    ck_assert_int_eq(n_made, N);
    for (int i = 0; i < N; i++)
        ck_assert(first[i] == (LARGE - 1) * LARGE * (2 * LARGE - 1) / 6 * (double)LARGE);
    dp_blas_end(N);
}
END_TEST

START_TEST(config_names_openblas) {
    ck_assert_int_eq(strncmp(dp_blas_config(), "OpenBLAS 0.", 11), 0);
}
END_TEST

SUITE_MAIN("linalg", 20, gemm_matches_three_loops, gemm_of_nothing, svd_reconstructs,
           complex_products_are_real_ones_of_parts, complex_factorisations_reconstruct,
           qr_reconstructs, qr_r_of_a_wide_matrix, least_squares_residual_is_orthogonal,
           empty_matrices, what_cannot_be_done_is_said, memory_that_runs_out,
           blas_threads_are_restored, no_room_for_buffers, config_names_openblas)
