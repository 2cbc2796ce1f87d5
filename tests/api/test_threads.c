/* Workers, threads of the caller, progress and cancellation. */
#include <pthread.h>
#include <stdatomic.h>

#include "plans.h"

enum { N = 2500, N_RESULTS = 4 * N };

/* ---- results that must be met -----------------------------------------------------------------
 */

static double *points, *charges, expected[N_RESULTS];

static void fill_expected(void) {
    dagpole_context *context = open_serial();
    points = cloud_make(CLOUD_CLUSTER, N, 5);
    charges = make_charges(N, 3);
    dagpole_plan *plan = open_plan(context, quick_options(0), N, points, 0, NULL);
    must(dagpole_plan_evaluate(plan, charges, expected, expected + N));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}

static dagpole_plan *plan_of(dagpole_context *context) {
    return open_plan(context, quick_options(0), N, points, 0, NULL);
}

static void expect_same_bits(dagpole_plan *plan) {
    double results[N_RESULTS];
    must(dagpole_plan_evaluate(plan, charges, results, results + N));
    ck_assert_mem_eq(results, expected, sizeof expected);
}

/* ---- workers ----------------------------------------------------------------------------------
 */

START_TEST(workers_and_schedulers_do_not_matter) {
    static const char *const schedulers[] = {"lws", "eager", "prio", "dagpole"};
    suite_own_schedulers();
    fill_expected();
    for (int threads = 1; threads <= 4; threads++) {
        dagpole_context *context = open_context(
            (dagpole_context_options){.threads = threads, .scheduler = schedulers[threads - 1]});
        dagpole_plan *plan = plan_of(context);
        dagpole_report report = report_of(plan);
        ck_assert_int_eq(report.threads, threads);
        ck_assert_str_eq(report.scheduler, schedulers[threads - 1]);
        for (int i = 0; i < 3; i++)
            expect_same_bits(plan);
        report = report_of(plan);
        ck_assert_int_eq(report.n_evaluations, 3);
        ck_assert_double_gt(report.evaluate_s, 0);
        ck_assert_double_eq_tol(report.share_tasks + report.share_runtime + report.share_idle, 1,
                                1e-6);
        must(dagpole_plan_check(plan, 0));
        dagpole_plan_destroy(plan);
        dagpole_context_destroy(context);
    }
}
END_TEST

/* Two contexts over parts of the workers, a third over all. */
START_TEST(contexts_share_workers) {
    dagpole_context *all, *part[2];
    dagpole_plan *plans[3];
    fill_expected();
    all = open_context((dagpole_context_options){.threads = 2});
    for (int i = 0; i < 2; i++) {
        part[i] = open_context((dagpole_context_options){.threads = 1});
        plans[i] = plan_of(part[i]);
        ck_assert_int_eq(report_of(plans[i]).threads, 1);
    }
    plans[2] = plan_of(all);
    ck_assert_int_eq(report_of(plans[2]).threads, 2);
    for (int i = 0; i < 6; i++)
        expect_same_bits(plans[i % 3]);
    expect_failure(
        dagpole_context_create(
            &(dagpole_context_options){.size = sizeof(dagpole_context_options), .threads = 3},
            &(dagpole_context *){NULL}),
        DAGPOLE_BAD_ARGUMENT, "threads is 3");
    for (int i = 0; i < 3; i++)
        dagpole_plan_destroy(plans[i]);
    dagpole_context_destroy(all); /* who started StarPU goes first */
    plans[0] = plan_of(part[0]);
    expect_same_bits(plans[0]);
    dagpole_plan_destroy(plans[0]);
    dagpole_context_destroy(part[0]);
    dagpole_context_destroy(part[1]);
}
END_TEST

