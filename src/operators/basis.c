/* The compressed basis (Fong, Darve 2009; here per parity): the column space of the M2L matrices of
 * all 316 positions side by side. Positions with max |v| = 2 span it (those farther away are
 * smoother), reflections only change signs and permutations of the axes, where they are symmetries
 * of the kernel, only reorder coefficients, so four factorisations of size n / 8 give the whole
 * basis, or eight.
 *
 * Only the triangle R of a QR of the stacked matrices counts. It is found in two steps: a matrix's
 * columns of each parity are reduced to a triangle of their own as long as the matrix is there, and
 * the triangles are what is stacked. That is a third of the arithmetic, because images under
 * permutations share them, and no more than one matrix at a time. */
#include "operators/build.h"

#include <math.h>
#include <string.h>

#include "operators/interaction.h"
#include "platform/linalg.h"

/* The first permutation of the kernel's that takes a parity to another; -1: none. */
static int permutation_to(int n_permutations, int from, int to) {
    for (int i = 0; i < n_permutations; i++)
        if (dp_parity_permuted(i, from) == to)
            return i;
    return -1;
}

dp_kinds dp_kinds_list(int n_permutations) {
    dp_kinds k = {0};
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int kind = 0;
        while (kind < k.n && permutation_to(n_permutations, k.representative[kind], a) < 0)
            kind++;
        if (kind == k.n)
            k.representative[k.n++] = a;
        k.of[a] = kind;
        k.permutation[a] = permutation_to(n_permutations, k.representative[kind], a);
    }
    return k;
}

/* 1 where permutation i gives a position that no earlier permutation gave. */
static int is_new_image(const int v[3], int i) {
    for (int j = 0; j < i; j++) {
        const int *p = dp_permutation[i], *q = dp_permutation[j];
        if (v[p[0]] == v[q[0]] && v[p[1]] == v[q[1]] && v[p[2]] == v[q[2]])
            return 0;
    }
    return 1;
}

static int n_reflections(const int v[3]) {
    return (v[0] ? 2 : 1) * (v[1] ? 2 : 1) * (v[2] ? 2 : 1);
}

typedef struct spectra {
    dp_interactions *interactions;
    const dp_operator_key *key;
    double *triangle[DP_MOST_CLASSES][DP_N_PARITIES]; /* of a class's columns of a parity, n_a x
                                                         n_a, where the stack of a kind has them */
    double norm, unscreened;                          /* of M2L of class 0 */
    double *sigma[DP_N_PARITIES];                     /* singular values of each kind, descending */
    double *vectors[DP_N_PARITIES]; /* vt: row i is the i-th basis vector's adjoint */
} spectra;

static int is_nearest(const dp_offsets *o, int c) {
    return dp_offsets_reach(o->sorted[c]) == 2;
}

static double norm(size_t n, const double *x) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

/* Whether an image of class c takes columns of this parity to the one that represents its kind. */
static int is_stacked(const dp_interactions *in, int c, int parity) {
    const dp_offsets *o = &in->offsets;
    int to = in->kinds.representative[in->kinds.of[parity]];
    for (int i = 0; i < o->n_permutations; i++)
        if (dp_parity_permuted(i, parity) == to && is_new_image(o->sorted[c], i))
            return 1;
    return 0;
}

/* The triangle of a parity's columns. Rows of parities that do not mix with it are zero. */
static dagpole_status make_triangle(spectra *sp, int c, int parity, const double *values,
                                    double *rows) {
    const dp_surface *s = sp->interactions->surface;
    size_t parts = (size_t)sp->interactions->parts, n_rows = 0, to = 0;
    int axes = dp_zero_axes(sp->interactions->offsets.sorted[c]);
    int n = dp_parity_size(s, parity);
    for (int a = 0; a < DP_N_PARITIES; a++)
        n_rows += (a & axes) == (parity & axes) ? (size_t)dp_parity_size(s, a) : 0;
    for (int q = s->parity_begin[parity]; q < s->parity_begin[parity + 1]; q++)
        for (int a = 0; a < DP_N_PARITIES; a++) {
            size_t length = parts * (size_t)dp_parity_size(s, a);
            if ((a & axes) != (parity & axes))
                continue;
            memcpy(rows + to, values + parts * ((size_t)q * s->n + s->parity_begin[a]),
                   length * sizeof *rows);
            to += length;
        }
    double *r = sp->triangle[c][parity] = dp_alloc(parts * (size_t)n * n, sizeof *r);
    return r ? dp_qr_r_of((int)parts, (int)n_rows, n, rows, (int)n_rows, r) : DAGPOLE_NO_MEMORY;
}

