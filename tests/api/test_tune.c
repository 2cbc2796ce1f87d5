/* Tuning, and the contexts that come after it. */
#include "plans.h"

#include "model/rates.h"
#include "platform/machine.h"
#include "platform/scratch.h"

enum { N = 3000 };

static void keep_message(void *user, const char *message) {
    snprintf(user, 512, "%s", message);
}

static dagpole_context *open_cached(const char *directory, char *message) {
    return open_context((dagpole_context_options){
        .serial = 1, .cache_dir = directory, .log = keep_message, .log_user = message});
}

/* What a plan of this context says; its potentials, where they are wanted. */
static dagpole_report report_from(dagpole_context *context, double *potentials) {
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    options.digits = 3;
    double *points = cloud_make(CLOUD_CUBE, N, 5), *charges = make_charges(N, 6);
    dagpole_plan *plan = open_plan(context, options, N, points, 0, NULL);
    if (potentials)
        must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    dagpole_report report = report_of(plan);
    dagpole_plan_destroy(plan);
    free(charges);
    free(points);
    return report;
}

static void assert_machine_says(const char *directory, const char *coefficients) {
    dagpole_machine machine = {.size = sizeof machine};
    must(dagpole_machine_query(directory, &machine));
    ck_assert_str_eq(machine.coefficients, coefficients);
}

START_TEST(later_contexts_use_what_was_measured) {
    char message[512] = "";
    dagpole_tuning tuning = {.size = sizeof tuning};
    scratch cache = scratch_make("");
    dagpole_context *first = open_cached(cache.directory, message);
    ck_assert_str_eq(report_from(first, NULL).coefficients, "built-in");
    assert_machine_says(cache.directory, "built-in");
    must(dagpole_tune(first, &tuning));
    ck_assert_int_eq(tuning.n, DP_N_RATES);
    ck_assert_int_eq(strncmp(tuning.coefficients, "tuned 20", 8), 0);
    for (int i = 0; i < tuning.n; i++) {
        const dagpole_coefficient *c = &tuning.coefficient[i];
        ck_assert_str_eq(c->name, dp_rate_entries[i].name);
        ck_assert(c->built_in > 0 && c->tuned > 0 && c->tuned < 1e-3);
    }
    ck_assert_str_eq(report_from(first, NULL).coefficients, "built-in");
    dagpole_context *second = open_cached(cache.directory, message);
    ck_assert_str_eq(report_from(second, NULL).coefficients, tuning.coefficients);
    assert_machine_says(cache.directory, tuning.coefficients);
    assert_machine_says("", "built-in");
    dagpole_tuning_free(&tuning);
    ck_assert(!tuning.coefficient && tuning.n == 0 && tuning.size == sizeof tuning);
    dagpole_tuning_free(&tuning);
    dagpole_tuning_free(NULL);
    /* Again, in its place, for a program whose header ends before the array. */
    int64_t live = dp_memory_live();
    memset(&tuning, 0xa5, sizeof tuning);
    tuning.size = offsetof(dagpole_tuning, coefficient);
    dagpole_coefficient *behind = tuning.coefficient;
    must(dagpole_tune(second, &tuning));
    ck_assert(tuning.n == DP_N_RATES && tuning.coefficient == behind);
    dagpole_tuning_free(&tuning);
    ck_assert(tuning.n == 0 && tuning.coefficient == behind);
    ck_assert_int_eq(dp_memory_live(), live);
    dagpole_context_destroy(second);
    dagpole_context_destroy(first);
    ck_assert_str_eq(message, "");
    scratch_remove(&cache);
}
END_TEST

/* Coefficients under which leaves are much smaller, so that a plan shows that it took them. */
static dp_rates keep_others(const scratch *cache) {
    dp_machine machine;
    dp_isa isa = dp_isa_best();
    dp_rates rates = dp_rates_built_in(isa);
    for (int i = 0; i < DP_N_PRECISIONS; i++)
        rates.near[DAGPOLE_LAPLACE][i] *= 10;
    rates.leaf_pair /= 10;
    must(dp_machine_get(&machine));
    must(dp_rates_save(cache->directory, machine.cpu, isa, &rates));
    return rates;
}

