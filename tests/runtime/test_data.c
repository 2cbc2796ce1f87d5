/* What StarPU knows of a stream's data, and the executors that show it. */
#include <malloc.h>

#include "platform/machine.h"
#include "runtime/starpu_execution.h"
#include "streams.h"

typedef struct bench {
    dp_runtime *runtime;
    random_stream *streams;
    dp_execution *execution;
} bench;

static bench open_bench(dp_runtime_options options, uint64_t seed, int64_t n_records) {
    bench b = {open_runtime(options), random_stream_create(seed, 40, n_records), NULL};
    b.execution = open_execution(b.runtime, b.streams);
    return b;
}

static void close_bench(bench *b) {
    dp_execution_destroy(b->execution);
    dp_runtime_destroy(b->runtime);
    random_stream_destroy(b->streams);
}

/* ---- the choice of an executor ------------------------------------------------------------ */

static void check_refused(const char *variable, const char *value, const char *allowed) {
    dp_runtime *runtime;
    dp_runtime_options options = {.threads = 1};
    setenv(variable, value, 1);
    ck_assert_int_eq(dp_runtime_create(&options, &runtime), DAGPOLE_BAD_ARGUMENT);
    ck_assert_ptr_null(runtime);
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), variable));
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), value));
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), allowed));
    options.serial = 1;
    ck_assert_int_eq(dp_runtime_create(&options, &runtime), DAGPOLE_BAD_ARGUMENT);
    unsetenv(variable);
}

static const dp_executor *executor_of(const char *name, int serial, int n_records) {
    setenv("DAGPOLE_EXECUTOR", name, 1);
    dp_runtime_options options = {.threads = 1, .serial = serial};
    bench b = open_bench(options, 1, n_records);
    check_runs(b.execution, b.streams, 2);
    const dp_executor *executor = b.execution->executor;
    ck_assert_int_eq(!strcmp(dp_runtime_scheduler(b.runtime), "serial"),
                     executor == &dp_executor_serial);
    close_bench(&b);
    return executor;
}

START_TEST(the_environment_names_the_executor) {
    check_refused("DAGPOLE_EXECUTOR", "parallel", "serial, strict, starpu or implicit");
    check_refused("DAGPOLE_HANDLES", "no", "0 or 1");
    ck_assert_ptr_eq(executor_of("", 0, 100), &dp_executor_starpu);
    for (int n_records = 3; n_records <= 100; n_records += 97) {
        ck_assert_ptr_eq(executor_of("serial", 0, n_records), &dp_executor_serial);
        ck_assert_ptr_eq(executor_of("starpu", 0, n_records), &dp_executor_starpu);
        ck_assert_ptr_eq(executor_of("implicit", 0, n_records), &dp_executor_implicit);
        ck_assert_ptr_eq(executor_of("implicit", 1, n_records), &dp_executor_serial);
    }
}
END_TEST

/* ---- implicit ----------------------------------------------------------------------------- */

START_TEST(implicit_matches_serial) {
    static const char *const schedulers[] = {"lws", "prio", "dmdas", "eager"};
    setenv("DAGPOLE_EXECUTOR", "implicit", 1);
    for (uint64_t seed = 0; seed < 4; seed++) {
        dp_runtime_options options = {.threads = 1 + (int)seed, .scheduler = schedulers[seed]};
        bench b = open_bench(options, 50 + seed, 300);
        dp_profile profile;
        check_runs(b.execution, b.streams, 5);
        b.streams->fail_from = 37;
        b.streams->fail_step = 3;
        ck_assert_int_eq(dp_execution_run(b.execution, "test", &profile), DAGPOLE_NUMERIC);
        ck_assert_str_eq(dagpole_last_error(), "record 37 is bad");
        b.streams->fail_step = 0;
        check_runs(b.execution, b.streams, 2);
        close_bench(&b);
    }
}
END_TEST

/* ---- costs --------------------------------------------------------------------------------- */

START_TEST(starpu_expects_the_costs) {
    bench b = open_bench((dp_runtime_options){.threads = 2, .scheduler = "dmda"}, 13, 100);
    dp_starpu_execution *execution = (dp_starpu_execution *)b.execution;
    for (int64_t i = 0; i < 100; i++)
        for (int w = 0; w < 2; w++) {
            struct starpu_perfmodel_arch *arch = starpu_worker_get_perf_archtype(w, 0);
            double us = starpu_task_expected_length(&execution->tasks[i], arch, 0);
            ck_assert_double_eq_tol(us, 1e6 * b.streams->stream.records[i].cost, 1e-6 * us);
        }
    close_bench(&b);
}
END_TEST

