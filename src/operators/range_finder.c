/* A symmetric matrix as two thin factors, by a randomised range finder (Halko, Martinsson, Tropp
 * 2011): the ranks are far below the size of the basis, where a full SVD would spend its time on
 * what is cut off. The matrix S is symmetric (of complex numbers: not Hermitian), so that the range
 * Q of its columns gives that of its rows, conj Q: S ~ Q T Q^T with T = Q^H S conj(Q), and all that
 * is decomposed is T. The range grows by blocks until it holds more than is asked for; a block
 * costs three products with S. The random numbers are fixed, so operators are the same at every
 * build. */
#include "base/random.h"
#include "operators/build.h"
#include "operators/panel.h"

#include <math.h>
#include <string.h>

#include "platform/linalg.h"

/* Columns of the first block, and how much wider every block makes the range. */
#define FIRST_WIDTH 32
#define GROWTH      1.5

/* Singular values near the end of the range are not to be trusted: the last that counts must be at
 * least so many before it. */
#define MARGIN 8

/* Below this share of the largest singular value rounding hides what the range does not hold yet:
 * 12 digits of Stokes, cut at 5e-16, erred by 3e-12 instead of 1e-14. All of it is decomposed then.
 */
#define LEAST_SHARE 0x1p-46

/* Arrays lie in one block from q on. A number has `parts`. */
typedef struct range {
    int parts, k, width, most; /* columns, and for how many there is room */
    const double *matrix;
    uint64_t state;
    double *q, *product, *work; /* k x most: the range; S conj(Q); a block */
    double *t, *copy, *u, *vt;  /* most x most */
    double *sigma;              /* most */
} range;

static dagpole_status range_allocate(int parts, int k, int most, const double *matrix, range *r) {
    size_t wide = (size_t)parts * k * most, square = (size_t)parts * most * most;
    *r = (range){
        .parts = parts, .k = k, .most = most, .matrix = matrix, .state = 0x9e3779b97f4a7c15u};
    r->q = dp_alloc(3 * wide + 4 * square + most, sizeof(double));
    if (!r->q)
        return DAGPOLE_NO_MEMORY;
    r->product = r->q + wide;
    r->work = r->product + wide;
    r->t = r->work + wide;
    r->copy = r->t + square;
    r->u = r->copy + square;
    r->vt = r->u + square;
    r->sigma = r->vt + square;
    return DAGPOLE_OK;
}

static void conjugate(int parts, size_t n, double *x) {
    for (size_t i = 1; parts == 2 && i < 2 * n; i += 2)
        x[i] = -x[i];
}

/* y (k x n) = S conj(x), which leaves x as it was. */
static void multiply_conjugate(const range *r, int n, double *x, double *y) {
    conjugate(r->parts, (size_t)r->k * n, x);
    dp_multiply(r->parts, DP_AS_IT_IS, DP_AS_IT_IS, r->k, n, r->k, r->matrix, r->k, x, r->k, y,
                r->k);
    conjugate(r->parts, (size_t)r->k * n, x);
}

/* Takes the range out of n columns. share: room for two arrays of theirs. */
static void deflate(const range *r, int n, double *columns, double *share) {
    if (!r->width)
        return;
    double *taken = share + (size_t)r->parts * r->width * n;
    dp_multiply(r->parts, DP_ADJOINT, DP_AS_IT_IS, r->width, n, r->k, r->q, r->k, columns, r->k,
                share, r->width);
    dp_multiply(r->parts, DP_AS_IT_IS, DP_AS_IT_IS, r->k, n, r->width, r->q, r->k, share, r->width,
                taken, r->k);
    for (size_t i = 0; i < (size_t)r->parts * r->k * n; i++)
        columns[i] -= taken[i];
}

/* T of the columns from `before` on; the rows are the same by symmetry. */
static void extend_t(const range *r, int before, int n) {
    int parts = r->parts, width = r->width;
    dp_multiply(parts, DP_ADJOINT, DP_AS_IT_IS, width, n, r->k, r->q, r->k,
                r->product + (size_t)parts * before * r->k, r->k,
                r->t + (size_t)parts * before * r->most, r->most);
    for (int j = 0; j < before; j++)
        for (int i = before; i < width; i++)
            memcpy(r->t + parts * (i + (size_t)j * r->most),
                   r->t + parts * (j + (size_t)i * r->most), (size_t)parts * sizeof *r->t);
}

/* n more columns. `share`: room for 2 k x most numbers. */
static dagpole_status grow(range *r, int n, double *share) {
    size_t block = (size_t)r->parts * r->k * n;
    int before = r->width;
    double *q = r->q + (size_t)r->parts * r->k * before;
    for (size_t i = 0; i < block; i++)
        q[i] = dp_random(&r->state);
    dp_multiply(r->parts, DP_AS_IT_IS, DP_AS_IT_IS, r->k, n, r->k, r->matrix, r->k, q, r->k,
                r->work, r->k);
    deflate(r, n, r->work, share);
    DP_TRY(dp_qr_of(r->parts, r->k, n, r->work, r->k, NULL));
    multiply_conjugate(r, n, r->work, q);
    deflate(r, n, q, share);
    DP_TRY(dp_qr_of(r->parts, r->k, n, q, r->k, NULL));
    /* What rounding has left of the range in columns that were small beside it. */
    deflate(r, n, q, share);
    DP_TRY(dp_qr_of(r->parts, r->k, n, q, r->k, NULL));
    r->width += n;
    multiply_conjugate(r, n, q, r->product + (size_t)r->parts * r->k * before);
    extend_t(r, before, n);
    return DAGPOLE_OK;
}

