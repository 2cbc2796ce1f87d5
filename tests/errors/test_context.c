/* Workers, schedulers and cache directories that are not to be had. */
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"

enum { N_POINTS = 300 };

static dagpole_context_options options;

static dagpole_status create(void) {
    static dagpole_context *none;
    dagpole_context *context = (dagpole_context *)&none;
    dagpole_status status = dagpole_context_create(&options, &context);
    ck_assert((status == DAGPOLE_OK) == (context != NULL));
    dagpole_context_destroy(context);
    return status;
}

START_TEST(unknown_schedulers) {
    dagpole_context_options_init(&options);
    options.threads = 1;
    options.scheduler = "fastest";
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "scheduler|'fastest'|lws|eager");
    options.scheduler = "";
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "scheduler|''|lws");
    options.scheduler = NULL;
    setenv("STARPU_SCHED", "nonsense", 1);
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "STARPU_SCHED|'nonsense'|lws");
    unsetenv("STARPU_SCHED");
    assert_ok(create());
}
END_TEST

START_TEST(unknown_executors) {
    dagpole_context_options_init(&options);
    options.threads = 1;
    setenv("DAGPOLE_EXECUTOR", "parallel", 1);
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "DAGPOLE_EXECUTOR|'parallel'|serial|implicit");
    unsetenv("DAGPOLE_EXECUTOR");
    setenv("DAGPOLE_HANDLES", "2", 1);
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "DAGPOLE_HANDLES|'2'|0 or 1");
    unsetenv("DAGPOLE_HANDLES");
    assert_ok(create());
}
END_TEST

START_TEST(malformed_starpu_ncpu) {
    static const char *const values[] = {"two", "2x", "-1", "0", "1.5", "99999999999999999999"};
    char words[64];
    dagpole_context_options_init(&options);
    for (int i = 0; i < 6; i++) {
        setenv("STARPU_NCPU", values[i], 1);
        snprintf(words, sizeof words, "STARPU_NCPU is '%s'", values[i]);
        options.threads = 0;
        assert_fails(create(), DAGPOLE_BAD_ARGUMENT, words);
        options.threads = 1;
        assert_fails(create(), DAGPOLE_BAD_ARGUMENT, words);
    }
    setenv("STARPU_NCPU", "1", 1);
    options.threads = 0;
    assert_ok(create());
}
END_TEST

START_TEST(more_threads_than_there_are) {
    dagpole_context *first;
    dagpole_machine machine = {.size = sizeof machine};
    assert_ok(dagpole_machine_query("", &machine));
    dagpole_context_options_init(&options);
    options.threads = -1;
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "threads is -1");
    options.threads = machine.starpu_max_cpus + 1;
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "threads|supports at most");
    options.threads = 1;
    assert_ok(dagpole_context_create(&options, &first));
    options.threads = 2;
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "threads is 2|1 CPU worker");
    options.threads = 0;
    assert_ok(create());
    dagpole_context_destroy(first);
}
END_TEST

START_TEST(options_of_another_size) {
    char long_path[5000];
    dagpole_machine machine = {.size = 1};
    options = (dagpole_context_options){0};
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "dagpole_context_options_init");
    dagpole_context_options_init(&options);
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    options.cache_dir = long_path;
    options.serial = 1;
    assert_fails(create(), DAGPOLE_BAD_ARGUMENT, "cache_dir|4999");
    assert_fails(dagpole_machine_query("", &machine), DAGPOLE_BAD_ARGUMENT, "size");
    assert_fails(dagpole_machine_query("", NULL), DAGPOLE_BAD_ARGUMENT, "machine");
}
END_TEST

static void keep_message(void *user, const char *message) {
    snprintf(user, 512, "%s", message);
}

