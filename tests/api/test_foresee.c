/* Forecasts of a plan: what must hold of them whatever the machine. */
#include <math.h>

#include "plans.h"

enum { N = 6000, N_MACHINES = 5 };

static const int machines[N_MACHINES] = {1, 2, 16, 40, 128};

typedef struct scene {
    dagpole_context *context;
    dagpole_plan *plan;
    double *sources, *charges, *potentials;
    dagpole_forecast f[N_MACHINES];
} scene;

static scene open_scene(cloud kind, int is_evaluated) {
    scene s = {.context = open_serial()};
    dagpole_plan_options options = quick_options(0);
    options.n_crit = 30;
    s.sources = cloud_make(kind, N, 5);
    s.charges = make_charges(N, 3);
    s.potentials = make_results(N);
    s.plan = open_plan(s.context, options, N, s.sources, 0, NULL);
    if (is_evaluated)
        must(dagpole_plan_evaluate(s.plan, s.charges, s.potentials, NULL));
    for (int k = 0; k < N_MACHINES; k++)
        s.f[k].size = sizeof s.f[k];
    return s;
}

static void close_scene(scene *s) {
    dagpole_plan_destroy(s->plan);
    dagpole_context_destroy(s->context);
    free(s->sources);
    free(s->charges);
    free(s->potentials);
}

/* Nothing but the tasks themselves takes time. */
static dagpole_foresee_options free_of_costs(void) {
    dagpole_foresee_options o;
    dagpole_foresee_options_init(&o);
    o.submit_us = o.task_us = o.access_us = 0;
    o.local_gbs = o.remote_gbs = INFINITY;
    return o;
}

static void foresee(scene *s, const dagpole_foresee_options *o) {
    must(dagpole_plan_foresee(s->plan, o, N_MACHINES, machines, s->f));
}

static void is_near(double value, double expected) {
    ck_assert_double_le(fabs(value - expected), 1e-5 * fabs(expected));
}

/* One worker without costs takes what the operators took, all together. */
START_TEST(one_worker_takes_what_was_measured) {
    scene s = open_scene(CLOUD_SPHERE, 1);
    dagpole_foresee_options o = free_of_costs();
    dagpole_report report = report_of(s.plan);
    double sum = 0;
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        sum += report.operator_s[op];
    foresee(&s, &o);
    is_near(s.f[0].seconds, sum);
    is_near(s.f[0].speed_up, 1);
    is_near(s.f[0].efficiency, 1);
    ck_assert_int_eq(s.f[0].limit, DAGPOLE_LIMIT_WORK);
    ck_assert_int_eq(s.f[0].n_tasks, report.n_tasks);
    ck_assert_int_eq(s.f[0].n_blocks, report.n_blocks);
    close_scene(&s);
}
END_TEST

START_TEST(bounds_hold_on_every_machine) {
    for (int kind = 0; kind < (SUITE_IS_THREAD_SANITIZED ? 1 : 3); kind++) {
        scene s = open_scene((cloud[]){CLOUD_CUBE, CLOUD_SPHERE, CLOUD_LOG_RADIAL}[kind], 1);
        foresee(&s, NULL);
        for (int k = 0; k < N_MACHINES; k++) {
            const dagpole_forecast *f = &s.f[k];
            ck_assert_uint_eq(f->size, sizeof *f);
            ck_assert_int_eq(f->workers, machines[k]);
            ck_assert_int_eq(f->nodes, (machines[k] + 15) / 16);
            ck_assert_int_eq(f->submitters, machines[k] < 32 ? 1 : 2);
            ck_assert_double_ge(f->seconds * (1 + 1e-6), fmax(f->work_s / f->workers, f->span_s));
            ck_assert_double_le(f->best_s, f->seconds);
            ck_assert_double_gt(f->best_s, 0);
            is_near(f->efficiency * f->workers, f->speed_up);
            is_near(f->share_tasks + f->share_runtime + f->share_idle, 1);
            ck_assert_int_ge(f->n_tasks, f->n_blocks);
            ck_assert_int_le(f->bytes_remote, f->bytes_read);
            ck_assert_int_le(f->bytes_remote_at_home, f->bytes_read);
            ck_assert_int_eq(f->bytes_remote > 0, f->nodes > 1);
            ck_assert_int_eq(f->bytes_read > 0, f->nodes > 1);
            for (int i = 0; i < DAGPOLE_N_LIMITS; i++)
                ck_assert(f->lost_s[i] >= 0 && f->lost_s[i] <= f->seconds);
        }
        close_scene(&s);
    }
}
END_TEST

