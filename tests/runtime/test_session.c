#include <pthread.h>
#include <starpu.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "runtime/session.h"
#include "streams.h"

static void check_refused(dp_runtime_options options, dagpole_status expected, const char *first,
                          const char *second) {
    dp_runtime *runtime = (dp_runtime *)&options;
    ck_assert_int_eq(dp_runtime_create(&options, &runtime), expected);
    ck_assert_ptr_null(runtime);
    ck_assert_msg(strstr(dagpole_last_error(), first) != NULL, "%s", dagpole_last_error());
    ck_assert_msg(strstr(dagpole_last_error(), second) != NULL, "%s", dagpole_last_error());
}

static void check_works(dp_runtime *runtime, int threads) {
    ck_assert_int_eq(dp_runtime_threads(runtime), threads);
    ck_assert_int_eq(dp_runtime_n_slots(runtime), threads);
    ck_assert_int_eq(dp_runtime_team(runtime)->size, threads);
    random_stream *streams = random_stream_create(3, 40, 100);
    dp_execution *execution = open_execution(runtime, streams);
    check_runs(execution, streams, 3);
    ck_assert_uint_lt(atomic_load(&streams->workers_seen), 1u << threads);
    dp_execution_destroy(execution);
    random_stream_destroy(streams);
}

START_TEST(bad_options_are_refused_before_starpu_starts) {
    check_refused((dp_runtime_options){.threads = -3}, DAGPOLE_BAD_ARGUMENT, "-3", "threads");
    check_refused((dp_runtime_options){.threads = -3, .serial = 1}, DAGPOLE_BAD_ARGUMENT, "-3", "");
    check_refused((dp_runtime_options){.scheduler = "no-such"}, DAGPOLE_BAD_ARGUMENT, "'no-such'",
                  "dmdas");
    check_refused((dp_runtime_options){.threads = STARPU_MAXCPUS + 1}, DAGPOLE_BAD_ARGUMENT,
                  "at most", "-Dstarpu=bundled");
    setenv("STARPU_SCHED", "heft!", 1);
    check_refused((dp_runtime_options){.threads = 2}, DAGPOLE_BAD_ARGUMENT, "'heft!'",
                  "STARPU_SCHED");
    ck_assert(!starpu_is_initialized());
}
END_TEST

START_TEST(malformed_starpu_ncpu_is_refused) {
    const char *const wrong[] = {"two", "2x", "0", "-1", "2.5", " ", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        setenv("STARPU_NCPU", wrong[i], 1);
        check_refused((dp_runtime_options){0}, DAGPOLE_BAD_ARGUMENT, "STARPU_NCPU", wrong[i]);
        check_refused((dp_runtime_options){.threads = 1}, DAGPOLE_BAD_ARGUMENT, "STARPU_NCPU", "");
    }
    setenv("STARPU_NCPU", "1000", 1);
    check_refused((dp_runtime_options){0}, DAGPOLE_BAD_ARGUMENT, "STARPU_NCPU is 1000",
                  "--enable-maxcpus");
    ck_assert(!starpu_is_initialized());
}
END_TEST

START_TEST(option_wins_over_ncpu_and_sched_wins_over_option) {
    setenv("STARPU_NCPU", "1", 1);
    setenv("STARPU_SCHED", "prio", 1);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2, .scheduler = "eager"});
    ck_assert_str_eq(dp_runtime_scheduler(runtime), "prio");
    check_works(runtime, 2);
    dp_runtime_destroy(runtime);
    runtime = open_runtime((dp_runtime_options){0});
    check_works(runtime, 1);
    dp_runtime_destroy(runtime);
    unsetenv("STARPU_SCHED");
    runtime = open_runtime((dp_runtime_options){.scheduler = "eager"});
    ck_assert_str_eq(dp_runtime_scheduler(runtime), "eager");
    dp_runtime_destroy(runtime);
    runtime = open_runtime((dp_runtime_options){.scheduler = NULL});
    ck_assert_str_eq(dp_runtime_scheduler(runtime), dp_runtime_default_scheduler());
    dp_runtime_destroy(runtime);
}
END_TEST

