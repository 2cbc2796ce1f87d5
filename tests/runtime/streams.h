/* Random streams whose result depends on the order of every pair of accesses that must be ordered,
 * and the environment that StarPU needs in a test. */
#ifndef DP_TESTS_STREAMS_H
#define DP_TESTS_STREAMS_H

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "runtime/runtime.h"
#include "suite.h"

#define MAX_WORKERS 16

static const char *const random_op_names[] = {"A", "B", "C"};

typedef struct random_stream {
    dp_stream stream;
    uint64_t *memory, *initial; /* all fields one after the other */
    int64_t n_words;
    int64_t fail_from, fail_step;    /* records that fail; fail_step 0 = none */
    _Atomic int busy[MAX_WORKERS];   /* a body runs under this worker */
    _Atomic int64_t n_bodies, n_bad; /* n_bad: two bodies under one worker at once */
    _Atomic unsigned workers_seen;
} random_stream;

static inline uint64_t random_below(uint64_t *state, uint64_t n) {
    return (uint64_t)(suite_uniform(state) * (double)n);
}

/* Every value read goes into a hash that depends on their order; every value written depends on the
 * hash, and where the field is read too, on what it held. */
static inline dagpole_status random_body(void *argument, int64_t i, void *const *buffers,
                                         int worker) {
    random_stream *self = argument;
    const dp_record *record = &self->stream.records[i];
    if (worker < 0 || worker >= MAX_WORKERS || atomic_exchange(&self->busy[worker], 1))
        atomic_fetch_add(&self->n_bad, 1);
    atomic_fetch_or(&self->workers_seen, 1u << worker);
    atomic_fetch_add(&self->n_bodies, 1);
    uint64_t hash = (uint64_t)i + 1;
    for (int pass = 0; pass < 2; pass++)
        for (int32_t a = 0; a < record->n_access; a++) {
            int64_t access = record->access_begin + a;
            size_t n = self->stream.fields[self->stream.access_field[access]].bytes / 8;
            uint64_t *word = buffers[a];
            int mode = self->stream.access_mode[access];
            for (size_t k = 0; k < n; k++)
                if (pass == 0 && mode != DP_WRITE)
                    hash = hash * 6364136223846793005u + word[k];
                else if (pass == 1 && mode != DP_READ)
                    word[k] = hash ^ (mode == DP_READ_WRITE ? word[k] * 31 : k);
        }
    atomic_store(&self->busy[worker], 0);
    if (self->fail_step && i >= self->fail_from && (i - self->fail_from) % self->fail_step == 0)
        return dp_fail(DAGPOLE_NUMERIC, "record %lld is bad", (long long)i);
    return DAGPOLE_OK;
}

static inline void random_fields(random_stream *self, int32_t n_fields, uint64_t *state) {
    dp_stream *stream = &self->stream;
    stream->n_fields = n_fields;
    stream->fields = dp_alloc_zero((size_t)n_fields, sizeof *stream->fields);
    for (int32_t f = 0; f < n_fields; f++) { /* one in seven is empty */
        stream->fields[f].bytes = random_below(state, 7) ? 8 * (1 + random_below(state, 40)) : 0;
        self->n_words += (int64_t)stream->fields[f].bytes / 8;
    }
    self->memory = dp_alloc((size_t)self->n_words, 8);
    self->initial = dp_alloc((size_t)self->n_words, 8);
    uint64_t *next = self->memory;
    for (int32_t f = 0; f < n_fields; f++) {
        stream->fields[f].data = next;
        next += stream->fields[f].bytes / 8;
    }
    for (int64_t k = 0; k < self->n_words; k++)
        self->initial[k] = random_below(state, 1u << 30);
}

/* Up to 5 fields in most records, up to 30 (more than StarPU's STARPU_NMAXBUFS) in some. */
static inline void random_accesses(dp_stream *stream, dp_record *record, uint64_t *state) {
    int32_t limit = random_below(state, 8) ? 5 : 30;
    record->access_begin = stream->n_accesses;
    record->n_access = (int32_t)random_below(state, (uint64_t)limit + 1);
    if (record->n_access > stream->n_fields)
        record->n_access = stream->n_fields;
    for (int32_t a = 0; a < record->n_access; a++) {
        int32_t *fields = stream->access_field + record->access_begin, b = 0;
        fields[a] = (int32_t)random_below(state, (uint64_t)stream->n_fields);
        while (fields[b] != fields[a])
            b++;
        if (b < a) {
            a--; /* drawn before: again */
            continue;
        }
        stream->access_mode[record->access_begin + a] = (uint8_t)random_below(state, 3);
    }
    stream->n_accesses += record->n_access;
}

static inline random_stream *random_stream_create(uint64_t seed, int32_t n_fields,
                                                  int64_t n_records) {
    random_stream *self = dp_alloc_zero(1, sizeof *self);
    dp_stream *stream = &self->stream;
    uint64_t state = seed;
    random_fields(self, n_fields, &state);
    stream->n_records = n_records;
    stream->records = dp_alloc_zero((size_t)n_records, sizeof *stream->records);
    stream->access_field = dp_alloc((size_t)n_records * 30, sizeof *stream->access_field);
    stream->access_mode = dp_alloc((size_t)n_records * 30, 1);
    stream->n_ops = 3;
    stream->op_names = random_op_names;
    stream->body = random_body;
    stream->argument = self;
    for (int64_t i = 0; i < n_records; i++) {
        dp_record *record = &stream->records[i];
        record->op = (int32_t)random_below(&state, 3);
        record->node = (int)(i * 7 % 4) - 1; /* so that records are not submitted as they come */
        record->cost = (float)(1e-3 * (1 + suite_uniform(&state)));
        random_accesses(stream, record, &state);
    }
    ck_assert_int_eq(dp_stream_prioritise(stream, 1000), DAGPOLE_OK);
    ck_assert_int_eq(dp_stream_check(stream), DAGPOLE_OK);
    return self;
}