START_TEST(direct_sums_use_the_workers) {
    double alone[N_RESULTS], together[N_RESULTS];
    fill_expected();
    dagpole_context *context = open_context((dagpole_context_options){.threads = 2});
    must(dagpole_direct(NULL, DAGPOLE_YUKAWA, 2, N, points, charges, 0, NULL, alone, alone + N));
    must(dagpole_direct(context, DAGPOLE_YUKAWA, 2, N, points, charges, 0, NULL, together,
                        together + N));
    ck_assert_mem_eq(alone, together, sizeof alone);
    dagpole_context_destroy(context);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------------
 */

/* Failures are counted, not asserted: Check's assertions belong to the main thread. */
static atomic_int n_wrong;

static void *evaluate_repeatedly(void *plan) {
    double *results = make_results(N_RESULTS);
    for (int i = 0; i < 8; i++) {
        dagpole_status status = dagpole_plan_evaluate(plan, charges, results, results + N);
        n_wrong += status != DAGPOLE_OK || memcmp(results, expected, sizeof expected) != 0;
    }
    free(results);
    return NULL;
}

/* _i: both plans in one context; each in its own; in serial contexts. */
START_TEST(two_threads_use_two_plans) {
    dagpole_context *contexts[2];
    dagpole_plan *plans[2];
    pthread_t threads[2];
    fill_expected();
    for (int i = 0; i < 2; i++) {
        contexts[i] =
            _i == 0 && i == 1
                ? contexts[0]
                : open_context((dagpole_context_options){.threads = 2, .serial = _i == 2});
        plans[i] = plan_of(contexts[i]);
    }
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, evaluate_repeatedly, plans[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(n_wrong, 0);
    for (int i = 0; i < 2; i++)
        dagpole_plan_destroy(plans[i]);
    dagpole_context_destroy(contexts[0]);
    if (_i > 0)
        dagpole_context_destroy(contexts[1]);
}
END_TEST

/* Holds the first that evaluates until the test lets go. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_closed, is_reached;
} gate;

static int wait_at_gate(void *user, const char *stage, double fraction) {
    gate *g = user;
    (void)fraction;
    if (strcmp(stage, "evaluate") != 0)
        return 0;
    pthread_mutex_lock(&g->lock);
    int is_first = !g->is_reached;
    g->is_reached = 1;
    pthread_cond_broadcast(&g->changed);
    while (is_first && g->is_closed)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
    return 0;
}

static void *evaluate_once(void *plan) {
    double *results = make_results(N_RESULTS);
    dagpole_status status = dagpole_plan_evaluate(plan, charges, results, results + N);
    n_wrong += status != DAGPOLE_OK || memcmp(results, expected, sizeof expected) != 0;
    free(results);
    return NULL;
}

START_TEST(one_plan_serves_one_thread_at_a_time) {
    gate g = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    double results[N_RESULTS];
    pthread_t thread;
    fill_expected();
    dagpole_context *context = open_context((dagpole_context_options){
        .threads = 2, .serial = _i, .progress = wait_at_gate, .progress_user = &g});
    dagpole_plan *plan = plan_of(context);
    expect_same_bits(plan);
    g.is_closed = 1;
    g.is_reached = 0;
    pthread_create(&thread, NULL, evaluate_once, plan);
    pthread_mutex_lock(&g.lock);
    while (!g.is_reached)
        pthread_cond_wait(&g.changed, &g.lock);
    pthread_mutex_unlock(&g.lock);
    dagpole_status second = dagpole_plan_evaluate(plan, charges, results, NULL);
    char sentence[200];
    snprintf(sentence, sizeof sentence, "%s", dagpole_last_error());
    dagpole_status query = dagpole_plan_expansions(plan, 0, NULL, NULL, NULL);
    pthread_mutex_lock(&g.lock);
    g.is_closed = 0;
    pthread_cond_broadcast(&g.changed);
    pthread_mutex_unlock(&g.lock);
    pthread_join(thread, NULL);
    ck_assert_int_eq(second, DAGPOLE_WRONG_STATE);
    ck_assert_msg(strstr(sentence, "in use by another thread"), "%s", sentence);
    ck_assert_int_eq(query, DAGPOLE_WRONG_STATE);
    ck_assert_int_eq(n_wrong, 0);
    expect_same_bits(plan);
    must(dagpole_plan_expansions(plan, 0, NULL, NULL, NULL));
    ck_assert_int_eq(report_of(plan).n_evaluations, 3);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* ---- progress and cancellation ----------------------------------------------------------------
 */

typedef struct listener {
    pthread_t thread;
    int n_calls, cancel_at; /* 1 = the first call */
    char stages[200];       /* each stage as it begins */
    double last;            /* fraction of the last call */
    int n_wrong;
} listener;

static int listen(void *user, const char *stage, double fraction) {
    listener *l = user;
    size_t length = strlen(l->stages), n = strlen(stage);
    int is_same = length >= n + 1 && strncmp(l->stages + length - n - 1, stage, n) == 0;
    l->n_wrong += !pthread_equal(l->thread, pthread_self());
    l->n_wrong += !(fraction >= 0 && fraction <= 1) || (is_same && fraction < l->last);
    if (!is_same)
        snprintf(l->stages + length, sizeof l->stages - length, "%s ", stage);
    l->last = fraction;
    return ++l->n_calls == l->cancel_at;
}

static void start_listening(listener *l, int cancel_at) {
    *l = (listener){.thread = pthread_self(), .cancel_at = cancel_at};
}

static dagpole_context *open_listened(int serial, listener *l) {
    start_listening(l, 0);
    return open_context((dagpole_context_options){
        .threads = 2, .serial = serial, .progress = listen, .progress_user = l});
}

START_TEST(progress_goes_through_the_stages) {
    listener l;
    fill_expected();
    dagpole_context *context = open_listened(_i, &l);
    dagpole_plan *plan = plan_of(context);
    ck_assert_str_eq(l.stages, "tree lists operators graph ");
    ck_assert_double_eq(l.last, 1);
    start_listening(&l, 0);
    expect_same_bits(plan);
    ck_assert_str_eq(l.stages, "evaluate ");
    ck_assert_double_eq(l.last, 1);
    ck_assert_int_eq(l.n_wrong, 0);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* Cancels at the first call, the second, ... until set-up comes through. */
START_TEST(set_up_can_be_cancelled_everywhere) {
    listener l;
    dagpole_plan *plan = NULL;
    dagpole_plan_options options = quick_options(0);
    int n_cancelled = 0;
    fill_expected();
    dagpole_context *context = open_listened(_i, &l);
    int64_t live = dp_memory_live();
    for (int k = 1; !plan; k++) {
        start_listening(&l, k);
        dagpole_status status = dagpole_plan_create(context, &options, N, points, 0, NULL, &plan);
        if (status == DAGPOLE_OK)
            break;
        expect_failure(status, DAGPOLE_CANCELLED, "progress");
        ck_assert_ptr_null(plan);
        ck_assert_int_eq(l.n_calls, k);
        ck_assert_int_eq(dp_memory_live(), live);
        n_cancelled++;
    }
    ck_assert_int_ge(n_cancelled, 5);
    start_listening(&l, 0);
    expect_same_bits(plan);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(evaluation_can_be_cancelled_and_repeated) {
    listener l;
    double results[N];
    fill_expected();
    dagpole_context *context = open_listened(_i, &l);
    dagpole_plan *plan = plan_of(context);
    for (int k = 0; k < 3; k++) {
        start_listening(&l, 1);
        expect_failure(dagpole_plan_evaluate(plan, charges, results, NULL), DAGPOLE_CANCELLED,
                       "evaluate");
        expect_failure(dagpole_plan_expansions(plan, 0, NULL, NULL, NULL), DAGPOLE_WRONG_STATE,
                       k ? "cancelled" : "nothing");
        ck_assert_int_eq(report_of(plan).n_evaluations, k);
        start_listening(&l, 0);
        expect_same_bits(plan);
        must(dagpole_plan_expansions(plan, 0, NULL, NULL, NULL));
    }
    int64_t target = 0;
    start_listening(&l, 1);
    expect_failure(dagpole_plan_near_sums(plan, charges, 1, &target, results, NULL),
                   DAGPOLE_CANCELLED, "evaluate");
    expect_failure(dagpole_plan_expansions(plan, 0, NULL, NULL, NULL), DAGPOLE_WRONG_STATE,
                   "cancelled");
    start_listening(&l, 0);
    expect_same_bits(plan);
    start_listening(&l, l.n_calls); /* about the last call */
    dagpole_status status = dagpole_plan_evaluate(plan, charges, results, NULL);
    ck_assert(status == DAGPOLE_CANCELLED || status == DAGPOLE_OK);
    start_listening(&l, 0);
    expect_same_bits(plan);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(other_calls_can_be_cancelled) {
    listener l;
    double results[N];
    dagpole_plan_options options = quick_options(0);
    fill_expected();
    start_listening(&l, 0);
    dagpole_context *context = open_context((dagpole_context_options){
        .serial = 1, .progress = listen, .progress_user = &l, .cache_dir = "/no/such/directory"});
    start_listening(&l, 1);
    expect_failure(
        dagpole_direct(context, DAGPOLE_LAPLACE, 0, N, points, charges, 0, NULL, results, NULL),
        DAGPOLE_CANCELLED, "direct");
    start_listening(&l, 1);
    expect_failure(dagpole_precompute(context, &options, 1, 2), DAGPOLE_CANCELLED, "operators");
    dagpole_context_destroy(context);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("threads");
    TCase *tcase = tcase_create("threads");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, workers_and_schedulers_do_not_matter);
    tcase_add_test(tcase, contexts_share_workers);
    tcase_add_test(tcase, direct_sums_use_the_workers);
    tcase_add_loop_test(tcase, two_threads_use_two_plans, 0, 3);
    tcase_add_loop_test(tcase, one_plan_serves_one_thread_at_a_time, 0, 2);
    tcase_add_loop_test(tcase, progress_goes_through_the_stages, 0, 2);
    tcase_add_loop_test(tcase, set_up_can_be_cancelled_everywhere, 0, 2);
    tcase_add_loop_test(tcase, evaluation_can_be_cancelled_and_repeated, 0, 2);
    tcase_add_test(tcase, other_calls_can_be_cancelled);
    return suite_run(suite, tcase);
}
