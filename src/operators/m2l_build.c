/* M2L in the compressed basis as two thin factors. In parity coefficients a position's transpose is
 * that of the opposite one, which is itself with the signs of the reflection in all three axes:
 * times these signs M2L is symmetric, so that half of its blocks are computed. Blocks of parities
 * that do not mix are zero and left out. */
#include "operators/build.h"

#include <string.h>

#include "platform/linalg.h"

/* What a group of parities has in an expansion: coefficients in numbers of parts. */
typedef struct group {
    int n; /* coefficients */
    int n_parities, parity[DP_N_PARITIES];
    int begin[DP_N_PARITIES]; /* of each of these */
} group;

/* The parities that agree with `which` on the axes. */
static group list_group(const dp_interactions *in, const dp_operator_data *d, int axes, int which) {
    group g = {0};
    for (int a = 0; a < DP_N_PARITIES; a++)
        if ((a & axes) == which) {
            g.parity[g.n_parities] = a;
            g.begin[g.n_parities++] = g.n;
            g.n += dp_basis_size(in, d, a);
        }
    return g;
}

/* The sign that the reflection in all axes gives a parity. */
static int is_odd(int parity) {
    return __builtin_parity((unsigned)parity);
}

/* Block (i, j) of S in the group's coefficients, ld g->n: the signs times basis^T M basis; block
 * (j, i) is its transpose. */
static void project_block(const dp_interactions *in, const double *m, const dp_operator_data *d,
                          const group *g, int i, int j, double *half, double *block, double *s) {
    const dp_surface *surface = in->surface;
    int parts = in->parts, a = g->parity[i], b = g->parity[j];
    int n_a = dp_parity_size(surface, a), n_b = dp_parity_size(surface, b);
    int k_a = dp_basis_size(in, d, a), k_b = dp_basis_size(in, d, b);
    const double *from = m + (size_t)parts * (surface->parity_begin[a] +
                                              (size_t)surface->parity_begin[b] * surface->n);
    double sign = is_odd(a) ? -1 : 1;
    dp_multiply(parts, DP_AS_IT_IS, DP_AS_IT_IS, n_a, k_b, n_b, from, surface->n, in->basis[b], n_b,
                half, n_a);
    dp_multiply(parts, DP_TRANSPOSED, DP_AS_IT_IS, k_a, k_b, n_a, in->basis[a], n_a, half, n_a,
                block, k_a);
    for (int y = 0; y < k_b; y++)
        for (int x = 0; x < k_a; x++)
            for (int part = 0; part < parts; part++) {
                double value = sign * block[parts * (x + (size_t)y * k_a) + part];
                size_t row = (size_t)g->begin[i] + x, column = (size_t)g->begin[j] + y;
                s[parts * (row + column * g->n) + part] = value;
                s[parts * (column + row * g->n) + part] = value;
            }
}

/* All of S: parities that do not agree on the position's zero axes do not mix. */
static dagpole_status project(const dp_interactions *in, const double *m, int zero_axes,
                              const dp_operator_data *d, const group *g, double **s) {
    size_t n = (size_t)dp_parity_size(in->surface, 0), parts = (size_t)in->parts;
    *s = dp_alloc_zero(parts * g->n * g->n, sizeof **s);
    double *half = dp_alloc(2 * parts * n * n, sizeof *half);
    dagpole_status status = *s && half ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int j = 0; status == DAGPOLE_OK && j < g->n_parities; j++)
        for (int i = 0; i <= j; i++)
            if (!((g->parity[i] ^ g->parity[j]) & zero_axes))
                project_block(in, m, d, g, i, j, half, half + parts * n * n, *s);
    dp_free(half);
    return status;
}

/* Real numbers of the factors, of which `before` ranks are there: k x rank and rank x k. */
typedef struct wide {
    int k, before, rank;
    double *a, *b;
} wide;

/* Coefficient i of the group, real one `real` (of a complex number's imaginary part `behind` that).
 * M2L of a complex kernel is conj(a (b c)). */