/* StarPU would end the process. */
START_TEST(more_nodes_than_starpu_tells_apart_are_refused) {
    char nodes[64], said[64];
    snprintf(nodes, sizeof nodes, "numa:%d core:1 pu:1", STARPU_MAXNUMANODES + 1);
    snprintf(said, sizeof said, "-Dstarpu_maxnumanodes=%d", STARPU_MAXNUMANODES + 1);
    setenv("HWLOC_SYNTHETIC", nodes, 1);
    setenv("STARPU_WORKERS_NOBIND", "1", 1);
    setenv("STARPU_USE_NUMA", "1", 1);
    check_refused((dp_runtime_options){.threads = 1}, DAGPOLE_UNSUPPORTED, "STARPU_USE_NUMA is 1",
                  said);
    ck_assert(!starpu_is_initialized());
    setenv("STARPU_USE_NUMA", "0", 1);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 1});
    check_works(runtime, 1);
    dp_runtime_destroy(runtime);
}
END_TEST

static void keep_log(void *user, const char *message) {
    snprintf(user, 256, "%s", message);
}

START_TEST(automatic_threads_are_what_starpu_can) {
    char message[256] = "";
    setenv("HWLOC_SYNTHETIC", "core:8 pu:1", 1);
    setenv("STARPU_WORKERS_NOBIND", "1", 1);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.log = keep_log, .log_user = message});
    if (STARPU_MAXCPUS < 8) {
        check_works(runtime, STARPU_MAXCPUS);
        ck_assert_ptr_nonnull(strstr(message, "8 cores"));
        ck_assert_ptr_nonnull(strstr(message, "-Dstarpu=bundled"));
    } else {
        check_works(runtime, 8);
        ck_assert_str_eq(message, "");
    }
    dp_runtime_destroy(runtime);
}
END_TEST

START_TEST(several_nodes_have_another_default) {
    ck_assert_int_eq(setenv("HWLOC_SYNTHETIC", _i ? "numa:2 core:2 pu:1" : "core:2 pu:1", 1), 0);
    setenv("STARPU_WORKERS_NOBIND", "1", 1);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    ck_assert_str_eq(dp_runtime_scheduler(runtime), _i ? "dagpole" : "lws");
    check_works(runtime, 2);
    dp_runtime_destroy(runtime);
}
END_TEST

