#include <string.h>

#include "api/internal.h"

static dagpole_status check(const dagpole_plan *plan, const dp_arrays *call) {
    DP_TRY(dp_plan_check(plan));
    if (plan->n_sources && !call->charges)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "charges is NULL: the plan has %lld sources",
                       (long long)plan->n_sources);
    if (plan->n_targets && !call->potentials)
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
    const int64_t source_vector = o->vector_stride ? o->vector_stride : plan->n_sources,
                  target_vector = o->vector_stride ? o->vector_stride : plan->n_targets;
    const size_t charges = (size_t)(first * source_vector) * size,
                 results = (size_t)(first * target_vector) * size;
    return (dp_call){
        .charges = a->charges ? (const char *)a->charges + charges : NULL,
        .potentials = a->potentials ? (char *)a->potentials + results : NULL,
        .gradients = a->gradients ? (char *)a->gradients + 3 * results : NULL,
        .is_float = a->is_float,
        .is_near_only = a->is_near_only,
        .n_vectors = n,
        .charges_before = first * source_vector,
        .source_vector = source_vector,
        .target_vector = target_vector,
        .point = a->is_near_only ? 1 : o->point_stride,
        .charge_exponent = plan->charge_exponent,
    };
}

static dagpole_status find_units(dagpole_plan *plan, const dp_call *call) {
    const dp_team *team = dp_runtime_team(plan->context->runtime);
    const int64_t size = call->is_float ? (int64_t)sizeof(float) : (int64_t)sizeof(double);
    memset(plan->charge_exponent, 0, sizeof plan->charge_exponent);
    for (int v = 0; v < call->n_vectors; v++)
        DP_TRY(dp_charge_exponent(team, plan->n_sources,
                                  (const char *)call->charges + v * call->source_vector * size,
                                  call->is_float, call->point, &plan->charge_exponent[v]));
    return DAGPOLE_OK;
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
    int n_vectors = arrays->is_near_only ? 1 : plan->options.n_vectors,
        n_at_once = plan->graph->problem.n_vectors;
    dp_profile all = {0};
    for (int first = 0; first < n_vectors; first += n_at_once) {
        int n_left = n_vectors - first;
        dp_call call = batch_of(plan, arrays, first, n_left < n_at_once ? n_left : n_at_once);
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

dagpole_status dp_plan_run(dagpole_plan *plan, dp_arrays call) {
    DP_TRY(check(plan, &call));
    DP_TRY(dp_plan_begin(plan));
    dagpole_status status = run(plan, &call);
    if (!call.is_near_only)
        plan->has_failed = status != DAGPOLE_OK;
    if (plan->recorded != DP_RECORDED_OFF && !call.is_near_only)
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
