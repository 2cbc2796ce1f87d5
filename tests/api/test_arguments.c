/* What each function refuses, and with which sentence. */
#include "plans.h"

#include <pthread.h>

START_TEST(contexts_refuse) {
    dagpole_context_options options;
    dagpole_context *context = (dagpole_context *)&options;
    char long_path[5000];
    dagpole_context_options_init(&options);
    ck_assert_uint_eq(options.size, sizeof options);
    expect_failure(dagpole_context_create(&options, NULL), DAGPOLE_BAD_ARGUMENT, "context is NULL");
    options.size = 8;
    expect_failure(dagpole_context_create(&options, &context), DAGPOLE_BAD_ARGUMENT, "8 bytes");
    ck_assert_ptr_null(context);
    dagpole_context_options_init(&options);
    options.threads = -3;
    expect_failure(dagpole_context_create(&options, &context), DAGPOLE_BAD_ARGUMENT, "-3");
    options.threads = 100000;
    expect_failure(dagpole_context_create(&options, &context), DAGPOLE_BAD_ARGUMENT, "100000");
    options.threads = 1;
    options.scheduler = "no-such-scheduler";
    expect_failure(dagpole_context_create(&options, &context), DAGPOLE_BAD_ARGUMENT,
                   "no-such-scheduler");
    dagpole_context_options_init(&options);
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    options.cache_dir = long_path;
    expect_failure(dagpole_context_create(&options, &context), DAGPOLE_BAD_ARGUMENT, "4999 bytes");
    ck_assert_ptr_null(context);
    dagpole_context_destroy(NULL);
}
END_TEST

/* A value for each option that is out of its range, and what the sentence holds. */
typedef struct bad_option {
    size_t offset;
    char type;
    double value;
    const char *text;
} bad_option;

#define INT_OPTION(name, value, text)                                                              \
    { offsetof(dagpole_plan_options, name), 'i', value, text }
#define DOUBLE_OPTION(name, value, text)                                                           \
    { offsetof(dagpole_plan_options, name), 'd', value, text }

static const bad_option bad_options[] = {
    INT_OPTION(digits, 2, "digits is 2: it must be 3 ... 12"),
    INT_OPTION(digits, 13, "digits is 13: it must be 3 ... 12"),
    INT_OPTION(digits, 0, "digits is 0"),
    INT_OPTION(kernel, 77, "kernel is 77"),
    INT_OPTION(kernel, -1, "kernel is -1"),
    INT_OPTION(kernel, 1, "lambda is 0"),
    INT_OPTION(p, 2, "p is 2: it must be 0 (automatic) or 3 ... 22"),
    INT_OPTION(p, 23, "p is 23"),
    INT_OPTION(p, -1, "p is -1"),
    INT_OPTION(n_crit, -1, "n_crit is -1: it must be 0 (automatic) or 1 ... 100000"),
    INT_OPTION(n_crit, 100001, "n_crit is 100001"),
    INT_OPTION(gradients, 2, "gradients is 2: it must be 0 or 1"),
    INT_OPTION(gradients, -1, "gradients is -1"),
    INT_OPTION(block_boxes, -7, "block_boxes is -7: it must be 0 (automatic) or 1 ... 100000"),
    INT_OPTION(block_boxes, 100001, "block_boxes is 100001"),
    DOUBLE_OPTION(tolerance, 9e-17,
                  "tolerance is 9e-17: it must be 0 (automatic) or 1e-16 ... 0.1"),
    DOUBLE_OPTION(tolerance, 0.2, "tolerance is 0.2"),
    DOUBLE_OPTION(tolerance, -1e-3, "tolerance is -0.001"),
    DOUBLE_OPTION(tolerance, NAN, "tolerance is nan"),
    DOUBLE_OPTION(svd_cutoff, 9e-17,
                  "svd_cutoff is 9e-17: it must be 0 (automatic) or 1e-16 ... 0.01"),
    DOUBLE_OPTION(svd_cutoff, 0.02, "svd_cutoff is 0.02"),
    DOUBLE_OPTION(svd_cutoff, INFINITY, "svd_cutoff is inf"),
};