/* The SVD of T; ld of u and vt is the width. */
static dagpole_status decompose(range *r) {
    size_t column = (size_t)r->parts * r->width;
    for (int j = 0; j < r->width; j++)
        memcpy(r->copy + j * column, r->t + (size_t)j * r->parts * r->most,
               column * sizeof *r->copy);
    return dp_svd_of(r->parts, r->width, r->width, r->copy, r->width, r->u, r->sigma, r->vt);
}

/* Rows of vt and columns of u times the root of their singular value: both factors of like size. */
static void scale(range *r, int rank) {
    size_t parts = (size_t)r->parts, width = (size_t)r->width;
    for (size_t s = 0; s < (size_t)rank; s++) {
        double root = sqrt(r->sigma[s]);
        for (size_t i = 0; i < parts * width; i++)
            r->u[i + s * parts * width] *= root;
        for (size_t j = 0; j < width; j++)
            for (size_t part = 0; part < parts; part++)
                r->vt[parts * (s + j * width) + part] *= root;
    }
}

/* a = Q U sqrt(S), b = sqrt(S) Vt Q^T; Q is the identity where the range is everything. */
static dagpole_status keep(range *r, int is_everything, int rank, dp_factors *f) {
    int parts = r->parts, k = r->k, w = r->width;
    size_t number = (size_t)parts * sizeof(double);
    f->rank = rank;
    f->a = dp_alloc((size_t)k * rank, number);
    f->b = dp_alloc((size_t)k * rank, number);
    if (!f->a || !f->b)
        return DAGPOLE_NO_MEMORY;
    scale(r, rank);
    if (!is_everything) {
        dp_multiply(parts, DP_AS_IT_IS, DP_AS_IT_IS, k, rank, w, r->q, k, r->u, w, f->a, k);
        dp_multiply(parts, DP_AS_IT_IS, DP_TRANSPOSED, rank, k, w, r->vt, w, r->q, k, f->b, rank);
        return DAGPOLE_OK;
    }
    memcpy(f->a, r->u, (size_t)k * rank * number);
    for (size_t j = 0; rank && j < (size_t)k; j++)
        memcpy(f->b + parts * j * rank, r->vt + parts * j * k, rank * number);
    return DAGPOLE_OK;
}

/* Rows are padded to whole vectors when the factors are packed, so the rank that counts, in real
 * numbers, is a multiple of DP_PAD: the nearest one, but some rank where there is any. Groups of
 * parities lose less each, since there are several. */
static int round_rank(int parts, int rank, int available, int is_group) {
    int rounded = (parts * rank + (is_group ? 6 : 4)) / DP_PAD * DP_PAD;
    if (rank > 0 && rounded == 0)
        rounded = DP_PAD;
    return rounded / parts < available ? rounded / parts : available;
}

static int count_above(int n, const double *sigma, double threshold) {
    int rank = 0;
    while (rank < n && sigma[rank] > threshold)
        rank++;
    return rank;
}

static dagpole_status factorise_all(range *r, const double *matrix) {
    r->width = r->k;
    memcpy(r->t, matrix, (size_t)r->parts * r->k * r->k * sizeof *r->t);
    return decompose(r);
}

/* A range of `most` columns at most. *is_complete: it holds what is asked for. */
static dagpole_status find_range(range *r, double threshold, int *is_complete) {
    double *share = dp_alloc((size_t)2 * r->parts * r->k * r->most, sizeof *share);
    dagpole_status status = share ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    int next = FIRST_WIDTH, is_hidden = 0;
    *is_complete = 0;
    while (status == DAGPOLE_OK && !*is_complete && !is_hidden && next <= r->most) {
        status = grow(r, next - r->width, share);
        if (status == DAGPOLE_OK)
            status = decompose(r);
        if (status == DAGPOLE_OK) {
            is_hidden = threshold < LEAST_SHARE * r->sigma[0];
            *is_complete = !is_hidden && r->sigma[r->width - MARGIN] < threshold;
        }
        next = (int)(GROWTH * next);
    }
    dp_free(share);
    return status;
}

dagpole_status dp_factorise_symmetric(int parts, int k, const double *matrix, double threshold,
                                      int is_group, dp_factors *factors) {
    range r = {0};
    int is_complete = 0;
    dagpole_status status = DAGPOLE_OK;
    /* Beyond half the size, all of it is cheaper. */
    if (k / 2 >= FIRST_WIDTH) {
        status = range_allocate(parts, k, k / 2, matrix, &r);
        if (status == DAGPOLE_OK)
            status = find_range(&r, threshold, &is_complete);
    }
    int is_everything = status == DAGPOLE_OK && !is_complete;
    if (is_everything) {
        dp_free(r.q);
        status = range_allocate(parts, k, k, matrix, &r);
        if (status == DAGPOLE_OK)
            status = factorise_all(&r, matrix);
    }
    if (status == DAGPOLE_OK) {
        int rank = count_above(r.width, r.sigma, threshold);
        status = keep(&r, is_everything, round_rank(parts, rank, r.width, is_group), factors);
    }
    dp_free(r.q);
    return status;
}
