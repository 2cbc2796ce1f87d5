/* M2L in the compressed basis as two thin factors, by a randomised range finder with one power
 * iteration (Halko, Martinsson, Tropp 2011): the ranks (5 to 80) are far below the size of the
 * basis, where a full SVD would spend its time on what is cut off. The random numbers are fixed, so
 * operators are the same at every build. */
#include "base/random.h"
#include "operators/build.h"
#include "operators/panel.h"

#include <math.h>
#include <string.h>

#include "platform/linalg.h"

/* C (k x k) = basis^T M basis, block by block over the parities. */
static dagpole_status project(const dp_interactions *in, const double *m, const dp_operator_data *d,
                              double *c) {
    const dp_surface *s = in->surface;
    int n = s->n, k = d->k;
    double *half = dp_alloc((size_t)n * k, sizeof *half);
    if (!half)
        return DAGPOLE_NO_MEMORY;
    for (int b = 0; b < DP_N_PARITIES; b++) {
        int n_b = s->parity_begin[b + 1] - s->parity_begin[b],
            k_b = d->k_begin[b + 1] - d->k_begin[b];
        dp_gemm(0, 0, n, k_b, n_b, 1, m + (size_t)s->parity_begin[b] * n, n, d->basis[b], n_b, 0,
                half + (size_t)d->k_begin[b] * n, n);
    }
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int n_a = s->parity_begin[a + 1] - s->parity_begin[a],
            k_a = d->k_begin[a + 1] - d->k_begin[a];
        dp_gemm(1, 0, k_a, k, n_a, 1, d->basis[a], n_a, half + s->parity_begin[a], n, 0,
                c + d->k_begin[a], k);
    }
    dp_free(half);
    return DAGPOLE_OK;
}

static void fill_random(size_t n, double *x) {
    uint64_t state = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < n; i++)
        x[i] = dp_random(&state);
}

/* Work space of one factorisation with a sample of `width` columns. */
typedef struct sample {
    int width;
    double *q, *y;         /* k x width: the range found, and products with the transpose */
    double *rows, *u, *vt; /* width x k; width x width; width x k */
    double *sigma;         /* width */
} sample;

static void sample_free(sample *s) {
    dp_free(s->sigma);
    dp_free(s->vt);
    dp_free(s->u);
    dp_free(s->rows);
    dp_free(s->y);
    dp_free(s->q);
}

