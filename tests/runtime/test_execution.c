#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <starpu.h>

#include "base/clock.h"
#include "streams.h"

/* Idle workers spin, so that runs of so many short tasks take most of the processor where it is
 * busy. */
START_TEST(a_hundred_runs_match_serial) {
    for (uint64_t seed = 0; seed < 3; seed++) {
        random_stream *streams = random_stream_create(seed, 20 + 60 * (int)seed, 300);
        dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
        dp_execution *execution = open_execution(runtime, streams);
        check_runs(execution, streams, seed ? 30 : 100);
        dp_execution_destroy(execution);
        dp_runtime_destroy(runtime);
        random_stream_destroy(streams);
    }
}
END_TEST

START_TEST(serial_matches_the_records_in_order) {
    random_stream *streams = random_stream_create(5, 40, 300);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.serial = 1});
    ck_assert_str_eq(dp_runtime_scheduler(runtime), "serial");
    ck_assert_int_eq(dp_runtime_n_slots(runtime), 1);
    dp_execution *execution = open_execution(runtime, streams);
    check_runs(execution, streams, 3);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    random_stream_destroy(streams);
}
END_TEST

static pthread_t caller;

static dagpole_status body_in_caller(void *argument, int64_t i, void *const *buffers, int worker) {
    random_stream *self = argument;
    if (!pthread_equal(pthread_self(), caller))
        atomic_fetch_add(&self->n_bad, 1);
    return random_body(argument, i, buffers, worker);
}

START_TEST(a_few_short_tasks_run_in_the_calling_thread) {
    random_stream *streams = random_stream_create(6, 10, 20);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    caller = pthread_self();
    streams->stream.body = body_in_caller;
    for (int64_t i = 0; i < streams->stream.n_records; i++)
        streams->stream.records[i].cost = 1e-6f;
    dp_execution *execution = open_execution(runtime, streams);
    check_runs(execution, streams, 3);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    random_stream_destroy(streams);
}
END_TEST

/* Every third record from 37 on fails: whatever runs first, 37 is reported; and the next run is
 * sound. */
START_TEST(smallest_failing_record_is_reported) {
    for (int serial = 0; serial < 2; serial++) {
        random_stream *streams = random_stream_create(11, 60, 300);
        dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2, .serial = serial});
        dp_execution *execution = open_execution(runtime, streams);
        dp_profile profile;
        streams->fail_from = 37;
        streams->fail_step = 3;
        for (int k = 0; k < 30; k++) {
            atomic_store(&streams->n_bodies, 0);
            ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_NUMERIC);
            ck_assert_str_eq(dagpole_last_error(), "record 37 is bad");
            ck_assert_int_ge(atomic_load(&streams->n_bodies), 38);
            ck_assert_int_lt(atomic_load(&streams->n_bodies), 300);
        }
        streams->fail_step = 0;
        check_runs(execution, streams, 2);
        dp_execution_destroy(execution);
        dp_runtime_destroy(runtime);
        random_stream_destroy(streams);
    }
}
END_TEST

typedef struct watch {
    _Atomic int n_calls;
    int stop_at; /* asks to stop at this call, counted from 1; 0 = never */
    double last;
    pthread_t thread;
} watch;

static int watch_progress(void *user, const char *stage, double fraction) {
    watch *self = user;
    ck_assert_str_eq(stage, "test");
    ck_assert(fraction >= self->last && fraction <= 1);
    ck_assert(pthread_equal(self->thread, pthread_self()));
    self->last = fraction;
    return ++self->n_calls == self->stop_at;
}

/* However busy the machine is, progress has been asked for `n_awaited` times before the second half
 * of the records; 0 where the one thread both asks and runs. */
static watch *watched;
static int n_awaited;

static dagpole_status slow_body(void *argument, int64_t i, void *const *buffers, int worker) {
    usleep(1000);
    while (i >= 200 && atomic_load(&watched->n_calls) < n_awaited)
        usleep(1000);
    return random_body(argument, i, buffers, worker);
}