static void put_coefficient(const wide *w, int parts, const dp_factors *f, size_t n, size_t i,
                            double sign, size_t real, size_t behind) {
    size_t k = (size_t)w->k, ld = (size_t)w->rank, r = (size_t)f->rank;
    for (size_t s = 0; s < r; s++) {
        const double *a = f->a + parts * (i + s * n), *b = f->b + parts * (s + i * r);
        size_t at = (size_t)w->before + s;
        w->a[real + at * k] = sign * a[0];
        w->b[at + real * ld] = b[0];
        if (parts == 1)
            continue;
        size_t im = real + behind, at_im = at + r;
        w->a[real + at_im * k] = w->a[im + at * k] = -sign * a[1];
        w->a[im + at_im * k] = -sign * a[0];
        w->b[at_im + real * ld] = b[1];
        w->b[at + im * ld] = -b[1];
        w->b[at_im + im * ld] = b[0];
    }
}

/* Widens the data's factors by those of one group, which are zero elsewhere. */
static dagpole_status append(const dp_interactions *in, const group *g, const dp_factors *f,
                             dp_operator_data *d, int c) {
    size_t k = (size_t)d->k, before = (size_t)d->rank[c];
    wide w = {.k = d->k, .before = d->rank[c], .rank = d->rank[c] + in->parts * f->rank};
    w.a = dp_alloc_zero(k * w.rank, sizeof *w.a);
    w.b = dp_alloc_zero(k * w.rank, sizeof *w.b);
    if (!w.a || !w.b) {
        dp_free(w.a);
        dp_free(w.b);
        return DAGPOLE_NO_MEMORY;
    }
    for (size_t j = 0; before && j < k; j++)
        memcpy(w.b + j * w.rank, d->b[c] + j * before, before * sizeof *w.b);
    if (before)
        memcpy(w.a, d->a[c], k * before * sizeof *w.a);
    for (int p = 0; p < g->n_parities; p++) {
        int a = g->parity[p], k_a = dp_basis_size(in, d, a);
        for (int i = 0; i < k_a; i++)
            put_coefficient(&w, in->parts, f, (size_t)g->n, (size_t)(g->begin[p] + i),
                            is_odd(a) ? -1 : 1, (size_t)(d->k_begin[a] + i), (size_t)k_a);
    }
    dp_free(d->a[c]);
    dp_free(d->b[c]);
    d->a[c] = w.a;
    d->b[c] = w.b;
    d->rank[c] = w.rank;
    return DAGPOLE_OK;
}

static dagpole_status factorise_group(const dp_interactions *in, const double *m, int zero_axes,
                                      const group *g, int is_group, double threshold,
                                      dp_operator_data *d, int c) {
    double *s = NULL;
    dp_factors f = {0};
    dagpole_status status = project(in, m, zero_axes, d, g, &s);
    if (status == DAGPOLE_OK)
        status = dp_factorise_symmetric(in->parts, g->n, s, threshold, is_group, &f);
    dp_free(s);
    if (status == DAGPOLE_OK)
        status = append(in, g, &f, d, c);
    dp_free(f.b);
    dp_free(f.a);
    return status;
}

dagpole_status dp_factor_build(const dp_interactions *in, int c, double threshold,
                               dp_operator_data *data) {
    const int *v = in->offsets.sorted[c];
    int axes = dp_is_split(data->k, v) ? dp_zero_axes(v) : 0;
    double *m;
    DP_TRY(dp_m2l_values(in, &data->key, data->key.lambda, c, &m));
    dagpole_status status = DAGPOLE_OK;
    data->rank[c] = 0;
    for (int which = 0; status == DAGPOLE_OK && which < DP_N_PARITIES; which++)
        if ((which & axes) == which) {
            group g = list_group(in, data, axes, which);
            status = factorise_group(in, m, dp_zero_axes(v), &g, axes != 0, threshold, data, c);
        }
    dp_free(m);
    return status;
}
