/* Small clouds are summed directly: no operators, every pair once, the same bits on any workers. */
#include "plans.h"

#include "platform/scratch.h"

enum { N = 1000, N_LARGER = 4000, N_TARGETS = 700 };

static dagpole_plan_options options_of(int digits) {
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    options.digits = digits;
    return options;
}

static void check_sums(dagpole_context *context, dagpole_plan *plan, int digits, int64_t n,
                       const double *points, const double *charges) {
    double *potentials = make_results(n), *expected = make_results(n);
    must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    must(dagpole_direct(context, DAGPOLE_LAPLACE, 0, n, points, charges, 0, NULL, expected, NULL));
    ck_assert_double_lt(relative_error(n, potentials, expected), pow(10, -digits));
    free(potentials);
    free(expected);
}

static void check_no_operators(const dagpole_plan *plan, const char *directory) {
    dagpole_report report = report_of(plan);
    dagpole_machine machine = {.size = sizeof machine};
    must(dagpole_machine_query(directory, &machine));
    ck_assert_int_eq(machine.cache_files, 0);
    ck_assert_int_eq(report.expansion_size, 0);
    ck_assert_int_lt(report.bytes_operators, 1 << 16);
}

/* Clouds of every kind, also those whose leaves lie on many levels. */
START_TEST(small_clouds_get_no_operators) {
    static const int digits[] = {3, 6, 12};
    scratch cache = scratch_make("");
    dagpole_context *context =
        open_context((dagpole_context_options){.serial = 1, .cache_dir = cache.directory});
    double *points = cloud_make((cloud)_i, N, 7), *charges = make_charges(N, 8);
    for (int i = 0; i < 3; i++) {
        dagpole_plan *plan = open_plan(context, options_of(digits[i]), N, points, 0, NULL);
        check_no_operators(plan, cache.directory);
        must(dagpole_plan_check(plan, 1));
        check_sums(context, plan, digits[i], N, points, charges);
        dagpole_plan_destroy(plan);
    }
    dagpole_context_destroy(context);
    scratch_remove(&cache);
    free(points);
    free(charges);
}
END_TEST

/* What n_crit and root_side of its report make again. */
static void check_made_again(dagpole_context *context, const dagpole_plan *plan, int64_t n,
                             const double *points, const double *charges,
                             const double *potentials) {
    dagpole_report report = report_of(plan);
    dagpole_plan_options options = options_of(report.digits);
    double *again = make_results(n);
    options.n_crit = report.n_crit;
    options.root_side = report.root_side;
    dagpole_plan *second = open_plan(context, options, n, points, 0, NULL);
    must(dagpole_plan_evaluate(second, charges, again, NULL));
    ck_assert_mem_eq(again, potentials, (size_t)n * sizeof *again);
    ck_assert_int_eq(report_of(second).n_boxes, report.n_boxes);
    dagpole_plan_destroy(second);
    free(again);
}

/* 4,000 points at 12 digits: enough for StarPU to run, in several tasks. */
START_TEST(direct_sums_have_the_same_bits_on_any_workers) {
    double *points = cloud_make(_i ? CLOUD_PLUMMER : CLOUD_CUBE, N_LARGER, 9);
    double *charges = make_charges(N_LARGER, 10), *expected = make_results(N_LARGER);
    double *potentials = make_results(N_LARGER);
    for (int threads = 0; threads <= 3; threads++) { /* 0: serial */
        dagpole_context *context =
            open_context((dagpole_context_options){.serial = threads == 0, .threads = threads});
        dagpole_plan *plan = open_plan(context, options_of(12), N_LARGER, points, 0, NULL);
        dagpole_report report = report_of(plan);
        must(dagpole_plan_evaluate(plan, charges, threads ? potentials : expected, NULL));
        if (threads)
            ck_assert_mem_eq(potentials, expected, N_LARGER * sizeof *potentials);
        ck_assert_int_eq(report.expansion_size, 0);
        ck_assert_int_eq(report.n_crit, N_LARGER);
        ck_assert_int_gt(report.n_blocks, 4);
        check_made_again(context, plan, N_LARGER, points, charges, expected);
        dagpole_plan_destroy(plan);
        dagpole_context_destroy(context);
    }
    free(points);
    free(charges);
    free(expected);
    free(potentials);
}
END_TEST

START_TEST(other_targets_and_gradients) {
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CLUSTER, N, 11), *charges = make_charges(N, 12);
    double *targets = cloud_make(CLOUD_CUBE, N_TARGETS, 13);
    double *results = make_results(4 * N_TARGETS), *expected = make_results(4 * N_TARGETS);
    dagpole_plan *plan = open_plan(context, options_of(9), N, points, N_TARGETS, targets);
    must(dagpole_plan_evaluate(plan, charges, results, results + N_TARGETS));
    must(dagpole_direct(context, DAGPOLE_LAPLACE, 0, N, points, charges, N_TARGETS, targets,
                        expected, expected + N_TARGETS));
    ck_assert_int_eq(report_of(plan).expansion_size, 0);
    ck_assert_double_lt(relative_error(N_TARGETS, results, expected), 1e-9);
    ck_assert_double_lt(relative_error(3 * N_TARGETS, results + N_TARGETS, expected + N_TARGETS),
                        1e-8);
    must(dagpole_plan_check(plan, 1));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(targets);
    free(results);
    free(expected);
}
END_TEST

/* From the number of points on, n_crit asks for it; below, the tree has a far field. */
START_TEST(a_leaf_for_all_is_the_direct_sum) {
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_PLUMMER, N, 14), *charges = make_charges(N, 15);
    for (int is_tree = 0; is_tree < 2; is_tree++) {
        dagpole_plan_options options = options_of(6);
        options.n_crit = is_tree ? 20 : N;
        dagpole_plan *plan = open_plan(context, options, N, points, 0, NULL);
        ck_assert_int_eq(report_of(plan).expansion_size > 0, is_tree);
        must(dagpole_plan_check(plan, 1));
        check_sums(context, plan, 6, N, points, charges);
        dagpole_plan_destroy(plan);
    }
    dagpole_context_destroy(context);
    free(points);
    free(charges);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("small");
    TCase *tcase = tcase_create("small");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, small_clouds_get_no_operators, 0, N_CLOUDS);
    tcase_add_loop_test(tcase, direct_sums_have_the_same_bits_on_any_workers, 0, 2);
    tcase_add_test(tcase, other_targets_and_gradients);
    tcase_add_test(tcase, a_leaf_for_all_is_the_direct_sum);
    return suite_run(suite, tcase);
}