static inline void random_stream_reset(random_stream *self) {
    memcpy(self->memory, self->initial, (size_t)self->n_words * 8);
    atomic_store(&self->n_bodies, 0);
}

static inline void random_stream_destroy(random_stream *self) {
    dp_free(self->memory);
    dp_free(self->initial);
    dp_free(self->stream.fields);
    dp_free(self->stream.records);
    dp_free(self->stream.access_field);
    dp_free(self->stream.access_mode);
    dp_free(self);
}

/* A copy of what n_runs walks through the records in order make of the initial fields. */
static inline uint64_t *random_stream_expected(random_stream *self, int n_runs) {
    const dp_stream *stream = &self->stream;
    void *buffers[30];
    random_stream_reset(self);
    for (int64_t i = 0; i < n_runs * stream->n_records; i++) {
        const dp_record *record = &stream->records[i % stream->n_records];
        for (int32_t a = 0; a < record->n_access; a++)
            buffers[a] = stream->fields[stream->access_field[record->access_begin + a]].data;
        stream->body(stream->argument, i % stream->n_records, buffers, 0);
    }
    uint64_t *expected = dp_alloc_copy(self->memory, (size_t)self->n_words, 8);
    random_stream_reset(self);
    return expected;
}

static char test_home[] = "/tmp/dagpole-test-XXXXXX";

static inline int remove_entry(const char *path, const struct stat *info, int type,
                               struct FTW *where) {
    (void)info, (void)type, (void)where;
    return remove(path);
}

/* Its own home for StarPU's files, nothing said on stderr, and none of the caller's settings but
 * the scheduler (suite_scheduler). */
static inline void test_environment_open(void) {
    if (!mkdtemp(test_home))
        exit(EXIT_FAILURE);
    setenv("STARPU_HOME", test_home, 1);
    setenv("XDG_CACHE_HOME", test_home, 1); /* StarPU 1.3 looks here first */
    setenv("STARPU_SILENT", "1", 1);
    unsetenv("STARPU_NCPU");
    unsetenv("STARPU_NCPUS");
    unsetenv("DAGPOLE_EXECUTOR");
    unsetenv("DAGPOLE_HANDLES");
}

/* Two memory nodes of so many cores each, whatever the machine is. StarPU measures them at the
 * first start in a home, so that each has one of its own. 0 under the thread sanitizer, to which
 * StarPU's copies between them look like races with bodies. */
static inline int test_environment_two_nodes(int n_cores) {
    char machine[64], home[128];
#if DP_THREAD_SANITIZER
    return 0;
#endif
    snprintf(machine, sizeof machine, "numa:2 core:%d pu:1", n_cores);
    setenv("HWLOC_SYNTHETIC", machine, 1);
    snprintf(home, sizeof home, "%s/two-nodes-of-%d", test_home, n_cores);
    mkdir(home, 0700);
    setenv("STARPU_HOME", home, 1);
    setenv("XDG_CACHE_HOME", home, 1);
    setenv("STARPU_WORKERS_NOBIND", "1", 1);
    setenv("STARPU_USE_NUMA", "1", 1);
    return 1;
}

static inline void test_environment_close(void) {
    nftw(test_home, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* As suite_main, in that environment, and with tests that run for _i = 0 ... n_loops - 1, each in a
 * process and with a time limit of its own. */
static inline int runtime_suite_main(const char *name, int n, const TTest *const *tests,
                                     int n_loops, int n_looped, const TTest *const *looped) {
    test_environment_open();
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 200);
    for (int i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
    for (int i = 0; i < n_looped; i++)
        tcase_add_loop_test(tcase, looped[i], 0, n_loops);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    test_environment_close();
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline dp_runtime *open_runtime(dp_runtime_options options) {
    dp_runtime *runtime = NULL;
    dagpole_status status = dp_runtime_create(&options, &runtime);
    ck_assert_msg(status == DAGPOLE_OK, "%s", dagpole_last_error());
    return runtime;
}

static inline dp_execution *open_execution(dp_runtime *runtime, random_stream *streams) {
    dp_execution *execution = NULL;
    dagpole_status status = dp_execution_create(runtime, &streams->stream, &execution);
    ck_assert_msg(status == DAGPOLE_OK, "%s", dagpole_last_error());
    return execution;
}

static inline void fetch_all(dp_execution *execution, random_stream *streams, dp_access mode) {
    for (int32_t f = 0; f < streams->stream.n_fields; f++)
        ck_assert_int_eq(dp_execution_fetch(execution, f, mode), DAGPOLE_OK);
}

/* Runs n_runs times from the initial fields and compares with as many serial runs. */
static inline void check_runs(dp_execution *execution, random_stream *streams, int n_runs) {
    fetch_all(execution, streams, DP_READ_WRITE);
    uint64_t *expected = random_stream_expected(streams, n_runs);
    dp_profile profile;
    for (int k = 0; k < n_runs; k++) {
        dagpole_status status = dp_execution_run(execution, "test", &profile);
        ck_assert_msg(status == DAGPOLE_OK, "%s", dagpole_last_error());
    }
    fetch_all(execution, streams, DP_READ);
    ck_assert_int_eq(memcmp(expected, streams->memory, (size_t)streams->n_words * 8), 0);
    ck_assert_int_eq(atomic_load(&streams->n_bodies), n_runs * streams->stream.n_records);
    ck_assert_int_eq(atomic_load(&streams->n_bad), 0);
    dp_free(expected);
}

#endif