static void check_options(dagpole_context *context, const dagpole_plan_options *options,
                          const char *text) {
    double point[3] = {0};
    int64_t bytes;
    dagpole_plan *plan = (dagpole_plan *)point;
    expect_failure(dagpole_plan_create(context, options, 1, point, 0, NULL, &plan),
                   DAGPOLE_BAD_ARGUMENT, text);
    ck_assert_ptr_null(plan);
    expect_failure(dagpole_plan_estimate(options, 1, 0, &bytes), DAGPOLE_BAD_ARGUMENT, text);
    expect_failure(dagpole_precompute(context, options, 1, 2), DAGPOLE_BAD_ARGUMENT, text);
}

START_TEST(plans_refuse_options) {
    dagpole_context *context = open_serial();
    dagpole_plan_options options;
    for (size_t i = 0; i < sizeof bad_options / sizeof *bad_options; i++) {
        char *at = (char *)&options + bad_options[i].offset;
        dagpole_plan_options_init(&options);
        if (bad_options[i].type == 'i')
            *(int *)at = (int)bad_options[i].value;
        else
            *(double *)at = bad_options[i].value;
        check_options(context, &options, bad_options[i].text);
    }
    static const double lambdas[] = {0, -1, NAN, INFINITY};
    for (int i = 0; i < 4; i++) {
        char text[32];
        dagpole_plan_options_init(&options);
        options.kernel = DAGPOLE_YUKAWA;
        options.lambda = lambdas[i];
        snprintf(text, sizeof text, "lambda is %g", lambdas[i]);
        check_options(context, &options, text);
    }
    options = (dagpole_plan_options){.digits = 6};
    check_options(context, &options, "plan options of 0 bytes");
    dagpole_context_destroy(context);
}
END_TEST

/* The ends of the ranges are legal. */
START_TEST(plans_take_the_ends_of_ranges) {
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, 100, 1);
    static const bad_option ends[] = {INT_OPTION(digits, 3, ""),
                                      INT_OPTION(p, 3, ""),
                                      INT_OPTION(p, 20, ""),
                                      INT_OPTION(n_crit, 1, ""),
                                      INT_OPTION(n_crit, 100000, ""),
                                      INT_OPTION(block_boxes, 1, ""),
                                      INT_OPTION(block_boxes, 100000, ""),
                                      DOUBLE_OPTION(tolerance, 1e-15, ""),
                                      DOUBLE_OPTION(tolerance, 1e-1, ""),
                                      DOUBLE_OPTION(svd_cutoff, 1e-16, ""),
                                      DOUBLE_OPTION(svd_cutoff, 1e-2, "")};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        dagpole_plan_options options = quick_options(0);
        char *at = (char *)&options + ends[i].offset;
        options.n_crit = 1000; /* no far field: nothing to build for p = 20 */
        if (ends[i].type == 'i')
            *(int *)at = (int)ends[i].value;
        else
            *(double *)at = ends[i].value;
        dagpole_plan_destroy(open_plan(context, options, 100, points, 0, NULL));
    }
    free(points);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(plans_refuse_points) {
    dagpole_context *context = open_serial();
    dagpole_plan *plan;
    double points[] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
    expect_failure(dagpole_plan_create(context, NULL, 3, points, 0, NULL, NULL),
                   DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_create(NULL, NULL, 3, points, 0, NULL, &plan), DAGPOLE_BAD_ARGUMENT,
                   "context is NULL");
    expect_failure(dagpole_plan_create(context, NULL, -1, points, 0, NULL, &plan),
                   DAGPOLE_BAD_ARGUMENT, "n_sources is -1");
    expect_failure(dagpole_plan_create(context, NULL, INT64_MAX, points, 0, NULL, &plan),
                   DAGPOLE_BAD_ARGUMENT, "n_sources is 9223372036854775807");
    expect_failure(dagpole_plan_create(context, NULL, 3, NULL, 0, NULL, &plan),
                   DAGPOLE_BAD_ARGUMENT, "sources is NULL");
    expect_failure(dagpole_plan_create(context, NULL, 3, points, -2, points, &plan),
                   DAGPOLE_BAD_ARGUMENT, "n_targets is -2");
    expect_failure(dagpole_plan_create(context, NULL, 3, points, 2, NULL, &plan),
                   DAGPOLE_BAD_ARGUMENT, "n_targets is 2");
    static const double bad[] = {NAN, INFINITY, -INFINITY, 1e301};
    for (int i = 0; i < 4; i++) {
        points[7] = bad[i];
        expect_failure(dagpole_plan_create(context, NULL, 3, points, 0, NULL, &plan),
                       DAGPOLE_NUMERIC, "sources[2]");
        expect_failure(dagpole_plan_create(context, NULL, 2, points, 3, points, &plan),
                       DAGPOLE_NUMERIC, "targets[2]");
        ck_assert_ptr_null(plan);
    }
    dagpole_plan_destroy(NULL);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(evaluations_refuse) {
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, 50, 1), *charges = make_charges(50, 1);
    double *potentials = make_results(50), *again = make_results(50);
    dagpole_plan *plan = open_plan(context, quick_options(0), 50, points, 0, NULL);
    expect_failure(dagpole_plan_evaluate(NULL, charges, potentials, NULL), DAGPOLE_BAD_ARGUMENT,
                   "plan is NULL");
    expect_failure(dagpole_plan_evaluate(plan, NULL, potentials, NULL), DAGPOLE_BAD_ARGUMENT,
                   "charges is NULL: 50 sources carry them");
    expect_failure(dagpole_plan_evaluate(plan, charges, NULL, NULL), DAGPOLE_BAD_ARGUMENT,
                   "potentials is NULL: the plan has 50 targets");
    must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    double charge = charges[31];
    charges[31] = NAN;
    expect_failure(dagpole_plan_evaluate(plan, charges, again, NULL), DAGPOLE_NUMERIC,
                   "charges[31] is nan");
    expect_failure(dagpole_plan_near_field(plan, charges, 0, NULL, NULL, NULL), DAGPOLE_NUMERIC,
                   "charges[31] is nan");
    charges[31] = charge;
    must(dagpole_plan_evaluate(plan, charges, again, NULL));
    ck_assert_mem_eq(potentials, again, sizeof(double) * 50);
    ck_assert_int_eq(report_of(plan).n_evaluations, 2);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(potentials);
    free(again);
}
END_TEST

