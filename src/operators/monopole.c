#include "operators/apply.h"

#include <string.h>

/* From potentials of 1 wherever locals take them. */
static void find_constant(const dp_operator_set *set, dp_scratch *scratch, double *constant) {
    memset(scratch->columns, 0, (size_t)scratch->ld * sizeof *scratch->columns);
    for (int o = 0; o < set->inner.orbits.n; o++)
        scratch->columns[o] = 8; /* the sum of the images, which is all in the even parity */
    dp_surface_to_expansions(set, &set->inner, 1, &constant, scratch);
}

/* What n locals of one even coefficient each do at the centre, from `first` on, at most DP_COLUMNS.
 */
static void evaluate_at_centre(const dp_operator_set *set, int first, int n, dp_scratch *scratch,
                               double *value) {
    static const double origin;
    const dp_frame frame = {.half = 1};
    const dp_soa centre = {&origin, &origin, &origin};
    const double *local[DP_COLUMNS];
    for (int i = 0; i < n; i++) {
        double *column = scratch->columns + (size_t)i * (size_t)scratch->ld;
        memset(column, 0, (size_t)set->k_padded * sizeof *column);
        column[first + i] = 1;
        local[i] = column;
    }
    dp_surface_densities(set, &set->outer, n, local, scratch);
    set->from_orbits_many_far(set->lambda, &set->outer.orbits, n, scratch->product, scratch->ld,
                              set->outer.ld, &frame, 1, centre,
                              (dp_sums){.potential = value + first}, 1);
}

static int is_laplace(const dp_operators *operators) {
    const dp_operator_set *set = operators->n_sets ? &operators->sets[0] : NULL;
    return set && !operators->user && set->n_components == 1 && set->lambda == 0;
}

dagpole_status dp_monopole_create(const dp_operators *operators, dp_scratch *scratch) {
    if (!is_laplace(operators))
        return DAGPOLE_OK;
    const dp_operator_set *set = &operators->sets[0];
    const size_t k = (size_t)set->k_padded;
    dp_monopole *m = scratch->monopole = dp_alloc_zero(1, sizeof *m);
    if (!m)
        return DAGPOLE_NO_MEMORY;
    m->begin = set->k_begin[0];
    m->end = set->k_begin[1];
    m->constant = dp_alloc_zero(2 * k, sizeof *m->constant);
    if (!m->constant)
        return DAGPOLE_NO_MEMORY;
    m->at_centre = m->constant + k;
    find_constant(set, scratch, m->constant);
    for (int i = m->begin; i < m->end; i += DP_COLUMNS)
        evaluate_at_centre(set, i, m->end - i < DP_COLUMNS ? m->end - i : DP_COLUMNS, scratch,
                           m->at_centre);
    double product = dp_monopole_at_centre(m, m->constant);
    for (int i = m->begin; i < m->end; i++)
        m->constant[i] /= product;
    return DAGPOLE_OK;
}

void dp_monopole_destroy(dp_monopole *monopole) {
    if (monopole)
        dp_free(monopole->constant);
    dp_free(monopole);
}
