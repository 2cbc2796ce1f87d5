/* M2M, M2L and L2L: matrices in the compressed basis, between expansions wherever they lie. A
 * reflected position costs only signs: of the matrix's rows on the way in, of the result on the way
 * out. */
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

void dp_m2l(const dp_operator_set *set, int folded, const dp_columns *c, dp_scratch *scratch) {
    const dp_m2l_parts *m2l = &set->m2l[folded];
    const double *flip = flips(set, c->reflection);
    for (int i = 0; i < m2l->n; i++) {
        const dp_m2l_part *part = &m2l->part[i];
        if (!part->b.m)
            continue;
        dp_panel_apply_from(set->isa, &part->b, &part->ranges[c->reflection], c->n, c->source,
                            scratch->product, scratch->ld);
        dp_panel_apply_add(set->isa, &part->a, c->n, scratch->product, scratch->ld, c->target,
                           flip);
    }
}