START_TEST(queries_refuse) {
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, 50, 1), charges[50] = {0}, values[1000];
    dagpole_plan *plan = open_plan(context, quick_options(0), 50, points, 0, NULL);
    int64_t index, target = 50, n_boxes = report_of(plan).n_boxes;
    char last[64];
    dagpole_report report = {.size = sizeof report - 1};
    dagpole_arithmetic arithmetic = {.size = sizeof arithmetic};
    expect_failure(dagpole_plan_check(plan, 2), DAGPOLE_BAD_ARGUMENT,
                   "exhaustive is 2: it must be 0 or 1");
    expect_failure(dagpole_plan_record_tasks(plan, -1), DAGPOLE_BAD_ARGUMENT, "is_on is -1");
    expect_failure(dagpole_plan_arithmetic(plan, 2, &arithmetic), DAGPOLE_BAD_ARGUMENT,
                   "gradients is 2: it must be 0 or 1");
    expect_failure(dagpole_plan_report(NULL, &report), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_report(plan, &report), DAGPOLE_BAD_ARGUMENT, "size");
    expect_failure(dagpole_plan_report(plan, NULL), DAGPOLE_BAD_ARGUMENT, "report is NULL");

    dagpole_box box = {.size = sizeof box};
    snprintf(last, sizeof last, "box index is %lld: it must be 0 ... %lld", (long long)n_boxes,
             (long long)n_boxes - 1);
    expect_failure(dagpole_plan_box(NULL, 0, &box), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_box(plan, -1, &box), DAGPOLE_BAD_ARGUMENT, "box index is -1");
    expect_failure(dagpole_plan_box(plan, n_boxes, &box), DAGPOLE_BAD_ARGUMENT, last);
    expect_failure(dagpole_plan_box(plan, 0, NULL), DAGPOLE_BAD_ARGUMENT, "box is NULL");
    box.size = 4;
    expect_failure(dagpole_plan_box(plan, 0, &box), DAGPOLE_BAD_ARGUMENT, "size");

    int64_t at[3] = {0};
    expect_failure(dagpole_plan_find_box(NULL, 0, at, &index), DAGPOLE_BAD_ARGUMENT,
                   "plan is NULL");
    expect_failure(dagpole_plan_find_box(plan, 0, at, NULL), DAGPOLE_BAD_ARGUMENT, "index is NULL");
    expect_failure(dagpole_plan_find_box(plan, 0, NULL, &index), DAGPOLE_BAD_ARGUMENT,
                   "anchor is NULL");
    expect_failure(dagpole_plan_find_box(plan, -1, at, &index), DAGPOLE_BAD_ARGUMENT,
                   "level is -1");
    expect_failure(dagpole_plan_find_box(plan, 43, at, &index), DAGPOLE_BAD_ARGUMENT,
                   "level is 43: it must be 0 ... 42");

    expect_failure(dagpole_plan_expansions(plan, 0, values, NULL, NULL), DAGPOLE_WRONG_STATE,
                   "nothing has been evaluated yet");
    must(dagpole_plan_evaluate(plan, charges, values, NULL));
    expect_failure(dagpole_plan_expansions(NULL, 0, values, NULL, NULL), DAGPOLE_BAD_ARGUMENT,
                   "plan is NULL");
    expect_failure(dagpole_plan_expansions(plan, n_boxes, values, NULL, NULL), DAGPOLE_BAD_ARGUMENT,
                   last);

    expect_failure(dagpole_plan_order(NULL, NULL, NULL), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_check(NULL, 0), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_near_field(NULL, charges, 0, NULL, NULL, NULL),
                   DAGPOLE_BAD_ARGUMENT, "NULL");
    expect_failure(dagpole_plan_near_field(plan, NULL, 0, NULL, NULL, NULL), DAGPOLE_BAD_ARGUMENT,
                   "NULL");
    expect_failure(dagpole_plan_near_field(plan, charges, 1, NULL, NULL, NULL),
                   DAGPOLE_BAD_ARGUMENT, "NULL");
    expect_failure(dagpole_plan_near_field(plan, charges, -1, &target, NULL, NULL),
                   DAGPOLE_BAD_ARGUMENT, "negative");
    expect_failure(dagpole_plan_near_field(plan, charges, 1, &target, NULL, NULL),
                   DAGPOLE_BAD_ARGUMENT, "targets[0] is 50: it must be 0 ... 49");
    target = -1;
    expect_failure(dagpole_plan_near_field(plan, charges, 1, &target, NULL, NULL),
                   DAGPOLE_BAD_ARGUMENT, "targets[0] is -1");
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