START_TEST(progress_rises_and_can_cancel) {
    for (int serial = 0; serial < 2; serial++) {
        watch watch = {.thread = pthread_self()};
        watched = &watch;
        n_awaited = serial ? 0 : 3;
        random_stream *streams = random_stream_create(13, 60, 400);
        streams->stream.body = slow_body;
        dp_runtime *runtime = open_runtime((dp_runtime_options){
            .threads = 2, .serial = serial, .progress = watch_progress, .progress_user = &watch});
        dp_execution *execution = open_execution(runtime, streams);
        dp_profile profile;
        ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_OK);
        ck_assert_int_ge(watch.n_calls, 4);
        ck_assert_double_eq(watch.last, 1.0);
        for (watch.stop_at = 1; watch.stop_at <= 3; watch.stop_at++) {
            watch.n_calls = 0;
            watch.last = 0;
            n_awaited = serial ? 0 : watch.stop_at; /* after that nobody asks any more */
            atomic_store(&streams->n_bodies, 0);
            ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_CANCELLED);
            ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "test"));
            ck_assert_int_eq(watch.n_calls, watch.stop_at);
            int64_t most = watch.stop_at == 1 ? 0 : 399;
            ck_assert_int_le(atomic_load(&streams->n_bodies), most);
        }
        watch.stop_at = 0;
        watch.last = 0;
        streams->stream.body = random_body;
        check_runs(execution, streams, 1);
        dp_execution_destroy(execution);
        dp_runtime_destroy(runtime);
        random_stream_destroy(streams);
    }
}
END_TEST

/* Records that ask for a stop themselves, at another place in every run. */
static _Atomic int64_t stop_at;
static _Atomic int has_stopped, is_asked;

static dagpole_status stopping_body(void *argument, int64_t i, void *const *buffers, int worker) {
    if (i == atomic_load(&stop_at)) {
        atomic_store(&has_stopped, 1);
        while (!atomic_load(&is_asked)) /* for progress */
            usleep(1000);
        usleep(20000); /* and the answer is known */
    }
    return random_body(argument, i, buffers, worker);
}

static int stop_if_asked(void *user, const char *stage, double fraction) {
    (void)user, (void)stage, (void)fraction;
    int is_stop = atomic_load(&has_stopped);
    if (is_stop)
        atomic_store(&is_asked, 1);
    return is_stop;
}

START_TEST(runs_after_stopped_ones_are_sound) {
    random_stream *streams = random_stream_create(31, 60, 300);
    streams->stream.body = stopping_body;
    dp_runtime *runtime =
        open_runtime((dp_runtime_options){.threads = 2, .progress = stop_if_asked});
    dp_execution *execution = open_execution(runtime, streams);
    dp_profile profile;
    for (int64_t k = 0; k < 8; k++) {
        atomic_store(&stop_at, 41 * k);
        ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_CANCELLED);
        atomic_store(&stop_at, -1);
        atomic_store(&has_stopped, 0);
        atomic_store(&is_asked, 0);
        streams->fail_from = 17 * k;
        streams->fail_step = 5;
        ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_NUMERIC);
        streams->fail_step = 0;
        check_runs(execution, streams, 3);
    }
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    random_stream_destroy(streams);
}
END_TEST

/* Tasks of several streams are prepared side by side, some are never submitted. */
START_TEST(executions_take_turns_or_never_run) {
    static const char *const schedulers[] = {"lws", "dagpole", "prio", "graph_test"};
    suite_own_schedulers();
    for (int s = 0; s < 4; s++) {
        dp_runtime *runtime =
            open_runtime((dp_runtime_options){.threads = 2, .scheduler = schedulers[s]});
        random_stream *streams[3];
        dp_execution *execution[3];
        for (int k = 0; k < 3; k++) {
            streams[k] = random_stream_create(40 + (uint64_t)k, 50, 100 + 50 * k);
            execution[k] = open_execution(runtime, streams[k]);
        }
        for (int turn = 0; turn < 6; turn++)
            check_runs(execution[turn % 2], streams[turn % 2], 2);
        dp_execution_destroy(execution[0]);
        execution[0] = open_execution(runtime, streams[0]);
        check_runs(execution[1], streams[1], 2);
        check_runs(execution[0], streams[0], 2);
        for (int k = 0; k < 3; k++) {
            dp_execution_destroy(execution[k]);
            random_stream_destroy(streams[k]);
        }
        dp_runtime_destroy(runtime);
    }
}
END_TEST

