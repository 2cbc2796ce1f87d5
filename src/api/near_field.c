/* The near field alone, for looking at the error of the far field. */
#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "kernel/user_report.h"

/* Charges of the unique sources in tree order, times the unit. */
static void gather(const dp_points *points, const double *charges, const dp_power *unit,
                   double *charge) {
    for (int64_t i = 0; i < points->n; i++) {
        int64_t begin, end;
        dp_points_copies(points, i, &begin, &end);
        charge[i] = 0;
        for (int64_t j = begin; j < end; j++)
            charge[i] += dp_power_times(unit, charges[points->origin[j]]);
    }
}

/* unique[i]: the unique point of the caller's point i. */
static void invert(const dp_points *points, int64_t *unique) {
    for (int64_t i = 0; i < points->n; i++) {
        int64_t begin, end;
        dp_points_copies(points, i, &begin, &end);
        for (int64_t j = begin; j < end; j++)
            unique[points->origin[j]] = i;
    }
}

/* Potential (and gradient), without the factors, at unique target i. */
static void sum_near(const dagpole_plan *plan, const dp_direct_loop *loop, int n_sums,
                     const dp_csr *near, const double *charge, int64_t i, double sums[4]) {
    const dp_tree *tree = &plan->tree;
    const dp_points *t = plan->targets, *s = &plan->sources;
    const double position[3] = {t->x[i], t->y[i], t->z[i]};
    int32_t leaf =
        dp_tree_find_enclosing(tree, DP_MAX_DEPTH, dp_morton_of_point(&tree->cube, position));
    dp_sums out = dp_sums_of_rows(sums, 1, n_sums);
    memset(sums, 0, 4 * sizeof *sums);
    for (int64_t j = near->offset[leaf]; j < near->offset[leaf + 1]; j++) {
        int64_t begin = tree->source_begin[near->index[j]];
        dp_direct_add(loop, 1, (dp_soa){t->x + i, t->y + i, t->z + i}, out,
                      tree->source_end[near->index[j]] - begin,
                      (dp_soa){s->x + begin, s->y + begin, s->z + begin},
                      (dp_carried){.charge = charge + begin});
    }
}

static dagpole_status check(const dagpole_plan *plan, const double *charges, int64_t n,
                            const int64_t *targets, int has_gradients) {
    DP_TRY(dp_plan_check(plan));
    DP_TRY(dp_plan_check_real(plan, "near sums"));
    if (plan->shape.has_dipoles)
        return dp_fail(DAGPOLE_UNSUPPORTED, "the plan's sources carry dipoles: the near field "
                                            "alone is of plans whose sources carry charges");
    if (!charges && plan->n_sources)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "charges is NULL: the plan has %lld sources",
                       (long long)plan->n_sources);
    if (n < 0)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n is %lld: it must not be negative", (long long)n);
    if (n > 0 && !targets)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "targets is NULL: %lld are announced", (long long)n);
    for (int64_t i = 0; i < n; i++)
        if (targets[i] < 0 || targets[i] >= plan->n_targets)
            return dp_fail(DAGPOLE_BAD_ARGUMENT, "targets[%lld] is %lld: it must be 0 ... %lld",
                           (long long)i, (long long)targets[i], (long long)plan->n_targets - 1);
    DP_TRY(dp_user_check_results(plan->user, plan->options.sources, has_gradients, 0));
    for (int64_t i = 0; i < plan->n_sources; i++)
        if (!isfinite(charges[i]))
            return dp_fail(DAGPOLE_NUMERIC, "charges[%lld] is %g: charges must be finite",
                           (long long)i, charges[i]);
    return DAGPOLE_OK;
}

