/* Processes that fork: the child of one in which StarPU ran gets a sentence from every call that
 * would need the workers, may clean up, and may compute without them. */
#include <pthread.h>
#include <signal.h>
#include <starpu.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plans.h"

enum { N = 2000, CHILD_LIMIT_S = 50 };

static double *points, *charges, expected[N], results[N];

/* What a child does with what it got from its parent. Checked without Check, whose assertions write
 * to the parent's files: a line on stderr for each failure. */
typedef struct inherited {
    dagpole_context *context, *serial;
    dagpole_plan *plan, *serial_plan, *tiny;
} inherited;

static int n_wrong, is_child;

/* Asked by the leak sanitizer at exit: a child does not have the threads whose stacks and registers
 * hold their memory's addresses. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return is_child;
}

static void expect(int is_true, const char *what) {
    if (!is_true) {
        fprintf(stderr, "in the child: %s: %s\n", what, dagpole_last_error());
        n_wrong++;
    }
}

#define REFUSED(call)                                                                              \
    expect((call) == DAGPOLE_WRONG_STATE && strstr(dagpole_last_error(), "forked"), #call)
#define FINE(call) expect((call) == DAGPOLE_OK, #call)

static void check_refusals(inherited *all) {
    dagpole_plan *plan;
    dagpole_context *context;
    dagpole_report report = {.size = sizeof report};
    dagpole_plan_options options = quick_options(0);
    float single[N] = {0};
    int64_t target = 0;
    REFUSED(dagpole_context_create(NULL, &context));
    REFUSED(dagpole_plan_create(all->context, &options, N, points, 0, NULL, &plan));
    REFUSED(dagpole_plan_create(all->context, &options, 3, points, 0, NULL, &plan));
    REFUSED(dagpole_plan_evaluate(all->plan, charges, results, NULL));
    REFUSED(dagpole_plan_evaluate(all->tiny, charges, results, NULL));
    REFUSED(dagpole_plan_evaluate_float(all->plan, single, single, NULL));
    REFUSED(dagpole_plan_near_sums(all->plan, charges, 1, &target, results, NULL));
    REFUSED(dagpole_direct(all->context, DAGPOLE_LAPLACE, 0, N, points, charges, 0, NULL, results,
                           NULL));
    FINE(dagpole_plan_report(all->plan, &report));
    FINE(dagpole_plan_near_field(all->plan, charges, 1, &target, results, NULL));
}

static void check_serial(inherited *all) {
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    dagpole_context_options serial;
    dagpole_plan_options options = quick_options(0);
    FINE(dagpole_plan_evaluate(all->serial_plan, charges, results, NULL));
    expect(!memcmp(results, expected, sizeof expected), "the parent's serial plan");
    dagpole_context_options_init(&serial);
    serial.serial = 1;
    serial.cache_dir = "";
    FINE(dagpole_context_create(&serial, &context));
    FINE(dagpole_plan_create(context, &options, N, points, 0, NULL, &plan));
    memset(results, 0, sizeof results);
    FINE(dagpole_plan_evaluate(plan, charges, results, NULL));
    expect(!memcmp(results, expected, sizeof expected), "a plan made in the child");
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}

static void destroy_all(inherited *all) {
    dagpole_plan_destroy(all->plan);
    dagpole_plan_destroy(all->tiny);
    dagpole_plan_destroy(all->serial_plan);
    dagpole_context_destroy(all->context);
    dagpole_context_destroy(all->serial);
}

static inherited make_all(int threads) {
    inherited all = {.context = open_context((dagpole_context_options){.threads = threads}),
                     .serial = open_serial()};
    points = cloud_make(CLOUD_CUBE, N, 5);
    charges = make_charges(N, 3);
    all.plan = open_plan(all.context, quick_options(0), N, points, 0, NULL);
    all.tiny = open_plan(all.context, quick_options(0), 3, points, 0, NULL);
    all.serial_plan = open_plan(all.serial, quick_options(0), N, points, 0, NULL);
    must(dagpole_plan_evaluate(all.plan, charges, expected, NULL));
    return all;
}

/* A child that does all this and ends by itself; a hang ends with SIGALRM. */
static void fork_and_check(inherited *all, int is_orderly) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        is_child = 1;
        alarm(CHILD_LIMIT_S);
        check_refusals(all);
        check_serial(all);
        destroy_all(all);
        if (is_orderly)
            exit(n_wrong ? 1 : 0);
        _exit(n_wrong ? 1 : 0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child: %s %d",
                  WIFEXITED(status) ? "code" : "signal",
                  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

START_TEST(with_a_live_context) {
    inherited all = make_all(2);
    for (int i = 0; i < 2; i++) {
        fork_and_check(&all, i);
        must(dagpole_plan_evaluate(all.plan, charges, results, NULL)); /* the parent goes on */
        ck_assert_mem_eq(results, expected, sizeof expected);
    }
    destroy_all(&all);
}
END_TEST

static atomic_int must_stop, n_done;

static void *evaluate_on(void *plan) {
    static double mine[N];
    while (!must_stop) {
        dagpole_status status = dagpole_plan_evaluate(plan, charges, mine, NULL);
        n_wrong += status != DAGPOLE_OK || memcmp(mine, expected, sizeof expected) != 0;
        n_done++;
    }
    return NULL;
}

/* In the middle of whatever the other thread and the workers are doing. Not under the address
 * sanitizer: its allocator, unlike that of the C library, does not wait at a fork until other
 * threads have left it, so that the child may wait for ever at its first allocation. */
START_TEST(while_another_thread_evaluates) {
    inherited all = make_all(2);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, evaluate_on, all.plan), 0);
    for (int i = 0; i < 4; i++) {
        usleep((unsigned)(700 * i));
        pid_t child = fork();
        if (child == 0) {
            alarm(CHILD_LIMIT_S);
            dagpole_status status = dagpole_plan_evaluate(all.plan, charges, results, NULL);
            expect(status == DAGPOLE_WRONG_STATE, "an evaluation"); /* in use, or forked */
            REFUSED(dagpole_direct(all.context, DAGPOLE_LAPLACE, 0, N, points, charges, 0, NULL,
                                   results, NULL));
            check_serial(&all);
            destroy_all(&all);
            _exit(n_wrong ? 1 : 0);
        }
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    must_stop = 1;
    pthread_join(thread, NULL);
    ck_assert_int_gt(n_done, 0);
    ck_assert_int_eq(n_wrong, 0);
    destroy_all(&all);
}
END_TEST