/* What is made dear is named. */
START_TEST(limits_are_told_apart) {
    scene s = open_scene(CLOUD_CUBE, 1);
    const dagpole_forecast *large = &s.f[2];
    dagpole_foresee_options o = free_of_costs();
    o.nodes = 2;
    foresee(&s, &o);
    double seconds = large->seconds;

    o.submit_us = 1e4;
    foresee(&s, &o);
    ck_assert_int_eq(large->limit, DAGPOLE_LIMIT_SUBMISSION);
    ck_assert_double_ge(large->seconds, 1e-2 * (double)(large->n_tasks - 1));
    ck_assert_int_eq(large->best_submitters, 4);
    ck_assert_double_lt(large->best_s, 0.7 * large->seconds);
    ck_assert_int_le(large->best_tasks, large->n_tasks);
    o.submit_us = 0;

    o.task_us = 1e5;
    foresee(&s, &o);
    ck_assert_int_eq(large->limit, DAGPOLE_LIMIT_GRANULARITY);
    ck_assert_double_ge(large->seconds, 0.1 * (double)large->n_tasks / large->workers);
    ck_assert_double_lt(s.f[0].best_s, s.f[0].seconds);
    ck_assert_int_lt(s.f[0].best_blocks, s.f[0].n_blocks);
    o.task_us = 0;

    o.local_gbs = 1e-4;
    foresee(&s, &o);
    ck_assert_int_eq(large->limit, DAGPOLE_LIMIT_BANDWIDTH);
    ck_assert_double_gt(large->seconds, seconds);
    o.local_gbs = INFINITY;

    o.remote_gbs = 1e-4;
    foresee(&s, &o);
    ck_assert_int_eq(large->limit, DAGPOLE_LIMIT_REMOTE);
    ck_assert_double_gt(large->seconds, seconds);
    o.remote_gbs = INFINITY;

    foresee(&s, &o);
    ck_assert_double_eq(large->seconds, seconds);
    close_scene(&s);
}
END_TEST

START_TEST(the_model_needs_no_evaluation) {
    scene s = open_scene(CLOUD_CUBE, 0);
    dagpole_foresee_options o = free_of_costs();
    expect_failure(dagpole_plan_foresee(s.plan, &o, N_MACHINES, machines, s.f), DAGPOLE_WRONG_STATE,
                   "evaluate");
    o.times = DAGPOLE_TIMES_COEFFICIENTS;
    foresee(&s, &o);
    double seconds = s.f[0].seconds;
    must(dagpole_plan_evaluate(s.plan, s.charges, s.potentials, NULL));
    foresee(&s, &o);
    ck_assert_double_eq(s.f[0].seconds, seconds);
    ck_assert_double_gt(seconds, 0);
    close_scene(&s);
}
END_TEST

