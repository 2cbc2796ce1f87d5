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
#include <string.h>

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
    for (int kind = 0; kind < in->kinds.n; kind++) {
        int a = in->kinds.representative[kind], n = dp_parity_size(in->surface, a);
        size_t square = (size_t)in->parts * n * n;
        double *block = dp_alloc_copy(in->check[a], square, sizeof *block);
        inv->u[a] = dp_alloc(square, sizeof(double));
        inv->vt[a] = dp_alloc(square, sizeof(double));
        inv->sigma[a] = dp_alloc((size_t)n, sizeof(double));
        dagpole_status status = DAGPOLE_NO_MEMORY;
        if (block && inv->u[a] && inv->vt[a] && inv->sigma[a])
            status = dp_svd_of(in->parts, n, n, block, n, inv->u[a], inv->sigma[a], inv->vt[a]);
        dp_free(block);
        DP_TRY(status);
    }
    return DAGPOLE_OK;
}

/* From check potentials to the expansion by parity, k_a x n_a numbers. They act on the conjugates
 * of what real matrices keep of potentials (surface.h). */
typedef struct projections {
    double *of[DP_N_PARITIES];
} projections;

static void projections_free(projections *p) {
    for (int a = 0; a < DP_N_PARITIES; a++)
        dp_free(p->of[a]);
}

/* Of one parity: (basis^H V S^-1) U^H, never the inverse itself, whose entries are huge. */
static dagpole_status project(const dp_interactions *in, const dp_inverse *inv, int a, int k,
                              double cut, double **p2m) {
    int parts = in->parts, n = dp_parity_size(in->surface, a);
    size_t column = (size_t)parts * k;
    double *left = dp_alloc(column * n, sizeof *left);
    *p2m = dp_alloc(column * n, sizeof **p2m);
    if (!left || !*p2m) {
        dp_free(left);
        return DAGPOLE_NO_MEMORY;
    }
    dp_multiply(parts, DP_ADJOINT, DP_ADJOINT, k, n, n, in->basis[a], n, inv->vt[a], n, left, k);
    for (int j = 0; j < n; j++)
        for (size_t i = 0; i < column; i++)
            left[i + j * column] =
                inv->sigma[a][j] > cut ? left[i + j * column] / inv->sigma[a][j] : 0;
    dp_multiply(parts, DP_AS_IT_IS, DP_ADJOINT, k, n, n, left, k, inv->u[a], n, *p2m, k);
    dp_free(left);
    return DAGPOLE_OK;
}

/* That of a parity of its kind, with permuted columns. */
static dagpole_status permute(const dp_interactions *in, int a, int k, projections *p) {
    const dp_surface *s = in->surface;
    int kind = in->kinds.of[a], from = in->kinds.representative[kind], n = dp_parity_size(s, a);
    size_t column = (size_t)in->parts * k;
    if (a == from)
        return DAGPOLE_OK;
    p->of[a] = dp_alloc(column * n, sizeof *p->of[a]);
    if (!p->of[a])
        return DAGPOLE_NO_MEMORY;
    for (int q = 0; q < n; q++) {
        int to = s->permuted[in->kinds.permutation[a]][s->parity_begin[from] + q];
        memcpy(p->of[a] + (to - s->parity_begin[a]) * column, p->of[from] + q * column,
               column * sizeof(double));
    }
    return DAGPOLE_OK;
}

/* Column j of a real matrix from a column of numbers times a weight; a complex number acts on the
 * conjugate of what it gets, whose imaginary part column `second` is for. */
static void put_real(int parts, int k, const double *numbers, double weight, double *matrix, int j,
                     int second) {
    size_t ld = (size_t)parts * k;
    double *first = matrix + j * ld, *imaginary = matrix + second * ld;
    for (int i = 0; i < k; i++) {
        first[i] = weight * numbers[parts * i];
        if (parts == 1)
            continue;
        first[k + i] = imaginary[i] = weight * numbers[2 * i + 1];
        imaginary[k + i] = -weight * numbers[2 * i];
    }
}

