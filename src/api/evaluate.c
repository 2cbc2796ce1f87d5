#include <string.h>

#include "api/internal.h"
#include "base/sized.h"

/* Of charges or dipoles. */
static dagpole_status check_carried(const char *name, int is_carried, int64_t n_sources,
                                    const void *given) {
    if (is_carried && n_sources && !given)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is NULL: %lld sources carry them", name,
                       (long long)n_sources);
    if (!is_carried && given)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "%s is not NULL: the sources carry none (options.sources)", name);
    return DAGPOLE_OK;
}

dagpole_status dp_check_values(const dagpole_plan_options *o, int64_t n_sources, int64_t n_targets,
                               const dp_arrays *a) {
    DP_TRY(check_carried("charges", o->sources & DAGPOLE_CHARGES, n_sources, a->charges));
    DP_TRY(check_carried("dipoles", o->sources & DAGPOLE_DIPOLES, n_sources, a->dipoles));
    if (a->pressures && !dp_kernel_widths(o->kernel)->pressure)
        return dp_fail(DAGPOLE_UNSUPPORTED, "pressures is not NULL, but the kernel %s has none",
                       dp_kernel_name(o->kernel));
    if (n_targets && !a->potentials && !a->gradients && !a->hessians && !a->pressures)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "potentials, gradients, hessians and pressures are NULL: one of them is to "
                       "receive results of %lld targets",
                       (long long)n_targets);
    if (a->hessians && !o->hessians)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "hessians is not NULL, but options.hessians is 0: set it to 1");
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

/* From number i on, of so many bytes each. */
static void *numbers_from(const void *array, size_t size, int64_t i) {
    return array ? (char *)array + (size_t)i * size : NULL;
}

/* Vectors [first, first + n) of the arrays. */
static dp_call batch_of(const dagpole_plan *plan, const dp_arrays *a, int first, int n) {
    const dagpole_plan_options *o = &plan->options;
    const size_t number = a->is_float ? sizeof(float) : sizeof(double);
    const dp_widths *widths = dp_kernel_widths(o->kernel);
    const int64_t stride = o->vector_stride, point = a->is_near_only ? 1 : o->point_stride,
                  source_vector = stride ? stride : plan->n_sources * point,
                  target_vector = stride ? stride : plan->n_targets * point;
    const int64_t sources = first * source_vector, targets = first * target_vector;
    return (dp_call){
        .charges = numbers_from(a->charges, number, widths->charge * sources),
        .dipoles = numbers_from(a->dipoles, number, widths->dipole * sources),
        .potentials = numbers_from(a->potentials, number, widths->potential * targets),
        .gradients = numbers_from(a->gradients, number, widths->gradient * targets),
        .hessians = numbers_from(a->hessians, number, DP_N_SECOND * targets),
        .pressures = numbers_from(a->pressures, number, widths->pressure * targets),
        .is_float = a->is_float,
        .is_near_only = a->is_near_only,
        .n_vectors = n * dp_n_parts(&plan->shape),
        .first_vector = first,
        .source_vector = source_vector,
        .target_vector = target_vector,
        .point = point,
        .charge_exponent = plan->charge_exponent,
    };
}

static dagpole_status find_units(dagpole_plan *plan, const dp_call *call) {
    const dp_given given = {.n = plan->n_sources,
                            .charges = call->charges,
                            .dipoles = call->dipoles,
                            .is_float = call->is_float,
                            .widths = dp_kernel_widths(plan->options.kernel),
                            .n_vectors = call->n_vectors / dp_n_parts(&plan->shape),
                            .vector = call->source_vector,
                            .point = call->point};
    memset(plan->charge_exponent, 0, sizeof plan->charge_exponent);
    return dp_charge_exponents(dp_runtime_team(plan->context->runtime), &given,
                               plan->tree.cube.exponent, plan->charge_work, plan->charge_exponent);
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
    for (int first = 0; first < n_vectors; first += dp_n_values(&plan->shape)) {
        int n = dp_vectors_left(n_vectors, first, dp_n_values(&plan->shape));
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
    DP_TRY(dp_check_values(&plan->options, plan->n_sources, plan->n_targets, &arrays));
    DP_TRY(dp_user_check_results(plan->user, plan->options.sources, arrays.gradients != NULL,
                                 arrays.hessians != NULL));
    DP_TRY(dp_plan_begin(plan));
    dagpole_status status = run(plan, &arrays);
    if (!arrays.is_near_only || status != DAGPOLE_OK) /* near sums leave theirs as well */
        plan->has_failed = status != DAGPOLE_OK;
    if (plan->recorded != DP_RECORDED_OFF && !arrays.is_near_only)
        plan->recorded = status == DAGPOLE_OK ? DP_RECORDED_ALL : DP_RECORDED_FAILURE;
    dp_plan_end(plan);
    return status;
}

/* Charges to potentials, and perhaps gradients: arrays of either precision. */
static dagpole_status evaluate(dagpole_plan *plan, const dp_arrays *arrays) {
    DP_TRY(dp_plan_check(plan));
    if (plan->options.sources & DAGPOLE_DIPOLES)
        return dp_fail(DAGPOLE_UNSUPPORTED,
                       "the plan's sources carry dipoles (options.sources is %d): evaluate it by "
                       "dagpole_plan_apply",
                       plan->options.sources);
    if (plan->n_targets && !arrays->potentials)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "potentials is NULL: the plan has %lld targets",
                       (long long)plan->n_targets);
    return dp_plan_run(plan, *arrays);
}

dagpole_status dagpole_plan_evaluate(dagpole_plan *plan, const double *charges, double *potentials,
                                     double *gradients) {
    DP_DEFAULT_FLOATING;
    return evaluate(
        plan, &(dp_arrays){.charges = charges, .potentials = potentials, .gradients = gradients});
}

dagpole_status dagpole_plan_evaluate_float(dagpole_plan *plan, const float *charges,
                                           float *potentials, float *gradients) {
    DP_DEFAULT_FLOATING;
    return evaluate(plan, &(dp_arrays){.charges = charges,
                                       .potentials = potentials,
                                       .gradients = gradients,
                                       .is_float = 1});
}

dagpole_status dp_values_take(const dagpole_values *values, dp_arrays *arrays) {
    dagpole_values v;
    dagpole_values_init(&v);
    if (!values)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "values is NULL: it holds what sources carry and "
                                             "where results go");
    DP_TRY(dp_sized_take("values", "call dagpole_values_init first", values, &v, sizeof v));
    *arrays = (dp_arrays){.charges = v.charges,
                          .dipoles = v.dipoles,
                          .potentials = v.potentials,
                          .gradients = v.gradients,
                          .hessians = v.hessians,
                          .pressures = v.pressures};
    return DAGPOLE_OK;
}

dagpole_status dagpole_plan_apply(dagpole_plan *plan, const dagpole_values *values) {
    DP_DEFAULT_FLOATING;
    dp_arrays arrays;
    DP_TRY(dp_plan_check(plan));
    DP_TRY(dp_values_take(values, &arrays));
    return dp_plan_run(plan, arrays);
}
