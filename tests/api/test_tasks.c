/* The tasks of the last evaluation: what runs when, and when there is nothing to tell. */
#include "plans.h"

enum { N = 3000 };

static dagpole_tasks tasks_of(dagpole_plan *plan) {
    dagpole_tasks tasks = {.size = sizeof tasks, .task_size = sizeof *tasks.task};
    must(dagpole_plan_tasks(plan, &tasks));
    return tasks;
}

static double largest(double a, double b) {
    return a > b ? a : b;
}

/* Tasks come behind what they wait for, and ready_s follows from that. */
static void check_waits(const dagpole_tasks *t) {
    int64_t n_late = 0, n_wrong = 0;
    ck_assert_int_eq(t->waits_begin[0], 0);
    for (int64_t i = 0; i < t->n; i++) {
        double ready_s = t->task[i].submit_s;
        for (int64_t k = t->waits_begin[i]; k < t->waits_begin[i + 1]; k++) {
            ck_assert(t->waits_for[k] >= 0 && t->waits_for[k] < i);
            ready_s = largest(ready_s, t->task[t->waits_for[k]].end_s);
        }
        n_wrong += ready_s != t->task[i].ready_s;
        n_late += t->task[i].start_s < ready_s;
    }
    ck_assert_int_gt(t->waits_begin[t->n], 0);
    ck_assert_int_eq(n_wrong, 0);
    ck_assert_int_eq(n_late, 0);
}

static int by_start(const void *a, const void *b) {
    const dagpole_task *x = a, *y = b;
    return (x->start_s > y->start_s) - (x->start_s < y->start_s);
}

/* A worker does one thing at a time, between the start and the end of the evaluation. */
static void check_workers(const dagpole_tasks *t) {
    double free_s[8] = {0};
    dagpole_task *sorted = malloc((size_t)t->n * sizeof *sorted);
    memcpy(sorted, t->task, (size_t)t->n * sizeof *sorted);
    qsort(sorted, (size_t)t->n, sizeof *sorted, by_start);
    for (int64_t i = 0; i < t->n; i++) {
        int worker = sorted[i].worker;
        ck_assert(worker >= 0 && worker < t->n_workers && worker < 8);
        ck_assert_double_ge(sorted[i].start_s, free_s[worker]);
        ck_assert_double_ge(sorted[i].end_s, sorted[i].start_s);
        ck_assert_double_le(sorted[i].end_s, t->evaluate_s);
        ck_assert_double_gt(sorted[i].predicted_s, 0);
        free_s[worker] = sorted[i].end_s;
    }
    free(sorted);
}

/* Operators that are no step of other tasks take what the report says. */
static void check_operators(const dagpole_tasks *t, const dagpole_report *report) {
    double m2l_s = 0, all_s = 0, sum_s = 0;
    for (int64_t i = 0; i < t->n; i++) {
        double s = t->task[i].end_s - t->task[i].start_s;
        ck_assert(t->task[i].level >= 0 && t->task[i].level <= report->depth);
        ck_assert(t->task[i].block >= 0 && t->task[i].block < report->n_blocks);
        m2l_s += strcmp(t->task[i].operator_name, "M2L") == 0 ? s : 0;
        all_s += s;
    }
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        sum_s += report->operator_s[op];
    ck_assert_double_gt(m2l_s, 0);
    ck_assert_double_eq_tol(m2l_s, report->operator_s[DAGPOLE_M2L], 1e-6 * m2l_s);
    ck_assert_double_eq_tol(all_s, sum_s, 1e-6 * all_s);
}

typedef struct fixture {
    dagpole_context *context;
    dagpole_plan *plan;
    double *charges, *potentials;
} fixture;

static fixture open_fixture(dagpole_context_options options) {
    fixture f = {.context = open_context(options)};
    double *points = cloud_make(CLOUD_PLUMMER, N, 3);
    f.charges = make_charges(N, 4);
    f.potentials = make_results(N);
    f.plan = open_plan(f.context, quick_options(0), N, points, 0, NULL);
    free(points);
    return f;
}