/* The largest number of coefficients of a parity: the even one has all orbits. */
static int most_columns(const dp_surface *s) {
    return dp_parity_size(s, 0);
}

static dagpole_status make_triangles(spectra *sp, int c) {
    const dp_interactions *in = sp->interactions;
    size_t n = (size_t)in->surface->n, parts = (size_t)in->parts;
    double *values = NULL, *rows = dp_alloc(parts * n * most_columns(in->surface), sizeof *rows);
    dagpole_status status = rows ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = dp_m2l_values(in, sp->key, sp->key->lambda, c, &values);
    if (status == DAGPOLE_OK && c == 0)
        sp->norm = norm(parts * n * n, values);
    for (int a = 0; status == DAGPOLE_OK && a < DP_N_PARITIES; a++)
        if (is_stacked(in, c, a))
            status = make_triangle(sp, c, a, values, rows);
    dp_free(values);
    dp_free(rows);
    return status;
}

/* Of class n_classes - 1 - i (those without coordinates that are zero take longest and come last),
 * or, behind those, the norm without screening. */
static dagpole_status reduce(void *argument, int64_t i) {
    spectra *sp = argument;
    const dp_interactions *in = sp->interactions;
    int c = in->offsets.n_classes - 1 - (int)i;
    if (c >= 0)
        return is_nearest(&in->offsets, c) ? make_triangles(sp, c) : DAGPOLE_OK;
    double *values;
    size_t n = (size_t)in->surface->n;
    DP_TRY(
        dp_m2l_values(in, sp->key, dp_lambda_of(0, dp_wave_number(sp->key->lambda)), 0, &values));
    sp->unscreened = norm((size_t)in->parts * n * n, values);
    dp_free(values);
    return DAGPOLE_OK;
}

/* Copies a triangle's columns to where permutation i takes them, below row `row` of the stack. */
static void stack_triangle(const spectra *sp, int c, int i, int parity, int row, int n_rows,
                           double *stack) {
    const dp_interactions *in = sp->interactions;
    const dp_surface *s = in->surface;
    int begin = s->parity_begin[parity], n = dp_parity_size(s, parity);
    int to_begin = s->parity_begin[dp_parity_permuted(i, parity)];
    double weight = sqrt(n_reflections(in->offsets.sorted[c]));
    for (int q = 0; q < n; q++) {
        int to = s->permuted[i][begin + q] - to_begin;
        const double *from = sp->triangle[c][parity] + (size_t)in->parts * q * n;
        double *column = stack + (size_t)in->parts * ((size_t)to * n_rows + row);
        for (int j = 0; j < in->parts * n; j++)
            column[j] = weight * from[j];
    }
}

/* The parity that permutation i takes to this one. */
static int parity_before(int i, int parity) {
    int from = 0;
    while (dp_parity_permuted(i, from) != parity)
        from++;
    return from;
}