/* The same schedule, task by task. */
START_TEST(tasks_are_those_of_the_forecast) {
    scene s = open_scene(CLOUD_CUBE, 1);
    dagpole_tasks tasks = {.size = sizeof tasks, .task_size = sizeof(dagpole_task)};
    foresee(&s, NULL);
    for (int k = 0; k < N_MACHINES; k++) {
        double last = 0, busy = 0;
        must(dagpole_plan_foresee_tasks(s.plan, NULL, machines[k], &tasks));
        ck_assert_int_eq(tasks.n, s.f[k].n_tasks);
        ck_assert_int_eq(tasks.n_workers, machines[k]);
        ck_assert_double_eq(tasks.evaluate_s, s.f[k].seconds);
        for (int64_t i = 0; i < tasks.n; i++) {
            const dagpole_task *t = &tasks.task[i];
            ck_assert(t->worker >= 0 && t->worker < machines[k]);
            ck_assert(t->submit_s <= t->ready_s && t->ready_s <= t->start_s);
            ck_assert_double_ge(t->end_s - t->start_s, t->predicted_s * (1 - 1e-6));
            for (int64_t j = tasks.waits_begin[i]; j < tasks.waits_begin[i + 1]; j++)
                ck_assert_double_le(tasks.task[tasks.waits_for[j]].end_s, t->start_s);
            last = fmax(last, t->end_s);
            busy += t->end_s - t->start_s;
        }
        ck_assert_double_eq(last, s.f[k].seconds);
        is_near(busy, s.f[k].share_tasks * s.f[k].seconds * machines[k]);
        dagpole_tasks_free(&tasks);
    }
    expect_failure(dagpole_plan_foresee_tasks(s.plan, NULL, 0, &tasks), DAGPOLE_BAD_ARGUMENT,
                   "is 0");
    tasks.task_size = 8;
    expect_failure(dagpole_plan_foresee_tasks(s.plan, NULL, 4, &tasks), DAGPOLE_BAD_ARGUMENT,
                   "task_size is 8");
    close_scene(&s);
}
END_TEST

/* Of a million points at six digits on 8 nodes of 16 cores, by the built-in coefficients. */
static double efficiency_on_a_large_node(cloud kind) {
    const int64_t n = 1000000;
    dagpole_context *context = open_serial();
    double *points = cloud_make(kind, n, 5);
    dagpole_plan_options options;
    dagpole_foresee_options o;
    dagpole_forecast f = {.size = sizeof f};
    dagpole_plan_options_init(&options);
    dagpole_plan *plan = open_plan(context, options, n, points, 0, NULL);
    dagpole_foresee_options_init(&o);
    o.nodes = 8;
    o.times = DAGPOLE_TIMES_COEFFICIENTS;
    must(dagpole_plan_foresee(plan, &o, 1, (int[]){128}, &f));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    return f.efficiency;
}

/* With blocks of 0.2 ms on that many cores a cube has 0.50: short tasks lose half of the time to
 * what the runtime takes for each and to bytes from other nodes. */
START_TEST(the_cut_keeps_a_large_node_busy) {
    ck_assert_double_gt(efficiency_on_a_large_node(CLOUD_CUBE), 0.6);
    ck_assert_double_gt(efficiency_on_a_large_node(CLOUD_SPHERE), 0.45);
}
END_TEST

START_TEST(targets_of_their_own_are_cut_as_the_plan_is) {
    dagpole_context *context = open_serial();
    double *sources = cloud_make(CLOUD_CUBE, N, 5), *targets = cloud_make(CLOUD_SPHERE, N, 6);
    dagpole_plan *plan = open_plan(context, quick_options(0), N, sources, N / 2, targets);
    dagpole_foresee_options o = free_of_costs();
    dagpole_report report = report_of(plan);
    dagpole_forecast f = {.size = sizeof f};
    o.times = DAGPOLE_TIMES_COEFFICIENTS;
    must(dagpole_plan_foresee(plan, &o, 1, (int[]){1}, &f));
    ck_assert_int_eq(f.n_tasks, report.n_tasks);
    ck_assert_int_eq(f.n_blocks, report.n_blocks);
    is_near(f.seconds, f.work_s);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(sources);
    free(targets);
}
END_TEST

