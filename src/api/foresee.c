/* What evaluations of a plan would take on larger machines. */
#include <math.h>

#include "api/internal.h"
#include "base/sized.h"
#include "forecast/forecast.h"

enum { MOST_WORKERS = 16384, WORKERS_A_NODE = 16 };

void dagpole_foresee_options_init_sized(dagpole_foresee_options *options, size_t size) {
    dagpole_foresee_options defaults = {.size = sizeof defaults,
                                        .submit_us = 1,
                                        .task_us = 2,
                                        .access_us = 0.25,
                                        .local_gbs = 40,
                                        .remote_gbs = 20};
    dp_sized_init(&defaults, sizeof defaults, options, size);
}

const char *dagpole_limit_name(dagpole_limit limit) {
    static const char *const names[DAGPOLE_N_LIMITS] = {"work",        "span",      "submission",
                                                        "granularity", "bandwidth", "remote"};
    return (unsigned)limit < DAGPOLE_N_LIMITS ? names[limit] : "unknown limit";
}

/* ---- what is asked for --------------------------------------------------------------------- */

static dagpole_status check_count(const char *name, int value, int most) {
    if (value >= 0 && value <= most)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %d: it must be 0 (automatic) or 1 ... %d", name,
                   value, most);
}

static dagpole_status check_time(const char *name, double value) {
    if (value >= 0 && isfinite(value))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %g: it must be 0 or more microseconds", name,
                   value);
}

static dagpole_status check_rate(const char *name, double value) {
    if (value > 0)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %g: it must be above 0, in 1e9 bytes a second",
                   name, value);
}

static dagpole_status resolve(const dagpole_foresee_options *options, dagpole_foresee_options *o) {
    dagpole_foresee_options_init(o);
    if (options)
        DP_TRY(dp_sized_take("foresee options", "call dagpole_foresee_options_init first", options,
                             o, sizeof *o));
    DP_TRY(check_count("nodes", o->nodes, DP_MOST_NODES));
    DP_TRY(check_count("submitters", o->submitters, 64));
    if ((unsigned)o->times > DAGPOLE_TIMES_NONE)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "times is %d: it must be a dagpole_times, 0 ... %d",
                       (int)o->times, DAGPOLE_TIMES_NONE);
    DP_TRY(check_time("submit_us", o->submit_us));
    DP_TRY(check_time("task_us", o->task_us));
    DP_TRY(check_time("access_us", o->access_us));
    DP_TRY(check_rate("local_gbs", o->local_gbs));
    return check_rate("remote_gbs", o->remote_gbs);
}

static dagpole_status check_machines(int n, const int *n_workers, int nodes) {
    int most = 0;
    if (n < 1)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n is %d: it must be 1 or more machines", n);
    if (!n_workers)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_workers is NULL: %d counts are announced", n);
    for (int k = 0; k < n; k++) {
        if (n_workers[k] < 1 || n_workers[k] > MOST_WORKERS)
            return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_workers[%d] is %d: it must be 1 ... %d", k,
                           n_workers[k], MOST_WORKERS);
        most = n_workers[k] > most ? n_workers[k] : most;
    }
    if (nodes > most)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "nodes is %d: no machine has so many workers, the largest has %d", nodes,
                       most);
    return DAGPOLE_OK;
}

/* ---- the forecasts ------------------------------------------------------------------------- */

static int nodes_of(const dagpole_foresee_options *o, int n_workers) {
    int nodes = o->nodes ? o->nodes : (n_workers + WORKERS_A_NODE - 1) / WORKERS_A_NODE;
    nodes = nodes < DP_MOST_NODES ? nodes : DP_MOST_NODES;
    return nodes < n_workers ? nodes : n_workers;
}

static dp_site site_of(const dagpole_foresee_options *o, int n_workers) {
    return (dp_site){.n_workers = n_workers,
                     .n_nodes = nodes_of(o, n_workers),
                     .submit_s = 1e-6 * o->submit_us,
                     .task_s = 1e-6 * o->task_us,
                     .access_s = 1e-6 * o->access_us,
                     .local_rate = 1e9 * o->local_gbs,
                     .remote_rate = 1e9 * o->remote_gbs};
}

static dp_pace pace_of(const dagpole_plan *plan, const dagpole_foresee_options *o) {
    if (o->times == DAGPOLE_TIMES_EVALUATION)
        return dp_pace_of_run(plan->graph, plan->fastest_operator_s);
    return dp_pace_of_model(o->times == DAGPOLE_TIMES_NONE ? 0 : 1);
}

/* What is asked for, and where it goes: forecasts of n machines, or tasks of one. */
typedef struct asked {
    const dagpole_foresee_options *options;
    int n;
    const int *n_workers;
    dagpole_forecast *forecasts;
    dagpole_tasks *tasks;
} asked;

