#include "operators/operators.h"

#include <math.h>
#include <string.h>

#include "model/cost.h"
#include "platform/linalg.h"

/* Whether a reflection changes the sign of a parity's coefficients. */
static int is_flipped(int parity, int reflection) {
    return __builtin_parity((unsigned)(parity & reflection));
}

/* One more parity's coefficients, joined to those before where they are neighbours of one sign. */
static void add_range(dp_range range, dp_ranges *ranges) {
    dp_range *last = ranges->n ? &ranges->range[ranges->n - 1] : NULL;
    if (last && last->end == range.begin && last->is_flipped == range.is_flipped)
        last->end = range.end;
    else
        ranges->range[ranges->n++] = range;
}

/* The coefficients of the parities that have a bit in `parities`, by reflection: of each the first
 * of n_pieces like ones. */
static void list_ranges(const int *k_begin, unsigned parities, int n_pieces, dp_ranges ranges[8]) {
    for (int g = 0; g < 8; g++)
        for (int a = 0; a < DP_N_PARITIES; a++) {
            int begin = k_begin[a], end = begin + (k_begin[a + 1] - begin) / n_pieces;
            if (parities >> a & 1)
                add_range((dp_range){begin, end, is_flipped(a, g)}, &ranges[g]);
        }
}

/* 1: coefficient i is the imaginary part of one. */
static int is_imaginary(const dp_operator_set *set, int i) {
    int a = 0;
    while (a < DP_N_PARITIES - 1 && i >= set->k_begin[a + 1])
        a++;
    return dp_is_paired(set) && 2 * i >= set->k_begin[a] + set->k_begin[a + 1];
}

static dagpole_status make_flips(dp_operator_set *set) {
    size_t n = (size_t)8 * set->k_padded;
    set->flip = dp_alloc_zero(dp_is_paired(set) ? 2 * n : n, sizeof *set->flip);
    if (!set->flip)
        return DAGPOLE_NO_MEMORY;
    for (int g = 0; g < 8; g++)
        for (int r = 0; r < set->ranges[g].n; r++) {
            const dp_range *range = &set->ranges[g].range[r];
            for (int i = range->begin; range->is_flipped && i < range->end; i++)
                set->flip[i + (size_t)g * set->k_padded] = -0.;
        }
    for (size_t i = 0; dp_is_paired(set) && i < n; i++)
        set->flip[n + i] =
            is_imaginary(set, (int)(i % set->k_padded)) ? -set->flip[i] : set->flip[i];
    return DAGPOLE_OK;
}

typedef struct unfolding {
    const dp_surface *surface;
    const dp_operator_data *data;
    dp_offsets offsets;
    /* A permutation of the axes in the basis: from the coefficients of each parity to those of the
     * permuted one, k x k numbers of the two. */
    double *rotation[DP_N_PERMUTATIONS][DP_N_PARITIES];
    double rounded; /* singular values of M2L up to which floats will do */
    dp_operator_set *set;
} unfolding;

/* Block of parity a of permutation i in the basis: basis_b^T (P basis_a), b the permuted parity. */
static dagpole_status rotation_block(const unfolding *u, int i, int a, double **rotation) {
    const dp_surface *s = u->surface;
    const dp_operator_data *d = u->data;
    int b = dp_parity_permuted(i, a), n = s->parity_begin[a + 1] - s->parity_begin[a];
    int k_a = d->k_begin[a + 1] - d->k_begin[a], k_b = d->k_begin[b + 1] - d->k_begin[b];
    double *moved = dp_alloc((size_t)n * k_a, sizeof *moved);
    *rotation = dp_alloc((size_t)k_b * k_a, sizeof **rotation);
    if (!moved || !*rotation) {
        dp_free(moved);
        return DAGPOLE_NO_MEMORY;
    }
    for (int q = 0; q < n; q++) {
        int to = s->permuted[i][s->parity_begin[a] + q] - s->parity_begin[b];
        for (int j = 0; j < k_a; j++)
            moved[to + (size_t)j * n] = d->basis[a][q + (size_t)j * n];
    }
    dp_gemm(1, 0, k_b, k_a, n, 1, d->basis[b], n, moved, n, 0, *rotation, k_b);
    dp_free(moved);
    return DAGPOLE_OK;
}