static dagpole_status make_stack(const spectra *sp, int parity, double **stack, int *n_rows) {
    const dp_interactions *in = sp->interactions;
    const dp_offsets *o = &in->offsets;
    int n_images = 0, row = 0, n = dp_parity_size(in->surface, parity);
    for (int c = 0; c < o->n_classes; c++)
        for (int i = 0; i < o->n_permutations; i++)
            n_images += is_nearest(o, c) && is_new_image(o->sorted[c], i);
    *n_rows = n_images * n;
    *stack = dp_alloc((size_t)in->parts * *n_rows * n, sizeof **stack);
    if (!*stack)
        return DAGPOLE_NO_MEMORY;
    for (int c = 0; c < o->n_classes; c++)
        for (int i = 0; i < o->n_permutations; i++)
            if (is_nearest(o, c) && is_new_image(o->sorted[c], i)) {
                stack_triangle(sp, c, i, parity_before(i, parity), row, *n_rows, *stack);
                row += n;
            }
    return DAGPOLE_OK;
}

static dagpole_status decompose(void *argument, int64_t kind) {
    spectra *sp = argument;
    int parts = sp->interactions->parts, parity = sp->interactions->kinds.representative[kind];
    int n_rows, n = dp_parity_size(sp->interactions->surface, parity);
    size_t square = (size_t)parts * n * n;
    double *stack;
    DP_TRY(make_stack(sp, parity, &stack, &n_rows));
    double *r = dp_alloc(square, sizeof *r), *u = dp_alloc(square, sizeof *u);
    sp->sigma[kind] = dp_alloc((size_t)n, sizeof(double));
    sp->vectors[kind] = dp_alloc(square, sizeof(double));
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (r && u && sp->sigma[kind] && sp->vectors[kind])
        status = dp_qr_r_of(parts, n_rows, n, stack, n_rows, r);
    if (status == DAGPOLE_OK)
        status = dp_svd_of(parts, n, n, r, n, u, sp->sigma[kind], sp->vectors[kind]);
    dp_free(u);
    dp_free(r);
    dp_free(stack);
    return status;
}

/* Charges of one sign excite the directions that all symmetries of the kernel (48, or the 8
 * reflections) leave as they are, far more than any other: these are kept down to this share of the
 * cut. That is one to three coefficients. Without it the gradients of unit charges rule the
 * tolerance at most digits. */
#define SYMMETRIC_CUT 0.1

/* 1 where vector i of the even parity is its own image under the permutations of the axes. */
static int is_symmetric(const dp_surface *s, const spectra *sp, int i) {
    int n_permutations = sp->interactions->offsets.n_permutations;
    int parts = sp->interactions->parts, n = dp_parity_size(s, 0), begin = s->parity_begin[0];
    const double *row = sp->vectors[0] + (size_t)parts * i;
    double squares = 0;
    for (int permutation = 0; permutation < n_permutations; permutation++)
        for (int q = 0; q < n; q++) {
            int image = s->permuted[permutation][begin + q] - begin;
            for (int part = 0; part < parts; part++) {
                double difference =
                    row[(size_t)parts * image * n + part] - row[(size_t)parts * q * n + part];
                squares += difference * difference;
            }
        }
    return squares < 1e-6;
}

/* Lists in `kept` the values above the cut; a cluster of equal ones (a multiplet of the symmetry
 * group) is kept whole, or the truncated basis would lose the symmetry. Returns how many. */
static int list_kept(const dp_surface *s, const spectra *sp, int kind, double cut, int *kept) {
    const double *sigma = sp->sigma[kind];
    int n = dp_parity_size(s, sp->interactions->kinds.representative[kind]), k = 0;
    while (k < n && sigma[k] > cut)
        k++;
    while (k > 0 && k < n && sigma[k] > 0.999999 * sigma[k - 1])
        k++;
    for (int i = 0; i < k; i++)
        kept[i] = i;
    int n_kept = k;
    for (int i = k; kind == 0 && i < n && sigma[i] > SYMMETRIC_CUT * cut; i++)
        if (is_symmetric(s, sp, i))
            kept[n_kept++] = i;
    return n_kept;
}

/* The basis of a parity, n_a x k_a numbers, and as real columns: of v these are (Re v, Im v) and,
 * all behind those, (-Im v, Re v). */
