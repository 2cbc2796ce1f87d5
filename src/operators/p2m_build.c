/* From check potentials to the expansion: the regularised inverse of the equivalent-to-check matrix
 * (per parity, small singular values cut) and the projection on the compressed basis. L2P is the
 * transpose, because the kernel is symmetric and the downward surfaces are the upward ones swapped.
 *
 * An expansion of k numbers does not need all n check potentials: orbits of the check surface, as
 * many as its largest parity has coefficients and somewhat more, are picked by a pivoted
 * Gram-Schmidt over all parities together, and the operator is refitted to those (a row-wise
 * interpolative decomposition). Orbits that a strongly screened kernel hardly reaches would spoil
 * the fit and are never among them. */
#include "operators/build.h"

#include <math.h>

#include "platform/linalg.h"

/* With 1.04, boxes of a lattice whose charges are all alike, or alternate, err by up to twenty
 * times as much: what the fit loses has the same sign in all of them. More than 1.1 gains nothing,
 * but for complex kernels (model/accuracy.c). */
#define ORBITS_PER_COEFFICIENT 1.1

void dp_inverse_free(dp_inverse *inv) {
    for (int a = 0; a < DP_N_PARITIES; a++) {
        dp_free(inv->sigma[a]);
        dp_free(inv->vt[a]);
        dp_free(inv->u[a]);
    }
}

dagpole_status dp_inverse_build(const dp_interactions *in, dp_inverse *inv) {
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

static dagpole_status project_all(const dp_interactions *in, const dp_inverse *inv,
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

/* ---- the orbits that P2M and L2P visit ------------------------------------------------------- */

/* What the orbits chosen so far leave of the check matrix: column c of parity a holds the
 * potentials at check coefficient c of every density coefficient, n_a x n_a. */
typedef struct residual {
    const dp_surface *surface;
    double *of_parity[DP_N_PARITIES];
} residual;

static int parity_size(const dp_surface *s, int a) {
    return s->parity_begin[a + 1] - s->parity_begin[a];
}

static void residual_free(residual *r) {
    for (int a = 0; a < DP_N_PARITIES; a++)
        dp_free(r->of_parity[a]);
}

static dagpole_status residual_begin(const dp_interactions *in, residual *r) {
    const dp_surface *s = in->surface;
    *r = (residual){.surface = s};
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int n = parity_size(s, a), begin = s->parity_begin[a];
        double *column = r->of_parity[a] = dp_alloc((size_t)n * n, sizeof *column);
        if (!column)
            return DAGPOLE_NO_MEMORY;
        for (int c = 0; c < n; c++)
            for (int j = 0; j < n; j++)
                *column++ = in->check[begin + c + (size_t)(begin + j) * s->n];
    }
    return DAGPOLE_OK;
}

/* NULL where the orbit has no such parity. */
static double *residual_of(const residual *r, int a, int orbit) {
    int c = r->surface->coefficient[8 * orbit + a] - r->surface->parity_begin[a];
    return c < 0 ? NULL : r->of_parity[a] + (size_t)c * parity_size(r->surface, a);
}

static double dot(int n, const double *x, const double *y) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static double norm2(int n, const double *x) {
    return x ? dot(n, x, x) : 0;
}

/* The orbit with most left, all parities together. */
static int largest_orbit(const residual *r, double *largest) {
    int orbit = 0;
    *largest = -1;
    const dp_surface *s = r->surface;
    for (int o = 0; o < dp_n_places(s); o++) {
        double sum = 0;
        for (int a = 0; a < DP_N_PARITIES; a++)
            for (int c = 0; c < s->n_components; c++)
                sum += norm2(parity_size(s, a), residual_of(r, a, c * dp_n_places(s) + o));
        if (sum > *largest) {
            *largest = sum;
            orbit = o;
        }
    }
    return orbit;
}

/* Takes the direction of this orbit's column out of all columns of a parity. */
static void take_out(const residual *r, int a, int orbit, double *direction) {
    int n = parity_size(r->surface, a);
    const double *column = residual_of(r, a, orbit);
    double norm = sqrt(norm2(n, column));
    for (int i = 0; i < n; i++)
        direction[i] = column[i] / norm;
    for (int c = 0; c < n; c++) {
        double *other = r->of_parity[a] + (size_t)c * n, share = dot(n, direction, other);
        for (int i = 0; i < n; i++)
            other[i] -= share * direction[i];
    }
}

/* One more orbit of one component, and which parities it serves: where more is left than the cut.
 */
static void choose_component(const residual *r, int orbit, double cut, double *direction,
                             unsigned *parities) {
    for (int a = 0; a < DP_N_PARITIES; a++) {
        double *column = residual_of(r, a, orbit);
        int n = parity_size(r->surface, a);
        if (sqrt(norm2(n, column)) > cut) {
            take_out(r, a, orbit, direction);
            *parities |= 1u << a;
        }
        for (int i = 0; column && i < n; i++)
            column[i] = 0;
    }
}

static void choose_orbit(const residual *r, int orbit, double cut, double *direction,
                         unsigned *parities) {
    *parities = 0;
    for (int c = 0; c < r->surface->n_components; c++)
        choose_component(r, c * dp_n_places(r->surface) + orbit, cut, direction, parities);
}

/* How many parities are served by too few orbits so far. */
static int n_unserved(const dp_surface *s, const dp_operator_data *data, const unsigned *parities) {
    double per_coefficient = ORBITS_PER_COEFFICIENT + data->key.accuracy.more_orbits;
    int n_short = 0;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int k = data->k_begin[a + 1] - data->k_begin[a], n = 0;
        for (int i = 0; i < data->n_check; i++)
            n += parities[i] >> a & 1 ? s->n_components : 0;
        n_short += k > 0 && n < per_coefficient * k;
    }
    return n_short;
}