static dagpole_status foresee_times(const dagpole_plan *plan, const asked *a,
                                    dp_forecast_request *request) {
    double alone_s;
    request->site = site_of(a->options, 1);
    DP_TRY(dp_forecast_alone(request, &alone_s));
    for (int k = 0; k < a->n; k++) {
        dagpole_forecast f = {.size = a->forecasts->size};
        request->site = site_of(a->options, a->n_workers[k]);
        DP_TRY(dp_forecast_make(request, &f));
        f.speed_up = f.seconds > 0 ? alone_s / f.seconds : 1;
        f.efficiency = f.speed_up / f.workers;
        dagpole_forecast *to = (dagpole_forecast *)((char *)a->forecasts + (size_t)k * f.size);
        to->size = f.size;
        dp_sized_give(&f, sizeof f, to);
        DP_TRY(dp_runtime_progress(plan->context->runtime, "foresee", (k + 1.0) / a->n));
    }
    return DAGPOLE_OK;
}

static dagpole_status foresee_tasks(const asked *a, dp_forecast_request *request) {
    dagpole_tasks all = {.task_size = a->tasks->task_size, .n_workers = a->n_workers[0]};
    dp_cut cut = {0};
    dp_record_times *times;
    request->site = site_of(a->options, a->n_workers[0]);
    dagpole_status status = dp_forecast_times(request, &cut, &times, &all.evaluate_s);
    if (status == DAGPOLE_OK)
        status = dp_tasks_list(cut.graph, NULL, times, &all);
    if (status == DAGPOLE_OK)
        dp_sized_give(&all, sizeof all, a->tasks);
    dp_free(times);
    dp_cut_free(&cut);
    return status;
}

/* Lists and interactions were freed when the plan's tasks had been planned. */
static dagpole_status foresee(const dagpole_plan *plan, const asked *a) {
    const dp_team *team = dp_runtime_team(plan->context->runtime);
    dp_problem problem = plan->graph->problem;
    dp_interactions interactions = {0};
    dp_lists lists = {0};
    DP_TRY(dp_runtime_progress(plan->context->runtime, "foresee", 0));
    dagpole_status status = dp_plan_lists(team, plan, &lists);
    problem.lists = &lists;
    if (status == DAGPOLE_OK)
        status = dp_interactions_build(team, &problem, &interactions);
    if (status == DAGPOLE_OK) {
        dp_forecast_request request = {.team = team,
                                       .problem = &problem,
                                       .interactions = &interactions,
                                       .pace = pace_of(plan, a->options),
                                       .n_submitters = a->options->submitters};
        status = a->tasks ? foresee_tasks(a, &request) : foresee_times(plan, a, &request);
        dp_interactions_free(&interactions);
    }
    dp_lists_free(&lists);
    return status;
}

static dagpole_status check_times(const dagpole_plan *plan, const dagpole_foresee_options *o) {
    if (o->times != DAGPOLE_TIMES_EVALUATION || plan->report.n_evaluations > 0)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_WRONG_STATE,
                   "the plan has evaluated nothing whose times a forecast could take: evaluate it "
                   "once, or set times to DAGPOLE_TIMES_COEFFICIENTS");
}

static dagpole_status foresee_alone(dagpole_plan *plan, const asked *a) {
    DP_TRY(dp_plan_begin(plan));
    dagpole_status status = check_times(plan, a->options);
    if (status == DAGPOLE_OK)
        status = foresee(plan, a);
    dp_plan_end(plan);
    return status;
}

dagpole_status dagpole_plan_foresee(dagpole_plan *plan, const dagpole_foresee_options *options,
                                    int n, const int *n_workers, dagpole_forecast *forecasts) {
    DP_DEFAULT_FLOATING;
    dagpole_foresee_options o;
    DP_TRY(dp_plan_check(plan));
    DP_TRY(dp_plan_check_batches(plan, "forecasts"));
    DP_TRY(resolve(options, &o));
    if (!dp_sized_is_set(forecasts))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "forecasts is NULL or the size of the first is not set "
                       "to sizeof(dagpole_forecast)");
    DP_TRY(check_machines(n, n_workers, o.nodes));
    return foresee_alone(plan, &(asked){&o, n, n_workers, .forecasts = forecasts});
}

dagpole_status dagpole_plan_foresee_tasks(dagpole_plan *plan,
                                          const dagpole_foresee_options *options, int n_workers,
                                          dagpole_tasks *tasks) {
    DP_DEFAULT_FLOATING;
    dagpole_foresee_options o;
    DP_TRY(dp_plan_check(plan));
    DP_TRY(dp_plan_check_batches(plan, "forecasts"));
    DP_TRY(resolve(options, &o));
    DP_TRY(dp_tasks_check(tasks));
    DP_TRY(check_machines(1, &n_workers, o.nodes));
    return foresee_alone(plan, &(asked){&o, 1, &n_workers, .tasks = tasks});
}
