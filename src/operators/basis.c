/* The compressed basis (Fong, Darve 2009; here per parity): the column space of the M2L matrices of
 * all 316 positions side by side. Positions with max |v| = 2 span it (those farther away are
 * smoother), reflections only change signs and permutations of the axes, where they are symmetries
 * of the kernel, only reorder coefficients, so four factorisations of size n / 8 give the whole
 * basis, or eight. */
#include "operators/build.h"

#include <math.h>
#include <string.h>

#include "platform/linalg.h"

/* Parities that permutations of the axes take to one another are of one kind (even; odd in one,
 * two, three coordinates). */
typedef struct kinds {
    int n;
    int representative[DP_N_PARITIES]; /* one parity of each kind */
    int of[DP_N_PARITIES];             /* the kind of every parity, */
    int permutation[DP_N_PARITIES];    /* and what takes the representative to it */
} kinds;

/* The first permutation of the kernel's that takes a parity to another; -1: none. */
static int permutation_to(int n_permutations, int from, int to) {
    for (int i = 0; i < n_permutations; i++)
        if (dp_parity_permuted(i, from) == to)
            return i;
    return -1;
}

static kinds list_kinds(int n_permutations) {
    kinds k = {0};
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

static int parity_size(const dp_surface *s, int parity) {
    return s->parity_begin[parity + 1] - s->parity_begin[parity];
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

/* Copies the columns of class c that permutation i takes to `parity` below row `row` of the stack
 * (transposed: a column of the stack is a coefficient of the parity). */
static void stack_columns(const dp_interactions *in, int c, int i, int parity, int row, int n_rows,
                          double *stack) {
    const dp_surface *s = in->surface;
    double weight = sqrt(n_reflections(in->offsets.sorted[c]));
    for (int q = 0; q < s->n; q++) {
        int to = s->permuted[i][q] - s->parity_begin[parity];
        if (to < 0 || to >= parity_size(s, parity))
            continue;
        const double *from = in->m2l[c] + (size_t)q * s->n;
        double *column = stack + (size_t)to * n_rows + row;
        for (int j = 0; j < s->n; j++)
            column[j] = weight * from[j];
    }
}

static dagpole_status make_stack(const dp_interactions *in, int parity, double **stack,
                                 int *n_rows) {
    const dp_offsets *o = &in->offsets;
    int n_images = 0, row = 0;
    for (int c = 0; c < o->n_classes; c++)
        for (int i = 0; i < o->n_permutations; i++)
            n_images += dp_offsets_reach(o->sorted[c]) == 2 && is_new_image(o->sorted[c], i);
    *n_rows = n_images * in->surface->n;
    *stack = dp_alloc((size_t)*n_rows * parity_size(in->surface, parity), sizeof **stack);
    if (!*stack)
        return DAGPOLE_NO_MEMORY;
    for (int c = 0; c < o->n_classes; c++)
        for (int i = 0; i < o->n_permutations; i++)
            if (dp_offsets_reach(o->sorted[c]) == 2 && is_new_image(o->sorted[c], i)) {
                stack_columns(in, c, i, parity, row, *n_rows, *stack);
                row += in->surface->n;
            }
    return DAGPOLE_OK;
}

typedef struct spectra {
    const dp_interactions *interactions;
    kinds kinds;
    double *sigma[DP_N_PARITIES];   /* singular values of each kind, descending */
    double *vectors[DP_N_PARITIES]; /* vt: row i is the i-th basis vector */
} spectra;

static dagpole_status decompose(void *argument, int64_t kind) {
    spectra *sp = argument;
    int parity = sp->kinds.representative[kind], n_rows;
    int n = parity_size(sp->interactions->surface, parity);
    double *stack;
    DP_TRY(make_stack(sp->interactions, parity, &stack, &n_rows));
    double *r = dp_alloc((size_t)n * n, sizeof *r), *u = dp_alloc((size_t)n * n, sizeof *u);
    sp->sigma[kind] = dp_alloc((size_t)n, sizeof(double));
    sp->vectors[kind] = dp_alloc((size_t)n * n, sizeof(double));
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (r && u && sp->sigma[kind] && sp->vectors[kind])
        status = dp_qr_r(n_rows, n, stack, n_rows, r);
    if (status == DAGPOLE_OK)
        status = dp_svd(n, n, r, n, u, sp->sigma[kind], sp->vectors[kind]);
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
    int n = parity_size(s, 0), begin = s->parity_begin[0];
    const double *row = sp->vectors[0] + i;
    double squares = 0;
    for (int permutation = 0; permutation < n_permutations; permutation++)
        for (int q = 0; q < n; q++) {
            int image = s->permuted[permutation][begin + q] - begin;
            double difference = row[(size_t)image * n] - row[(size_t)q * n];
            squares += difference * difference;
        }
    return squares < 1e-6;
}

/* Lists in `kept` the values above the cut; a cluster of equal ones (a multiplet of the symmetry
 * group) is kept whole, or the truncated basis would lose the symmetry. Returns how many. */
static int list_kept(const dp_surface *s, const spectra *sp, int kind, double cut, int *kept) {
    const double *sigma = sp->sigma[kind];
    int n = parity_size(s, sp->kinds.representative[kind]), k = 0;
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

static dagpole_status copy_vectors(const dp_surface *s, const spectra *sp, int parity, int k_a,
                                   const int *kept, double **basis) {
    int kind = sp->kinds.of[parity], permutation = sp->kinds.permutation[parity];
    int n = parity_size(s, parity);
    *basis = dp_alloc((size_t)n * k_a, sizeof **basis);
    if (!*basis)
        return DAGPOLE_NO_MEMORY;
    int from_begin = s->parity_begin[sp->kinds.representative[kind]],
        to_begin = s->parity_begin[parity];
    for (int q = 0; q < n; q++) {
        int to = s->permuted[permutation][from_begin + q] - to_begin;
        for (int j = 0; j < k_a; j++)
            (*basis)[to + (size_t)j * n] = sp->vectors[kind][kept[j] + (size_t)q * n];
    }
    return DAGPOLE_OK;
}

static double norm(size_t n, const double *x) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

/* What the cut is relative to: the largest singular value, sigma. With screening, digits count
 * relative to the near field, which decays with lambda like a power while the far field vanishes
 * exponentially: in a cloud of density n it is 4 pi n / lambda^2. So the reference is the sigma of
 * the kernel without screening (estimated by the ratio of the nearest position's norms) over
 * 1 + lambda^2, lambda in units of the half side. Relative to sigma itself, ranks would grow with
 * lambda for digits that nobody sees; relative to the unscreened one alone, digits are missing. */
static double reference_of(const dp_interactions *in, double lambda, double sigma) {
    size_t n = (size_t)in->surface->n;
    if (!in->unscreened)
        return sigma;
    double screened = norm(n * n, in->m2l[0]);
    if (!(screened > 0)) /* its squares underflow: nothing is left of the far field */
        return INFINITY;
    return sigma * (norm(n * n, in->unscreened) / screened) / (1 + lambda * lambda);
}

static dagpole_status cut(const dp_interactions *in, const spectra *sp, int *kept,
                          dp_operator_data *data, double *reference) {
    const dp_surface *s = in->surface;
    double sigma = 0;
    for (int kind = 0; kind < sp->kinds.n; kind++)
        sigma = fmax(sigma, sp->sigma[kind][0]);
    *reference = reference_of(in, dp_damping(data->key.lambda), sigma);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int k_a =
            list_kept(s, sp, sp->kinds.of[a], data->key.accuracy.tolerance * *reference, kept);
        DP_TRY(copy_vectors(s, sp, a, k_a, kept, &data->basis[a]));
        data->k_begin[a + 1] = data->k_begin[a] + k_a;
    }
    data->k = data->k_begin[DP_N_PARITIES];
    return DAGPOLE_OK;
}

dagpole_status dp_basis_build(const dp_team *team, const dp_interactions *interactions,
                              dp_operator_data *data, double *reference) {
    spectra sp = {.interactions = interactions,
                  .kinds = list_kinds(interactions->offsets.n_permutations)};
    int *kept = dp_alloc((size_t)interactions->surface->n, sizeof *kept);
    dagpole_status status = kept ? team->run(team, sp.kinds.n, decompose, &sp) : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = cut(interactions, &sp, kept, data, reference);
    dp_free(kept);
    for (int kind = 0; kind < sp.kinds.n; kind++) {
        dp_free(sp.vectors[kind]);
        dp_free(sp.sigma[kind]);
    }
    return status;
}
