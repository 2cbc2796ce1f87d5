#include <pthread.h>
#include <time.h>

#include "streams.h"

#define N 5000

typedef struct work {
    _Atomic int done[N];
    int64_t fail_from, fail_step;
} work;

static dagpole_status mark(void *argument, int64_t i) {
    work *self = argument;
    atomic_fetch_add(&self->done[i], 1);
    if (self->fail_step && i >= self->fail_from && (i - self->fail_from) % self->fail_step == 0)
        return dp_fail(DAGPOLE_NUMERIC, "piece %lld is bad", (long long)i);
    return DAGPOLE_OK;
}

static void check_each_once(const dp_team *team, int64_t n) {
    work *self = dp_alloc_zero(1, sizeof *self);
    ck_assert_int_eq(team->run(team, n, mark, self), DAGPOLE_OK);
    for (int64_t i = 0; i < N; i++)
        ck_assert_int_eq(self->done[i], i < n);
    dp_free(self);
}

static const dp_runtime_options kinds[] = {
    {.threads = 2}, {.threads = 1}, {.threads = 4, .scheduler = "graph_test"}, {.serial = 1}};

START_TEST(every_piece_runs_once) {
    dp_runtime *runtime = open_runtime(kinds[_i]);
    const dp_team *team = dp_runtime_team(runtime);
    const int64_t counts[] = {0, 1, 2, 3, 7, N};
    for (int k = 0; k < 6; k++)
        check_each_once(team, counts[k]);
    dp_runtime_destroy(runtime);
}
END_TEST

START_TEST(smallest_failing_piece_is_reported) {
    dp_runtime *runtime = open_runtime(kinds[_i]);
    const dp_team *team = dp_runtime_team(runtime);
    work *self = dp_alloc_zero(1, sizeof *self);
    for (self->fail_from = 0; self->fail_from < 200; self->fail_from += 9) {
        char expected[64];
        snprintf(expected, sizeof expected, "piece %lld is bad", (long long)self->fail_from);
        self->fail_step = 2;
        ck_assert_int_eq(team->run(team, N, mark, self), DAGPOLE_NUMERIC);
        ck_assert_str_eq(dagpole_last_error(), expected);
    }
    dp_free(self);
    dp_runtime_destroy(runtime);
}
END_TEST

static dagpole_status sleep_long(void *argument, int64_t i) {
    (void)argument, (void)i;
    const struct timespec quarter = {.tv_nsec = 250000000};
    nanosleep(&quarter, NULL);
    return DAGPOLE_OK;
}

static int refuse(void *user, const char *stage, double fraction) {
    (void)stage, (void)fraction;
    return ++*(int *)user;
}

START_TEST(whoever_says_stop_is_not_asked_again) {
    int n_asked = 0;
    dp_runtime *runtime = open_runtime(
        (dp_runtime_options){.threads = 2, .progress = refuse, .progress_user = &n_asked});
    const dp_team *team = dp_runtime_team(runtime);
    ck_assert_int_eq(dp_runtime_progress(runtime, "stage", 0), DAGPOLE_CANCELLED);
    n_asked = 0;
    ck_assert_int_eq(team->run(team, 2, sleep_long, NULL), DAGPOLE_CANCELLED);
    ck_assert_int_eq(n_asked, 1);
    dp_runtime_destroy(runtime);
}
END_TEST

static void *use_team(void *argument) {
    const dp_team *team = argument;
    work *self = dp_alloc_zero(1, sizeof *self);
    intptr_t n_bad = 0;
    for (int k = 1; k <= 50; k++) {
        n_bad += team->run(team, N, mark, self) != DAGPOLE_OK;
        for (int64_t i = 0; i < N; i++)
            n_bad += self->done[i] != k;
    }
    dp_free(self);
    return (void *)n_bad;
}

START_TEST(two_threads_use_teams_at_once) {
    dp_runtime *whole = open_runtime((dp_runtime_options){.threads = 3});
    dp_runtime *part = open_runtime((dp_runtime_options){.threads = 2});
    pthread_t threads[3];
    dp_runtime *const runtimes[] = {whole, whole, part};
    for (int t = 0; t < 3; t++)
        ck_assert_int_eq(
            pthread_create(&threads[t], NULL, use_team, (void *)dp_runtime_team(runtimes[t])), 0);
    for (int t = 0; t < 3; t++) {
        void *n_bad;
        pthread_join(threads[t], &n_bad);
        ck_assert_ptr_null(n_bad);
    }
    dp_runtime_destroy(whole);
    dp_runtime_destroy(part);
}
END_TEST

START_TEST(failing_allocation_is_reported) {
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    const dp_team *team = dp_runtime_team(runtime);
    work *self = dp_alloc_zero(1, sizeof *self);
    int64_t live = dp_memory_live();
    dp_memory_fail_at(1, 0);
    ck_assert_int_eq(team->run(team, N, mark, self), DAGPOLE_NO_MEMORY);
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(dp_memory_live(), live);
    dp_free(self);
    dp_runtime_destroy(runtime);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {two_threads_use_teams_at_once, failing_allocation_is_reported,
                                  whoever_says_stop_is_not_asked_again};
    const TTest *const per_kind[] = {every_piece_runs_once, smallest_failing_piece_is_reported};
    return runtime_suite_main("team", 3, tests, sizeof kinds / sizeof kinds[0], 2, per_kind);
}
