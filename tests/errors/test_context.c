/* Workers, schedulers and cache directories that are not to be had. */
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"

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
    double points[3 * 300];
    char message[512] = "";
    dagpole_context *context;
    fill_uniform(3 * 300, points, 4);
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
    assert_ok(dagpole_plan_create(context, &plan_options, 300, points, 0, NULL, &plan));
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

SUITE_MAIN("context", 60, unknown_schedulers, unknown_executors, malformed_starpu_ncpu,
           more_threads_than_there_are, options_of_another_size, cache_that_cannot_be_written,
           precompute_out_of_range)