/* Without their work, tasks take what the runtime does. */
START_TEST(no_work_leaves_the_runtime) {
    scene s = open_scene(CLOUD_CUBE, 0);
    dagpole_foresee_options o = free_of_costs();
    o.times = DAGPOLE_TIMES_NONE;
    foresee(&s, &o);
    ck_assert_double_eq(s.f[0].seconds, 0);
    o.task_us = 5;
    foresee(&s, &o);
    is_near(s.f[0].seconds, 5e-6 * (double)s.f[0].n_tasks);
    close_scene(&s);
}
END_TEST

/* A plan evaluates after a forecast what it did before. */
START_TEST(the_plan_stays_as_it_is) {
    scene s = open_scene(CLOUD_SPHERE, 1);
    double *again = make_results(N);
    dagpole_report before = report_of(s.plan);
    foresee(&s, NULL);
    dagpole_report after = report_of(s.plan);
    ck_assert_mem_eq(&before, &after, sizeof before);
    must(dagpole_plan_evaluate(s.plan, s.charges, again, NULL));
    ck_assert_mem_eq(again, s.potentials, N * sizeof *again);
    free(again);
    close_scene(&s);
}
END_TEST

START_TEST(empty_plans_take_no_time) {
    dagpole_context *context = open_serial();
    dagpole_plan *plan = open_plan(context, quick_options(0), 0, NULL, 0, NULL);
    dagpole_forecast f = {.size = sizeof f};
    dagpole_foresee_options o = free_of_costs();
    o.times = DAGPOLE_TIMES_COEFFICIENTS;
    must(dagpole_plan_foresee(plan, &o, 1, (int[]){4}, &f));
    ck_assert_double_eq(f.seconds, 0);
    ck_assert_double_eq(f.speed_up, 1);
    ck_assert_int_eq(f.n_tasks, 0);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* Elements of an older, shorter struct stay where they are. */
START_TEST(shorter_structs_are_filled_as_far_as_they_go) {
    struct {
        size_t size;
        int workers, nodes, submitters, padding;
    } old[2] = {{.size = sizeof old[0]}, {0}};
    scene s = open_scene(CLOUD_CUBE, 1);
    must(dagpole_plan_foresee(s.plan, NULL, 2, (int[]){3, 48}, (dagpole_forecast *)old));
    ck_assert_int_eq(old[0].workers, 3);
    ck_assert_int_eq(old[1].workers, 48);
    ck_assert_int_eq(old[1].nodes, 3);
    close_scene(&s);
}
END_TEST

static void refused(scene *s, dagpole_foresee_options o, const char *text) {
    expect_failure(dagpole_plan_foresee(s->plan, &o, N_MACHINES, machines, s->f),
                   DAGPOLE_BAD_ARGUMENT, text);
}

static int stop_at_forecasts(void *user, const char *stage, double fraction) {
    int is_forecast = strcmp(stage, "foresee") == 0;
    if (is_forecast)
        *(double *)user = fraction;
    return is_forecast && fraction > 0;
}

START_TEST(forecasts_can_be_cancelled) {
    double fraction = -1;
    scene s = open_scene(CLOUD_CUBE, 0);
    dagpole_plan_destroy(s.plan);
    dagpole_context_destroy(s.context);
    s.context = open_context((dagpole_context_options){
        .serial = 1, .progress = stop_at_forecasts, .progress_user = &fraction});
    s.plan = open_plan(s.context, quick_options(0), N, s.sources, 0, NULL);
    dagpole_foresee_options o = free_of_costs();
    o.times = DAGPOLE_TIMES_COEFFICIENTS;
    expect_failure(dagpole_plan_foresee(s.plan, &o, N_MACHINES, machines, s.f), DAGPOLE_CANCELLED,
                   "foresee");
    ck_assert_double_eq(fraction, 1.0 / N_MACHINES);
    must(dagpole_plan_evaluate(s.plan, s.charges, s.potentials, NULL));
    close_scene(&s);
}
END_TEST

START_TEST(bad_arguments_are_named) {
    scene s = open_scene(CLOUD_CUBE, 1);
    dagpole_foresee_options ok, o;
    dagpole_foresee_options_init(&ok);
    refused(&s, (o = ok, o.nodes = 129, o), "nodes is 129");
    refused(&s, (o = ok, o.nodes = -1, o), "nodes is -1");
    refused(&s, (o = ok, o.submitters = 65, o), "submitters is 65");
    refused(&s, (o = ok, o.times = (dagpole_times)3, o), "times is 3");
    refused(&s, (o = ok, o.submit_us = -1, o), "submit_us is -1");
    refused(&s, (o = ok, o.task_us = INFINITY, o), "task_us is inf");
    refused(&s, (o = ok, o.access_us = NAN, o), "access_us");
    refused(&s, (o = ok, o.local_gbs = -40, o), "local_gbs is -40");
    refused(&s, (o = ok, o.remote_gbs = 0, o), "remote_gbs is 0");
    refused(&s, (o = ok, o.size = 0, o), "dagpole_foresee_options_init");
    static const struct {
        int n, workers;
        const char *text;
    } counts[] = {{1, 0, "n_workers[0] is 0"},
                  {1, -3, "n_workers[0] is -3"},
                  {1, 1000000, "n_workers[0] is 1000000"},
                  {0, 4, "n is 0"}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        expect_failure(dagpole_plan_foresee(s.plan, NULL, counts[i].n, &counts[i].workers, s.f),
                       DAGPOLE_BAD_ARGUMENT, counts[i].text);
    ok.nodes = 8;
    expect_failure(dagpole_plan_foresee(s.plan, &ok, 1, (int[]){4}, s.f), DAGPOLE_BAD_ARGUMENT,
                   "nodes is 8");
    expect_failure(dagpole_plan_foresee(NULL, NULL, 1, machines, s.f), DAGPOLE_BAD_ARGUMENT,
                   "plan is NULL");
    expect_failure(dagpole_plan_foresee(s.plan, NULL, 1, NULL, s.f), DAGPOLE_BAD_ARGUMENT,
                   "n_workers is NULL");
    s.f[0].size = 0;
    expect_failure(dagpole_plan_foresee(s.plan, NULL, 1, machines, s.f), DAGPOLE_BAD_ARGUMENT,
                   "forecasts");
    ck_assert_str_eq(dagpole_limit_name(DAGPOLE_LIMIT_REMOTE), "remote");
    ck_assert_str_eq(dagpole_limit_name((dagpole_limit)99), "unknown limit");
    close_scene(&s);
}
END_TEST

START_TEST(missing_memory_is_a_status) {
    scene s = open_scene(CLOUD_SPHERE, 1);
    int64_t live = dp_memory_live();
    dagpole_status status = DAGPOLE_NO_MEMORY;
    int64_t k = 1;
    for (; status != DAGPOLE_OK; k += 1 + k / 4) {
        dp_memory_fail_at(k, 0);
        status = dagpole_plan_foresee(s.plan, NULL, 1, (int[]){2}, s.f);
        dp_memory_fail_at(0, 0);
        ck_assert(status == DAGPOLE_OK || status == DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    ck_assert_int_gt(k, 20);
    close_scene(&s);
}
END_TEST

SUITE_MAIN("foresee", 60, one_worker_takes_what_was_measured, bounds_hold_on_every_machine,
           limits_are_told_apart, the_model_needs_no_evaluation, tasks_are_those_of_the_forecast,
           the_cut_keeps_a_large_node_busy, targets_of_their_own_are_cut_as_the_plan_is,
           no_work_leaves_the_runtime, the_plan_stays_as_it_is, empty_plans_take_no_time,
           shorter_structs_are_filled_as_far_as_they_go, forecasts_can_be_cancelled,
           bad_arguments_are_named, missing_memory_is_a_status)
