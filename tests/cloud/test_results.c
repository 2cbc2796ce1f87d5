#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "platform/scratch.h"
#include "platform/store.h"
#include "suite.h"

static double potentials[4] = {1, -2, 3, 1e-300};
static double gradients[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/* Every byte of the numbers differs from zero and from its neighbours. */
static dagpole_results make_results(void) {
    static dagpole_report report;
    dagpole_results results = {.size = sizeof results,
                               .n_targets = 4,
                               .potentials = potentials,
                               .gradients = gradients,
                               .input = "points.h5",
                               .report = &report};
    dagpole_report *r = &report;
    *r = (dagpole_report){
        .size = sizeof *r,
        .n_sources = INT64_MAX,
        .n_targets = 4,
        .n_unique_sources = 1001,
        .n_unique_targets = 1002,
        .n_boxes = 1003,
        .n_leaves = 1004,
        .depth = 5,
        .mean_u = 6.5,
        .mean_v = 7.5,
        .mean_w = 8.5,
        .mean_x = 9.5,
        .n_blocks = 1005,
        .n_tasks = 1006,
        .work_over_span = 0.1,
        .kernel = DAGPOLE_YUKAWA,
        .lambda = 1. / 3,
        .digits = 10,
        .p = 11,
        .n_crit = 12,
        .expansion_size = -13,
        .tolerance = 1e-7,
        .svd_cutoff = 1e-12,
        .root_side = 2.25,
        .root_corner = {-1, -2, -3},
        .threads = 14,
        .scheduler = "lws",
        .instruction_set = "avx512",
        .coefficients = "tuned 2026-01-01 0f3a9c1e",
        .tree_s = 0.01,
        .lists_s = 0.02,
        .operators_s = 0.03,
        .graph_s = 0.04,
        .setup_s = 0.05,
        .operators_cached = 1,
        .n_evaluations = 1007,
        .evaluate_s = 0.06,
        .share_tasks = 0.9,
        .share_runtime = 0.06,
        .share_idle = 0.04,
        .bytes_plan = 1008,
        .bytes_operators = 1009,
        .n_unresolved_targets = 1010,
        .bytes_copied = 1011,
        .n_vectors = 1012,
        .wave_number = 12.5,
        .damping = 1e-3,
    };
    for (int i = 0; i < DAGPOLE_N_OPERATORS; i++)
        r->operator_s[i] = 100 + i;
    return results;
}

/* The report goes where the last reading put it. */
static dagpole_report read_report;

static void assert_read(const char *path, dagpole_results *results) {
    memset(&read_report, 0xa5, sizeof read_report);
    read_report.size = sizeof read_report;
    *results = (dagpole_results){.size = sizeof *results, .report = &read_report};
    ck_assert_msg(dagpole_results_read(path, results) == DAGPOLE_OK, "%s", dagpole_last_error());
}

#define assert_same(member)                                                                        \
    ck_assert_msg(memcmp(&a->member, &b->member, sizeof a->member) == 0, "%s differs", #member)

/* Member by member, as padding is not read back. */
static void assert_same_reports(const dagpole_report *a, const dagpole_report *b) {
    assert_same(size);
    assert_same(n_sources);
    assert_same(n_targets);
    assert_same(n_unique_sources);
    assert_same(n_unique_targets);
    assert_same(n_boxes);
    assert_same(n_leaves);
    assert_same(depth);
    assert_same(mean_u);
    assert_same(mean_v);
    assert_same(mean_w);
    assert_same(mean_x);
    assert_same(n_blocks);
    assert_same(n_tasks);
    assert_same(work_over_span);
    assert_same(kernel);
    assert_same(lambda);
    assert_same(digits);
    assert_same(p);
    assert_same(n_crit);
    assert_same(expansion_size);
    assert_same(tolerance);
    assert_same(svd_cutoff);
    assert_same(root_side);
    assert_same(root_corner);
    assert_same(threads);
    ck_assert_str_eq(a->scheduler, b->scheduler);
    ck_assert_str_eq(a->instruction_set, b->instruction_set);
    ck_assert_str_eq(a->coefficients, b->coefficients);
    assert_same(tree_s);
    assert_same(lists_s);
    assert_same(operators_s);
    assert_same(graph_s);
    assert_same(setup_s);
    assert_same(operators_cached);
    assert_same(n_evaluations);
    assert_same(evaluate_s);
    assert_same(operator_s);
    assert_same(share_tasks);
    assert_same(share_runtime);
    assert_same(share_idle);
    assert_same(bytes_plan);
    assert_same(bytes_operators);
    assert_same(n_unresolved_targets);
    assert_same(bytes_copied);
    assert_same(wave_number);
    assert_same(damping);
}

START_TEST(results_come_back) {
    scratch s = scratch_make("a.h5");
    dagpole_results made = make_results(), back;
    ck_assert_msg(dagpole_results_write(s.path, &made) == DAGPOLE_OK, "%s", dagpole_last_error());
    assert_read(s.path, &back);
    ck_assert_int_eq(back.n_targets, 4);
    ck_assert_mem_eq(back.potentials, potentials, sizeof potentials);
    ck_assert_mem_eq(back.gradients, gradients, sizeof gradients);
    ck_assert_str_eq(back.input, "points.h5");
    assert_same_reports(back.report, made.report);
    dagpole_results_free(&back);
    ck_assert(!back.potentials && !back.gradients && !back.input && !back.n_targets);
    ck_assert(back.size == sizeof back && back.report == &read_report);
    dagpole_results_free(&back);
    dagpole_results_free(NULL);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(gradients_are_optional) {
    scratch s = scratch_make("a.h5");
    dagpole_results made = make_results(), back;
    made.gradients = NULL;
    made.n_targets = 0;
    made.potentials = NULL;
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
    assert_read(s.path, &back);
    ck_assert_int_eq(back.n_targets, 0);
    ck_assert_ptr_null(back.gradients);
    dagpole_results_free(&back);
    scratch_remove(&s);
}
END_TEST

START_TEST(texts_that_do_not_end) {
    scratch s = scratch_make("a.h5");
    dagpole_results made = make_results(), back;
    memset(made.report->scheduler, 's', sizeof made.report->scheduler);
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
    assert_read(s.path, &back);
    ck_assert_uint_eq(strlen(back.report->scheduler), sizeof back.report->scheduler - 1);
    dagpole_results_free(&back);
    scratch_remove(&s);
}
END_TEST

START_TEST(inputs_of_any_length) {
    static const size_t lengths[] = {0, 1023, 1024, 4095, 50000};
    scratch s = scratch_make("a.h5");
    for (int i = 0; i < 5; i++) {
        dagpole_results made = make_results(), back;
        made.input = calloc(lengths[i] + 1, 1);
        memset(made.input, 'i', lengths[i]);
        ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
        assert_read(s.path, &back);
        ck_assert_str_eq(back.input, made.input);
        dagpole_results_free(&back);
        free(made.input);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

/* Neither a report nor an input. */
START_TEST(results_alone) {
    scratch s = scratch_make("a.h5");
    dagpole_results made = make_results(), back;
    made.report = NULL;
    made.input = NULL;
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
    assert_read(s.path, &back);
    assert_same_reports(back.report, &(dagpole_report){.size = sizeof(dagpole_report)});
    ck_assert_ptr_null(back.input);
    ck_assert_mem_eq(back.potentials, potentials, sizeof potentials);
    dagpole_results_free(&back);
    made = make_results();
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
    back = (dagpole_results){.size = sizeof back};
    ck_assert_int_eq(dagpole_results_read(s.path, &back), DAGPOLE_OK);
    ck_assert_ptr_null(back.report);
    dagpole_results_free(&back);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

/* What programs of older headers know of the two structs is written and filled, and no more. */
START_TEST(shorter_structs) {
    scratch s = scratch_make("a.h5");
    dagpole_results made = make_results(), back;
    const size_t known = offsetof(dagpole_report, mean_u), gradients_at = 24;
    ck_assert_uint_eq(offsetof(dagpole_results, gradients), gradients_at);
    made.report->size = known;
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
    assert_read(s.path, &back);
    ck_assert_int_eq(back.report->n_sources, INT64_MAX);
    ck_assert_int_eq(back.report->depth, 5);
    ck_assert(back.report->mean_u == 0 && back.report->digits == 0);
    dagpole_results_free(&back);

    made = make_results();
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
    memset(&read_report, 0xa5, sizeof read_report);
    read_report.size = known;
    back = (dagpole_results){.size = sizeof back, .report = &read_report};
    ck_assert_int_eq(dagpole_results_read(s.path, &back), DAGPOLE_OK);
    ck_assert(read_report.size == known && read_report.depth == 5);
    for (size_t i = known; i < sizeof read_report; i++)
        ck_assert_uint_eq(((unsigned char *)&read_report)[i], 0xa5);
    dagpole_results_free(&back);

    memset(&back, 0xa5, sizeof back);
    back.size = gradients_at;
    ck_assert_int_eq(dagpole_results_read(s.path, &back), DAGPOLE_OK);
    ck_assert_mem_eq(back.potentials, potentials, sizeof potentials);
    dagpole_results_free(&back);
    ck_assert(!back.potentials && back.size == gradients_at);
    for (size_t i = gradients_at; i < sizeof back; i++)
        ck_assert_uint_eq(((unsigned char *)&back)[i], 0xa5);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(structs_of_no_size) {
    scratch s = scratch_make("a.h5");
    dagpole_results made = make_results();
    made.report->size = 0;
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("sizeof(dagpole_report)");
    made = make_results();
    made.size = 0;
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("sizeof(dagpole_results)");
    ck_assert_int_eq(dagpole_results_read(s.path, &(dagpole_results){0}), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("sizeof(dagpole_results)");
    dagpole_results back = {.size = sizeof back, .report = &(dagpole_report){0}};
    ck_assert_int_eq(dagpole_results_read(s.path, &back), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("sizeof(dagpole_report)");
    scratch_remove(&s);
}
END_TEST

/* /potentials of so many elements, /gradients of so many by 3 (0 = none), one attribute. */
static void write_other(const char *path, int64_t n, int64_t m, const char *name, int64_t value) {
    dp_store *store;
    ck_assert_int_eq(dp_store_create(path, &store), DAGPOLE_OK);
    if (n)
        dp_store_write(store, "potentials", 'd', 1, &n, potentials);
    if (m)
        dp_store_write(store, "gradients", 'd', 2, (int64_t[]){m, 3}, gradients);
    dp_store_set_int(store, name, value);
    ck_assert_int_eq(dp_store_commit(store), DAGPOLE_OK);
}

START_TEST(missing_attributes_are_zero) {
    scratch s = scratch_make("a.h5");
    dagpole_results back;
    dagpole_report expected = {.size = sizeof expected, .digits = 9};
    write_other(s.path, 4, 0, "digits", 9);
    assert_read(s.path, &back);
    assert_same_reports(back.report, &expected);
    ck_assert_ptr_null(back.input);
    dagpole_results_free(&back);
    scratch_remove(&s);
}
END_TEST

static void assert_failed_read(const char *path, const char *words) {
    dagpole_results results = {.size = sizeof results, .n_targets = 9};
    ck_assert_int_eq(dagpole_results_read(path, &results), DAGPOLE_FILE);
    assert_error_has(words);
    ck_assert_int_eq(results.n_targets, 0);
    ck_assert_ptr_null(results.potentials);
    ck_assert_int_eq(dp_memory_live(), 0);
}

START_TEST(malformed_files_are_refused) {
    scratch s = scratch_make("a.h5");
    write_other(s.path, 0, 4, "digits", 9);
    assert_failed_read(s.path, "no dataset '/potentials'");
    write_other(s.path, 4, 3, "digits", 9);
    assert_failed_read(s.path, "/gradients");
    write_other(s.path, 4, 0, "digits", INT64_MAX);
    assert_failed_read(s.path, "9223372036854775807");
    write_other(s.path, 4, 0, "scheduler", 1);
    assert_failed_read(s.path, "'scheduler'");
    write_other(s.path, 4, 0, "kernel", 1);
    assert_failed_read(s.path, "'kernel'");
    scratch_write(&s, "no HDF5");
    assert_failed_read(s.path, "not an HDF5 file");
    assert_failed_read(s.directory, "directory");
    dagpole_results results = {.size = sizeof results};
    ck_assert_int_eq(dagpole_results_read(NULL, &results), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_results_read(s.path, NULL), DAGPOLE_BAD_ARGUMENT);
    scratch_remove(&s);
}
END_TEST

START_TEST(truncated_files) {
    scratch s = scratch_make("a.h5");
    dagpole_results made = make_results();
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
    struct stat info;
    ck_assert_int_eq(stat(s.path, &info), 0);
    for (off_t length = info.st_size - 1; length >= 0; length -= 173) {
        ck_assert_int_eq(truncate(s.path, length), 0);
        assert_failed_read(s.path, "a.h5");
    }
    scratch_remove(&s);
}
END_TEST

START_TEST(results_that_cannot_be_written) {
    scratch s = scratch_make("a.h5");
    dagpole_results good = make_results(), bad = good;
    bad.n_targets = -1;
    ck_assert_int_eq(dagpole_results_write(s.path, &bad), DAGPOLE_BAD_ARGUMENT);
    bad = good;
    bad.potentials = NULL;
    ck_assert_int_eq(dagpole_results_write(s.path, &bad), DAGPOLE_BAD_ARGUMENT);
    bad = good;
    bad.report->kernel = (dagpole_kernel)77;
    ck_assert_int_eq(dagpole_results_write(s.path, &bad), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("7");
    good = make_results();
    ck_assert_int_eq(dagpole_results_write(NULL, &good), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_results_write(s.path, NULL), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_results_write("/dev/null/a.h5", &good), DAGPOLE_FILE);
    for (long limit = 100; limit < 2000; limit += 900) {
        scratch_limit_files(limit);
        dagpole_status status = dagpole_results_write(s.path, &good);
        scratch_limit_files(-1);
        ck_assert_int_eq(status, DAGPOLE_FILE);
    }
    ck_assert_int_eq(scratch_count(&s), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(memory_that_runs_out) {
    scratch s = scratch_make("a.h5");
    dagpole_results made = make_results(), back;
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(dagpole_results_write(s.path, &made), DAGPOLE_OK);
    assert_read(s.path, &back);
    dagpole_results_free(&back);
    int64_t n = dp_memory_count();
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = dagpole_results_write(s.path, &made);
        back = (dagpole_results){.size = sizeof back, .report = &read_report};
        if (status == DAGPOLE_OK)
            status = dagpole_results_read(s.path, &back);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), 0);
    }
    scratch_remove(&s);
}
END_TEST

/* The same numbers as two vectors of two targets; results of another shape are refused. */
START_TEST(results_of_several_vectors) {
    scratch s = scratch_make("a.h5");
    dagpole_results results = make_results(), back = {.size = sizeof back};
    results.n_targets = results.n_vectors = 2;
    results.report->n_vectors = 2;
    ck_assert_int_eq(dagpole_results_write(s.path, &results), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_results_read(s.path, &back), DAGPOLE_OK);
    ck_assert(back.n_targets == 2 && back.n_vectors == 2);
    ck_assert_mem_eq(back.potentials, potentials, sizeof potentials);
    ck_assert_mem_eq(back.gradients, gradients, sizeof gradients);
    dagpole_results_free(&back);
    results.n_targets = 1;
    results.n_vectors = 1;
    ck_assert_int_eq(dagpole_results_write(s.path, &results), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_results_read(s.path, &back), DAGPOLE_OK);
    ck_assert(back.n_targets == 1 && back.n_vectors == 1);
    dagpole_results_free(&back);
    results.n_targets = 0; /* one row of nothing is fine */
    ck_assert_int_eq(dagpole_results_write(s.path, &results), DAGPOLE_OK);
    results.n_targets = 1;
    results.n_vectors = -2;
    ck_assert_int_eq(dagpole_results_write(s.path, &results), DAGPOLE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "n_vectors is -2"));
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

/* Also of several vectors; a shorter struct knows none, and they are freed. */
START_TEST(second_derivatives) {
    double hessians[24];
    scratch s = scratch_make("a.h5");
    dagpole_results results = make_results(), back = {.size = sizeof back};
    for (int i = 0; i < 24; i++)
        hessians[i] = 0.1 * i;
    results.hessians = hessians;
    for (int64_t n_vectors = 1; n_vectors <= 2; n_vectors++) {
        results.n_vectors = n_vectors;
        results.n_targets = 4 / n_vectors;
        ck_assert_int_eq(dagpole_results_write(s.path, &results), DAGPOLE_OK);
        ck_assert_int_eq(dagpole_results_read(s.path, &back), DAGPOLE_OK);
        ck_assert_mem_eq(back.hessians, hessians, sizeof hessians);
        dagpole_results_free(&back);
    }
    dagpole_results older = {.size = offsetof(dagpole_results, hessians)};
    ck_assert_int_eq(dagpole_results_read(s.path, &older), DAGPOLE_OK);
    ck_assert_ptr_null(older.hessians);
    dagpole_results_free(&older);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("results", 60, results_come_back, second_derivatives, results_of_several_vectors,
           gradients_are_optional, texts_that_do_not_end, inputs_of_any_length, results_alone,
           shorter_structs, structs_of_no_size, missing_attributes_are_zero,
           malformed_files_are_refused, truncated_files, results_that_cannot_be_written,
           memory_that_runs_out)