static dagpole_status make_rotation(void *argument, int64_t i) {
    unfolding *u = argument;
    for (int a = 0; a < DP_N_PARITIES; a++)
        DP_TRY(rotation_block(u, (int)i, a, &u->rotation[i][a]));
    return DAGPOLE_OK;
}

/* The rows of a, and columns of b, that belong to a part. */
static int list_rows(const dp_ranges *ranges, int *row) {
    int n = 0;
    for (int r = 0; r < ranges->n; r++)
        for (int i = ranges->range[r].begin; i < ranges->range[r].end; i++)
            row[n++] = i;
    return n;
}

/* A column of a in the rows of the blocks; every row of the part once. */
static void place_rows(const dp_ranges *ranges, const double *from, const int *at, double *to) {
    int n = 0;
    for (int r = 0; r < ranges->n; r++)
        for (int i = ranges->range[r].begin; i < ranges->range[r].end; n++)
            for (int end = i + DP_PAD; i < end && i < ranges->range[r].end; i++)
                to[n * DP_PAD + i - at[n]] = from[i];
}

/* Whether column r of a lies in the group: its entries elsewhere are exactly zero then. */
static int has_column(int n, const int *row, const double *column) {
    for (int i = 0; i < n; i++)
        if (column[row[i]] != 0)
            return 1;
    return 0;
}

/* The ranks of a part: columns of a and rows of b. Returns how many. A column may lie in its
 * imaginary parts alone. */
static int list_ranks(int k, int rank, const dp_ranges *ranges, const dp_ranges *more,
                      const double *a, int *row, int *ranks) {
    int n = list_rows(ranges, row), n_ranks = 0;
    n += more ? list_rows(more, row + n) : 0;
    for (int r = 0; r < rank; r++)
        if (has_column(n, row, a + (size_t)r * k))
            ranks[n_ranks++] = r;
    return n_ranks;
}

/* Of a the columns at `ranks` in the rows of the ranges, and behind them in those of `more`. */
static dagpole_status pack_a(const dp_operator_set *set, int is_single, int k, int n_ranks,
                             const int *ranks, const dp_ranges *ranges, const dp_ranges *more,
                             const double *a, dp_panel *panel) {
    int *at = dp_alloc((size_t)(k / DP_PAD + 2 * DP_N_PARITIES + 1), sizeof *at);
    if (!at)
        return DAGPOLE_NO_MEMORY;
    int n_blocks = dp_list_blocks(ranges, set->k_padded, at);
    int n_all = n_blocks + (more ? dp_list_blocks(more, set->k_padded, at + n_blocks) : 0);
    double *rows = dp_alloc_zero((size_t)DP_PAD * n_all * n_ranks, sizeof *rows);
    dagpole_status status = rows ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int r = 0; status == DAGPOLE_OK && r < n_ranks; r++) {
        const double *column = a + (size_t)ranks[r] * k;
        double *to = rows + (size_t)r * DP_PAD * n_all;
        place_rows(ranges, column, at, to);
        if (more)
            place_rows(more, column, at + n_blocks, to + (size_t)DP_PAD * n_blocks);
    }
    if (status == DAGPOLE_OK)
        status = dp_panel_pack(set->isa, is_single, DP_PAD * n_all, n_ranks, rows, DP_PAD * n_all,
                               panel);
    if (is_single && n_all % 2)
        at[n_all] = at[n_all - 1]; /* zeros, which may go anywhere */
    dp_free(rows);
    panel->at = at;
    return status;
}

/* Of b (ld rank) the rows at `ranks` and the columns of the ranges, and behind them, where there
 * are others, the same rows' columns of those, negated: Im b. */