/* /dev/null is no directory, for root neither. A plan goes on without a cache and says so. */
START_TEST(cache_that_cannot_be_written) {
    double points[3 * N_POINTS];
    char message[512] = "";
    dagpole_context *context;
    fill_uniform(3 * N_POINTS, points, 4);
    dagpole_context_options_init(&options);
    options.serial = 1;
    options.cache_dir = "/dev/null/cache";
    options.log = keep_message;
    options.log_user = message;
    assert_ok(dagpole_context_create(&options, &context));
    dagpole_plan_options plan_options;
    dagpole_plan *plan;
    dagpole_plan_options_init(&plan_options);
    plan_options.digits = 3;
    plan_options.n_crit = 10;
    assert_ok(dagpole_plan_create(context, &plan_options, N_POINTS, points, 0, NULL, &plan));
    ck_assert_msg(strstr(message, "/dev/null/cache") != NULL, "message: '%s'", message);
    dagpole_plan_destroy(plan);
    assert_fails(dagpole_precompute(context, &plan_options, 1, 4), DAGPOLE_FILE, "/dev/null/cache");
    dagpole_context_destroy(context);
    options.cache_dir = "";
    assert_ok(dagpole_context_create(&options, &context));
    assert_fails(dagpole_precompute(context, &plan_options, 1, 4), DAGPOLE_FILE, "no cache");
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(no_home_for_a_cache) {
    static const char *const values[] = {"", "relative"};
    char message[512];
    dagpole_context_options_init(&options);
    options.serial = 1;
    options.log = keep_message;
    options.log_user = message;
    for (int i = 0; i < 3; i++) {
        message[0] = '\0';
        i ? setenv("HOME", values[i - 1], 1) : unsetenv("HOME");
        i ? setenv("XDG_CACHE_HOME", values[i - 1], 1) : unsetenv("XDG_CACHE_HOME");
        options.cache_dir = NULL;
        assert_ok(create());
        ck_assert_msg(strstr(message, "neither XDG_CACHE_HOME nor HOME") != NULL, "message: '%s'",
                      message);
        message[0] = '\0';
        options.cache_dir = ""; /* no cache is wanted */
        assert_ok(create());
        ck_assert_str_eq(message, "");
    }
}
END_TEST

START_TEST(precompute_out_of_range) {
    dagpole_plan_options o;
    dagpole_context *context = open_serial();
    dagpole_plan_options_init(&o);
    o.kernel = DAGPOLE_YUKAWA;
    o.lambda = 1;
    assert_fails(dagpole_precompute(context, &o, 0, 5), DAGPOLE_BAD_ARGUMENT, "root_side is 0");
    assert_fails(dagpole_precompute(context, &o, NAN, 5), DAGPOLE_BAD_ARGUMENT, "root_side is nan");
    assert_fails(dagpole_precompute(context, &o, 1, 43), DAGPOLE_BAD_ARGUMENT, "depth is 43");
    assert_fails(dagpole_precompute(context, &o, 1, -1), DAGPOLE_BAD_ARGUMENT, "depth is -1");
    assert_fails(dagpole_precompute(NULL, &o, 1, 5), DAGPOLE_BAD_ARGUMENT, "context");
    dagpole_context_destroy(context);
}
END_TEST

#define REFUSED(call) assert_fails((call), DAGPOLE_WRONG_STATE, "context has been destroyed")

static void check_refusals(dagpole_plan *plan, const double *values) {
    static double sums[N_POINTS];
    static float floats[N_POINTS];
    int64_t anchor[3] = {0, 0, 0}, target = 0, index;
    dagpole_values all = {.size = sizeof all, .charges = values, .potentials = sums};
    dagpole_report report = {.size = sizeof report};
    dagpole_arithmetic arithmetic = {.size = sizeof arithmetic};
    dagpole_box box = {.size = sizeof box};
    dagpole_tasks tasks = {.size = sizeof tasks};
    dagpole_forecast forecast = {.size = sizeof forecast};
    REFUSED(dagpole_plan_evaluate(plan, values, sums, NULL));
    REFUSED(dagpole_plan_evaluate_float(plan, floats, floats, NULL));
    REFUSED(dagpole_plan_apply(plan, &all));
    REFUSED(dagpole_plan_report(plan, &report));
    REFUSED(dagpole_plan_arithmetic(plan, 0, &arithmetic));
    REFUSED(dagpole_plan_box(plan, 0, &box));
    REFUSED(dagpole_plan_find_box(plan, 0, anchor, &index));
    REFUSED(dagpole_plan_expansions(plan, 0, NULL, NULL, NULL));
    REFUSED(dagpole_plan_order(plan, NULL, NULL));
    REFUSED(dagpole_plan_near_field(plan, values, 1, &target, sums, NULL));
    REFUSED(dagpole_plan_near_sums(plan, values, 1, &target, sums, NULL));
    REFUSED(dagpole_plan_record_tasks(plan, 1));
    REFUSED(dagpole_plan_tasks(plan, &tasks));
    REFUSED(dagpole_plan_write_inside(plan, "/nonexistent/inside.h5"));
    REFUSED(dagpole_plan_check(plan, 0));
    REFUSED(dagpole_plan_foresee(plan, NULL, 1, &(int){2}, &forecast));
    REFUSED(dagpole_plan_foresee_tasks(plan, NULL, 2, &tasks));
}

/* Serially, by StarPU, and by StarPU with part of its workers. Two plans, of which one has run. */
START_TEST(plans_without_their_context) {
    double points[3 * N_POINTS], sums[N_POINTS];
    dagpole_context *context, *all = NULL;
    dagpole_plan *plans[2];
    dagpole_plan_options plan_options;
    fill_uniform(3 * N_POINTS, points, 4);
    dagpole_plan_options_init(&plan_options);
    plan_options.digits = 3;
    plan_options.n_crit = 10;
    dagpole_context_options_init(&options);
    options.cache_dir = "";
    options.threads = 2;
    if (_i == 2)
        assert_ok(dagpole_context_create(&options, &all));
    options.serial = _i == 0;
    options.threads = 1;
    assert_ok(dagpole_context_create(&options, &context));
    for (int i = 0; i < 2; i++)
        assert_ok(
            dagpole_plan_create(context, &plan_options, N_POINTS, points, 0, NULL, &plans[i]));
    assert_ok(dagpole_plan_evaluate(plans[0], points, sums, NULL));
    dagpole_context_destroy(context);
    for (int i = 0; i < 2; i++) {
        check_refusals(plans[i], points);
        dagpole_plan_destroy(plans[i]);
    }
    dagpole_context_destroy(all);
    assert_ok(create()); /* StarPU has ended and starts anew */
}
END_TEST

int main(void) {
    Suite *suite = suite_create("context");
    TCase *tcase = tcase_create("context");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, unknown_schedulers);
    tcase_add_test(tcase, unknown_executors);
    tcase_add_test(tcase, malformed_starpu_ncpu);
    tcase_add_test(tcase, more_threads_than_there_are);
    tcase_add_test(tcase, options_of_another_size);
    tcase_add_test(tcase, cache_that_cannot_be_written);
    tcase_add_test(tcase, no_home_for_a_cache);
    tcase_add_test(tcase, precompute_out_of_range);
    tcase_add_loop_test(tcase, plans_without_their_context, 0, 3);
    return suite_run(suite, tcase);
}
