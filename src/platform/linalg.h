/* Dense linear algebra, through OpenBLAS/LAPACK; column-major. Used only when operators are built;
 * evaluation calls no BLAS. */
#ifndef DP_PLATFORM_LINALG_H
#define DP_PLATFORM_LINALG_H

#include "base/memory.h"

/* C (m x n) = alpha op(A) op(B) + beta C; transpose flags 0 or 1. */
void dp_gemm(int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a,
             int lda, const double *b, int ldb, double beta, double *c, int ldc);

/* A (m x n, overwritten) = U diag(s) Vt with r = min(m, n): u m x r (ld m), s r descending, vt r x
 * n (ld r); u and vt may both be NULL. NUMERIC where LAPACK does not converge. */
dagpole_status dp_svd(int m, int n, double *a, int lda, double *u, double *s, double *vt);

/* Householder QR: A (m x n, m >= n) is overwritten with Q (m x n) and r (n x n, ld n, may be NULL)
 * receives R. */
dagpole_status dp_qr(int m, int n, double *a, int lda, double *r);

/* R of the QR of A (m x n), A is destroyed; r is n x n (ld n), zero below the diagonal (and below
 * row m where m < n). */
dagpole_status dp_qr_r(int m, int n, double *a, int lda, double *r);

/* Least squares min |A X - B| with A (m x n, m >= n, full rank, destroyed), B m x nrhs (destroyed,
 * ld ldb); the first n rows of B receive X. */
dagpole_status dp_least_squares(int m, int n, int nrhs, double *a, int lda, double *b, int ldb);

/* BLAS runs single-threaded between these two calls (calls nest and may come from any thread); the
 * last end restores what the first begin found. */
void dp_blas_begin(void);
void dp_blas_end(void);

/* OpenBLAS's version and core type, for information. */
const char *dp_blas_config(void);

#endif
