#include "operators/build.h"

#include "operators/interaction.h"
#include "platform/linalg.h"

typedef struct builder {
    dp_interactions interactions;
    dp_operator_data *data;
    double threshold;
} builder;

/* M2L of class c with this lambda. */
static dagpole_status fill_m2l(const builder *b, int c, dp_lambda lambda, double **matrix) {
    const int *v = b->interactions.offsets.sorted[c];
    double centre[3] = {2.0 * v[0], 2.0 * v[1], 2.0 * v[2]};
    return dp_interaction_matrix(b->interactions.surface, b->interactions.surface,
                                 b->data->key.kernel, lambda, DP_RADIUS_NEAR, DP_RADIUS_NEAR,
                                 centre, matrix);
}

/* What the basis needs. i < n_classes: M2L of class i, if it is among the nearest; n_classes: the
 * check matrix; the one behind it: M2L of class 0 without screening. */
static dagpole_status fill_interaction(void *argument, int64_t i) {
    builder *b = argument;
    dp_interactions *in = &b->interactions;
    const dp_operator_key *key = &b->data->key;
    int n_classes = in->offsets.n_classes;
    if (i == n_classes)
        return dp_interaction_matrix(in->surface, in->surface, key->kernel, key->lambda,
                                     DP_RADIUS_FAR, DP_RADIUS_NEAR, (double[3]){0, 0, 0},
                                     &in->check);
    if (i > n_classes)
        return fill_m2l(b, 0, dp_lambda_of(0, dp_wave_number(key->lambda)), &in->unscreened);
    return dp_offsets_reach(in->offsets.sorted[i]) > 2
               ? DAGPOLE_OK
               : fill_m2l(b, (int)i, key->lambda, &in->m2l[i]);
}

/* Factors of class c. Its matrix is needed no more. */
static dagpole_status factorise(builder *b, int c) {
    dp_interactions *in = &b->interactions;
    if (!in->m2l[c])
        DP_TRY(fill_m2l(b, c, b->data->key.lambda, &in->m2l[c]));
    dagpole_status status = dp_factor_build(in, c, b->threshold, b->data);
    dp_free(in->m2l[c]);
    in->m2l[c] = NULL;
    return status;
}

static dagpole_status build_part(void *argument, int64_t i) {
    builder *b = argument;
    if (i == 0)
        return dp_p2m_build(&b->interactions, b->data);
    return factorise(b, (int)i - 1);
}

static dagpole_status build(const dp_team *team, builder *b) {
    double reference;
    int n_classes = b->data->n_classes, is_screened = dp_is_screened(&b->data->key);
    DP_TRY(team->run(team, n_classes + 1 + is_screened, fill_interaction, b));
    DP_TRY(dp_basis_build(team, &b->interactions, b->data, &reference));
    /* Shared out over the 316 positions the tolerance would be cut by 18, which nothing needs. */
    const dp_accuracy *accuracy = &b->data->key.accuracy;
    b->threshold = accuracy->tolerance * accuracy->m2l_cut * reference;
    return team->run(team, n_classes + 1, build_part, b);
}

dagpole_status dp_operator_data_build(const dp_team *team, const dp_surface *surface,
                                      const dp_operator_key *key, dp_operator_data **out) {
    *out = NULL;
    builder b = {.interactions.surface = surface};
    b.data = dp_alloc_zero(1, sizeof *b.data);
    if (!b.data)
        return DAGPOLE_NO_MEMORY;
    b.data->key = *key;
    b.data->n = surface->n;
    b.data->n_classes = dp_n_classes(key);
    dp_offsets_fill(&b.interactions.offsets, key->kernel->has_permutations);
    dp_blas_begin();
    dagpole_status status = build(team, &b);
    dp_blas_end();
    for (int c = 0; c < DP_MOST_CLASSES; c++)
        dp_free(b.interactions.m2l[c]);
    dp_free(b.interactions.check);
    dp_free(b.interactions.unscreened);
    if (status == DAGPOLE_OK)
        *out = b.data;
    else
        dp_operator_data_destroy(b.data);
    return status;
}