START_TEST(estimates_and_precomputation_refuse) {
    dagpole_context *context = open_serial();
    dagpole_plan_options yukawa = quick_options(1);
    int64_t bytes;
    expect_failure(dagpole_plan_estimate(NULL, 1, 0, NULL), DAGPOLE_BAD_ARGUMENT, "bytes is NULL");
    expect_failure(dagpole_plan_estimate(NULL, -5, 0, &bytes), DAGPOLE_BAD_ARGUMENT,
                   "n_sources is -5");
    expect_failure(dagpole_plan_estimate(NULL, 1, -6, &bytes), DAGPOLE_BAD_ARGUMENT,
                   "n_targets -6");
    expect_failure(dagpole_precompute(NULL, NULL, 1, 2), DAGPOLE_BAD_ARGUMENT, "context is NULL");
    expect_failure(dagpole_precompute(context, NULL, 1, 2), DAGPOLE_FILE, "no cache directory");
    expect_failure(dagpole_precompute(context, &yukawa, 0, 2), DAGPOLE_BAD_ARGUMENT,
                   "root_side is 0");
    expect_failure(dagpole_precompute(context, &yukawa, NAN, 2), DAGPOLE_BAD_ARGUMENT,
                   "root_side is nan");
    expect_failure(dagpole_precompute(context, &yukawa, 1e301, 2), DAGPOLE_BAD_ARGUMENT,
                   "root_side is 1e+301");
    expect_failure(dagpole_precompute(context, &yukawa, 1, 1), DAGPOLE_BAD_ARGUMENT, "depth is 1");
    expect_failure(dagpole_precompute(context, &yukawa, 1, 43), DAGPOLE_BAD_ARGUMENT,
                   "depth is 43");
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(direct_sums_refuse) {
    double points[] = {0, 0, 0, 1, 1, 1}, charges[] = {1, 2}, results[6];
    expect_failure(
        dagpole_direct(NULL, (dagpole_kernel)77, 0, 2, points, charges, 0, NULL, results, NULL),
        DAGPOLE_BAD_ARGUMENT, "kernel is 77");
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_YUKAWA, -2, 2, points, charges, 0, NULL, results, NULL),
        DAGPOLE_BAD_ARGUMENT, "lambda is -2");
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, -2, points, charges, 0, NULL, results, NULL),
        DAGPOLE_BAD_ARGUMENT, "n_sources is -2");
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 2, points, charges, -4, points, results, NULL),
        DAGPOLE_BAD_ARGUMENT, "n_targets is -4");
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 2, NULL, charges, 0, NULL, results, NULL),
        DAGPOLE_BAD_ARGUMENT, "sources is NULL");
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 2, points, NULL, 0, NULL, results, NULL),
        DAGPOLE_BAD_ARGUMENT, "charges is NULL");
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 2, points, charges, 0, NULL, NULL, NULL),
        DAGPOLE_BAD_ARGUMENT, "potentials is NULL");
    charges[1] = INFINITY;
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 2, points, charges, 0, NULL, results, NULL),
        DAGPOLE_NUMERIC, "charges[1] is inf");
    points[4] = NAN;
    expect_failure(
        dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 2, points, charges, 0, NULL, results, NULL),
        DAGPOLE_NUMERIC, "sources[1]");
}
END_TEST