static dagpole_status copy_vectors(const spectra *sp, int parity, int k_a, const int *kept,
                                   double **basis, double **real) {
    const dp_interactions *in = sp->interactions;
    const dp_surface *s = in->surface;
    int kind = in->kinds.of[parity], permutation = in->kinds.permutation[parity];
    size_t n = (size_t)dp_parity_size(s, parity), parts = (size_t)in->parts, k = (size_t)k_a;
    *basis = dp_alloc(parts * n * k, sizeof **basis);
    *real = dp_alloc(parts * n * parts * k, sizeof **real);
    if (!*basis || !*real)
        return DAGPOLE_NO_MEMORY;
    int from_begin = s->parity_begin[in->kinds.representative[kind]],
        to_begin = s->parity_begin[parity];
    for (size_t q = 0; q < n; q++) {
        size_t to = (size_t)(s->permuted[permutation][from_begin + (int)q] - to_begin);
        for (size_t j = 0; j < k; j++) {
            const double *from = sp->vectors[kind] + parts * ((size_t)kept[j] + q * n);
            double *number = *basis + parts * (to + j * n), *first = *real + to + parts * n * j;
            number[0] = first[0] = from[0];
            if (parts == 1)
                continue;
            number[1] = first[n] = -from[1];
            first[2 * n * k] = from[1];
            first[2 * n * k + n] = from[0];
        }
    }
    return DAGPOLE_OK;
}

/* What the cut is relative to: the largest singular value, sigma. With screening, digits count
 * relative to the near field, which decays with lambda like a power while the far field vanishes
 * exponentially: in a cloud of density n it is 4 pi n / lambda^2. So the reference is the sigma of
 * the kernel without screening (estimated by the ratio of the nearest position's norms) over
 * 1 + lambda^2, lambda in units of the half side. Relative to sigma itself, ranks would grow with
 * lambda for digits that nobody sees; relative to the unscreened one alone, digits are missing. */
static double reference_of(const spectra *sp, double sigma) {
    double lambda = dp_damping(sp->key->lambda);
    if (!dp_is_screened(sp->key))
        return sigma;
    if (!(sp->norm > 0)) /* its squares underflow: nothing is left of the far field */
        return INFINITY;
    return sigma * (sp->unscreened / sp->norm) / (1 + lambda * lambda);
}

static dagpole_status cut(const spectra *sp, int *kept, dp_operator_data *data, double *reference) {
    dp_interactions *in = sp->interactions;
    double sigma = 0;
    for (int kind = 0; kind < in->kinds.n; kind++)
        sigma = fmax(sigma, sp->sigma[kind][0]);
    *reference = reference_of(sp, sigma);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int k_a = list_kept(in->surface, sp, in->kinds.of[a],
                            data->key.accuracy.tolerance * *reference, kept);
        DP_TRY(copy_vectors(sp, a, k_a, kept, &in->basis[a], &data->basis[a]));
        data->k_begin[a + 1] = data->k_begin[a] + in->parts * k_a;
    }
    data->k = data->k_begin[DP_N_PARITIES];
    return DAGPOLE_OK;
}

static void free_triangles(spectra *sp) {
    for (int c = 0; c < DP_MOST_CLASSES; c++)
        for (int a = 0; a < DP_N_PARITIES; a++)
            dp_free(sp->triangle[c][a]);
}

dagpole_status dp_basis_build(const dp_team *team, dp_interactions *interactions,
                              dp_operator_data *data, double *reference) {
    spectra sp = {.interactions = interactions, .key = &data->key};
    int *kept = dp_alloc((size_t)interactions->surface->n, sizeof *kept);
    dagpole_status status = kept ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = team->run(team, interactions->offsets.n_classes + dp_is_screened(&data->key),
                           reduce, &sp);
    if (status == DAGPOLE_OK)
        status = team->run(team, interactions->kinds.n, decompose, &sp);
    free_triangles(&sp);
    if (status == DAGPOLE_OK)
        status = cut(&sp, kept, data, reference);
    dp_free(kept);
    for (int kind = 0; kind < interactions->kinds.n; kind++) {
        dp_free(sp.vectors[kind]);
        dp_free(sp.sigma[kind]);
    }
    return status;
}