/* ---- submission --------------------------------------------------------------------------- */

START_TEST(several_threads_submit) {
    bench b = open_bench((dp_runtime_options){.threads = 2}, 61, 3000);
    for (b.runtime->n_submitters = 1; b.runtime->n_submitters <= 4; b.runtime->n_submitters++)
        check_runs(b.execution, b.streams, 5);
    close_bench(&b);
}
END_TEST

/* ---- runs of some operators --------------------------------------------------------------- */

/* Runs all records, then those of one operator, and compares every field. */
static void check_some(const char *executor, int threads) {
    setenv("DAGPOLE_EXECUTOR", executor, 1);
    bench b = open_bench((dp_runtime_options){.threads = threads}, 71, 200);
    const dp_stream *stream = &b.streams->stream;
    size_t n = (size_t)b.streams->n_words;
    dp_profile profile;
    void *buffers[30];
    fetch_all(b.execution, b.streams, DP_READ_WRITE);
    uint64_t *all = random_stream_expected(b.streams, 1);
    memcpy(b.streams->memory, all, n * 8);
    for (int64_t i = 0; i < stream->n_records; i++) {
        const dp_record *record = &stream->records[i];
        for (int32_t a = 0; a < record->n_access; a++)
            buffers[a] = stream->fields[stream->access_field[record->access_begin + a]].data;
        if (record->op == 1)
            stream->body(stream->argument, i, buffers, 0);
    }
    uint64_t *expected = dp_alloc_copy(b.streams->memory, n, 8);
    random_stream_reset(b.streams);
    ck_assert_int_eq(dp_execution_run(b.execution, "test", &profile), DAGPOLE_OK);
    ck_assert_int_eq(dp_execution_run_some(b.execution, 1u << 1, "test", &profile), DAGPOLE_OK);
    fetch_all(b.execution, b.streams, DP_READ);
    ck_assert_int_eq(memcmp(expected, b.streams->memory, n * 8), 0);
    dp_free(expected);
    dp_free(all);
    check_runs(b.execution, b.streams, 2);
    close_bench(&b);
}

/* _i: one memory node, or two, where a field that is said to be written and is not would lose what
 * it holds. */
START_TEST(operators_are_left_out) {
    if (_i && !test_environment_two_nodes(2))
        return;
    check_some("serial", 0);
    check_some("starpu", 4);
    check_some("implicit", 4);
}
END_TEST

/* ---- two memory nodes --------------------------------------------------------------------- */

static _Atomic int64_t n_elsewhere;

/* Counts the fields that lie elsewhere than the stream says. */
static dagpole_status body_on_copies(void *argument, int64_t i, void *const *buffers, int worker) {
    random_stream *self = argument;
    const dp_record *record = &self->stream.records[i];
    for (int32_t a = 0; a < record->n_access; a++) {
        int32_t field = self->stream.access_field[record->access_begin + a];
        if (buffers[a] != self->stream.fields[field].data)
            atomic_fetch_add(&n_elsewhere, 1);
    }
    return random_body(argument, i, buffers, worker);
}

/* Where the machine is busy, workers of one node may do all there is to do in a run. */
static int has_copied(dp_execution *execution, int n_runs) {
    dp_profile profile = {0};
    for (int k = 0; k < n_runs && !profile.bytes_copied; k++)
        ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_OK);
    return profile.bytes_copied > 0;
}

static void check_two_nodes(const char *executor, const char *handles, int are_copied) {
    setenv("DAGPOLE_EXECUTOR", executor, 1);
    setenv("DAGPOLE_HANDLES", handles, 1);
    suite_own_schedulers();
    bench b = open_bench((dp_runtime_options){.threads = 4, .scheduler = "eager"}, 9, 300);
    atomic_store(&n_elsewhere, 0);
    b.streams->stream.body = body_on_copies;
    ck_assert_uint_eq((unsigned)starpu_memory_nodes_get_numa_count(), 2);
    ck_assert_int_eq(has_copied(b.execution, are_copied ? 1000 : 5), are_copied);
    ck_assert_int_eq(atomic_load(&n_elsewhere) > 0, are_copied);
    check_runs(b.execution, b.streams, 5);
    close_bench(&b);
}

START_TEST(bodies_run_on_copies) {
    if (!test_environment_two_nodes(2))
        return;
    check_two_nodes("starpu", "1", 1);
    check_two_nodes("implicit", "0", 1);
    check_two_nodes("starpu", "0", 0);
}
END_TEST