static dagpole_status project_all(const dp_interactions *in, dp_operator_data *data,
                                  projections *p) {
    dp_inverse inv = {0};
    dagpole_status status = dp_inverse_build(in, &inv);
    double largest = 0;
    for (int kind = 0; status == DAGPOLE_OK && kind < in->kinds.n; kind++)
        largest = fmax(largest, inv.sigma[in->kinds.representative[kind]][0]);
    for (int kind = 0; status == DAGPOLE_OK && kind < in->kinds.n; kind++) {
        int a = in->kinds.representative[kind];
        status = project(in, &inv, a, dp_basis_size(in, data, a),
                         data->key.accuracy.svd_cutoff * largest, &p->of[a]);
    }
    dp_inverse_free(&inv);
    for (int a = 0; status == DAGPOLE_OK && a < DP_N_PARITIES; a++) {
        int k = dp_basis_size(in, data, a), n = dp_parity_size(in->surface, a), parts = in->parts;
        status = permute(in, a, k, p);
        data->p2m_parity[a] = dp_alloc((size_t)parts * k * parts * n, sizeof(double));
        if (status == DAGPOLE_OK && !data->p2m_parity[a])
            status = DAGPOLE_NO_MEMORY;
        for (int j = 0; status == DAGPOLE_OK && j < n; j++)
            put_real(parts, k, p->of[a] + (size_t)parts * j * k, 1, data->p2m_parity[a], j, n + j);
    }
    return status;
}

/* ---- the orbits that P2M and L2P visit ------------------------------------------------------- */

/* What the orbits chosen so far leave of the check matrix: column c of parity a holds the
 * potentials at check coefficient c of every density coefficient, n_a x n_a. */
typedef struct residual {
    const dp_surface *surface;
    int parts;
    double *of_parity[DP_N_PARITIES];
    double *left[DP_N_PARITIES]; /* n_a: squares of the columns' norms */
} residual;

static void residual_free(residual *r) {
    for (int a = 0; a < DP_N_PARITIES; a++) {
        dp_free(r->left[a]);
        dp_free(r->of_parity[a]);
    }
}

/* Sums run in eight lanes, which the compiler may not make of one. */
enum { LANES = 8 };

static double add_lanes(const double sum[LANES]) {
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static double norm2(int n, const double *x) {
    double sum[LANES] = {0}, rest = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            sum[l] += x[i + l] * x[i + l];
    for (; i < n; i++)
        rest += x[i] * x[i];
    return add_lanes(sum) + rest;
}

/* The product of the adjoint of x with y, n numbers of `parts` each: its real and imaginary part.
 */
static void inner_product(int parts, int n, const double *x, const double *y, double product[2]) {
    double re[LANES] = {0}, im[LANES] = {0}, rest[2] = {0};
    int i = 0;
    for (; i + LANES <= parts * n; i += LANES)
        for (int l = 0; l < LANES; l++) {
            re[l] += x[i + l] * y[i + l];
            im[l] += x[i + l] * y[i + (l ^ 1)];
        }
    for (; i < parts * n; i++) {
        rest[0] += x[i] * y[i];
        rest[1] += parts == 1 ? 0 : i % 2 ? -x[i] * y[i - 1] : x[i] * y[i + 1];
    }
    product[0] = add_lanes(re) + rest[0];
    product[1] =
        ((im[0] - im[1]) + (im[2] - im[3])) + ((im[4] - im[5]) + (im[6] - im[7])) + rest[1];
}

/* Takes share times x out of y; returns the square of what is left. */
static double subtract(int parts, int n, const double share[2], const double *x, double *y) {
    for (int i = 0; parts == 1 && i < n; i++)
        y[i] -= share[0] * x[i];
    for (int i = 0; parts == 2 && i < n; i++) {
        double re = x[2 * i], im = x[2 * i + 1];
        y[2 * i] -= share[0] * re - share[1] * im;
        y[2 * i + 1] -= share[0] * im + share[1] * re;
    }
    return norm2(parts * n, y);
}

static dagpole_status residual_begin(const dp_interactions *in, residual *r) {
    const dp_surface *s = in->surface;
    *r = (residual){.surface = s, .parts = in->parts};
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int n = dp_parity_size(s, a), parts = in->parts;
        double *to = r->of_parity[a] = dp_alloc((size_t)parts * n * n, sizeof *to);
        r->left[a] = dp_alloc((size_t)n, sizeof *r->left[a]);
        if (!to || !r->left[a])
            return DAGPOLE_NO_MEMORY;
        for (int c = 0; c < n; c++) {
            for (int j = 0; j < n; j++)
                for (int part = 0; part < parts; part++)
                    *to++ = in->check[a][parts * (c + (size_t)j * n) + part];
            r->left[a][c] = norm2(parts * n, to - (size_t)parts * n);
        }
    }
    return DAGPOLE_OK;
}

