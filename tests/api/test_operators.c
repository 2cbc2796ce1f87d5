/* Operators ahead of time, and the estimate of memory. */
#include "plans.h"

#include "platform/scratch.h"

static dagpole_context *open_cached(const char *directory) {
    return open_context((dagpole_context_options){.serial = 1, .cache_dir = directory});
}

static int64_t count_files(const char *directory) {
    dagpole_machine machine = {.size = sizeof machine};
    must(dagpole_machine_query(directory, &machine));
    ck_assert((machine.cache_bytes > 0) == (machine.cache_files > 0));
    return machine.cache_files;
}

static int is_cached(dagpole_context *context, dagpole_plan_options options, int64_t n,
                     const double *points) {
    dagpole_plan *plan = open_plan(context, options, n, points, 0, NULL);
    int cached = report_of(plan).operators_cached;
    dagpole_plan_destroy(plan);
    return cached;
}

START_TEST(precomputed_operators_are_used) {
    enum { N = 2000 };
    scratch cache = scratch_make("");
    dagpole_context *context = open_cached(cache.directory);
    double *points = cloud_make(CLOUD_CUBE, N, 5), *larger = cloud_make(CLOUD_CUBE, N, 5);
    dagpole_plan_options laplace = quick_options(0);
    must(dagpole_precompute(context, &laplace, 1, 2));
    ck_assert_int_eq(count_files(cache.directory), 1);
    ck_assert_int_eq(is_cached(context, quick_options(0), N, points), 1);
    for (int i = 0; i < 3 * N; i++) /* homogeneous: any size will do */
        larger[i] = 17.3 * points[i];
    ck_assert_int_eq(is_cached(context, quick_options(0), N, larger), 1);
    ck_assert_int_eq(count_files(cache.directory), 1);

    dagpole_plan_options yukawa = quick_options(1);
    dagpole_plan *plan = open_plan(context, yukawa, N, points, 0, NULL);
    dagpole_report report = report_of(plan);
    dagpole_plan_destroy(plan);
    ck_assert_int_eq(report.operators_cached, 0);
    ck_assert_int_eq(is_cached(context, yukawa, N, points), 1);
    yukawa.lambda = 1.3;
    must(dagpole_precompute(context, &yukawa, report.root_side, report.depth));
    ck_assert_int_eq(is_cached(context, yukawa, N, points), 1);
    ck_assert_int_eq(count_files(cache.directory), 1 + 2 * (report.depth - 1));
    must(dagpole_precompute(context, &yukawa, report.root_side, report.depth)); /* nothing to do */
    dagpole_context_destroy(context);
    scratch_remove(&cache);
    free(points);
    free(larger);
}
END_TEST

static void keep_message(void *user, const char *message) {
    snprintf(user, 512, "%s", message);
}

static void spoil_files(const scratch *cache) {
    DIR *directory = opendir(cache->directory);
    char path[1024];
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", cache->directory, entry->d_name);
        ck_assert_int_eq(truncate(path, 100), 0);
    }
    closedir(directory);
}

/* A damaged file is built again: the user hears of it, and the call is a success. */
START_TEST(damaged_files_are_replaced) {
    char message[512] = "";
    double points[300];
    uint64_t state = 1;
    for (int i = 0; i < 300; i++)
        points[i] = suite_uniform(&state);
    dagpole_plan_options options = quick_options(0);
    options.n_crit = 1;
    scratch cache = scratch_make("");
    dagpole_context *context = open_context((dagpole_context_options){
        .serial = 1, .cache_dir = cache.directory, .log = keep_message, .log_user = message});
    must(dagpole_precompute(context, &options, 1, 2));
    ck_assert_str_eq(message, "");
    spoil_files(&cache);
    must(dagpole_precompute(context, &options, 1, 2));
    ck_assert_msg(strstr(message, "are not used"), "%s", message);
    *message = '\0';
    ck_assert_int_eq(is_cached(context, options, 100, points), 1);
    ck_assert_str_eq(message, "");
    spoil_files(&cache);
    ck_assert_int_eq(is_cached(context, options, 100, points), 0);
    ck_assert_msg(strstr(message, "are not used"), "%s", message);
    ck_assert_int_eq(is_cached(context, options, 100, points), 1);
    dagpole_context_destroy(context);
    scratch_remove(&cache);
}
END_TEST