/* The destruction brings the fields home. */
START_TEST(results_outlive_the_execution) {
    if (!test_environment_two_nodes(2))
        return;
    bench b = open_bench((dp_runtime_options){.threads = 4, .scheduler = "eager"}, 10, 300);
    uint64_t *expected = random_stream_expected(b.streams, 1);
    dp_profile profile;
    ck_assert_int_eq(dp_execution_run(b.execution, "test", &profile), DAGPOLE_OK);
    dp_execution_destroy(b.execution);
    b.execution = NULL;
    ck_assert_int_eq(memcmp(expected, b.streams->memory, (size_t)b.streams->n_words * 8), 0);
    dp_free(expected);
    close_bench(&b);
}
END_TEST

/* What StarPU has counted since it was last asked. Its counts are not atomic. */
static int64_t bus_bytes(void) {
    int64_t sum = 0;
    for (int bus = 0; bus < starpu_bus_get_count(); bus++) {
        struct starpu_profiling_bus_info info;
        starpu_bus_get_profiling_info(bus, &info);
        sum += info.transferred_bytes;
    }
    return sum;
}

/* One task at a time, a chain in which most records read fields besides, and one worker a node: two
 * could copy two fields of one task at once, and StarPU's own count would miss one now and then. */
START_TEST(copied_bytes_are_those_of_starpu) {
    if (!test_environment_two_nodes(1))
        return;
    setenv("STARPU_PREFETCH", "0", 1);
    suite_own_schedulers();
    bench b = open_bench((dp_runtime_options){.threads = 2, .scheduler = "random"}, 9, 300);
    dp_stream *stream = &b.streams->stream;
    int32_t link = 0;
    dp_execution_destroy(b.execution);
    while (!stream->fields[link].bytes)
        link++;
    for (int64_t i = 0; i < stream->n_records; i++) {
        dp_record *record = &stream->records[i];
        int32_t *field = stream->access_field + record->access_begin, a = 0;
        while (a < record->n_access && field[a] != link)
            a++;
        if (record->n_access == 0)
            continue;
        if (a == record->n_access)
            field[a = 0] = link;
        stream->access_mode[record->access_begin + a] = DP_READ_WRITE;
    }
    b.execution = open_execution(b.runtime, b.streams);
    for (int k = 0; k < 5; k++) {
        dp_profile profile;
        starpu_profiling_status_set(STARPU_PROFILING_ENABLE); /* or the run would start it anew */
        bus_bytes();
        ck_assert_int_eq(dp_execution_run(b.execution, "test", &profile), DAGPOLE_OK);
        ck_assert_int_eq(profile.bytes_copied, bus_bytes());
        ck_assert_int_gt(profile.bytes_copied, 0);
    }
    close_bench(&b);
}
END_TEST

START_TEST(copies_keep_no_memory) {
    if (!test_environment_two_nodes(2))
        return;
    bench b = open_bench((dp_runtime_options){.threads = 4, .scheduler = "eager"}, 19, 100);
    dp_profile profile;
    size_t held[4];
    for (int k = 0; k < 400; k++) {
        ck_assert_int_eq(dp_execution_run(b.execution, "test", &profile), DAGPOLE_OK);
        held[k / 100] = mallinfo2().uordblks;
    }
    ck_assert_uint_le(held[3], held[1] + 100000);
    close_bench(&b);
}
END_TEST

/* ---- homes -------------------------------------------------------------------------------- */

START_TEST(pages_have_a_node_once_they_are_touched) {
    enum { BYTES = 1 << 24 };
    static char *memory;
    int nodes[2];
    memory = dp_alloc(BYTES, 1);
    memset(memory, 1, 100);
    dp_machine_nodes_of(2, (void *[]){memory + 8, memory + BYTES - 8}, nodes);
    if (nodes[0] == -1)
        printf("the system does not tell where pages lie\n");
    ck_assert_int_ge(nodes[0], -1);
    ck_assert_int_eq(nodes[1], -1);
    memory[BYTES - 8] = 1;
    dp_machine_nodes_of(2, (void *[]){memory + 8, memory + BYTES - 8}, nodes);
    ck_assert_int_eq(nodes[0] == -1, nodes[1] == -1);
    dp_free(memory);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {the_environment_names_the_executor,
                                  implicit_matches_serial,
                                  starpu_expects_the_costs,
                                  several_threads_submit,
                                  bodies_run_on_copies,
                                  results_outlive_the_execution,
                                  copied_bytes_are_those_of_starpu,
                                  copies_keep_no_memory,
                                  pages_have_a_node_once_they_are_touched};
    const TTest *const by_nodes[] = {operators_are_left_out};
    return runtime_suite_main("data", sizeof tests / sizeof tests[0], tests, 2, 1, by_nodes);
}
