/* Operators ahead of time, and what a plan will hold. */
#include <math.h>
#include <stdio.h>

#include "api/internal.h"

static dagpole_status check(const dagpole_context *context, const dagpole_plan_options *o,
                            double root_side, int depth) {
    if (!context)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "context is NULL: make one with "
                                             "dagpole_context_create");
    if (dp_kernel_get(o->kernel)->is_homogeneous)
        return DAGPOLE_OK;
    if (!(root_side > 0 && root_side <= DP_MAX_COORDINATE))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "root_side is %g: it must be positive and at most %g",
                       root_side, DP_MAX_COORDINATE);
    if (depth < 2 || depth > DP_MAX_DEPTH)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "depth is %d: it must be 2 ... %d", depth,
                       DP_MAX_DEPTH);
    return DAGPOLE_OK;
}

dagpole_status dagpole_precompute(dagpole_context *context, const dagpole_plan_options *options,
                                  double root_side, int depth) {
    DP_DEFAULT_FLOATING;
    dagpole_plan_options o;
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators *operators;
    DP_TRY(dp_options_resolve(options, &o));
    if (o.kernel == DAGPOLE_USER)
        return dp_fail(DAGPOLE_UNSUPPORTED,
                       "kernel is DAGPOLE_USER (4): its operators are kept by the "
                       "first plan that needs them, where it has a version");
    DP_TRY(check(context, &o, root_side, depth));
    if (!*context->cache_dir)
        return dp_fail(DAGPOLE_FILE, "the context has no cache directory to keep operators in");
    /* A little less, so that a side of the ladder finds itself. */
    double extent = root_side * (1 - 1e-6);
    dp_bounds bounds = {{0, 0, 0}, {extent, extent, extent}};
    dp_cube cube = dp_cube_fit(&bounds, 1);
    const dp_kernel *kernel = dp_kernel_get(o.kernel);
    dp_operators_request request = {.kernel = dp_kernel_far(kernel),
                                    .lambda = dp_scaled_lambda(&o, &cube),
                                    .side = cube.side,
                                    .depth = kernel->is_homogeneous ? DP_FIRST_LEVEL : depth,
                                    .accuracy = dp_options_accuracy(&o),
                                    .isa = context->isa,
                                    .cache_dir = context->cache_dir};
    DP_TRY(dp_check_waves(&o, &cube, &request));
    dagpole_status status = dp_runtime_progress(context->runtime, "operators", 0);
    if (status == DAGPOLE_OK)
        status =
            dp_operators_create(dp_runtime_team(context->runtime), &request, message, &operators);
    if (status != DAGPOLE_OK)
        return status;
    int is_kept = operators->is_kept;
    dp_operators_destroy(operators);
    if (*message)
        dp_runtime_log(context->runtime, "%s", message);
    return is_kept ? DAGPOLE_OK : dp_fail(DAGPOLE_FILE, "%s", message);
}

dagpole_status dagpole_plan_estimate(const dagpole_plan_options *options, int64_t n_sources,
                                     int64_t n_targets, int64_t *bytes) {
    DP_DEFAULT_FLOATING;
    dagpole_plan_options o;
    DP_TRY(dp_options_resolve(options, &o));
    if (!bytes)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "bytes is NULL: it receives the estimate");
    if (n_sources < 0 || n_targets < 0 || n_sources > DP_MAX_POINTS || n_targets > DP_MAX_POINTS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "n_sources is %lld, n_targets %lld: each must be 0 ... 2^40",
                       (long long)n_sources, (long long)n_targets);
    const dp_shape shape = dp_options_shape(&o);
    const int n_parts = dp_n_parts(&shape);
    const int of_column = dp_column_vectors(&shape);
    double part = dp_cost_expansion_size(o.tolerance), k = of_column * part;
    const int has_floats =
        o.kernel != DAGPOLE_USER && dp_cost_has_floats(dp_kernel_get(o.kernel), part);
    double rank = of_column * dp_cost_mean_rank(part, has_floats);
    double rows = n_parts * dp_vectors_at_once(o.n_vectors, DP_MOST_VECTORS / n_parts),
           v = rows / of_column;
    /* What the cost model comes to. */
    double n_crit =
        o.n_crit ? o.n_crit
                 : (50 * o.digits - 50) * (o.gradients || o.hessians ? 0.6 : 1) * pow(v, 0.3);
    double own_targets = (double)n_targets, targets = n_targets ? own_targets : (double)n_sources;
    double points = (double)n_sources + own_targets;
    /* Leaves are about 0.4 full; a box holds two expansions and up to 189 M2L pairs. */
    double boxes = 1.15 * points / (0.4 * n_crit) + 1;
    double plan = 40 * points + 32.0 * (double)n_sources + 32 * targets + 24 * own_targets +
                  boxes * (16 * k * v + 189 * 12 + 60 * 4 + 100);
    /* Of each further row of what is carried and of sums: these and, where the sources are the
     * targets, halos. */
    plan += 8.0 * (rows * dp_n_carried(&shape) - 1) * (double)n_sources +
            (rows * shape.n_sums / DP_GRADIENT - 1) * (n_targets ? 32 : 120) * targets;
    int is_homogeneous = o.kernel == DAGPOLE_USER ? o.user_kernel->is_homogeneous
                                                  : dp_kernel_get(o.kernel)->is_homogeneous;
    double sets = is_homogeneous ? 1 : fmax(1, log2(boxes + 1) / 3 - 1);
    double operators = sets * 8 * k * (2 * DP_N_FOLDED * rank + 6 * k);
    int is_shallow = points < 5 * n_crit; /* no level that carries a far field */
    *bytes = (int64_t)(plan + (is_shallow ? 0 : operators) + 2e5);
    return DAGPOLE_OK;
}