typedef struct user {
    dp_runtime *runtime;
    uint64_t seed;
    int n_bad;
} user;

/* Check's assertions must stay in the main thread: mismatches are counted. */
static void *use_runtime(void *argument) {
    user *self = argument;
    random_stream *streams = random_stream_create(self->seed, 50, 200);
    uint64_t *expected = random_stream_expected(streams, 20);
    dp_execution *execution;
    dp_profile profile;
    self->n_bad += dp_execution_create(self->runtime, &streams->stream, &execution) != DAGPOLE_OK;
    for (int k = 0; k < 20; k++) {
        self->n_bad += dp_execution_run(execution, "test", &profile) != DAGPOLE_OK;
        double sum = profile.share_tasks + profile.share_runtime + profile.share_idle;
        self->n_bad += !(fabs(sum - 1) < 1e-9);
        usleep(100); /* now and then neither thread needs the workers */
    }
    self->n_bad += memcmp(expected, streams->memory, (size_t)streams->n_words * 8) != 0;
    dp_execution_destroy(execution);
    dp_free(expected);
    random_stream_destroy(streams);
    return NULL;
}

static void check_two_threads(dp_runtime *first, dp_runtime *second) {
    user users[2] = {{first, 1, 0}, {second, 2, 0}};
    pthread_t threads[2];
    for (int t = 0; t < 2; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, use_runtime, &users[t]), 0);
    for (int t = 0; t < 2; t++) {
        pthread_join(threads[t], NULL);
        ck_assert_int_eq(users[t].n_bad, 0);
    }
}

START_TEST(two_threads_run_at_once) {
    dp_runtime *whole = open_runtime((dp_runtime_options){.threads = 2});
    dp_runtime *part = open_runtime((dp_runtime_options){.threads = 1});
    dp_runtime *serial = open_runtime((dp_runtime_options){.serial = 1});
    check_two_threads(whole, whole);
    check_two_threads(whole, part);
    check_two_threads(part, serial);
    check_two_threads(serial, serial);
    dp_runtime_destroy(serial);
    dp_runtime_destroy(whole);
    dp_runtime_destroy(part);
}
END_TEST

static dagpole_status spin_body(void *argument, int64_t i, void *const *buffers, int worker) {
    (void)argument, (void)i, (void)buffers, (void)worker;
    double end = dp_clock() + 200e-6;
    while (dp_clock() < end)
        ;
    return DAGPOLE_OK;
}

/* A chain on two workers: at most half of their time goes into tasks. */
START_TEST(profile_accounts_for_the_workers_time) {
    random_stream *streams = random_stream_create(17, 4, 300);
    dp_stream *stream = &streams->stream;
    uint64_t word;
    stream->fields[0] = (dp_field){.data = &word, .bytes = sizeof word};
    stream->body = spin_body;
    for (int64_t i = 0; i < stream->n_records; i++) {
        stream->records[i].op = 2;
        stream->records[i].access_begin = 0;
        stream->records[i].n_access = 1;
    }
    stream->access_field[0] = 0;
    stream->access_mode[0] = DP_READ_WRITE;
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    dp_execution *execution = open_execution(runtime, streams);
    int n_agreeing = 0;
    for (int run = 0; run < 20 && n_agreeing < 2; run++) {
        dp_profile profile;
        int before = run % 2;
        starpu_profiling_status_set(before);
        ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_OK);
        ck_assert_int_eq(starpu_profiling_status_get(), before);
        double sum = profile.share_tasks + profile.share_runtime + profile.share_idle;
        ck_assert_double_eq_tol(sum, 1, 1e-9);
        ck_assert_double_ge(profile.share_idle, 0);
        ck_assert_double_ge(profile.share_runtime, 0);
        ck_assert_double_ge(profile.op_s[2], 300 * 200e-6);
        ck_assert_double_eq(profile.op_s[0], 0);
        ck_assert_double_ge(profile.wall_s, profile.op_s[2]);
        /* StarPU's account and the clocks around the bodies agree, but where the machine took a
         * worker's core away between the two */
        double share = profile.op_s[2] / (2 * profile.wall_s);
        n_agreeing += profile.share_tasks <= 0.55 && fabs(profile.share_tasks - share) <= 0.05;
    }
    ck_assert_int_eq(n_agreeing, 2);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    random_stream_destroy(streams);
}
END_TEST

