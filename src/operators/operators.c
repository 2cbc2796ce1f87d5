#include "operators/operators.h"

#include <stdio.h>
#include <string.h>

#include "operators/cache.h"

static dp_operator_key key_of_level(const dp_operators_request *r, int level) {
    dp_lambda lambda =
        r->kernel->is_homogeneous ? 0 : r->lambda * (dp_power_of_two(-level - 1) * r->side);
    dp_operator_key key = {.kernel = r->kernel, .lambda = lambda, .accuracy = r->accuracy};
    double radians = 2 * dp_wave_number(lambda);
    key.accuracy.p = dp_accuracy_points(&r->accuracy, radians);
    key.accuracy.tolerance = dp_accuracy_tolerance(&r->accuracy, radians);
    return key;
}

/* A kernel without a name is not kept. */
static const char *cache_of(const dp_operators_request *r) {
    return *r->kernel->name ? r->cache_dir : "";
}

/* From the cache or built (and stored). */
static dagpole_status obtain(const dp_team *team, const dp_operators_request *r,
                             const dp_surface *surface, const dp_operator_key *key, char *message,
                             dp_operators *ops, dp_operator_data **data) {
    char said[DP_ERROR_TEXT_BYTES] = "";
    const char *directory = cache_of(r);
    DP_TRY(dp_cache_load(directory, surface, key, said, data));
    if (*said)
        memcpy(message, said, sizeof said);
    if (*data)
        return DAGPOLE_OK;
    ops->is_cached = 0;
    DP_TRY(dp_operator_data_build(team, surface, key, data));
    if (*directory && dp_cache_save(directory, surface, *data) != DAGPOLE_OK) {
        ops->is_kept = 0;
        snprintf(message, DP_ERROR_TEXT_BYTES, "operators are not kept: %.400s",
                 dagpole_last_error());
    }
    return DAGPOLE_OK;
}

/* Of a level and of the one above, while operators are made. */
typedef struct made {
    dp_surface *surface;
    dp_operator_data *data;
} made;

static void forget(made *m) {
    dp_operator_data_destroy(m->data);
    dp_surface_destroy(m->surface);
    *m = (made){0};
}

static dagpole_status make_level(const dp_team *team, const dp_operators_request *r, int i,
                                 const made *above, char *message, dp_operators *ops, made *m) {
    dp_operator_key key = key_of_level(r, DP_FIRST_LEVEL + i);
    double radians = 2 * dp_wave_number(key.lambda);
    int inner_p = r->kernel->imaginary ? dp_surface_inner_points(radians) : 0;
    DP_TRY(dp_surface_create(key.accuracy.p, inner_p, &m->surface));
    DP_TRY(obtain(team, r, m->surface, &key, message, ops, &m->data));
    DP_TRY(dp_operator_set_create(team, r->isa, m->surface, m->data, &ops->sets[i]));
    if (r->kernel->is_homogeneous)
        return dp_transfer_create(r->isa, m->surface, m->surface, m->data, m->data,
                                  &ops->transfers[0]);
    if (!above->data)
        return DAGPOLE_OK;
    return dp_transfer_create(r->isa, above->surface, m->surface, above->data, m->data,
                              &ops->transfers[i - 1]);
}

/* Sets for levels first ... depth (homogeneous: one) and the transfers between them. */
static dagpole_status fill(const dp_team *team, const dp_operators_request *r, char *message,
                           dp_operators *ops) {
    made above = {0}, here = {0};
    dagpole_status status = DAGPOLE_OK;
    ops->is_cached = 1;
    ops->is_kept = *cache_of(r) != '\0';
    for (int i = 0; status == DAGPOLE_OK && i < ops->n_sets; i++) {
        status = make_level(team, r, i, &above, message, ops, &here);
        forget(&above);
        above = here;
        here = (made){0};
    }
    forget(&above);
    return status;
}

/* From the deepest level up, as far as the far field does not vanish. */
static void point_levels(const dp_operators_request *r, dp_operators *ops) {
    for (int level = r->depth; level >= DP_FIRST_LEVEL; level--) {
        int i = r->kernel->is_homogeneous ? 0 : level - DP_FIRST_LEVEL;
        if (!ops->sets[i].k)
            return;
        ops->level[level] = &ops->sets[i];
        ops->below[level] = &ops->transfers[i];
    }
}

dagpole_status dp_operators_create(const dp_team *team, const dp_operators_request *r,
                                   char message[DP_ERROR_TEXT_BYTES], dp_operators **operators) {
    *operators = NULL;
    message[0] = '\0';
    dp_operators *ops = dp_alloc_zero(1, sizeof *ops);
    if (!ops)
        return DAGPOLE_NO_MEMORY;
    dp_offsets_fill(&ops->offsets, r->kernel->has_permutations);
    ops->user = r->kernel->user;
    ops->depth = r->depth;
    int n_levels = r->depth - DP_FIRST_LEVEL + 1;
    ops->n_sets = n_levels <= 0 ? 0 : r->kernel->is_homogeneous ? 1 : n_levels;
    ops->sets = dp_alloc_zero((size_t)ops->n_sets, sizeof *ops->sets);
    ops->transfers = dp_alloc_zero((size_t)ops->n_sets, sizeof *ops->transfers);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (ops->sets && ops->transfers)
        status = fill(team, r, message, ops);
    if (status == DAGPOLE_OK) {
        point_levels(r, ops);
        *operators = ops;
    } else
        dp_operators_destroy(ops);
    return status;
}

void dp_operators_destroy(dp_operators *ops) {
    if (!ops)
        return;
    for (int i = 0; i < ops->n_sets; i++) {
        if (ops->transfers)
            dp_transfer_free(&ops->transfers[i]);
        if (ops->sets)
            dp_operator_set_free(&ops->sets[i]);
    }
    dp_free(ops->transfers);
    dp_free(ops->sets);
    dp_free(ops);
}

int64_t dp_operators_bytes(const dp_operators *ops) {
    int64_t bytes = (int64_t)sizeof *ops;
    for (int i = 0; i < ops->n_sets; i++) {
        const dp_operator_set *set = &ops->sets[i];
        bytes += (int64_t)sizeof *set + dp_surface_sums_bytes(&set->outer) +
                 dp_surface_sums_bytes(&set->inner) +
                 (dp_is_paired(set) ? 16 : 8) * (int64_t)sizeof(double) * set->k_padded +
                 (int64_t)(sizeof(double) * dp_isotropic_numbers(&set->isotropic));
        for (int f = 0; f < DP_N_FOLDED; f++)
            for (int i = 0; i < set->m2l[f].n; i++) {
                const dp_m2l_part *part = &set->m2l[f].part[i];
                bytes += dp_panel_bytes(&part->a) + dp_panel_bytes(&part->b) +
                         dp_panel_bytes(&part->rounded_a) + dp_panel_bytes(&part->rounded_b);
            }
        bytes += dp_panel_bytes(&ops->transfers[i].m2m) + dp_panel_bytes(&ops->transfers[i].l2l);
    }
    return bytes;
}