/* The column of an orbit in a parity; -1 where it has no such parity. */
static int column_of(const residual *r, int a, int orbit) {
    int c = r->surface->coefficient[8 * orbit + a];
    return c < 0 ? -1 : c - r->surface->parity_begin[a];
}

/* The orbit with most left, all parities together. */
static int largest_orbit(const residual *r, double *largest) {
    int orbit = 0;
    *largest = -1;
    for (int o = 0; o < r->surface->n_orbits; o++) {
        double sum = 0;
        for (int a = 0; a < DP_N_PARITIES; a++)
            sum += column_of(r, a, o) < 0 ? 0 : r->left[a][column_of(r, a, o)];
        if (sum > *largest) {
            *largest = sum;
            orbit = o;
        }
    }
    return orbit;
}

/* Takes the direction of column `chosen` out of all columns of a parity. */
static void take_out(const residual *r, int a, int chosen, double *direction) {
    int parts = r->parts, n = dp_parity_size(r->surface, a);
    const double *column = r->of_parity[a] + (size_t)parts * chosen * n;
    double norm = sqrt(r->left[a][chosen]);
    for (int i = 0; i < parts * n; i++)
        direction[i] = column[i] / norm;
    for (int c = 0; c < n; c++) {
        double *other = r->of_parity[a] + (size_t)parts * c * n, share[2];
        if (r->left[a][c] == 0)
            continue;
        inner_product(parts, n, direction, other, share);
        r->left[a][c] = subtract(parts, n, share, direction, other);
    }
}

/* One more orbit, and which parities it serves: where more is left than the cut. */
static void choose_orbit(const residual *r, int orbit, double cut, double *direction,
                         unsigned *parities) {
    *parities = 0;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int c = column_of(r, a, orbit);
        if (c < 0)
            continue;
        if (sqrt(r->left[a][c]) > cut) {
            take_out(r, a, c, direction);
            *parities |= 1u << a;
        }
        r->left[a][c] = 0;
    }
}

/* How many parities are served by too few orbits so far. */
static int n_unserved(const dp_interactions *in, const dp_operator_data *data,
                      const unsigned *parities) {
    double per_coefficient = ORBITS_PER_COEFFICIENT + data->key.accuracy.more_orbits;
    int n_short = 0;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int k = dp_basis_size(in, data, a), n = 0;
        for (int i = 0; i < data->n_check; i++)
            n += parities[i] >> a & 1;
        n_short += k > 0 && n < per_coefficient * k;
    }
    return n_short;
}

/* Orbits until every parity has as many as it needs; none that the kernel hardly reaches.
 * parities[i]: those that check[i] serves, one bit each. */
static void choose_orbits(const dp_interactions *in, const residual *r, dp_operator_data *data,
                          double *direction, unsigned *parities) {
    double cut = 0, left;
    for (data->n_check = 0; n_unserved(in, data, parities); data->n_check++) {
        int orbit = largest_orbit(r, &left);
        cut = data->n_check ? cut : data->key.accuracy.svd_cutoff * sqrt(in->parts * left);
        if (!(sqrt(left) > cut))
            return;
        data->check[data->n_check] = orbit;
        choose_orbit(r, orbit, cut, direction, &parities[data->n_check]);
    }
}