START_TEST(a_first_start_on_several_nodes_is_announced) {
    char home[] = "/tmp/dagpole-home-XXXXXX", command[64];
    ck_assert_ptr_nonnull(mkdtemp(home));
    setenv("XDG_CACHE_HOME", home, 1);
    setenv("HWLOC_SYNTHETIC", "numa:2 core:2 pu:1", 1);
    setenv("STARPU_WORKERS_NOBIND", "1", 1);
    setenv("STARPU_USE_NUMA", "1", 1);
    for (int start = 0; start < 2; start++) {
        char message[256] = "";
        dp_runtime *runtime =
            open_runtime((dp_runtime_options){.threads = 1, .log = keep_log, .log_user = message});
        ck_assert_int_eq(strstr(message, "2 NUMA nodes") != NULL, start == 0);
        dp_runtime_destroy(runtime);
    }
    snprintf(command, sizeof command, "rm -r %s", home);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(later_contexts_get_a_subset) {
    char message[256] = "";
    dp_runtime *whole = open_runtime((dp_runtime_options){.threads = 3, .scheduler = "lws"});
    dp_runtime *two = open_runtime((dp_runtime_options){
        .threads = 2, .scheduler = "prio", .log = keep_log, .log_user = message});
    dp_runtime *one = open_runtime((dp_runtime_options){.threads = 1});
    dp_runtime *all = open_runtime((dp_runtime_options){0});
    ck_assert_str_eq(dp_runtime_scheduler(two), "lws");
    ck_assert_ptr_nonnull(strstr(message, "lws"));
    ck_assert_ptr_nonnull(strstr(message, "prio"));
    check_refused((dp_runtime_options){.threads = 4}, DAGPOLE_BAD_ARGUMENT, "threads is 4",
                  "with 3 CPU workers");
    check_works(whole, 3);
    check_works(two, 2);
    check_works(one, 1);
    check_works(all, 3);
    dp_runtime_destroy(whole); /* whoever started it: StarPU stays until the last one goes */
    check_works(two, 2);
    dp_runtime_destroy(two);
    check_works(one, 1);
    dp_runtime_destroy(all);
    dp_runtime_destroy(one);
    ck_assert(!starpu_is_initialized());
}
END_TEST

START_TEST(subsets_can_come_and_go) {
    dp_runtime *whole = open_runtime((dp_runtime_options){.threads = 2}), *part[32];
    for (int k = 0; k < 40; k++) {
        part[0] = open_runtime((dp_runtime_options){.threads = 1});
        dp_runtime_destroy(part[0]);
    }
    int n = 0;
    while (n < 32 && dp_runtime_create(&(dp_runtime_options){.threads = 1}, &part[n]) == DAGPOLE_OK)
        n++;
    ck_assert_int_eq(n, STARPU_NMAX_SCHED_CTXS - 1);
    check_refused((dp_runtime_options){.threads = 1}, DAGPOLE_RUNTIME, "scheduling contexts", "");
    check_works(part[n - 1], 1);
    while (n > 0)
        dp_runtime_destroy(part[--n]);
    check_works(whole, 2);
    dp_runtime_destroy(whole);
}
END_TEST

static void count_up(void *buffers[], void *argument) {
    (void)buffers;
    atomic_fetch_add((_Atomic int *)argument, 1);
}

static struct starpu_codelet counting = {.cpu_funcs = {count_up}, .name = "count_up"};

/* An application's StarPU is used, never paused, never ended. */
START_TEST(application_keeps_its_starpu) {
    struct starpu_conf conf;
    _Atomic int count = 0;
    starpu_conf_init(&conf);
    conf.ncpus = 2;
    conf.sched_policy_name = "dmda";
    ck_assert_int_eq(starpu_init(&conf), 0);
    for (int k = 0; k < 3; k++) {
        dp_runtime *all = open_runtime((dp_runtime_options){0});
        dp_runtime *one = open_runtime((dp_runtime_options){.threads = 1});
        check_refused((dp_runtime_options){.threads = 3}, DAGPOLE_BAD_ARGUMENT, "3", "2");
        ck_assert_str_eq(dp_runtime_scheduler(all), "dmda");
        check_works(all, 2);
        check_works(one, 1);
        ck_assert_int_eq(
            starpu_task_insert(&counting, STARPU_CL_ARGS_NFREE, &count, sizeof count, 0), 0);
        starpu_task_wait_for_all();
        dp_runtime_destroy(all);
        dp_runtime_destroy(one);
        ck_assert(starpu_is_initialized());
        ck_assert_int_eq(
            starpu_task_insert(&counting, STARPU_CL_ARGS_NFREE, &count, sizeof count, 0), 0);
        starpu_task_wait_for_all();
        ck_assert_int_eq(count, 2 * (k + 1));
    }
    starpu_shutdown();
    ck_assert(!starpu_is_initialized());
}
END_TEST

START_TEST(starpu_starts_and_stops_again) {
    const char *const schedulers[] = {"lws",        "dmda",       "dagpole", "prio",
                                      "heteroprio", "graph_test", "dagpole"};
    for (int k = 0; k < 7; k++) {
        dp_runtime *runtime =
            open_runtime((dp_runtime_options){.threads = 1 + k % 2, .scheduler = schedulers[k]});
        ck_assert_str_eq(dp_runtime_scheduler(runtime), schedulers[k]);
        check_works(runtime, 1 + k % 2);
        dp_runtime_destroy(runtime);
        ck_assert(!starpu_is_initialized());
    }
}
END_TEST

static double process_cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Waits until the process uses no more than 2 percent of a core three times in a row; 0 where it
 * does not come to rest. Busy machines take long to tell workers to sleep, and count less. */
static int comes_to_rest(void) {
    int n_quiet = 0;
    for (int k = 0; k < 100 && n_quiet < 3; k++) {
        double start = dp_clock(), cpu = process_cpu_s();
        usleep(100000);
        n_quiet = process_cpu_s() - cpu < 0.02 * (dp_clock() - start) ? n_quiet + 1 : 0;
    }
    return n_quiet == 3;
}

/* While a context lives and nothing is asked of it. */
START_TEST(idle_workers_sleep) {
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    for (int k = 0; k < 3; k++) {
        if (k == 1)
            check_works(runtime, 2);
        if (k == 2) { /* nested: awake until the outer one ends */
            dp_session_wake();
            check_works(runtime, 2);
            double cpu = process_cpu_s();
            while (process_cpu_s() - cpu < 0.01) /* else this never ends */
                usleep(1000);
            dp_session_rest();
        }
        ck_assert(comes_to_rest());
    }
    dp_runtime_destroy(runtime);
}
END_TEST

typedef struct inside {
    dp_runtime *runtime;
    dp_execution *execution;
    dagpole_status create, run, team;
} inside;

static dagpole_status nothing(void *argument, int64_t i) {
    (void)argument, (void)i;
    return DAGPOLE_OK;
}

static void call_from_task(void *buffers[], void *argument) {
    (void)buffers;
    inside *self = argument;
    dp_profile profile;
    dp_runtime *other;
    const dp_team *team = dp_runtime_team(self->runtime);
    self->create = dp_runtime_create(&(dp_runtime_options){.threads = 1}, &other);
    self->run = dp_execution_run(self->execution, "test", &profile);
    self->team = team->run(team, 100, nothing, NULL);
}

START_TEST(calls_from_a_starpu_task_are_refused) {
    static struct starpu_codelet codelet = {.cpu_funcs = {call_from_task}};
    random_stream *streams = random_stream_create(3, 10, 10);
    inside self = {.runtime = open_runtime((dp_runtime_options){.threads = 2})};
    self.execution = open_execution(self.runtime, streams);
    struct starpu_task *task = starpu_task_create();
    task->cl = &codelet;
    task->cl_arg = &self;
    task->detach = 0;
    dp_session_wake();
    ck_assert_int_eq(starpu_task_submit(task), 0);
    ck_assert_int_eq(starpu_task_wait(task), 0);
    dp_session_rest();
    ck_assert_int_eq(self.create, DAGPOLE_WRONG_STATE);
    ck_assert_int_eq(self.run, DAGPOLE_WRONG_STATE);
    ck_assert_int_eq(self.team, DAGPOLE_WRONG_STATE);
    dp_execution_destroy(self.execution);
    dp_runtime_destroy(self.runtime);
    random_stream_destroy(streams);
}
END_TEST

START_TEST(info_starts_nothing) {
    char version[32];
    int cpus, nodes;
    dp_runtime_starpu_info(version, sizeof version, &cpus, &nodes);
    ck_assert_int_eq(version[0], '1');
    ck_assert_int_eq(cpus, STARPU_MAXCPUS);
    ck_assert_int_eq(nodes, STARPU_MAXNUMANODES);
    ck_assert_ptr_nonnull(dp_runtime_scheduler_name(0));
    ck_assert(!starpu_is_initialized());
}
END_TEST

int main(void) {
    suite_own_schedulers();
    const TTest *const tests[] = {bad_options_are_refused_before_starpu_starts,
                                  malformed_starpu_ncpu_is_refused,
                                  more_nodes_than_starpu_tells_apart_are_refused,
                                  option_wins_over_ncpu_and_sched_wins_over_option,
                                  automatic_threads_are_what_starpu_can,
                                  a_first_start_on_several_nodes_is_announced,
                                  later_contexts_get_a_subset,
                                  subsets_can_come_and_go,
                                  application_keeps_its_starpu,
                                  starpu_starts_and_stops_again,
                                  idle_workers_sleep,
                                  calls_from_a_starpu_task_are_refused,
                                  info_starts_nothing};
    const TTest *const per_topology[] = {several_nodes_have_another_default};
    return runtime_suite_main("session", sizeof tests / sizeof tests[0], tests, 2, 1, per_topology);
}