static dagpole_status pack_b(const dp_operator_set *set, int is_single, int rank, int n_ranks,
                             const int *ranks, const dp_ranges *ranges, const dp_ranges *more,
                             const double *b, int *column, dp_panel *panel) {
    int n_rows = more ? 2 * n_ranks : n_ranks, n = list_rows(ranges, column);
    double *rows = dp_alloc((size_t)n * n_rows, sizeof *rows);
    if (!rows)
        return DAGPOLE_NO_MEMORY;
    for (int i = 0; i < n; i++)
        for (int r = 0; r < n_ranks; r++)
            rows[r + (size_t)i * n_rows] = b[ranks[r] + (size_t)column[i] * rank];
    n = more ? list_rows(more, column) : n;
    for (int i = 0; more && i < n; i++)
        for (int r = 0; r < n_ranks; r++)
            rows[n_ranks + r + (size_t)i * n_rows] = -b[ranks[r] + (size_t)column[i] * rank];
    dagpole_status status = dp_panel_pack(set->isa, is_single, n_rows, n, rows, n_rows, panel);
    dp_free(rows);
    return status;
}

/* Where the rows of a, those of real parts first, go with imaginary parts: to the others'. */
static dagpole_status turn(dp_m2l_part *part) {
    int n = part->a.m_padded / DP_PAD;
    part->turned = dp_alloc((size_t)n, sizeof *part->turned);
    if (!part->turned)
        return DAGPOLE_NO_MEMORY;
    for (int i = 0; i < n; i++)
        part->turned[i] = part->a.at[i < n / 2 ? i + n / 2 : i - n / 2];
    return DAGPOLE_OK;
}

/* Both factors of a singular value have its root, times columns of length 1. */
static double singular_value(int k, const double *a, int rank) {
    const double *column = a + (size_t)rank * k;
    double squares = 0;
    for (int i = 0; i < k; i++)
        squares += column[i] * column[i];
    return squares;
}

/* How many ranks, whose singular values fall, keep double: whole vectors of rows of b. */
static int count_exact(int k, const double *a, int n_ranks, const int *ranks, double rounded) {
    int n = n_ranks;
    while (n > 0 && singular_value(k, a, ranks[n - 1]) <= rounded)
        n--;
    return DP_PADDED(n) < n_ranks ? DP_PADDED(n) : n_ranks;
}

/* Of a and b the ranks and the coefficients that are the part's. Where numbers are complex, half of
 * the ranks tell all: those of the real parts of b c, which come first. */
static dagpole_status pack_part(const dp_operator_set *set, int k, int rank, const double *a,
                                const double *b, double rounded, dp_m2l_part *part) {
    int is_paired = dp_is_paired(set);
    const dp_ranges *ranges = &part->ranges[0], imaginary = dp_imaginary(ranges);
    const dp_ranges *more = is_paired ? &imaginary : NULL;
    int *row = dp_alloc((size_t)k + rank, sizeof *row);
    if (!row)
        return DAGPOLE_NO_MEMORY;
    int *ranks = row + k, n_ranks = list_ranks(k, rank, ranges, more, a, row, ranks);
    n_ranks = is_paired ? n_ranks / 2 : n_ranks;
    int n_exact = count_exact(k, a, n_ranks, ranks, rounded), n_rounded = n_ranks - n_exact;
    dagpole_status status = pack_a(set, 0, k, n_exact, ranks, ranges, more, a, &part->a);
    if (status == DAGPOLE_OK)
        status = pack_b(set, 0, rank, n_exact, ranks, ranges, more, b, row, &part->b);
    if (status == DAGPOLE_OK && n_rounded)
        status = pack_a(set, 1, k, n_rounded, ranks + n_exact, ranges, more, a, &part->rounded_a);
    if (status == DAGPOLE_OK && n_rounded)
        status = pack_b(set, 1, rank, n_rounded, ranks + n_exact, ranges, more, b, row,
                        &part->rounded_b);
    if (status == DAGPOLE_OK && is_paired)
        status = turn(part);
    dp_free(row);
    return status;
}