static dagpole_status sum_all_near(const dagpole_plan *plan, const dp_csr *near, dp_user_work *user,
                                   const double *charges, int64_t n, const int64_t *targets,
                                   double *charge, int64_t *unique, double *potentials,
                                   double *gradients) {
    int exponent, of_points = plan->tree.cube.exponent;
    DP_TRY(dp_charge_exponent(plan->n_sources, charges, &exponent));
    const dp_power of_charges = dp_power_split(-exponent),
                   of_potentials = dp_power_split(exponent - of_points),
                   of_gradients = dp_power_split(exponent - 2 * of_points);
    gather(&plan->sources, charges, &of_charges, charge);
    invert(plan->targets, unique);
    const dp_direct_loop loop = {.p2p = plan->kernel->p2p[plan->context->isa],
                                 .lambda = plan->graph->problem.lambda,
                                 .user = user};
    for (int64_t i = 0; i < n; i++) {
        double sums[4];
        sum_near(plan, &loop, user && !gradients ? DP_POTENTIAL : DP_GRADIENT, near, charge,
                 unique[targets[i]], sums);
        if (potentials)
            potentials[i] = dp_power_times(&of_potentials, DP_KERNEL_FACTOR * sums[0]);
        for (int d = 0; gradients && d < 3; d++)
            gradients[3 * i + d] = dp_power_times(&of_gradients, DP_KERNEL_FACTOR * sums[1 + d]);
    }
    return DAGPOLE_OK;
}

/* A plan keeps what its tasks need alone: who is near is found anew. */
static dagpole_status find_near(const dagpole_plan *plan, dp_interactions *interactions) {
    dp_problem problem = plan->graph->problem;
    dp_lists lists;
    DP_TRY(dp_plan_lists(&dp_team_serial, plan, &lists));
    problem.lists = &lists;
    dagpole_status status = dp_interactions_build(&dp_team_serial, &problem, interactions);
    dp_lists_free(&lists);
    return status;
}

dagpole_status dagpole_plan_near_field(const dagpole_plan *plan, const double *charges, int64_t n,
                                       const int64_t *targets, double *potentials,
                                       double *gradients) {
    DP_DEFAULT_FLOATING;
    DP_TRY(check(plan, charges, n, targets, gradients != NULL));
    double *charge = dp_alloc((size_t)plan->sources.n, sizeof *charge);
    int64_t *unique = dp_alloc((size_t)plan->n_targets, sizeof *unique);
    dp_interactions interactions = {0};
    dp_user_work *user = NULL;
    dagpole_status status = charge && unique ? find_near(plan, &interactions) : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK && plan->user)
        status = dp_user_work_create(plan->user, &user);
    if (status == DAGPOLE_OK)
        status = sum_all_near(plan, &interactions.near, user, charges, n, targets, charge, unique,
                              potentials, gradients);
    if (status == DAGPOLE_OK && user && user->failure.is_set)
        status = dp_user_report(user, &plan->sources, plan->targets);
    dp_user_work_destroy(user);
    dp_interactions_free(&interactions);
    dp_free(unique);
    dp_free(charge);
    return status;
}

/* By an evaluation that leaves out all but P2P: the sums are the same to the last bit. */
dagpole_status dagpole_plan_near_sums(dagpole_plan *plan, const double *charges, int64_t n,
                                      const int64_t *targets, double *potentials,
                                      double *gradients) {
    DP_DEFAULT_FLOATING;
    DP_TRY(check(plan, charges, n, targets, gradients != NULL));
    size_t n_all = (size_t)plan->n_targets;
    double *all = dp_alloc(n_all, sizeof *all), *all_gradients = NULL;
    if (all && gradients)
        all_gradients = dp_alloc(n_all, 3 * sizeof *all_gradients);
    dagpole_status status = all && (all_gradients || !gradients) ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = dp_plan_run(plan, (dp_arrays){.charges = charges,
                                               .potentials = all,
                                               .gradients = all_gradients,
                                               .is_near_only = 1});
    for (int64_t i = 0; status == DAGPOLE_OK && i < n; i++) {
        if (potentials)
            potentials[i] = all[targets[i]];
        if (gradients)
            memcpy(gradients + 3 * i, all_gradients + 3 * targets[i], 3 * sizeof *gradients);
    }
    dp_free(all_gradients);
    dp_free(all);
    return status;
}
