/* M2M, M2L and L2L: matrices in the compressed basis, between expansions wherever they lie. A
 * reflected position costs only signs: gathered with the columns, applied again to the result. */
#include "operators/apply.h"

static void signs_of(const dp_operator_set *set, int n_columns, const uint8_t *reflection,
                     const double **sign) {
    for (int c = 0; c < n_columns; c++)
        sign[c] = set->sign + (size_t)reflection[c] * (size_t)set->k_padded;
}

static void gather(const dp_operator_set *set, int n_columns, const double *const *source,
                   const uint8_t *reflection, dp_scratch *scratch) {
    const double *sign[DP_COLUMNS] = {NULL};
    signs_of(set, n_columns, reflection, sign);
    dp_panel_gather(set->isa, set->k_padded, n_columns, source, sign, scratch->columns,
                    scratch->ld);
}

static void add(const dp_operator_set *set, const dp_panel *panel, int n_columns, const double *x,
                int ldx, const uint8_t *reflection, double *const *target) {
    const double *sign[DP_COLUMNS] = {NULL};
    signs_of(set, n_columns, reflection, sign);
    dp_panel_apply_add(set->isa, panel, n_columns, x, ldx, target, sign);
}

void dp_m2m(const dp_operator_set *parent, const dp_operator_set *child,
            const dp_transfer *transfer, int n_columns, const double *const *source,
            const uint8_t *reflection, double *const *target, dp_scratch *scratch) {
    gather(child, n_columns, source, reflection, scratch);
    add(parent, &transfer->m2m, n_columns, scratch->columns, scratch->ld, reflection, target);
}

void dp_l2l(const dp_operator_set *parent, const dp_operator_set *child,
            const dp_transfer *transfer, int n_columns, const double *const *source,
            const uint8_t *reflection, double *const *target, dp_scratch *scratch) {
    gather(parent, n_columns, source, reflection, scratch);
    add(child, &transfer->l2l, n_columns, scratch->columns, scratch->ld, reflection, target);
}

/* All parities together: gathered with the columns, added by the product itself. */
static void m2l_whole(const dp_operator_set *set, const dp_m2l_part *part, int n_columns,
                      const double *const *source, const uint8_t *reflection, double *const *target,
                      dp_scratch *scratch) {
    gather(set, n_columns, source, reflection, scratch);
    dp_panel_apply(set->isa, &part->b, n_columns, scratch->columns, scratch->ld, scratch->product,
                   scratch->ld);
    add(set, &part->a, n_columns, scratch->product, scratch->ld, reflection, target);
}

/* Some parities: packed one behind the other, and back. */
static void m2l_part(const dp_operator_set *set, const dp_m2l_part *part, int n_columns,
                     const double *const *source, const uint8_t *reflection, double *const *target,
                     dp_scratch *scratch) {
    dp_range range[DP_N_PARITIES];
    int n_ranges = 0;
    const double *sign[DP_COLUMNS] = {NULL};
    signs_of(set, n_columns, reflection, sign);
    for (int a = 0; a < DP_N_PARITIES; a++)
        if (part->parities >> a & 1)
            range[n_ranges++] = (dp_range){set->k_begin[a], set->k_begin[a + 1]};
    dp_panel_gather_ranges(set->isa, n_ranges, range, n_columns, source, sign, scratch->columns,
                           scratch->ld);
    dp_panel_apply(set->isa, &part->b, n_columns, scratch->columns, scratch->ld, scratch->product,
                   scratch->ld);
    dp_panel_apply(set->isa, &part->a, n_columns, scratch->product, scratch->ld, scratch->columns,
                   scratch->ld);
    dp_panel_add_ranges(set->isa, n_ranges, range, n_columns, scratch->columns, scratch->ld, sign,
                        target);
}

void dp_m2l(const dp_operator_set *set, int folded, int n_columns, const double *const *source,
            const uint8_t *reflection, double *const *target, dp_scratch *scratch) {
    const dp_m2l_parts *m2l = &set->m2l[folded];
    if (m2l->n == 1) {
        m2l_whole(set, &m2l->part[0], n_columns, source, reflection, target, scratch);
        return;
    }
    for (int i = 0; i < m2l->n; i++)
        if (m2l->part[i].b.m)
            m2l_part(set, &m2l->part[i], n_columns, source, reflection, target, scratch);
}
