/* What a plan computes, beside what this machine could compute at best. */
#include "api/internal.h"
#include "base/sized.h"
#include "tuning/roof.h"

/* Pairs per second of an operator's loop; 0 where it has none. */
static double rate_of(const dp_roof *roof, int op) {
    switch (op) {
    case DAGPOLE_P2P:
        return roof->near;
    case DAGPOLE_P2M:
    case DAGPOLE_P2L:
        return roof->to_surface;
    case DAGPOLE_L2P:
    case DAGPOLE_M2P:
        return roof->from_surface;
    default:
        return 0;
    }
}

static void fill(const dagpole_plan *plan, const dp_roof *roof, dagpole_arithmetic *a) {
    double expected_s[DP_MAX_OPS];
    dp_execution_expected_by_op(plan->execution, expected_s);
    a->flop_rate = roof->flops;
    a->near_rate = roof->near;
    a->to_surface_rate = roof->to_surface;
    a->from_surface_rate = roof->from_surface;
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++) {
        const dp_op_work *work = &plan->graph->walk.op_work[op];
        double rate = rate_of(roof, op);
        a->pairs[op] = work->pairs;
        a->flops[op] = work->flops;
        a->model_s[op] = work->cost;
        a->expected_s[op] = expected_s[op];
        a->roof_s[op] = work->flops / roof->flops + (rate > 0 ? work->pairs / rate : 0);
    }
}

/* As loops tell kernels apart: with damping, with waves, with both. */
static dp_lambda kind_of(dp_lambda lambda) {
    return dp_lambda_of(dp_damping(lambda) > 0, dp_wave_number(lambda) > 0);
}

dagpole_status dagpole_plan_arithmetic(const dagpole_plan *plan, int gradients,
                                       dagpole_arithmetic *arithmetic) {
    DP_DEFAULT_FLOATING;
    dagpole_arithmetic all = {.size = sizeof all};
    dp_roof roof;
    DP_TRY(dp_plan_check(plan));
    DP_TRY(dp_check_flag("gradients", gradients));
    DP_TRY(dp_plan_check_batches(plan, "counts"));
    if (plan->user)
        return dp_fail(DAGPOLE_UNSUPPORTED,
                       "the plan's kernel is the caller's: the rates of its callbacks are unknown");
    if (!dp_sized_is_set(arithmetic))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "arithmetic is NULL or its size is not set to sizeof(dagpole_arithmetic)");
    dp_pairs_request request = {.kernel = plan->kernel,
                                .lambda = kind_of(plan->graph->problem.lambda),
                                .isa = plan->context->isa,
                                .precision = plan->graph->problem.precision,
                                .is_mutual = plan->targets_are_sources,
                                .shape = plan->shape,
                                .n_sums = gradients ? DP_GRADIENT : DP_POTENTIAL};
    DP_TRY(dp_roof_measure(&request, &roof));
    DP_TRY(dp_plan_begin(plan));
    fill(plan, &roof, &all);
    dp_plan_end(plan);
    dp_sized_give(&all, sizeof all, arithmetic);
    return DAGPOLE_OK;
}
