/* Each scheduler that StarPU has, and our own. */
#include "streams.h"

static void check_workers(const char *scheduler, int threads, int n_runs) {
    random_stream *streams = random_stream_create((uint64_t)threads, 60, 120);
    dp_runtime *runtime =
        open_runtime((dp_runtime_options){.threads = threads, .scheduler = scheduler});
    ck_assert_int_eq(dp_runtime_threads(runtime), threads);
    ck_assert_str_eq(dp_runtime_scheduler(runtime), scheduler);
    dp_execution *execution = open_execution(runtime, streams);
    check_runs(execution, streams, n_runs);
    ck_assert_uint_lt(atomic_load(&streams->workers_seen), 1u << threads);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    random_stream_destroy(streams);
}

/* Idle workers spin, so more of them than cores are slow: fewer runs. With fewer workers than
 * before, some schedulers of StarPU take groups of workers for single ones. */
START_TEST(every_scheduler_matches_serial) {
    const char *name = dp_runtime_scheduler_name(_i);
    static const int threads[] = {1, 4, 2};
    for (int k = 0; k < 3; k++)
        check_workers(name, threads[k], threads[k] <= 2 ? 2 : 1);
}
END_TEST

/* Bodies run on copies in two memory nodes; under every other scheduler StarPU derives the
 * dependencies, under the others they are declared. Every sixth has two workers a node, which share
 * their copies. */
START_TEST(every_scheduler_matches_serial_on_two_nodes) {
    const char *name = dp_runtime_scheduler_name(_i);
    int n_cores = _i % 6 ? 1 : 2;
    if (!test_environment_two_nodes(n_cores))
        return;
    setenv("DAGPOLE_EXECUTOR", _i % 2 ? "implicit" : "starpu", 1);
    check_workers(name, 2 * n_cores, 2);
}
END_TEST

int main(void) {
    suite_own_schedulers();
    const TTest *const per_scheduler[] = {every_scheduler_matches_serial,
                                          every_scheduler_matches_serial_on_two_nodes};
    int n = 0;
    while (dp_runtime_scheduler_name(n))
        n++;
    if (n == 0) {
        printf("skipped: StarPU lists no scheduler\n");
        return SUITE_SKIPPED;
    }
    return runtime_suite_main("schedulers", 0, NULL, n, 2, per_scheduler);
}