static dagpole_status pack_parts(dp_operator_set *set, const int v[3], int k, int rank,
                                 const double *a, const double *b, double rounded,
                                 dp_m2l_parts *m2l) {
    int axes = dp_is_split(k, v) ? dp_zero_axes(v) : 0;
    m2l->n = 0;
    for (int group = 0; group < DP_N_PARITIES; group++) {
        if ((group & axes) != group)
            continue;
        dp_m2l_part *part = &m2l->part[m2l->n++];
        unsigned parities = 0;
        for (int parity = 0; parity < DP_N_PARITIES; parity++)
            if ((parity & axes) == group)
                parities |= 1u << parity;
        list_ranges(set->k_begin, parities, dp_is_paired(set) ? 2 : 1, part->ranges);
        DP_TRY(pack_part(set, k, rank, a, b, rounded, part));
    }
    return DAGPOLE_OK;
}

double dp_m2l_flops(const dp_operator_set *set, int folded) {
    double flops = 0;
    for (int i = 0; i < set->m2l[folded].n; i++) {
        const dp_m2l_part *part = &set->m2l[folded].part[i];
        /* a has as many rows as b columns */
        flops += 2 * (dp_panel_flops(&part->b) + dp_panel_flops(&part->rounded_b));
    }
    return dp_is_paired(set) ? 2 * flops : flops;
}

double dp_m2l_padded_flops(const dp_operator_set *set, int folded) {
    double flops = 0;
    for (int i = 0; i < set->m2l[folded].n; i++) {
        const dp_m2l_part *part = &set->m2l[folded].part[i];
        flops += dp_panel_padded_flops(&part->a) + dp_panel_padded_flops(&part->b) +
                 dp_panel_padded_flops(&part->rounded_a) + dp_panel_padded_flops(&part->rounded_b);
    }
    return dp_is_paired(set) ? 2 * flops : flops;
}

double dp_m2l_mean_flops(const dp_operator_set *set) {
    double flops = 0;
    for (int f = 0; f < DP_N_FOLDED; f++)
        flops += dp_m2l_padded_flops(set, f);
    return flops / DP_N_FOLDED + (set->has_floats ? dp_cost_rounding(set->k) : 0);
}

/* M2L of folded position f: a = R a_class, b = b_class R^T, packed. */
static dagpole_status unfold(void *argument, int64_t f) {
    unfolding *u = argument;
    const dp_operator_data *d = u->data;
    int c = u->offsets.folded[f].class, i = u->offsets.folded[f].permutation;
    int k = d->k, rank = d->rank[c];
    double *a = dp_alloc((size_t)k * rank, sizeof *a), *b = dp_alloc((size_t)k * rank, sizeof *b);
    dagpole_status status = a && b ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int from = 0; status == DAGPOLE_OK && from < DP_N_PARITIES; from++) {
        int to = dp_parity_permuted(i, from), at = d->k_begin[from], at_to = d->k_begin[to];
        int k_from = d->k_begin[from + 1] - at, k_to = d->k_begin[to + 1] - at_to;
        const double *block = u->rotation[i][from];
        dp_gemm(0, 0, k_to, rank, k_from, 1, block, k_to, d->a[c] + at, k, 0, a + at_to, k);
        dp_gemm(0, 1, rank, k_to, k_from, 1, d->b[c] + (size_t)at * rank, rank, block, k_to, 0,
                b + (size_t)at_to * rank, rank);
    }
    if (status == DAGPOLE_OK)
        status =
            pack_parts(u->set, u->offsets.folded[f].v, k, rank, a, b, u->rounded, &u->set->m2l[f]);
    dp_free(b);
    dp_free(a);
    return status;
}

/* Rounding a number to a float moves it by up to this share. */
#define FLOAT_ERROR 0x1p-24

/* The singular values of M2L up to which floats will do: a rank in floats errs by FLOAT_ERROR of
 * its own, at random, and what is cut off by the tolerance of the largest one. Four times as much
 * takes 2 of the promise at 7 digits, a quarter gains nothing (perf/EXPERIMENTS.md). */
static double rounded_up_to(const dp_operator_set *set, const dp_operator_data *data) {
    double largest = 0;
    if (!set->has_floats)
        return -1;
    for (int c = 0; c < data->n_classes; c++)
        for (int r = 0; r < data->rank[c]; r++)
            largest = fmax(largest, singular_value(data->k, data->a[c], r));
    return data->key.accuracy.tolerance / FLOAT_ERROR * largest;
}