static dagpole_status sample_allocate(int k, int width, sample *s) {
    size_t wide = (size_t)k * width, square = (size_t)width * width;
    *s = (sample){.width = width,
                  .q = dp_alloc(wide, sizeof(double)),
                  .y = dp_alloc(wide, sizeof(double)),
                  .rows = dp_alloc(wide, sizeof(double)),
                  .u = dp_alloc(square, sizeof(double)),
                  .vt = dp_alloc(wide, sizeof(double)),
                  .sigma = dp_alloc((size_t)width, sizeof(double))};
    return s->q && s->y && s->rows && s->u && s->vt && s->sigma ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

/* C ~ Q (Q^T C), Q of `width` columns, and the SVD of Q^T C. */
static dagpole_status decompose(int k, const double *c, sample *s) {
    int w = s->width;
    if (w == k) {
        memset(s->q, 0, (size_t)k * k * sizeof *s->q);
        for (int i = 0; i < k; i++)
            s->q[i + (size_t)i * k] = 1;
    } else {
        fill_random((size_t)k * w, s->y);
        dp_gemm(0, 0, k, w, k, 1, c, k, s->y, k, 0, s->q, k);
        DP_TRY(dp_qr(k, w, s->q, k, NULL));
        dp_gemm(1, 0, k, w, k, 1, c, k, s->q, k, 0, s->y, k);
        DP_TRY(dp_qr(k, w, s->y, k, NULL));
        dp_gemm(0, 0, k, w, k, 1, c, k, s->y, k, 0, s->q, k);
        DP_TRY(dp_qr(k, w, s->q, k, NULL));
    }
    dp_gemm(1, 0, w, k, k, 1, s->q, k, c, k, 0, s->rows, w);
    return dp_svd(w, k, s->rows, w, s->u, s->sigma, s->vt);
}

/* a = Q U sqrt(S), b = sqrt(S) Vt: both factors of like size. */
static dagpole_status keep(int k, int rank, const sample *s, double **a, double **b) {
    int w = s->width;
    *a = dp_alloc((size_t)k * rank, sizeof **a);
    *b = dp_alloc((size_t)k * rank, sizeof **b);
    if (!*a || !*b)
        return DAGPOLE_NO_MEMORY;
    for (int r = 0; r < rank; r++) {
        double root = sqrt(s->sigma[r]);
        for (int i = 0; i < w; i++)
            s->u[i + (size_t)r * w] *= root;
        for (int j = 0; j < k; j++)
            (*b)[r + (size_t)j * rank] = root * s->vt[r + (size_t)j * w];
    }
    dp_gemm(0, 0, k, rank, w, 1, s->q, k, s->u, w, 0, *a, k);
    return DAGPOLE_OK;
}

/* Rows are padded to whole vectors when the factors are packed, so the rank that counts is a
 * multiple of DP_PAD: the nearest one, but some rank where there is any. Groups of parities lose
 * less each, since there are several. */
static int round_rank(int rank, int available, int is_group) {
    int rounded = (rank + (is_group ? 6 : 4)) / DP_PAD * DP_PAD;
    if (rank > 0 && rounded == 0)
        rounded = DP_PAD;
    return rounded < available ? rounded : available;
}

static dagpole_status factorise(int k, const double *c, double threshold, int is_group, int *rank,
                                double **a, double **b) {
    for (int width = 32;; width *= 2) {
        int w = width < k && 2 * width <= k ? width : k;
        sample s;
        dagpole_status status = sample_allocate(k, w, &s);
        if (status == DAGPOLE_OK)
            status = decompose(k, c, &s);
        /* Singular values near the end of the sample are not to be trusted: the last that counts
         * must be well inside it. */
        int is_complete = status == DAGPOLE_OK && (w == k || s.sigma[w - 8] < threshold);
        *rank = 0;
        while (is_complete && *rank < w && s.sigma[*rank] > threshold)
            ++*rank;
        *rank = round_rank(*rank, w, is_group);
        if (is_complete)
            status = keep(k, *rank, &s, a, b);
        sample_free(&s);
        if (status != DAGPOLE_OK || is_complete)
            return status;
    }
}

/* The coefficients of the parities that agree with `group` on the axes; returns their number. */
static int list_group(const dp_operator_data *d, int axes, int group, int *index) {
    int n = 0;
    for (int a = 0; a < DP_N_PARITIES; a++)
        for (int i = d->k_begin[a]; (a & axes) == group && i < d->k_begin[a + 1]; i++)
            index[n++] = i;
    return n;
}

/* Widens the factors by those of one group, which are zero elsewhere. */
static dagpole_status append(int k, int n, const int *index, int rank, const double *a,
                             const double *b, dp_operator_data *d, int c) {
    int before = d->rank[c], after = before + rank;
    double *wide_a = dp_alloc_zero((size_t)k * after, sizeof *wide_a);
    double *wide_b = dp_alloc_zero((size_t)k * after, sizeof *wide_b);
    if (!wide_a || !wide_b) {
        dp_free(wide_a);
        dp_free(wide_b);
        return DAGPOLE_NO_MEMORY;
    }
    for (int j = 0; before && j < k; j++) {
        for (int r = 0; r < before; r++)
            wide_b[r + (size_t)j * after] = d->b[c][r + (size_t)j * before];
    }
    if (before)
        memcpy(wide_a, d->a[c], (size_t)k * before * sizeof *wide_a);
    for (int r = 0; r < rank; r++)
        for (int i = 0; i < n; i++) {
            wide_a[index[i] + (size_t)(before + r) * k] = a[i + (size_t)r * n];
            wide_b[before + r + (size_t)index[i] * after] = b[r + (size_t)i * rank];
        }
    dp_free(d->a[c]);
    dp_free(d->b[c]);
    d->a[c] = wide_a;
    d->b[c] = wide_b;
    d->rank[c] = after;
    return DAGPOLE_OK;
}

static dagpole_status factorise_group(int k, const double *matrix, int axes, int group,
                                      double threshold, dp_operator_data *d, int c) {
    int *index = dp_alloc((size_t)k, sizeof *index);
    double *part = dp_alloc((size_t)k * k, sizeof *part), *a = NULL, *b = NULL;
    int rank, n = index ? list_group(d, axes, group, index) : 0;
    dagpole_status status = index && part ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int j = 0; status == DAGPOLE_OK && j < n; j++)
        for (int i = 0; i < n; i++)
            part[i + (size_t)j * n] = matrix[index[i] + (size_t)index[j] * k];
    if (status == DAGPOLE_OK)
        status = factorise(n, part, threshold, 1, &rank, &a, &b);
    if (status == DAGPOLE_OK)
        status = append(k, n, index, rank, a, b, d, c);
    dp_free(b);
    dp_free(a);
    dp_free(part);
    dp_free(index);
    return status;
}

static dagpole_status factorise_groups(int k, const double *matrix, int axes, double threshold,
                                       dp_operator_data *d, int c) {
    d->rank[c] = 0;
    for (int group = 0; group < DP_N_PARITIES; group++)
        if ((group & axes) == group)
            DP_TRY(factorise_group(k, matrix, axes, group, threshold, d, c));
    return DAGPOLE_OK;
}

dagpole_status dp_factor_build(const dp_interactions *in, int c, double threshold,
                               dp_operator_data *data) {
    int k = data->k;
    const int *v = in->offsets.sorted[c];
    double *matrix = dp_alloc((size_t)k * k, sizeof *matrix);
    if (!matrix)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = project(in, in->m2l[c], data, matrix);
    if (status == DAGPOLE_OK && dp_is_split(k, v))
        status = factorise_groups(k, matrix, dp_zero_axes(v), threshold, data, c);
    else if (status == DAGPOLE_OK)
        status = factorise(k, matrix, threshold, 0, &data->rank[c], &data->a[c], &data->b[c]);
    dp_free(matrix);
    return status;
}