/* Plans do without a cache, precompute does not. */
START_TEST(unwritable_caches) {
    char message[512] = "", path[600];
    double points[300];
    uint64_t state = 1;
    for (int i = 0; i < 300; i++)
        points[i] = suite_uniform(&state);
    dagpole_plan_options options = quick_options(0);
    options.n_crit = 1;
    scratch file = scratch_make("file");
    scratch_write(&file, "no directory");
    snprintf(path, sizeof path, "%s/cache", file.path);
    dagpole_context *context = open_context((dagpole_context_options){
        .serial = 1, .cache_dir = path, .log = keep_message, .log_user = message});
    ck_assert_int_eq(is_cached(context, options, 100, points), 0);
    ck_assert_msg(strstr(message, "are not kept") && strstr(message, path), "%s", message);
    expect_failure(dagpole_precompute(context, &options, 1, 2), DAGPOLE_FILE, path);
    dagpole_context_destroy(context);
    scratch_remove(&file);
}
END_TEST

/* What a plan holds, against the estimate. */
static void check_estimate(dagpole_context *context, const char *kind, int digits, int n_vectors,
                           int64_t n) {
    dagpole_cloud cloud;
    dagpole_plan_options options;
    int64_t bytes;
    dagpole_plan_options_init(&options);
    options.digits = digits;
    options.n_vectors = n_vectors;
    must(dagpole_cloud_generate(kind, n, 1, "unit", &cloud));
    must(dagpole_plan_estimate(&options, n, 0, &bytes));
    dagpole_plan *plan = open_plan(context, options, n, cloud.sources, 0, NULL);
    dagpole_report r = report_of(plan);
    double ratio = (double)bytes / (double)(r.bytes_plan + r.bytes_operators);
    ck_assert_msg(ratio > 0.5 && ratio < 2,
                  "%s, %d digits, %d vectors: %lld bytes estimated, %lld + %lld held", kind, digits,
                  n_vectors, (long long)bytes, (long long)r.bytes_plan,
                  (long long)r.bytes_operators);
    dagpole_plan_destroy(plan);
    dagpole_cloud_free(&cloud);
}

START_TEST(estimates_are_right_within_a_factor_of_two) {
    scratch cache = scratch_make("");
    dagpole_context *context = open_cached(cache.directory);
    check_estimate(context, "cube", 3 * (_i + 1), 1, 100000);
    check_estimate(context, "sphere", 3 * (_i + 1), 1, 100000);
    check_estimate(context, "cube", 3 * (_i + 1), 5, 50000);
    check_estimate(context, "sphere", 3 * (_i + 1), 64, 20000);
    dagpole_context_destroy(context);
    scratch_remove(&cache);
}
END_TEST

START_TEST(estimates_grow) {
    int64_t few, many, targets, more_digits;
    dagpole_plan_options options = quick_options(0);
    must(dagpole_plan_estimate(&options, 1000000, 0, &few));
    must(dagpole_plan_estimate(&options, 2000000, 0, &many));
    must(dagpole_plan_estimate(&options, 1000000, 1000000, &targets));
    options.digits = 9;
    must(dagpole_plan_estimate(&options, 1000000, 0, &more_digits));
    ck_assert(few > 0 && many > 1.5 * few && many < 2.5 * few);
    ck_assert(targets > few && targets < 3 * few && more_digits > few);
    must(dagpole_plan_estimate(NULL, 0, 0, &few));
    ck_assert_int_ge(few, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("operators");
    TCase *tcase = tcase_create("operators");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, estimates_are_right_within_a_factor_of_two, 0,
                        SUITE_IS_THREAD_SANITIZED ? 1 : 3);
    tcase_add_test(tcase, estimates_grow);
    tcase_add_test(tcase, precomputed_operators_are_used);
    tcase_add_test(tcase, damaged_files_are_replaced);
    tcase_add_test(tcase, unwritable_caches);
    return suite_run(suite, tcase);
}