/* The same coefficients give the same bits; a report is enough to repeat the run without them. */
START_TEST(runs_repeat) {
    static double first[N], again[N], repeated[N];
    char message[512] = "";
    scratch cache = scratch_make("");
    dagpole_context *plain = open_cached("", message);
    dp_rates rates = keep_others(&cache);
    dagpole_report built_in = report_from(plain, NULL);
    for (int i = 0; i < 2; i++) {
        dagpole_context *context = open_cached(cache.directory, message);
        dagpole_report report = report_from(context, i ? again : first);
        ck_assert_str_eq(report.coefficients, rates.name);
        ck_assert_int_lt(report.n_crit, built_in.n_crit);
        dagpole_context_destroy(context);
    }
    ck_assert_mem_eq(first, again, sizeof first);
    dagpole_context *context = open_cached(cache.directory, message);
    dagpole_report report = report_from(context, NULL);
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    options.digits = 3;
    options.n_crit = report.n_crit;
    options.root_side = report.root_side;
    double *points = cloud_make(CLOUD_CUBE, N, 5), *charges = make_charges(N, 6);
    dagpole_plan *plan = open_plan(context, options, N, points, 0, NULL);
    must(dagpole_plan_evaluate(plan, charges, repeated, NULL));
    ck_assert_mem_eq(first, repeated, sizeof first);
    dagpole_plan_destroy(plan);
    free(charges);
    free(points);
    dagpole_context_destroy(context);
    dagpole_context_destroy(plain);
    ck_assert_str_eq(message, "");
    scratch_remove(&cache);
}
END_TEST

/* The user hears of a damaged file, and everything goes on with the built-in coefficients. */
START_TEST(damaged_files_are_passed_over) {
    char message[512] = "", path[1024] = "";
    scratch cache = scratch_make("");
    keep_others(&cache);
    DIR *directory = opendir(cache.directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            snprintf(path, sizeof path, "%s/%s", cache.directory, entry->d_name);
    closedir(directory);
    ck_assert_int_eq(truncate(path, 100), 0);
    dagpole_context *context = open_cached(cache.directory, message);
    ck_assert_msg(strstr(message, "coefficients in ") && strstr(message, path) &&
                      strstr(message, "are not used"),
                  "%s", message);
    ck_assert_str_eq(report_from(context, NULL).coefficients, "built-in");
    assert_machine_says(cache.directory, "built-in");
    if (SUITE_IS_SANITIZED) { /* tuning takes long there, and was watched above */
        dagpole_context_destroy(context);
        scratch_remove(&cache);
        return;
    }
    must(dagpole_tune(context, NULL));
    dagpole_context_destroy(context);
    *message = '\0';
    context = open_cached(cache.directory, message);
    ck_assert_str_eq(message, "");
    ck_assert_str_ne(report_from(context, NULL).coefficients, "built-in");
    dagpole_context_destroy(context);
    scratch_remove(&cache);
}
END_TEST

static int refuse(void *user, const char *stage, double fraction) {
    (void)fraction;
    ck_assert_str_eq(stage, user);
    return 1;
}

START_TEST(what_cannot_be_tuned) {
    char path[600], message[512] = "";
    dagpole_tuning tuning = {.size = 1};
    expect_failure(dagpole_tune(NULL, NULL), DAGPOLE_BAD_ARGUMENT, "context");
    dagpole_context *context = open_cached("", message);
    expect_failure(dagpole_tune(context, &tuning), DAGPOLE_BAD_ARGUMENT, "size");
    expect_failure(dagpole_tune(context, NULL), DAGPOLE_FILE, "no cache directory");
    dagpole_context_destroy(context);
    scratch file = scratch_make("file");
    scratch_write(&file, "no directory");
    snprintf(path, sizeof path, "%s/cache", file.path);
    context = open_cached(path, message);
    expect_failure(dagpole_tune(context, NULL), DAGPOLE_FILE, path);
    dagpole_context_destroy(context);
    unlink(file.path);
    context = open_context((dagpole_context_options){
        .serial = 1, .cache_dir = file.directory, .progress = refuse, .progress_user = "tune"});
    expect_failure(dagpole_tune(context, NULL), DAGPOLE_CANCELLED, "tune");
    dagpole_context_destroy(context);
    ck_assert_int_eq(scratch_count(&file), 0);
    ck_assert_str_eq(message, "");
    scratch_remove(&file);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {later_contexts_use_what_was_measured, runs_repeat,
                                  damaged_files_are_passed_over, what_cannot_be_tuned};
    return SUITE_IS_THREAD_SANITIZED ? SUITE_SKIPPED
                                     : suite_main("tune", 60, sizeof tests / sizeof *tests, tests);
}
