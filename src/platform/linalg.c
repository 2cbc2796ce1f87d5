#include "platform/linalg.h"

#include <cblas.h>
#include <limits.h>
#include <string.h>

#include "platform/blas.h"

/* LAPACK as gfortran compiles it: the last argument is the hidden length of the character
 * argument. */
extern void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda,
                    double *s, double *u, const int *ldu, double *vt, const int *ldvt, double *work,
                    const int *lwork, int *iwork, int *info, size_t job_length);
extern void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau,
                    double *work, const int *lwork, int *info);
extern void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda,
                    const double *tau, double *work, const int *lwork, int *info);
extern void dgels_(const char *transpose, const int *m, const int *n, const int *nrhs, double *a,
                   const int *lda, double *b, const int *ldb, double *work, const int *lwork,
                   int *info, size_t transpose_length);
extern void zgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda,
                    double *s, double *u, const int *ldu, double *vt, const int *ldvt, double *work,
                    const int *lwork, double *rwork, int *iwork, int *info, size_t job_length);
extern void zgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau,
                    double *work, const int *lwork, int *info);
extern void zungqr_(const int *m, const int *n, const int *k, double *a, const int *lda,
                    const double *tau, double *work, const int *lwork, int *info);
extern void zgels_(const char *transpose, const int *m, const int *n, const int *nrhs, double *a,
                   const int *lda, double *b, const int *ldb, double *work, const int *lwork,
                   int *info, size_t transpose_length);

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* LAPACK counts elements and workspace in 32 bits; 4 r (r + 2) + 7 max(m, n) bounds from above what
 * dgesdd asks for at least, and the others ask for less. */
static dagpole_status check_sizes(const char *what, int m, int n, int lda) {
    if (m < 0 || n < 0 || lda < m)
        return dp_fail(DAGPOLE_INTERNAL, "%s: a %d x %d matrix with leading dimension %d", what, m,
                       n, lda);
    int64_t r = smaller(m, n);
    if ((int64_t)lda * n > INT_MAX || 4 * r * (r + 2) + 7 * ((int64_t)m + n) > INT_MAX)
        return dp_fail(DAGPOLE_UNSUPPORTED, "%s: a %d x %d matrix is beyond 32-bit LAPACK", what, m,
                       n);
    return DAGPOLE_OK;
}

static dagpole_status check_info(const char *what, int m, int n, int info) {
    if (info == 0)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_NUMERIC, "%s of a %d x %d matrix failed: LAPACK's info is %d%s", what, m,
                   n, info, info < 0 ? " (NaN or Inf in the matrix?)" : "");
}

/* Allocates what a workspace query answered. */
static double *make_workspace(int parts, double answer, int *length) {
    if (!(answer >= 0 && answer <= INT_MAX)) {
        dp_fail(DAGPOLE_NO_MEMORY, "LAPACK asks for a workspace of %g numbers: at most %d", answer,
                INT_MAX);
        return NULL;
    }
    *length = answer < 1 ? 1 : (int)answer;
    return dp_alloc((size_t)*length * (size_t)parts, sizeof(double));
}

void dp_gemm(int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a,
             int lda, const double *b, int ldb, double beta, double *c, int ldc) {
    if (m <= 0 || n <= 0)
        return;
    dp_blas_enter();
    cblas_dgemm(CblasColMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda > 0 ? lda : 1, b,
                ldb > 0 ? ldb : 1, beta, c, ldc);
    dp_blas_leave();
}

static CBLAS_TRANSPOSE cblas_op(dp_orientation op) {
    return op == DP_AS_IT_IS ? CblasNoTrans : op == DP_TRANSPOSED ? CblasTrans : CblasConjTrans;
}