static dagpole_status choose_check_orbits(const dp_interactions *in, dp_operator_data *data,
                                          unsigned *parities) {
    residual r;
    double *direction = dp_alloc((size_t)in->parts * in->surface->n, sizeof *direction);
    dagpole_status status = residual_begin(in, &r);
    if (status == DAGPOLE_OK && direction)
        choose_orbits(in, &r, data, direction, parities);
    residual_free(&r);
    dp_free(direction);
    return direction ? status : DAGPOLE_NO_MEMORY;
}

/* ---- the operator refitted to them ------------------------------------------------------------
 */

/* Rows of the check matrix: potentials at the chosen coefficients of every density coefficient, as
 * columns (n_a x m). Returns m; chosen[j]: which of data->check column j is for. */
static int list_rows(const dp_interactions *in, const dp_operator_data *data, int a,
                     const unsigned *parities, int *chosen, double *rows) {
    const dp_surface *s = in->surface;
    int n = dp_parity_size(s, a), parts = in->parts, m = 0;
    for (int o = 0; o < data->n_check; o++) {
        if (!(parities[o] >> a & 1))
            continue;
        int c = s->coefficient[8 * data->check[o] + a] - s->parity_begin[a];
        for (int i = 0; i < n; i++)
            for (int part = 0; part < parts; part++)
                *rows++ = in->check[a][parts * (c + (size_t)i * n) + part];
        chosen[m++] = o;
    }
    return m;
}

/* min over X of |rows X - expansion^T|, p2m = X^T with the orbits' weights. What the fit is to give
 * are the transposed expansions of single equivalent densities (n_a x k_a), by way of all check
 * potentials. */
static dagpole_status fit(const dp_interactions *in, const projections *p, dp_operator_data *data,
                          int a, const unsigned *parities) {
    int parts = in->parts, n = dp_parity_size(in->surface, a), k = dp_basis_size(in, data, a);
    int n_check = data->n_check, m = 0;
    double *rows = dp_alloc((size_t)parts * n * (n_check + k) + (size_t)parts * k, sizeof *rows);
    int *chosen = dp_alloc((size_t)n_check, sizeof *chosen);
    data->p2m[a] = dp_alloc_zero((size_t)parts * k * parts * n_check, sizeof(double));
    dagpole_status status = DAGPOLE_NO_MEMORY;
    double *right = rows ? rows + (size_t)parts * n * n_check : NULL;
    if (rows && chosen && data->p2m[a]) {
        m = list_rows(in, data, a, parities, chosen, rows);
        dp_multiply(parts, DP_TRANSPOSED, DP_TRANSPOSED, n, k, n, in->check[a], n, p->of[a], k,
                    right, n);
        status = dp_least_squares_of(parts, n, m, k, rows, n, right, n);
    }
    for (int j = 0; status == DAGPOLE_OK && j < m; j++) {
        double *row = right + (size_t)parts * n * k;
        for (int i = 0; i < k; i++)
            for (int part = 0; part < parts; part++)
                row[parts * i + part] = right[parts * (j + (size_t)i * n) + part];
        put_real(parts, k, row, in->surface->weight[data->check[chosen[j]]], data->p2m[a],
                 chosen[j], n_check + chosen[j]);
    }
    dp_free(chosen);
    dp_free(rows);
    return status;
}

static dagpole_status fit_to_orbits(const dp_interactions *in, const projections *p,
                                    dp_operator_data *data) {
    size_t n_orbits = (size_t)in->surface->n_orbits;
    unsigned *parities = dp_alloc(n_orbits, sizeof *parities);
    data->check = dp_alloc(n_orbits, sizeof *data->check);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (parities && data->check)
        status = choose_check_orbits(in, data, parities);
    for (int a = 0; status == DAGPOLE_OK && a < DP_N_PARITIES; a++)
        status = fit(in, p, data, a, parities);
    dp_free(parities);
    return status;
}

dagpole_status dp_p2m_build(const dp_interactions *interactions, dp_operator_data *data) {
    projections p = {0};
    dagpole_status status = project_all(interactions, data, &p);
    if (status == DAGPOLE_OK)
        status = fit_to_orbits(interactions, &p, data);
    projections_free(&p);
    return status;
}
