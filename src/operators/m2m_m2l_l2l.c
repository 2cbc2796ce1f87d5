/* M2M, M2L and L2L: matrices in the compressed basis, between expansions wherever they lie. A
 * reflected position costs only signs: of the matrix's rows on the way in, of the result on the way
 * out. */
#include <string.h>

#include "operators/apply.h"

static const double *flips(const dp_operator_set *set, int reflection) {
    return set->flip + (size_t)reflection * (size_t)set->k_padded;
}

/* Between levels: the product is added when all of it is there. */
static void transfer(const dp_operator_set *from, const dp_operator_set *to, const dp_panel *panel,
                     const dp_columns *c, dp_scratch *scratch) {
    dp_panel_apply_from(to->isa, panel, &from->ranges[c->reflection], c->n, c->source,
                        scratch->product, scratch->ld);
    dp_panel_add(to->isa, to->k_padded, c->n, scratch->product, scratch->ld, c->target,
                 flips(to, c->reflection));
}

void dp_m2m(const dp_operator_set *parent, const dp_operator_set *child, const dp_transfer *between,
            const dp_columns *columns, dp_scratch *scratch) {
    transfer(child, parent, &between->m2m, columns, scratch);
}

void dp_l2l(const dp_operator_set *parent, const dp_operator_set *child, const dp_transfer *between,
            const dp_columns *columns, dp_scratch *scratch) {
    transfer(parent, child, &between->l2l, columns, scratch);
}

/* z = b c of complex numbers, from the products of Re b and Im b with the real parts of c, which
 * are there, and with the imaginary parts, `turned`. rank: of one part. */
static void combine(int rank, int n_columns, int ld, double *product, const double *turned) {
    for (int c = 0; c < n_columns; c++, product += ld, turned += ld)
        for (int i = 0; i < rank; i++) {
            product[i] -= turned[rank + i];
            product[rank + i] += turned[i];
        }
}

/* a takes the real part of z as it is, and the imaginary one to each other's rows: conj(a z). */
static void apply_paired(const dp_operator_set *set, const dp_m2l_part *part, const dp_columns *c,
                         dp_scratch *scratch) {
    int rank = part->a.n, ld = scratch->ld;
    const double *flip = flips(set, c->reflection), *opposite = flips(set, 8 + c->reflection);
    const dp_ranges imaginary = dp_imaginary(&part->ranges[c->reflection]);
    dp_panel turned = part->a;
    turned.at = part->turned;
    dp_panel_apply_from(set->isa, &part->b, &part->ranges[c->reflection], c->n, c->source,
                        scratch->product, ld);
    dp_panel_apply_from(set->isa, &part->b, &imaginary, c->n, c->source, scratch->columns, ld);
    combine(rank, c->n, ld, scratch->product, scratch->columns);
    dp_panel_apply_add(set->isa, &part->a, c->n, scratch->product, ld, c->target, flip);
    dp_panel_apply_add(set->isa, &turned, c->n, scratch->product + rank, ld, c->target, opposite);
}

static void apply_exact(const dp_operator_set *set, const dp_m2l_part *part, const dp_columns *c,
                        dp_scratch *scratch) {
    dp_panel_apply_from(set->isa, &part->b, &part->ranges[c->reflection], c->n, c->source,
                        scratch->product, scratch->ld);
    dp_panel_apply_add(set->isa, &part->a, c->n, scratch->product, scratch->ld, c->target,
                       flips(set, c->reflection));
}

/* Sources in floats, for all parts. */
typedef struct rounded {
    const float *column[DP_COLUMNS];
    double unit[DP_COLUMNS];
    int has_units; /* one is not 1 */
} rounded;

static void round_sources(const dp_operator_set *set, const dp_columns *c, dp_scratch *scratch,
                          rounded *r) {
    dp_panel_round(set->isa, set->k_padded, c->n, c->source, scratch->rounded, scratch->ld,
                   r->unit);
    r->has_units = 0;
    for (int i = 0; i < c->n; i++) {
        r->column[i] = scratch->rounded + (size_t)i * scratch->ld;
        r->has_units |= r->unit[i] != 1;
    }
}

/* The product by itself, with the bits that it adds where its unit is 1. */
static void add_in_units(const dp_operator_set *set, const dp_panel *a, const dp_columns *c,
                         const rounded *r, dp_scratch *scratch) {
    double *own[DP_COLUMNS];
    memset(scratch->product, 0, (size_t)c->n * (size_t)scratch->ld * sizeof(double));
    for (int i = 0; i < c->n; i++)
        own[i] = scratch->product + (size_t)i * scratch->ld;
    dp_single_panel_apply_add(set->isa, a, c->n, scratch->rounded_product, scratch->ld, own,
                              flips(set, c->reflection));
    for (int i = 0; i < c->n; i++)
        for (int j = 0; j < set->k_padded; j++)
            c->target[i][j] += r->unit[i] * own[i][j];
}

static void apply_rounded(const dp_operator_set *set, const dp_m2l_part *part, const dp_columns *c,
                          const rounded *r, dp_scratch *scratch) {
    float *product = scratch->rounded_product;
    dp_single_panel_apply_from(set->isa, &part->rounded_b, &part->ranges[c->reflection], c->n,
                               r->column, c->later, product, scratch->ld);
    if (r->has_units)
        add_in_units(set, &part->rounded_a, c, r, scratch);
    else
        dp_single_panel_apply_add(set->isa, &part->rounded_a, c->n, product, scratch->ld, c->target,
                                  flips(set, c->reflection));
}

void dp_m2l(const dp_operator_set *set, int folded, const dp_columns *c, dp_scratch *scratch) {
    const dp_m2l_parts *m2l = &set->m2l[folded];
    rounded in_floats;
    int is_paired = dp_is_paired(set), are_rounded = 0;
    for (int i = 0; i < m2l->n; i++) {
        const dp_m2l_part *part = &m2l->part[i];
        if (part->rounded_b.m && !are_rounded++)
            round_sources(set, c, scratch, &in_floats);
        if (part->rounded_b.m)
            apply_rounded(set, part, c, &in_floats, scratch);
        if (part->b.m && is_paired)
            apply_paired(set, part, c, scratch);
        else if (part->b.m)
            apply_exact(set, part, c, scratch);
    }
}
