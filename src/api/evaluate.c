#include <string.h>

#include "api/internal.h"

static dagpole_status check(const dagpole_plan *plan, const dp_call *call) {
    DP_TRY(dp_plan_check(plan));
    if (plan->n_sources && !call->charges)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "charges is NULL: the plan has %lld sources",
                       (long long)plan->n_sources);
    if (plan->n_targets && !call->potentials)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "potentials is NULL: the plan has %lld targets",
                       (long long)plan->n_targets);
    return DAGPOLE_OK;
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

static dagpole_status run(dagpole_plan *plan, dp_call *call) {
    dp_operator_bits ops = call->is_near_only ? near_operators : DP_ALL_OPERATORS;
    dp_profile profile;
    DP_TRY(dp_charge_exponent(dp_runtime_team(plan->context->runtime), plan->n_sources,
                              call->charges, call->is_float, &call->charge_exponent));
    plan->charge_exponent = call->charge_exponent;
    plan->graph->call = *call;
    dagpole_status status = dp_execution_run_some(plan->execution, ops, "evaluate", &profile);
    plan->graph->call = (dp_call){0};
    if (status != DAGPOLE_OK || call->is_near_only)
        return status;
    plan->far_charge_exponent = call->charge_exponent;
    note_fastest(plan, &profile);
    account(&plan->report, &profile);
    return DAGPOLE_OK;
}

dagpole_status dp_plan_run(dagpole_plan *plan, dp_call call) {
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
        plan, (dp_call){.charges = charges, .potentials = potentials, .gradients = gradients});
}

dagpole_status dagpole_plan_evaluate_float(dagpole_plan *plan, const float *charges,
                                           float *potentials, float *gradients) {
    DP_DEFAULT_FLOATING;
    return dp_plan_run(plan, (dp_call){.charges = charges,
                                       .potentials = potentials,
                                       .gradients = gradients,
                                       .is_float = 1});
}