/* Orbits until every parity has as many as it needs; none that the kernel hardly reaches.
 * parities[i]: those that check[i] serves, one bit each. */
static void choose_orbits(const residual *r, dp_operator_data *data, double *direction,
                          unsigned *parities) {
    double cut = 0, left;
    for (data->n_check = 0; n_unserved(r->surface, data, parities); data->n_check++) {
        int orbit = largest_orbit(r, &left);
        cut = data->n_check ? cut : data->key.accuracy.svd_cutoff * sqrt(left);
        if (!(sqrt(left) > cut))
            return;
        data->check[data->n_check] = orbit;
        choose_orbit(r, orbit, cut, direction, &parities[data->n_check]);
    }
}

static dagpole_status choose_check_orbits(const dp_interactions *in, dp_operator_data *data,
                                          unsigned *parities) {
    residual r;
    double *direction = dp_alloc((size_t)in->surface->n, sizeof *direction);
    dagpole_status status = residual_begin(in, &r);
    if (status == DAGPOLE_OK && direction)
        choose_orbits(&r, data, direction, parities);
    residual_free(&r);
    dp_free(direction);
    return direction ? status : DAGPOLE_NO_MEMORY;
}

/* ---- the operator refitted to them ------------------------------------------------------------
 */

/* Rows of the check matrix: potentials at the chosen coefficients of every density coefficient, as
 * columns (n_a x m). Returns m; chosen[j]: which column of data->p2m column j is for. */
static int list_rows(const dp_interactions *in, const dp_operator_data *data, int a,
                     const unsigned *parities, int *chosen, double *rows) {
    const dp_surface *s = in->surface;
    int begin = s->parity_begin[a], n = parity_size(s, a), m = 0;
    for (int o = 0; o < data->n_check; o++) {
        if (!(parities[o] >> a & 1))
            continue;
        for (int part = 0; part < s->n_components; part++) {
            int c = s->coefficient[8 * (part * dp_n_places(s) + data->check[o]) + a];
            for (int i = 0; i < n; i++)
                rows[i + (size_t)m * n] = in->check[c + (size_t)(begin + i) * s->n];
            chosen[m++] = part * data->n_check + o;
        }
    }
    return m;
}

/* What the fit is to give: transposed expansions of single equivalent densities (n_a x k_a), by way
 * of all check potentials. */
static void expansions_of_densities(const dp_interactions *in, const dp_operator_data *data, int a,
                                    double *right) {
    const dp_surface *s = in->surface;
    int begin = s->parity_begin[a], n = parity_size(s, a);
    int k = data->k_begin[a + 1] - data->k_begin[a];
    dp_gemm(1, 1, n, k, n, 1, in->check + begin + (size_t)begin * s->n, s->n, data->p2m_parity[a],
            k, 0, right, n);
}

/* min over X of |rows X - expansion^T|, p2m = X^T with the orbits' weights. */
static dagpole_status fit(const dp_interactions *in, dp_operator_data *data, int a,
                          const unsigned *parities) {
    const dp_surface *s = in->surface;
    int n = parity_size(s, a), k = data->k_begin[a + 1] - data->k_begin[a];
    int n_check = s->n_components * data->n_check;
    double *rows = dp_alloc((size_t)n * (n_check + k), sizeof *rows);
    double *right = rows ? rows + (size_t)n * n_check : NULL;
    int *chosen = dp_alloc((size_t)n_check, sizeof *chosen), m = 0;
    data->p2m[a] = dp_alloc_zero((size_t)k * n_check, sizeof(double));
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (rows && chosen && data->p2m[a]) {
        m = list_rows(in, data, a, parities, chosen, rows);
        expansions_of_densities(in, data, a, right);
        status = dp_least_squares(n, m, k, rows, n, right, n);
    }
    for (int j = 0; status == DAGPOLE_OK && j < m; j++)
        for (int i = 0; i < k; i++)
            data->p2m[a][i + (size_t)chosen[j] * k] =
                s->weight[data->check[chosen[j] % data->n_check]] * right[j + (size_t)i * n];
    dp_free(chosen);
    dp_free(rows);
    return status;
}

static dagpole_status fit_to_orbits(const dp_interactions *in, dp_operator_data *data) {
    unsigned *parities = dp_alloc((size_t)dp_n_places(in->surface), sizeof *parities);
    data->check = dp_alloc((size_t)dp_n_places(in->surface), sizeof *data->check);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (parities && data->check)
        status = choose_check_orbits(in, data, parities);
    for (int a = 0; status == DAGPOLE_OK && a < DP_N_PARITIES; a++)
        status = fit(in, data, a, parities);
    dp_free(parities);
    return status;
}

dagpole_status dp_p2m_build(const dp_interactions *interactions, dp_operator_data *data) {
    dp_inverse inv = {0};
    dagpole_status status = dp_inverse_build(interactions, &inv);
    if (status == DAGPOLE_OK)
        status = project_all(interactions, &inv, data);
    dp_inverse_free(&inv);
    if (status == DAGPOLE_OK)
        status = fit_to_orbits(interactions, data);
    return status;
}