static void close_fixture(fixture *f) {
    dagpole_plan_destroy(f->plan);
    dagpole_context_destroy(f->context);
    free(f->charges);
    free(f->potentials);
}

static dagpole_status evaluate(fixture *f) {
    return dagpole_plan_evaluate(f->plan, f->charges, f->potentials, NULL);
}

/* 0: serial; else so many workers. */
START_TEST(each_task_is_told_with_its_times) {
    fixture f = open_fixture((dagpole_context_options){.serial = _i == 0, .threads = _i});
    must(dagpole_plan_record_tasks(f.plan, 1));
    for (int run = 0; run < 2; run++) {
        must(evaluate(&f));
        dagpole_report report = report_of(f.plan);
        dagpole_tasks tasks = tasks_of(f.plan);
        ck_assert_int_eq(tasks.n, report.n_tasks);
        ck_assert_int_eq(tasks.n_workers, report.threads);
        ck_assert(tasks.evaluate_s == report.evaluate_s);
        check_waits(&tasks);
        check_workers(&tasks);
        check_operators(&tasks, &report);
        dagpole_tasks_free(&tasks);
        ck_assert(tasks.n == 0 && !tasks.task && !tasks.waits_for);
    }
    close_fixture(&f);
}
END_TEST

/* A sum of the near field is no evaluation. */
START_TEST(near_sums_leave_the_tasks_as_they_are) {
    fixture f = open_fixture((dagpole_context_options){.serial = 1});
    must(dagpole_plan_record_tasks(f.plan, 1));
    must(evaluate(&f));
    dagpole_tasks before = tasks_of(f.plan);
    must(dagpole_plan_near_sums(f.plan, f.charges, 0, NULL, NULL, NULL));
    dagpole_tasks after = tasks_of(f.plan);
    ck_assert_mem_eq(before.task, after.task, (size_t)before.n * sizeof *before.task);
    dagpole_tasks_free(&before);
    dagpole_tasks_free(&after);
    close_fixture(&f);
}
END_TEST

static void expect_no_tasks(fixture *f, const char *text) {
    dagpole_tasks tasks = {.size = sizeof tasks, .task_size = sizeof *tasks.task};
    expect_failure(dagpole_plan_tasks(f->plan, &tasks), DAGPOLE_WRONG_STATE, text);
    ck_assert(!tasks.task && !tasks.n);
}

static int stops(void *user, const char *stage, double fraction) {
    return *(int *)user && strcmp(stage, "evaluate") == 0 && fraction >= 0;
}

START_TEST(without_an_evaluation_there_is_nothing_to_tell) {
    int is_stopping = 0;
    fixture f = open_fixture(
        (dagpole_context_options){.serial = 1, .progress = stops, .progress_user = &is_stopping});
    expect_no_tasks(&f, "not recorded");
    must(evaluate(&f));
    expect_no_tasks(&f, "not recorded");
    must(dagpole_plan_record_tasks(f.plan, 1));
    expect_no_tasks(&f, "nothing has been evaluated");
    must(evaluate(&f));
    dagpole_tasks tasks = tasks_of(f.plan);
    dagpole_tasks_free(&tasks);
    is_stopping = 1;
    ck_assert_int_eq(evaluate(&f), DAGPOLE_CANCELLED);
    expect_no_tasks(&f, "cancelled or has failed");
    is_stopping = 0;
    must(evaluate(&f));
    tasks = tasks_of(f.plan);
    dagpole_tasks_free(&tasks);
    f.charges[N / 2] = NAN;
    ck_assert_int_eq(evaluate(&f), DAGPOLE_NUMERIC);
    expect_no_tasks(&f, "cancelled or has failed");
    must(dagpole_plan_record_tasks(f.plan, 0));
    expect_no_tasks(&f, "not recorded");
    close_fixture(&f);
}
END_TEST