void dp_multiply(int parts, dp_orientation op_a, dp_orientation op_b, int m, int n, int k,
                 const double *a, int lda, const double *b, int ldb, double *c, int ldc) {
    static const double one[2] = {1, 0}, zero[2] = {0, 0};
    if (parts == 1)
        dp_gemm(op_a != DP_AS_IT_IS, op_b != DP_AS_IT_IS, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
    else if (m > 0 && n > 0) {
        dp_blas_enter();
        cblas_zgemm(CblasColMajor, cblas_op(op_a), cblas_op(op_b), m, n, k, one, a,
                    lda > 0 ? lda : 1, b, ldb > 0 ? ldb : 1, zero, c, ldc);
        dp_blas_leave();
    }
}

typedef struct svd_call {
    int parts, m, n, lda, r;
    double *a, *u, *s, *vt, *real;
    int *integers;
} svd_call;

static void call_svd(const svd_call *c, double *work, const int *length, int *info) {
    const char *job = c->u && c->vt ? "S" : "N";
    dp_blas_enter();
    if (c->parts == 1)
        dgesdd_(job, &c->m, &c->n, c->a, &c->lda, c->s, c->u, &c->m, c->vt, &c->r, work, length,
                c->integers, info, 1);
    else
        zgesdd_(job, &c->m, &c->n, c->a, &c->lda, c->s, c->u, &c->m, c->vt, &c->r, work, length,
                c->real, c->integers, info, 1);
    dp_blas_leave();
}

dagpole_status dp_svd_of(int parts, int m, int n, double *a, int lda, double *u, double *s,
                         double *vt) {
    DP_TRY(check_sizes("the SVD", m, n, lda));
    int info = 0, length = -1;
    svd_call c = {parts, m, n, lda, smaller(m, n), a, u, s, vt, NULL, NULL};
    size_t r = (size_t)c.r, largest = (size_t)(m > n ? m : n);
    if (r == 0)
        return DAGPOLE_OK;
    double answer[2] = {0}, *work = NULL;
    c.integers = dp_alloc(8 * r, sizeof(int));
    c.real = dp_alloc(parts == 1 ? 1 : 5 * r * r + 7 * r + 2 * largest * r, sizeof(double));
    if (c.integers && c.real) {
        call_svd(&c, answer, &length, &info);
        work = make_workspace(parts, answer[0], &length);
    }
    if (work)
        call_svd(&c, work, &length, &info);
    dp_free(work);
    dp_free(c.real);
    dp_free(c.integers);
    return work ? check_info("the SVD", m, n, info) : DAGPOLE_NO_MEMORY;
}

/* tau: min(m, n). */
static dagpole_status factor_qr(int parts, int m, int n, double *a, int lda, double *tau) {
    int info = 0, length = -1;
    double answer[2] = {0};
    (parts == 1 ? dgeqrf_ : zgeqrf_)(&m, &n, a, &lda, tau, answer, &length, &info);
    double *work = make_workspace(parts, answer[0], &length);
    if (!work)
        return DAGPOLE_NO_MEMORY;
    dp_blas_enter();
    (parts == 1 ? dgeqrf_ : zgeqrf_)(&m, &n, a, &lda, tau, work, &length, &info);
    dp_blas_leave();
    dp_free(work);
    return check_info("the QR factorisation", m, n, info);
}

static dagpole_status form_q(int parts, int m, int n, double *a, int lda, const double *tau) {
    int info = 0, length = -1;
    double answer[2] = {0};
    (parts == 1 ? dorgqr_ : zungqr_)(&m, &n, &n, a, &lda, tau, answer, &length, &info);
    double *work = make_workspace(parts, answer[0], &length);
    if (!work)
        return DAGPOLE_NO_MEMORY;
    dp_blas_enter();
    (parts == 1 ? dorgqr_ : zungqr_)(&m, &n, &n, a, &lda, tau, work, &length, &info);
    dp_blas_leave();
    dp_free(work);
    return check_info("Q", m, n, info);
}

static void copy_upper(int parts, int m, int n, const double *a, int lda, double *r) {
    size_t number = (size_t)parts * sizeof *r, ld_r = (size_t)parts * (size_t)n;
    memset(r, 0, (size_t)n * (size_t)n * number);
    for (size_t j = 0; j < (size_t)n; j++)
        memcpy(r + j * ld_r, a + j * (size_t)parts * (size_t)lda,
               (size_t)smaller((int)j + 1, m) * number);
}

dagpole_status dp_qr_of(int parts, int m, int n, double *a, int lda, double *r) {
    DP_TRY(check_sizes("the QR factorisation", m, n, lda));
    if (m < n)
        return dp_fail(DAGPOLE_INTERNAL, "the QR factorisation of a %d x %d matrix: needs m >= n",
                       m, n);
    if (n == 0)
        return DAGPOLE_OK;
    double *tau = dp_alloc((size_t)n * (size_t)parts, sizeof(double));
    if (!tau)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = factor_qr(parts, m, n, a, lda, tau);
    if (status == DAGPOLE_OK && r)
        copy_upper(parts, m, n, a, lda, r);
    if (status == DAGPOLE_OK)
        status = form_q(parts, m, n, a, lda, tau);
    dp_free(tau);
    return status;
}

dagpole_status dp_qr_r_of(int parts, int m, int n, double *a, int lda, double *r) {
    DP_TRY(check_sizes("the QR factorisation", m, n, lda));
    dagpole_status status = DAGPOLE_OK;
    if (m > 0 && n > 0) {
        double *tau = dp_alloc((size_t)smaller(m, n) * (size_t)parts, sizeof(double));
        if (!tau)
            return DAGPOLE_NO_MEMORY;
        status = factor_qr(parts, m, n, a, lda, tau);
        dp_free(tau);
    }
    if (status == DAGPOLE_OK)
        copy_upper(parts, m, n, a, lda, r);
    return status;
}

dagpole_status dp_least_squares_of(int parts, int m, int n, int nrhs, double *a, int lda, double *b,
                                   int ldb) {
    DP_TRY(check_sizes("least squares", m, n, lda));
    DP_TRY(check_sizes("least squares, right-hand sides", m, nrhs, ldb));
    if (m < n)
        return dp_fail(DAGPOLE_INTERNAL, "least squares with a %d x %d matrix: needs m >= n", m, n);
    if (n == 0 || nrhs == 0)
        return DAGPOLE_OK;
    int info = 0, length = -1;
    double answer[2] = {0};
    (parts == 1 ? dgels_ : zgels_)("N", &m, &n, &nrhs, a, &lda, b, &ldb, answer, &length, &info, 1);
    double *work = make_workspace(parts, answer[0], &length);
    if (!work)
        return DAGPOLE_NO_MEMORY;
    dp_blas_enter();
    (parts == 1 ? dgels_ : zgels_)("N", &m, &n, &nrhs, a, &lda, b, &ldb, work, &length, &info, 1);
    dp_blas_leave();
    dp_free(work);
    return check_info("least squares", m, n, info);
}
