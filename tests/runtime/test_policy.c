/* The scheduling policy "dagpole" inside StarPU. */
#include <fcntl.h>
#include <starpu.h>

#include "runtime/policy.h"
#include "runtime/session.h"
#include "streams.h"

enum { MAX_TASKS = 64 };

/* Which worker ran each task, and which was the k-th to run. */
static _Atomic int ran_on[MAX_TASKS], order[MAX_TASKS], n_run;

static void note(void *buffers[], void *argument) {
    (void)buffers;
    int i = (int)(intptr_t)argument;
    atomic_store(&ran_on[i], starpu_worker_get_id());
    atomic_store(&order[atomic_fetch_add(&n_run, 1)], i);
}

static struct starpu_codelet noting = {
    .where = STARPU_CPU, .cpu_funcs = {note}, .nbuffers = 0, .name = "note"};

static void init_tasks(struct starpu_task *tasks, int n, unsigned ctx) {
    atomic_store(&n_run, 0);
    for (int i = 0; i < n; i++) {
        starpu_task_init(&tasks[i]);
        tasks[i].cl = &noting;
        tasks[i].cl_arg = (void *)(intptr_t)i;
        tasks[i].detach = 0;
        tasks[i].sched_ctx = ctx;
        atomic_store(&ran_on[i], -1);
    }
}

static void submit(struct starpu_task *tasks, int n) {
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(starpu_task_submit(&tasks[i]), 0);
}

static void finish(struct starpu_task *tasks, int n) {
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(starpu_task_wait(&tasks[i]), 0);
        starpu_task_clean(&tasks[i]);
    }
    ck_assert_int_eq(atomic_load(&n_run), n);
}

static void set_two_nodes(void) {
    setenv("HWLOC_SYNTHETIC", "numa:2 core:2 pu:1", 1);
    setenv("STARPU_WORKERS_NOBIND", "1", 1);
}

static dp_runtime *open_dagpole(int threads) {
    dp_runtime *runtime =
        open_runtime((dp_runtime_options){.threads = threads, .scheduler = DP_POLICY_NAME});
    ck_assert_str_eq(dp_runtime_scheduler(runtime), DP_POLICY_NAME);
    return runtime;
}

/* Submitted while the workers sleep. */
START_TEST(higher_priorities_run_first) {
    struct starpu_task tasks[MAX_TASKS];
    dp_runtime *runtime = open_dagpole(1);
    init_tasks(tasks, MAX_TASKS, 0);
    for (int i = 0; i < MAX_TASKS; i++)
        tasks[i].priority = i * 29 % 32;
    submit(tasks, MAX_TASKS);
    dp_session_wake();
    finish(tasks, MAX_TASKS);
    dp_session_rest();
    int n_wrong = 0;
    for (int k = 1; k < MAX_TASKS; k++) {
        const struct starpu_task *one = &tasks[order[k - 1]], *next = &tasks[order[k]];
        n_wrong += one->priority < next->priority ||
                   (one->priority == next->priority && order[k - 1] > order[k]);
    }
    ck_assert_int_le(n_wrong, 1); /* the first may have been taken as it came */
    dp_runtime_destroy(runtime);
}
END_TEST

/* No more of them than the node has workers, so that nobody else takes any. */
START_TEST(few_tasks_run_at_home) {
    struct starpu_task tasks[4];
    set_two_nodes();
    dp_runtime *runtime = open_dagpole(4);
    dp_session_wake();
    for (int k = 0; k < 100; k++) {
        init_tasks(tasks, 4, 0);
        for (int i = 0; i < 4; i++)
            dp_policy_set_home(&tasks[i], i % 2);
        submit(tasks, 4);
        finish(tasks, 4);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(ran_on[i] / 2, i % 2);
    }
    dp_session_rest();
    dp_runtime_destroy(runtime);
}
END_TEST