/* Programs of a newer header have longer tasks: what is not known is zero. */
START_TEST(longer_tasks_are_filled_as_far_as_they_are_known) {
    typedef struct newer {
        dagpole_task known;
        double energy_j;
    } newer;
    fixture f = open_fixture((dagpole_context_options){.serial = 1});
    must(dagpole_plan_record_tasks(f.plan, 1));
    must(evaluate(&f));
    dagpole_tasks tasks = tasks_of(f.plan);
    dagpole_tasks longer = {.size = sizeof longer, .task_size = sizeof(newer)};
    must(dagpole_plan_tasks(f.plan, &longer));
    const newer *task = (const newer *)longer.task;
    for (int64_t i = 0; i < tasks.n; i++) {
        ck_assert_mem_eq(&task[i].known, &tasks.task[i], sizeof(dagpole_task));
        ck_assert(task[i].energy_j == 0);
    }
    dagpole_tasks_free(&longer);
    dagpole_tasks_free(&tasks);
    close_fixture(&f);
}
END_TEST

START_TEST(arguments_are_checked) {
    fixture f = open_fixture((dagpole_context_options){.serial = 1});
    dagpole_tasks tasks = {.size = sizeof tasks, .task_size = sizeof *tasks.task};
    expect_failure(dagpole_plan_record_tasks(NULL, 1), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_tasks(NULL, &tasks), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_tasks(f.plan, NULL), DAGPOLE_BAD_ARGUMENT, "tasks is NULL");
    tasks.size = 16;
    expect_failure(dagpole_plan_tasks(f.plan, &tasks), DAGPOLE_BAD_ARGUMENT, "size");
    tasks.size = sizeof tasks;
    static const size_t sizes[] = {0, 8, sizeof(dagpole_task) - 8, sizeof(dagpole_task) + 4, 8192};
    for (int i = 0; i < 5; i++) {
        tasks.task_size = sizes[i];
        expect_failure(dagpole_plan_tasks(f.plan, &tasks), DAGPOLE_BAD_ARGUMENT, "task_size is ");
    }
    dagpole_tasks_free(NULL);
    dagpole_tasks_free(&(dagpole_tasks){.size = 0});
    close_fixture(&f);
}
END_TEST

/* Each allocation fails in turn: nothing is handed over, and nothing is left behind. */
START_TEST(without_memory_nothing_is_handed_over) {
    fixture f = open_fixture((dagpole_context_options){.serial = 1});
    must(dagpole_plan_record_tasks(f.plan, 1));
    must(evaluate(&f));
    int64_t live = dp_memory_live();
    dagpole_status status = DAGPOLE_NO_MEMORY;
    int64_t k = 0;
    while (status == DAGPOLE_NO_MEMORY) {
        dagpole_tasks tasks = {.size = sizeof tasks, .task_size = sizeof *tasks.task};
        dp_memory_fail_at(++k, 0);
        status = dagpole_plan_tasks(f.plan, &tasks);
        dp_memory_fail_at(0, 0);
        ck_assert((status == DAGPOLE_OK) == (tasks.task != NULL));
        dagpole_tasks_free(&tasks);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    must(status);
    ck_assert_int_gt(k, 5);
    close_fixture(&f);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tasks");
    TCase *tcase = tcase_create("tasks");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_task_is_told_with_its_times, 0, 3);
    tcase_add_test(tcase, near_sums_leave_the_tasks_as_they_are);
    tcase_add_test(tcase, without_an_evaluation_there_is_nothing_to_tell);
    tcase_add_test(tcase, longer_tasks_are_filled_as_far_as_they_are_known);
    tcase_add_test(tcase, arguments_are_checked);
    tcase_add_test(tcase, without_memory_nothing_is_handed_over);
    return suite_run(suite, tcase);
}