/* Some tasks name more fields than StarPU has room for in the task itself. */
START_TEST(hundreds_of_runs_keep_no_memory) {
    random_stream *streams = random_stream_create(19, 60, 100);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    dp_execution *execution = open_execution(runtime, streams);
    dp_profile profile;
    size_t held[4];
    for (int k = 0; k < 400; k++) {
        ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_OK);
        held[k / 100] = mallinfo2().uordblks;
    }
    /* 300 runs of 100 tasks: a leak of 2 bytes a task would show */
    ck_assert_uint_le(held[3], held[0] + 40000);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    random_stream_destroy(streams);
}
END_TEST

START_TEST(every_failing_allocation_is_reported) {
    random_stream *streams = random_stream_create(23, 30, 50);
    for (int serial = 0; serial < 2; serial++) {
        dp_runtime_options options = {.threads = 2, .serial = serial};
        int64_t live = dp_memory_live(), k = 0;
        dagpole_status status = DAGPOLE_NO_MEMORY;
        while (status != DAGPOLE_OK) {
            dp_runtime *runtime = NULL;
            dp_execution *execution = NULL;
            dp_memory_fail_at(++k, 0);
            status = dp_runtime_create(&options, &runtime);
            if (status == DAGPOLE_OK)
                status = dp_execution_create(runtime, &streams->stream, &execution);
            ck_assert(status == DAGPOLE_OK || status == DAGPOLE_NO_MEMORY);
            dp_execution_destroy(execution);
            dp_runtime_destroy(runtime);
            ck_assert_int_eq(dp_memory_live(), live);
        }
        dp_memory_fail_at(0, 0);
        ck_assert_int_ge(k, 4);
    }
    random_stream_destroy(streams);
}
END_TEST

START_TEST(empty_and_oversized_streams) {
    random_stream *streams = random_stream_create(29, 10, 0);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    dp_execution *execution = open_execution(runtime, streams);
    check_runs(execution, streams, 2);
    dp_execution_destroy(execution);
    streams->stream.n_ops = DP_MAX_OPS + 1;
    ck_assert_int_eq(dp_execution_create(runtime, &streams->stream, &execution), DAGPOLE_INTERNAL);
    ck_assert_ptr_null(execution);
    dp_runtime_destroy(runtime);
    random_stream_destroy(streams);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {a_hundred_runs_match_serial,
                                  serial_matches_the_records_in_order,
                                  a_few_short_tasks_run_in_the_calling_thread,
                                  smallest_failing_record_is_reported,
                                  progress_rises_and_can_cancel,
                                  runs_after_stopped_ones_are_sound,
                                  executions_take_turns_or_never_run,
                                  two_threads_run_at_once,
                                  profile_accounts_for_the_workers_time,
                                  hundreds_of_runs_keep_no_memory,
                                  every_failing_allocation_is_reported,
                                  empty_and_oversized_streams};
    return runtime_suite_main("execution", sizeof tests / sizeof tests[0], tests, 0, 0, NULL);
}