static void *fail_elsewhere(void *argument) {
    (void)argument;
    expect_failure(dagpole_plan_check(NULL, 0), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    return NULL;
}

START_TEST(errors_belong_to_their_thread) {
    pthread_t thread;
    ck_assert_str_eq(dagpole_last_error(), "");
    expect_failure(dagpole_context_create(NULL, NULL), DAGPOLE_BAD_ARGUMENT, "context is NULL");
    pthread_create(&thread, NULL, fail_elsewhere, NULL);
    pthread_join(thread, NULL);
    expect_failure(DAGPOLE_OK, DAGPOLE_OK, "context is NULL");
}
END_TEST

START_TEST(names_and_machine) {
    dagpole_machine machine = {.size = sizeof machine};
    char version[32];
    for (int i = -1; i <= DAGPOLE_INTERNAL + 1; i++)
        ck_assert_ptr_nonnull(dagpole_status_name((dagpole_status)i));
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_CANCELLED), "DAGPOLE_CANCELLED");
    for (int i = -1; i <= DAGPOLE_N_OPERATORS; i++)
        ck_assert_ptr_nonnull(dagpole_operator_name((dagpole_operator)i));
    ck_assert_str_eq(dagpole_operator_name(DAGPOLE_M2L), "M2L");
    ck_assert_str_eq(dagpole_operator_name(DAGPOLE_SCATTER), "SCATTER");
    snprintf(version, sizeof version, "%d.%d.%d", DAGPOLE_VERSION_MAJOR, DAGPOLE_VERSION_MINOR,
             DAGPOLE_VERSION_PATCH);
    ck_assert_str_eq(dagpole_version(), version);

    must(dagpole_machine_query("/no/such/directory", &machine));
    ck_assert_int_ge(machine.cores, 1);
    ck_assert_int_ge(machine.numa_nodes, 1);
    ck_assert_int_ge(machine.starpu_max_cpus, 1);
    ck_assert_int_gt(machine.memory_bytes, 1 << 20);
    ck_assert(*machine.starpu && *machine.hdf5 && *machine.hwloc && *machine.blas &&
              *machine.instruction_set);
    ck_assert_str_eq(machine.cache_dir, "/no/such/directory");
    ck_assert_int_eq(machine.cache_files, 0);
    setenv("XDG_CACHE_HOME", "/somewhere", 1);
    must(dagpole_machine_query(NULL, &machine));
    ck_assert_str_eq(machine.cache_dir, "/somewhere/dagpole");
    char long_path[5000];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    expect_failure(dagpole_machine_query(long_path, &machine), DAGPOLE_BAD_ARGUMENT, "4999 bytes");
    machine.size--;
    expect_failure(dagpole_machine_query(NULL, &machine), DAGPOLE_BAD_ARGUMENT, "size");
    expect_failure(dagpole_machine_query(NULL, NULL), DAGPOLE_BAD_ARGUMENT, "machine is NULL");
}
END_TEST

START_TEST(schedulers_are_listed) {
    const char *name;
    int n = 0, has_lws = 0, n_own = 0;
    for (; (name = dagpole_scheduler_name(n)); n++) {
        has_lws |= !strcmp(name, "lws");
        n_own += !strcmp(name, "dagpole");
    }
    ck_assert(has_lws && n_own == 1 && n > 5);
    ck_assert_ptr_null(dagpole_scheduler_name(n + 1));
    ck_assert_ptr_null(dagpole_scheduler_name(-1));
}
END_TEST

SUITE_MAIN("arguments", 60, contexts_refuse, plans_refuse_options, plans_take_the_ends_of_ranges,
           plans_refuse_points, evaluations_refuse, queries_refuse,
           estimates_and_precomputation_refuse, direct_sums_refuse, errors_belong_to_their_thread,
           names_and_machine, schedulers_are_listed)