static dagpole_status unfold_m2l(const dp_team *team, const dp_surface *surface,
                                 const dp_operator_data *data, dp_operator_set *set) {
    unfolding u = {
        .surface = surface, .data = data, .set = set, .rounded = rounded_up_to(set, data)};
    dp_offsets_fill(&u.offsets, data->key.kernel->has_permutations);
    DP_TRY(dp_blas_begin(team->size));
    dagpole_status status = team->run(team, u.offsets.n_permutations, make_rotation, &u);
    if (status == DAGPOLE_OK)
        status = team->run(team, DP_N_FOLDED, unfold, &u);
    dp_blas_end(team->size);
    for (int i = 0; i < DP_N_PERMUTATIONS; i++)
        for (int a = 0; a < DP_N_PARITIES; a++)
            dp_free(u.rotation[i][a]);
    return status;
}

/* That of near sums, but double where most of a screened kernel lies below what single holds:
 * points and surface are up to 7 half sides apart. */
static dp_precision surface_precision(const dp_operator_key *key) {
    dp_precision precision =
        dp_precision_of_surface_waves(&key->accuracy, 2 * dp_wave_number(key->lambda));
    int is_double = dp_is_screened(key) && dp_damping(key->lambda) > 8;
    return precision >= DP_SINGLE && is_double ? DP_REDUCED : precision;
}

dagpole_status dp_operator_set_create(const dp_team *team, dp_isa isa, const dp_surface *surface,
                                      const dp_operator_data *data, dp_operator_set *set) {
    const dp_kernel *kernel = data->key.kernel;
    dp_precision precision = surface_precision(&data->key);
    *set = (dp_operator_set){.isa = isa,
                             .to_orbits = kernel->to_orbits[precision][isa],
                             .from_orbits = kernel->from_orbits[precision][isa],
                             .from_orbits_far = kernel->from_orbits[DP_DOUBLE][isa],
                             .to_orbits_many = kernel->to_orbits_many[precision][isa],
                             .from_orbits_many = kernel->from_orbits_many[precision][isa],
                             .from_orbits_many_far = kernel->from_orbits_many[DP_DOUBLE][isa],
                             .lambda = data->key.lambda,
                             .n_components = dp_n_components(kernel),
                             .has_floats = dp_cost_has_floats(kernel, data->k),
                             .k = data->k,
                             .k_padded = DP_PADDED(data->k)};
    memcpy(set->k_begin, data->k_begin, sizeof set->k_begin);
    list_ranges(set->k_begin, (1u << DP_N_PARITIES) - 1, 1, set->ranges);
    for (int a = 0; a < DP_N_PARITIES; a++)
        add_range((dp_range){data->k_begin[a], data->k_begin[a + 1], 0}, &set->of_parity[a]);
    dagpole_status status = dp_isotropic_create(surface, data, &set->isotropic);
    if (status == DAGPOLE_OK)
        status = dp_outer_create(set, surface, data, &set->outer);
    if (status == DAGPOLE_OK)
        status = dp_inner_create(set, surface, data, &set->inner);
    if (status == DAGPOLE_OK)
        status = make_flips(set);
    if (status == DAGPOLE_OK)
        status = unfold_m2l(team, surface, data, set);
    if (status != DAGPOLE_OK)
        dp_operator_set_free(set);
    return status;
}

void dp_operator_set_free(dp_operator_set *set) {
    for (int f = 0; f < DP_N_FOLDED; f++)
        for (int i = 0; i < set->m2l[f].n; i++) {
            dp_free(set->m2l[f].part[i].turned);
            dp_panel_free(&set->m2l[f].part[i].rounded_b);
            dp_panel_free(&set->m2l[f].part[i].rounded_a);
            dp_panel_free(&set->m2l[f].part[i].b);
            dp_panel_free(&set->m2l[f].part[i].a);
        }
    dp_isotropic_free(&set->isotropic);
    dp_free(set->flip);
    dp_surface_sums_free(&set->inner);
    dp_surface_sums_free(&set->outer);
    *set = (dp_operator_set){0};
}
