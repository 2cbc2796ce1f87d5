#include "operators/build.h"

#include "operators/interaction.h"
#include "platform/linalg.h"

typedef struct builder {
    dp_interactions interactions;
    dp_operator_data *data;
    double threshold;
} builder;

/* i < 16: M2L of class i; 16: the check matrix; 17: M2L of class 0 without screening. */
static dagpole_status fill_interaction(void *argument, int64_t i) {
    builder *b = argument;
    dp_interactions *in = &b->interactions;
    const dp_operator_key *key = &b->data->key;
    if (i == DP_N_CLASSES)
        return dp_interaction_matrix(in->surface, key->kernel, key->lambda, DP_RADIUS_FAR,
                                     DP_RADIUS_NEAR, (double[3]){0, 0, 0}, &in->check);
    int is_screened = i < DP_N_CLASSES;
    const int *v = in->offsets.sorted[is_screened ? i : 0];
    double centre[3] = {2.0 * v[0], 2.0 * v[1], 2.0 * v[2]};
    return dp_interaction_matrix(in->surface, key->kernel, is_screened ? key->lambda : 0,
                                 DP_RADIUS_NEAR, DP_RADIUS_NEAR, centre,
                                 is_screened ? &in->m2l[i] : &in->unscreened);
}

static dagpole_status build_part(void *argument, int64_t i) {
    builder *b = argument;
    if (i == 0)
        return dp_p2m_build(&b->interactions, b->data);
    return dp_factor_build(&b->interactions, (int)i - 1, b->threshold, b->data);
}

static dagpole_status build(const dp_team *team, builder *b) {
    double reference;
    int is_screened = b->data->key.lambda > 0;
    DP_TRY(team->run(team, DP_N_CLASSES + 1 + is_screened, fill_interaction, b));
    DP_TRY(dp_basis_build(team, &b->interactions, b->data, &reference));
    /* Shared out over the 316 positions the tolerance would be cut by 18, which nothing needs. */
    const dp_accuracy *accuracy = &b->data->key.accuracy;
    b->threshold = accuracy->tolerance * accuracy->m2l_cut * reference;
    return team->run(team, DP_N_CLASSES + 1, build_part, b);
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
    dp_offsets_fill(&b.interactions.offsets);
    dp_blas_begin();
    dagpole_status status = build(team, &b);
    dp_blas_end();
    for (int c = 0; c < DP_N_CLASSES; c++)
        dp_free(b.interactions.m2l[c]);
    dp_free(b.interactions.check);
    dp_free(b.interactions.unscreened);
    if (status == DAGPOLE_OK)
        *out = b.data;
    else
        dp_operator_data_destroy(b.data);
    return status;
}