/* Before the first context of the parent. _i = 1: the application had started StarPU. */
START_TEST(before_the_first_context) {
    struct starpu_conf conf;
    starpu_conf_init(&conf);
    conf.ncpus = 2;
    if (_i)
        ck_assert_int_eq(starpu_init(&conf), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_LIMIT_S);
        dagpole_context *context;
        dagpole_context_options options;
        dagpole_context_options_init(&options);
        options.threads = 2;
        if (_i) {
            REFUSED(dagpole_context_create(&options, &context));
        } else {
            FINE(dagpole_context_create(&options, &context));
            points = cloud_make(CLOUD_CUBE, N, 5);
            charges = make_charges(N, 3);
            FINE(dagpole_direct(context, DAGPOLE_LAPLACE, 0, N, points, charges, 0, NULL, results,
                                NULL));
            dagpole_context_destroy(context);
        }
        _exit(n_wrong ? 1 : 0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    inherited all = make_all(0);
    destroy_all(&all);
    if (_i)
        starpu_shutdown();
}
END_TEST

/* A parent that has ended its contexts leaves nothing behind. */
START_TEST(after_the_last_context) {
    inherited all = make_all(2);
    destroy_all(&all);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_LIMIT_S);
        all = make_all(2);
        expect(!memcmp(expected, expected, sizeof expected), "an evaluation");
        destroy_all(&all);
        _exit(n_wrong ? 1 : 0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* While contexts come and go in another thread; not under the address sanitizer either. */
static void *come_and_go(void *unused) {
    (void)unused;
    while (!must_stop) {
        dagpole_context_destroy(open_context((dagpole_context_options){.threads = 2}));
        n_done++;
    }
    return NULL;
}

START_TEST(while_another_thread_starts_starpu) {
    pthread_t thread;
    char **environment = environ;
    ck_assert_int_eq(pthread_create(&thread, NULL, come_and_go, NULL), 0);
    for (int i = 0; i < 10; i++) {
        usleep((unsigned)(1700 * i));
        pid_t child = fork();
        if (child == 0) {
            alarm(CHILD_LIMIT_S);
            expect(environ == environment, "the environment");
            dagpole_context_options options = {.size = sizeof options, .serial = 1};
            dagpole_context *context = NULL;
            FINE(dagpole_context_create(&options, &context));
            dagpole_context_destroy(context);
            options.serial = 0;
            dagpole_status status = dagpole_context_create(&options, &context);
            expect(status == DAGPOLE_WRONG_STATE || status == DAGPOLE_OK, "a context");
            if (status == DAGPOLE_OK) /* StarPU had ended at that moment */
                dagpole_context_destroy(context);
            _exit(n_wrong ? 1 : 0);
        }
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    must_stop = 1;
    pthread_join(thread, NULL);
    ck_assert_int_gt(n_done, 0);
}
END_TEST

int main(void) {
    if (SUITE_IS_THREAD_SANITIZED)
        return SUITE_SKIPPED;
    Suite *suite = suite_create("fork");
    TCase *tcase = tcase_create("fork");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, with_a_live_context);
    tcase_add_loop_test(tcase, before_the_first_context, 0, 2);
    tcase_add_test(tcase, after_the_last_context);
    if (!SUITE_IS_SANITIZED) {
        tcase_add_test(tcase, while_another_thread_evaluates);
        tcase_add_test(tcase, while_another_thread_starts_starpu);
    }
    return suite_run(suite, tcase);
}
