#include <string.h>

#include "api/internal.h"

static dagpole_status check(const dagpole_plan *plan, const dp_arrays *arrays) {
    DP_TRY(dp_plan_check(plan));
    if (plan->n_sources && !arrays->charges)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "charges is NULL: the plan has %lld sources",
                       (long long)plan->n_sources);
    if (plan->n_targets && !arrays->potentials)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "potentials is NULL: the plan has %lld targets",
                       (long long)plan->n_targets);
    return DAGPOLE_OK;
}

/* *all: of the batches so far. */
static void add_profile(const dp_profile *batch, dp_profile *all) {
    double wall_s = all->wall_s + batch->wall_s, share = wall_s > 0 ? batch->wall_s / wall_s : 1;
    all->wall_s = wall_s;
    all->share_tasks += share * (batch->share_tasks - all->share_tasks);
    all->share_runtime += share * (batch->share_runtime - all->share_runtime);
    all->share_idle += share * (batch->share_idle - all->share_idle);
    for (int op = 0; op < DP_MAX_OPS; op++)
        all->op_s[op] += batch->op_s[op];
    all->bytes_copied += batch->bytes_copied;
    all->bytes_remote += batch->bytes_remote;
}

static void note_fastest(dagpole_plan *plan, const dp_profile *profile) {
    if (plan->report.n_evaluations > 0 && profile->wall_s >= plan->fastest_s)
        return;
    plan->fastest_s = profile->wall_s;
    memcpy(plan->fastest_operator_s, profile->op_s, sizeof plan->fastest_operator_s);
}

static void account(dagpole_report *r, const dp_profile *profile) {
    r->n_evaluations++;
    r->evaluate_s = profile->wall_s;
    r->share_tasks = profile->share_tasks;
    r->share_runtime = profile->share_runtime;
    r->share_idle = profile->share_idle;
    memcpy(r->operator_s, profile->op_s, DAGPOLE_N_OPERATORS * sizeof *r->operator_s);
    r->bytes_copied = profile->bytes_copied;
    r->bytes_remote = profile->bytes_remote;
}

/* What the near field alone needs. The other operators' fields keep what they hold. */
static const dp_operator_bits near_operators =
    1u << DAGPOLE_GATHER | 1u << DAGPOLE_P2P | 1u << DAGPOLE_SCATTER;

/* Vectors [first, first + n) of the arrays. */
static dp_call batch_of(const dagpole_plan *plan, const dp_arrays *a, int first, int n) {
    const dagpole_plan_options *o = &plan->options;
    const size_t size = a->is_float ? sizeof(float) : sizeof(double);
    const int64_t stride = o->vector_stride, point = a->is_near_only ? 1 : o->point_stride,
                  source_vector = stride ? stride : plan->n_sources * point,
                  target_vector = stride ? stride : plan->n_targets * point;
    const size_t charges = (size_t)(first * source_vector) * size,
                 results = (size_t)(first * target_vector) * size;
    return (dp_call){
        .charges = a->charges ? (const char *)a->charges + charges : NULL,
        .potentials = a->potentials ? (char *)a->potentials + results : NULL,
        .gradients = a->gradients ? (char *)a->gradients + 3 * results : NULL,
        .is_float = a->is_float,
        .is_near_only = a->is_near_only,
        .n_vectors = n,
        .first_vector = first,
        .source_vector = source_vector,
        .target_vector = target_vector,
        .point = point,
        .charge_exponent = plan->charge_exponent,
    };
}

static dagpole_status find_units(dagpole_plan *plan, const dp_call *call) {
    memset(plan->charge_exponent, 0, sizeof plan->charge_exponent);
    return dp_charge_exponents(dp_runtime_team(plan->context->runtime),
                               &(dp_charges){.n = plan->n_sources,
                                             .values = call->charges,
                                             .is_float = call->is_float,
                                             .n_vectors = call->n_vectors,
                                             .vector = call->source_vector,
                                             .point = call->point},
                               plan->charge_work, plan->charge_exponent);
}

static dagpole_status run_batch(dagpole_plan *plan, const dp_call *call, dp_profile *profile) {
    DP_TRY(find_units(plan, call));
    plan->graph->call = *call;
    dagpole_status status = dp_execution_run_some(
        plan->execution, call->is_near_only ? near_operators : DP_ALL_OPERATORS, "evaluate",
        profile);
    plan->graph->call = (dp_call){0};
    return status;
}

static dagpole_status run(dagpole_plan *plan, const dp_arrays *arrays) {
    int n_vectors = arrays->is_near_only ? 1 : plan->options.n_vectors;
    dp_profile all = {0};
    for (int first = 0; first < n_vectors; first += plan->n_at_once) {
        int n = dp_vectors_left(n_vectors, first, plan->n_at_once);
        dp_call call = batch_of(plan, arrays, first, n);
        dp_profile profile;
        DP_TRY(run_batch(plan, &call, &profile));
        add_profile(&profile, &all);
    }
    if (arrays->is_near_only)
        return DAGPOLE_OK;
    memcpy(plan->far_charge_exponent, plan->charge_exponent, sizeof plan->charge_exponent);
    note_fastest(plan, &all);
    account(&plan->report, &all);
    return DAGPOLE_OK;
}

dagpole_status dp_plan_run(dagpole_plan *plan, dp_arrays arrays) {
    DP_TRY(check(plan, &arrays));
    DP_TRY(dp_plan_begin(plan));
    dagpole_status status = run(plan, &arrays);
    if (!arrays.is_near_only || status != DAGPOLE_OK) /* near sums leave theirs as well */
        plan->has_failed = status != DAGPOLE_OK;
    if (plan->recorded != DP_RECORDED_OFF && !arrays.is_near_only)
        plan->recorded = status == DAGPOLE_OK ? DP_RECORDED_ALL : DP_RECORDED_FAILURE;
    dp_plan_end(plan);
    return status;
}

dagpole_status dagpole_plan_evaluate(dagpole_plan *plan, const double *charges, double *potentials,
                                     double *gradients) {
    DP_DEFAULT_FLOATING;
    return dp_plan_run(
        plan, (dp_arrays){.charges = charges, .potentials = potentials, .gradients = gradients});
}

dagpole_status dagpole_plan_evaluate_float(dagpole_plan *plan, const float *charges,
                                           float *potentials, float *gradients) {
    DP_DEFAULT_FLOATING;
    return dp_plan_run(plan, (dp_arrays){.charges = charges,
                                         .potentials = potentials,
                                         .gradients = gradients,
                                         .is_float = 1});
}