START_TEST(tasks_run_where_they_can) {
    struct starpu_task tasks[MAX_TASKS];
    uint32_t masks[MAX_TASKS];
    set_two_nodes();
    dp_runtime *runtime = open_dagpole(4);
    dp_session_wake();
    for (int k = 0; k < 20; k++) {
        init_tasks(tasks, MAX_TASKS, 0);
        for (int i = 0; i < MAX_TASKS; i++) {
            masks[i] = 1 + (uint32_t)(i * 7 + k) % 15;
            tasks[i].workerids = &masks[i];
            tasks[i].workerids_len = 1;
            dp_policy_set_home(&tasks[i], i % 4 - 1); /* anywhere, two nodes, one that is not */
        }
        submit(tasks, MAX_TASKS);
        finish(tasks, MAX_TASKS);
        for (int i = 0; i < MAX_TASKS; i++)
            ck_assert(masks[i] >> ran_on[i] & 1);
    }
    dp_session_rest();
    dp_runtime_destroy(runtime);
}
END_TEST

/* Ranges of priorities of an application's own, and tasks beyond them. */
static void run_in_context(unsigned ctx, int first_worker, int n_workers) {
    struct starpu_task tasks[MAX_TASKS];
    for (int k = 0; k < 20; k++) {
        init_tasks(tasks, MAX_TASKS, ctx);
        for (int i = 0; i < MAX_TASKS; i++)
            tasks[i].priority = (i - 32) * (k + 1);
        submit(tasks, MAX_TASKS);
        finish(tasks, MAX_TASKS);
        for (int i = 0; i < MAX_TASKS; i++)
            ck_assert(ran_on[i] >= first_worker && ran_on[i] < first_worker + n_workers);
    }
}

START_TEST(application_uses_it_in_a_context) {
    struct starpu_conf conf;
    int workers[] = {1, 2, 3};
    set_two_nodes();
    starpu_conf_init(&conf);
    conf.ncpus = 4;
    ck_assert_int_eq(starpu_init(&conf), 0);
    for (int k = 0; k < 3; k++) {
        unsigned ctx =
            starpu_sched_ctx_create(workers, 2, "app", STARPU_SCHED_CTX_POLICY_STRUCT, &dp_policy,
                                    STARPU_SCHED_CTX_POLICY_MIN_PRIO, -1000 * k,
                                    STARPU_SCHED_CTX_POLICY_MAX_PRIO, 1000 * k + 1, 0);
        unsigned other = starpu_sched_ctx_create(workers + 2, 1, "other",
                                                 STARPU_SCHED_CTX_POLICY_STRUCT, &dp_policy, 0);
        run_in_context(ctx, 1, 2);
        run_in_context(0, 0, 4);
        run_in_context(other, 3, 1);
        starpu_sched_ctx_add_workers(workers + 2, 1, ctx);
        run_in_context(ctx, 1, 3);
        starpu_sched_ctx_remove_workers(workers, 2, ctx);
        run_in_context(ctx, 1, 3);
        starpu_sched_ctx_delete(other);
        starpu_sched_ctx_delete(ctx);
    }
    starpu_shutdown();
}
END_TEST

static void check_stream(dp_runtime *runtime) {
    random_stream *streams = random_stream_create(5, 40, 200);
    dp_execution *execution = open_execution(runtime, streams);
    check_runs(execution, streams, 3);
    dp_execution_destroy(execution);
    random_stream_destroy(streams);
}

START_TEST(subsets_on_two_nodes) {
    set_two_nodes();
    dp_runtime *all = open_dagpole(4), *part[3];
    for (int k = 0; k < 3; k++) {
        part[k] = open_dagpole(1 + k);
        check_stream(part[k]);
        check_stream(all);
    }
    for (int k = 0; k < 3; k++)
        dp_runtime_destroy(part[k]);
    check_stream(all);
    dp_runtime_destroy(all);
}
END_TEST

static void keep_log(void *user, const char *message) {
    snprintf(user, 256, "%s", message);
}

