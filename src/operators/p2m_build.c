/* From check potentials to the expansion: the regularised inverse of the equivalent-to-check matrix
 * (per parity, small singular values cut) and the projection on the compressed basis. L2P is the
 * transpose, because the kernel is symmetric and the downward surfaces are the upward ones swapped.
 *
 * An expansion of k numbers does not need all n check potentials: a column-pivoted QR picks
 * somewhat more than k points of the check surface, and the operator is refitted to those (a
 * row-wise interpolative decomposition). Exactly k points cost up to a factor 5 in error, 1.2 k
 * none. Points that a strongly screened kernel hardly reaches would spoil the fit and are never
 * among them. */
#include "operators/build.h"

#include <math.h>

#include "platform/linalg.h"

#define CHECK_POINTS_PER_COEFFICIENT 1.2

typedef struct inverse {
    double *u[DP_N_PARITIES], *vt[DP_N_PARITIES], *sigma[DP_N_PARITIES];
} inverse;

static void inverse_free(inverse *inv) {
    for (int a = 0; a < DP_N_PARITIES; a++) {
        dp_free(inv->sigma[a]);
        dp_free(inv->vt[a]);
        dp_free(inv->u[a]);
    }
}

/* SVDs of the diagonal blocks of the equivalent-to-check matrix. */
static dagpole_status invert(const dp_interactions *in, inverse *inv) {
    const dp_surface *s = in->surface;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int begin = s->parity_begin[a], n = s->parity_begin[a + 1] - begin;
        size_t square = (size_t)n * n;
        double *block = dp_alloc(square, sizeof *block);
        inv->u[a] = dp_alloc(square, sizeof(double));
        inv->vt[a] = dp_alloc(square, sizeof(double));
        inv->sigma[a] = dp_alloc((size_t)n, sizeof(double));
        dagpole_status status = DAGPOLE_NO_MEMORY;
        if (block && inv->u[a] && inv->vt[a] && inv->sigma[a]) {
            for (int j = 0; j < n; j++)
                for (int i = 0; i < n; i++)
                    block[i + (size_t)j * n] = in->check[begin + i + (size_t)(begin + j) * s->n];
            status = dp_svd(n, n, block, n, inv->u[a], inv->sigma[a], inv->vt[a]);
        }
        dp_free(block);
        DP_TRY(status);
    }
    return DAGPOLE_OK;
}

/* p2m of one parity: (basis^T V S^-1) U^T, never the inverse itself, whose entries are huge. */
static dagpole_status project(int n, int k, const double *basis, const double *u,
                              const double *sigma, const double *vt, double cut, double *p2m) {
    double *left = dp_alloc((size_t)k * n, sizeof *left);
    if (!left)
        return DAGPOLE_NO_MEMORY;
    dp_gemm(1, 1, k, n, n, 1, basis, n, vt, n, 0, left, k);
    for (int j = 0; j < n; j++)
        for (int i = 0; i < k; i++)
            left[i + (size_t)j * k] = sigma[j] > cut ? left[i + (size_t)j * k] / sigma[j] : 0;
    dp_gemm(0, 1, k, n, n, 1, left, k, u, n, 0, p2m, k);
    dp_free(left);
    return DAGPOLE_OK;
}

static dagpole_status project_all(const dp_interactions *in, const inverse *inv,
                                  dp_operator_data *data) {
    double largest = 0;
    for (int a = 0; a < DP_N_PARITIES; a++)
        largest = fmax(largest, inv->sigma[a][0]);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int n = in->surface->parity_begin[a + 1] - in->surface->parity_begin[a];
        int k = data->k_begin[a + 1] - data->k_begin[a];
        data->p2m_parity[a] = dp_alloc((size_t)k * n, sizeof(double));
        if (!data->p2m_parity[a])
            return DAGPOLE_NO_MEMORY;
        DP_TRY(project(n, k, data->basis[a], inv->u[a], inv->sigma[a], inv->vt[a],
                       data->key.accuracy.svd_cutoff * largest, data->p2m_parity[a]));
    }
    return DAGPOLE_OK;
}

/* Expansions of single equivalent densities, k x n, by way of the check potentials: p2m times the
 * check matrix, in parity coefficients (block diagonal). */
