/* Plans under every executor and scheduler, on one memory node and on two: the bits of the serial
 * one. */
#include "runtime/streams.h"
#include "user_kernels.h"

enum { N = 1200, N_TARGETS = 300, N_RESULTS = 4 * N, N_MEDIUM = 600 };

static double *points, *charges;

/* What plans over one cloud say. */
typedef struct answers {
    double results[N_RESULTS], apart[4 * N_TARGETS], near[N_TARGETS], potentials[N];
    double multipole[1000], local[1000];
    double medium[4 * N_MEDIUM];
} answers;

static answers expected, got;

/* By callbacks, from as many workers as there are. */
static void ask_medium(dagpole_context *context, answers *to) {
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    described.version = "executors";
    dagpole_plan *plan =
        open_plan(context, user_options(&described, 3, 10), N_MEDIUM, points, 0, NULL);
    must(dagpole_plan_evaluate(plan, charges, to->medium, to->medium + N_MEDIUM));
    dagpole_plan_destroy(plan);
}

/* Sources that are the targets, and others. */
static void ask(dagpole_context *context, int n_times, answers *to) {
    static int64_t targets[N_TARGETS];
    dagpole_plan *same = open_plan(context, quick_options(0), N, points, 0, NULL);
    dagpole_plan *apart = open_plan(context, quick_options(1.5), N - N_TARGETS, points, N_TARGETS,
                                    points + 3 * (N - N_TARGETS));
    dagpole_report report = report_of(same);
    ck_assert_int_le(report.expansion_size, 1000);
    for (int i = 0; i < N_TARGETS; i++)
        targets[i] = 3 * i;
    memset(to, 0, sizeof *to);
    for (int k = 0; k < n_times; k++) {
        must(dagpole_plan_evaluate(apart, charges, to->apart, to->apart + N_TARGETS));
        must(dagpole_plan_evaluate(same, charges, to->results, to->results + N));
    }
    /* The expansions are those of the evaluation, the potentials those of what ran last. */
    must(dagpole_plan_near_sums(same, charges, N_TARGETS, targets, to->near, NULL));
    must(dagpole_plan_expansions(same, report.n_boxes / 2, to->multipole, to->local, NULL));
    must(dagpole_plan_expansions(same, 0, NULL, NULL, to->potentials));
    must(dagpole_plan_evaluate(same, charges, to->results, to->results + N));
    ask_medium(context, to);
    dagpole_plan_destroy(apart);
    dagpole_plan_destroy(same);
}

/* The first test leaves the operators in the cache. */
static void fill_expected(void) {
    dagpole_context *context =
        open_context((dagpole_context_options){.serial = 1, .cache_dir = test_home});
    points = cloud_make(CLOUD_CLUSTER, N, 5);
    charges = make_charges(N, 3);
    ask(context, 1, &expected);
    dagpole_context_destroy(context);
}

static void check(int threads, const char *scheduler) {
    if (!points)
        fill_expected();
    dagpole_context *context = open_context((dagpole_context_options){
        .threads = threads, .scheduler = scheduler, .cache_dir = test_home});
    ask(context, 2, &got);
    dagpole_context_destroy(context);
    ck_assert_mem_eq(&got, &expected, sizeof got);
}

/* Each scheduler runs plans in accuracy/test_identical and copies between nodes in
 * runtime/test_schedulers: every third of them, and our own, does both at once. */
START_TEST(schedulers_on_two_nodes) {
    const char *name = dagpole_scheduler_name(_i);
    int n_cores = strcmp(name, "dagpole") == 0 ? 2 : 1;
    if (n_cores == 1 && _i % (SUITE_IS_SANITIZED ? 6 : 3) != 0)
        return;
    if (!test_environment_two_nodes(n_cores))
        return;
    check(2 * n_cores, name);
}
END_TEST

START_TEST(implicit) {
    static const char *const schedulers[] = {"lws", "prio", "dmdas", "eager"};
    setenv("DAGPOLE_EXECUTOR", "implicit", 1);
    check(2, "lws");
    if (!test_environment_two_nodes(1))
        return;
    for (int i = 0; i < 4; i++)
        check(2, schedulers[i]);
}
END_TEST

START_TEST(without_handles) {
    setenv("DAGPOLE_HANDLES", "0", 1);
    check(2, NULL);
    if (!test_environment_two_nodes(2))
        return;
    check(4, NULL);
}
END_TEST

/* Some of what workers of the second node read was written by those of the first. */
START_TEST(the_report_counts_what_is_copied) {
    fill_expected();
    for (int nodes = 1; nodes <= 2; nodes++) {
        if (nodes == 2 && !test_environment_two_nodes(2))
            return;
        dagpole_context *context = open_context(
            (dagpole_context_options){.threads = 4, .scheduler = "random", .cache_dir = test_home});
        dagpole_plan *plan = open_plan(context, quick_options(0), N, points, 0, NULL);
        ck_assert_int_eq(report_of(plan).bytes_copied, 0);
        for (int k = 0; k < 3; k++) {
            must(dagpole_plan_evaluate(plan, charges, got.results, NULL));
            ck_assert_int_eq(report_of(plan).bytes_copied > 0, nodes == 2);
        }
        dagpole_plan_destroy(plan);
        dagpole_context_destroy(context);
    }
}
END_TEST

int main(void) {
    suite_own_schedulers();
    const TTest *const tests[] = {implicit, without_handles, the_report_counts_what_is_copied};
    const TTest *const per_scheduler[] = {schedulers_on_two_nodes};
    int n = 0;
    while (dagpole_scheduler_name(n))
        n++;
    return runtime_suite_main("executors", 3, tests, n, 1, per_scheduler);
}