START_TEST(an_application_with_another_policy_is_told) {
    struct starpu_conf conf;
    char message[256] = "";
    starpu_conf_init(&conf);
    conf.ncpus = 2;
    conf.sched_policy_name = "eager";
    ck_assert_int_eq(starpu_init(&conf), 0);
    setenv("STARPU_SCHED", DP_POLICY_NAME, 1);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.log = keep_log, .log_user = message});
    ck_assert_str_eq(dp_runtime_scheduler(runtime), "eager");
    ck_assert_str_eq(message, "StarPU already runs with scheduler eager, not with dagpole");
    check_stream(runtime);
    dp_runtime_destroy(runtime);
    starpu_shutdown();
}
END_TEST

/* A user who wants StarPU's messages gets none about a name that it does not know. */
START_TEST(the_environment_may_name_it) {
    char path[] = "/tmp/dagpole-stderr-XXXXXX", text[4096];
    int file = mkstemp(path), saved = dup(STDERR_FILENO);
    setenv("STARPU_SCHED", DP_POLICY_NAME, 1);
    setenv("STARPU_SILENT", "0", 1);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(dup2(file, STDERR_FILENO), STDERR_FILENO);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2, .scheduler = "eager"});
    ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    ck_assert_str_eq(dp_runtime_scheduler(runtime), DP_POLICY_NAME);
    check_stream(runtime);
    dp_runtime_destroy(runtime);
    ck_assert_str_eq(getenv("STARPU_SCHED"), DP_POLICY_NAME);
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    ck_assert_ptr_null(strstr(text, "not found"));
    ck_assert_ptr_null(strstr(text, DP_POLICY_NAME));
    ck_assert_int_eq(remove(path), 0);
}
END_TEST

/* Of every allocation that a context makes, whole or a subset of another. */
START_TEST(short_memory_is_said) {
    dp_runtime_options options = {.threads = 2, .scheduler = DP_POLICY_NAME};
    dp_runtime *whole = _i ? open_dagpole(3) : NULL, *runtime = NULL;
    dagpole_status status = DAGPOLE_NO_MEMORY;
    int k = 0;
    while (status == DAGPOLE_NO_MEMORY && k < 20) {
        dp_memory_fail_at(++k, 0);
        status = dp_runtime_create(&options, &runtime);
        dp_memory_fail_at(0, 0);
    }
    ck_assert_int_eq(status, DAGPOLE_OK);
    ck_assert_int_gt(k, 7); /* itself, places and queues */
    check_stream(runtime);
    dp_runtime_destroy(runtime);
    dp_runtime_destroy(whole);
}
END_TEST

/* StarPU cannot be told of short memory, and an application that makes a context is not either. */
START_TEST(contexts_without_queues_work) {
    struct starpu_conf conf;
    int workers[] = {0, 1};
    starpu_conf_init(&conf);
    conf.ncpus = 2;
    ck_assert_int_eq(starpu_init(&conf), 0);
    dp_memory_fail_at(1, 1);
    unsigned ctx =
        starpu_sched_ctx_create(workers, 2, "app", STARPU_SCHED_CTX_POLICY_STRUCT, &dp_policy, 0);
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(dp_policy_check(ctx), DAGPOLE_NO_MEMORY);
    ck_assert_int_eq(dp_policy_check(0), DAGPOLE_OK);
    run_in_context(ctx, 0, 2);
    starpu_sched_ctx_delete(ctx);
    starpu_shutdown();
}
END_TEST

int main(void) {
    suite_own_schedulers();
    const TTest *const tests[] = {
        higher_priorities_run_first, few_tasks_run_at_home,
        tasks_run_where_they_can,    application_uses_it_in_a_context,
        subsets_on_two_nodes,        an_application_with_another_policy_is_told,
        the_environment_may_name_it, contexts_without_queues_work};
    const TTest *const per_kind[] = {short_memory_is_said};
    return runtime_suite_main("policy", sizeof tests / sizeof tests[0], tests, 2, 1, per_kind);
}