static void expansions_of_densities(const dp_interactions *in, const dp_operator_data *data,
                                    double *expansion) {
    const dp_surface *s = in->surface;
    for (size_t i = 0; i < (size_t)data->k * s->n; i++)
        expansion[i] = 0;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int begin = s->parity_begin[a], n = s->parity_begin[a + 1] - begin;
        int k = data->k_begin[a + 1] - data->k_begin[a];
        dp_gemm(0, 0, k, n, n, 1, data->p2m_parity[a], k, in->check + begin + (size_t)begin * s->n,
                s->n, 0, expansion + data->k_begin[a] + (size_t)begin * data->k, data->k);
    }
}

/* check_t (n x n): column i holds the potentials at check point i of every density coefficient. */
static void choose_rows(int n, int n_check, const int *check, const double *check_t,
                        double *chosen) {
    for (int j = 0; j < n_check; j++)
        for (int i = 0; i < n; i++)
            chosen[i + (size_t)j * n] = check_t[i + (size_t)check[j] * n];
}

/* Fits p2m to the chosen points: min over X of |chosen X - expansion^T|, p2m = X^T. */
static dagpole_status fit(const dp_interactions *in, dp_operator_data *data,
                          const double *check_t) {
    int n = in->surface->n, k = data->k, m = data->n_check;
    double *chosen = dp_alloc((size_t)n * m, sizeof *chosen);
    double *expansion = dp_alloc((size_t)k * n, sizeof *expansion);
    double *right = dp_alloc((size_t)n * k, sizeof *right);
    data->p2m = dp_alloc((size_t)k * m, sizeof *data->p2m);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (chosen && expansion && right && data->p2m) {
        choose_rows(n, m, data->check, check_t, chosen);
        expansions_of_densities(in, data, expansion);
        for (int j = 0; j < k; j++)
            for (int i = 0; i < n; i++)
                right[i + (size_t)j * n] = expansion[j + (size_t)i * k];
        status = dp_least_squares(n, m, k, chosen, n, right, n);
    }
    for (int j = 0; status == DAGPOLE_OK && j < m; j++)
        for (int i = 0; i < k; i++)
            data->p2m[i + (size_t)j * k] = right[j + (size_t)i * n];
    dp_free(right);
    dp_free(expansion);
    dp_free(chosen);
    return status;
}

static dagpole_status choose_check_points(const dp_interactions *in, dp_operator_data *data) {
    const dp_surface *s = in->surface;
    int n = s->n, wanted = (int)ceil(CHECK_POINTS_PER_COEFFICIENT * data->k);
    data->check = dp_alloc((size_t)n, sizeof *data->check);
    double *work = dp_alloc((size_t)n, sizeof *work), *pivot = dp_alloc((size_t)n, sizeof *pivot);
    double *check_t = dp_alloc_copy(in->check, (size_t)n * n, sizeof *check_t);
    double *copy = dp_alloc((size_t)n * n, sizeof *copy);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (data->check && work && pivot && check_t && copy) {
        dp_surface_from_parity(s, n, check_t, work); /* rows: points; columns: coefficients */
        dp_transpose_square(n, check_t);
        for (size_t i = 0; i < (size_t)n * n; i++)
            copy[i] = check_t[i];
        status = dp_qr_pivots(n, n, copy, n, data->check, pivot);
    }
    while (status == DAGPOLE_OK && data->n_check < wanted && data->n_check < n &&
           pivot[data->n_check] > data->key.accuracy.svd_cutoff * pivot[0])
        data->n_check++;
    dp_free(copy);
    dp_free(pivot);
    dp_free(work);
    if (status == DAGPOLE_OK)
        status = fit(in, data, check_t);
    dp_free(check_t);
    return status;
}

dagpole_status dp_p2m_build(const dp_interactions *interactions, dp_operator_data *data) {
    inverse inv = {0};
    dagpole_status status = invert(interactions, &inv);
    if (status == DAGPOLE_OK)
        status = project_all(interactions, &inv, data);
    inverse_free(&inv);
    if (status == DAGPOLE_OK)
        status = choose_check_points(interactions, data);
    return status;
}
