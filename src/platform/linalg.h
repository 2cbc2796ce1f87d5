/* Dense linear algebra, through OpenBLAS/LAPACK; column-major. Used only when operators are built;
 * evaluation calls no BLAS. */
#ifndef DP_PLATFORM_LINALG_H
#define DP_PLATFORM_LINALG_H

#include "base/memory.h"

/* C (m x n) = alpha op(A) op(B) + beta C; transpose flags 0 or 1. */
void dp_gemm(int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a,
             int lda, const double *b, int ldb, double beta, double *c, int ldc);

/* The functions with `parts` take real numbers (1) or complex ones (2, real and imaginary part next
 * to each other); sizes and leading dimensions count numbers. */
typedef enum dp_orientation { DP_AS_IT_IS, DP_TRANSPOSED, DP_ADJOINT } dp_orientation;

/* C (m x n) = op(A) op(B). */
void dp_multiply(int parts, dp_orientation op_a, dp_orientation op_b, int m, int n, int k,
                 const double *a, int lda, const double *b, int ldb, double *c, int ldc);

/* A (m x n, overwritten) = U diag(s) Vt with r = min(m, n): u m x r (ld m), s r descending (real),
 * vt r x n (ld r; of complex numbers the adjoint of V); u and vt may both be NULL. NUMERIC where
 * LAPACK does not converge. */
dagpole_status dp_svd_of(int parts, int m, int n, double *a, int lda, double *u, double *s,
                         double *vt);

/* Householder QR: A (m x n, m >= n) is overwritten with Q (m x n) and r (n x n, ld n, may be NULL)
 * receives R. */
dagpole_status dp_qr_of(int parts, int m, int n, double *a, int lda, double *r);

/* R of the QR of A (m x n), A is destroyed; r is n x n (ld n), zero below the diagonal (and below
 * row m where m < n). */
dagpole_status dp_qr_r_of(int parts, int m, int n, double *a, int lda, double *r);

/* Least squares min |A X - B| with A (m x n, m >= n, full rank, destroyed), B m x nrhs (destroyed,
 * ld ldb); the first n rows of B receive X. */
dagpole_status dp_least_squares_of(int parts, int m, int n, int nrhs, double *a, int lda, double *b,
                                   int ldb);

/* The same with real numbers. */
static inline dagpole_status dp_svd(int m, int n, double *a, int lda, double *u, double *s,
                                    double *vt) {
    return dp_svd_of(1, m, n, a, lda, u, s, vt);
}

static inline dagpole_status dp_qr(int m, int n, double *a, int lda, double *r) {
    return dp_qr_of(1, m, n, a, lda, r);
}

static inline dagpole_status dp_qr_r(int m, int n, double *a, int lda, double *r) {
    return dp_qr_r_of(1, m, n, a, lda, r);
}

static inline dagpole_status dp_least_squares(int m, int n, int nrhs, double *a, int lda, double *b,
                                              int ldb) {
    return dp_least_squares_of(1, m, n, nrhs, a, lda, b, ldb);
}

/* BLAS runs single-threaded between these two calls (calls nest and may come from any thread); the
 * last end restores what the first begin found. Between them so many threads may use the functions
 * above at once. NO_MEMORY, and nothing to end, where OpenBLAS has no room for a single buffer;
 * with room for fewer than `callers` they wait for each other. */
dagpole_status dp_blas_begin(int callers);
void dp_blas_end(int callers);

/* OpenBLAS's version and core type, for information. */
const char *dp_blas_config(void);

#endif
