#include "operators/build.h"

#include "operators/interaction.h"
#include "platform/linalg.h"

typedef struct builder {
    dp_interactions interactions;
    dp_operator_data *data;
    double threshold;
    int order[DP_MOST_CLASSES]; /* of the classes, those that take longest first */
} builder;

dagpole_status dp_m2l_values(const dp_interactions *in, const dp_operator_key *key,
                             dp_lambda lambda, int c, double **values) {
    const int *v = in->offsets.sorted[c];
    double centre[3] = {2.0 * v[0], 2.0 * v[1], 2.0 * v[2]};
    return dp_interaction_values(in->surface, in->surface, key->kernel, lambda, DP_RADIUS_NEAR,
                                 DP_RADIUS_NEAR, centre, values);
}

static int n_zero_axes(const int v[3]) {
    return (v[0] == 0) + (v[1] == 0) + (v[2] == 0);
}

static void order_classes(builder *b) {
    const dp_offsets *o = &b->interactions.offsets;
    int n = 0;
    for (int zero = 0; zero < 3; zero++)
        for (int c = 0; c < o->n_classes; c++)
            if (n_zero_axes(o->sorted[c]) == zero)
                b->order[n++] = c;
}

static dagpole_status build_part(void *argument, int64_t i) {
    builder *b = argument;
    if (i == 0)
        return dp_p2m_build(&b->interactions, b->data);
    return dp_factor_build(&b->interactions, b->order[i - 1], b->threshold, b->data);
}

static dagpole_status build(const dp_team *team, builder *b) {
    double reference;
    const dp_operator_key *key = &b->data->key;
    dp_interactions *in = &b->interactions;
    DP_TRY(dp_interaction_blocks(in->surface, key->kernel, key->lambda, DP_RADIUS_FAR,
                                 DP_RADIUS_NEAR, in->check));
    DP_TRY(dp_basis_build(team, in, b->data, &reference));
    /* Shared out over the 316 positions the tolerance would be cut by 18, which nothing needs. */
    b->threshold = key->accuracy.tolerance * key->accuracy.m2l_cut * reference;
    order_classes(b);
    return team->run(team, b->data->n_classes + 1, build_part, b);
}

static dagpole_status build_on(const dp_team *team, const dp_surface *component,
                               dp_operator_data *data) {
    builder b = {.data = data};
    const dp_kernel *kernel = data->key.kernel;
    b.interactions.surface = component;
    b.interactions.parts = dp_parts(kernel);
    dp_offsets_fill(&b.interactions.offsets, kernel->has_permutations);
    b.interactions.kinds = dp_kinds_list(b.interactions.offsets.n_permutations);
    DP_TRY(dp_blas_begin(team->size));
    dagpole_status status = build(team, &b);
    dp_blas_end(team->size);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        dp_free(b.interactions.basis[a]);
        dp_free(b.interactions.check[a]);
    }
    return status;
}

dagpole_status dp_operator_data_build(const dp_team *team, const dp_surface *surface,
                                      const dp_operator_key *key, dp_operator_data **out) {
    *out = NULL;
    dp_surface *component;
    DP_TRY(dp_surface_create_component(surface, &component));
    dp_operator_data *data = dp_alloc_zero(1, sizeof *data);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (data) {
        data->key = *key;
        data->n = surface->n;
        data->n_classes = dp_n_classes(key);
        status = build_on(team, component, data);
    }
    dp_surface_destroy(component);
    if (status == DAGPOLE_OK)
        *out = data;
    else
        dp_operator_data_destroy(data);
    return status;
}
