/* Files that are missing, damaged or not what they should be, and places that cannot be written. */
#include <sys/stat.h>

#include "errors.h"
#include "platform/scratch.h"
#include "platform/store.h"

enum { N = 2000 };

static double points[3 * N], charges[N];

static void set_up(dagpole_cloud *cloud, dagpole_results *results) {
    fill_uniform(3 * N, points, 1);
    fill_uniform(N, charges, 2);
    *cloud = (dagpole_cloud){.n_sources = N, .n_targets = N, .sources = points, .charges = charges};
    *results = (dagpole_results){
        .size = sizeof *results, .n_targets = N, .potentials = charges, .gradients = points};
}

/* Neither the cloud nor the results of a failing read hold anything. */
static void check_unreadable(const char *path, const char *words) {
    dagpole_cloud cloud = {.n_sources = 5};
    dagpole_results results = {.size = sizeof results, .n_targets = 5};
    assert_fails(dagpole_cloud_read(path, &cloud), DAGPOLE_FILE, words);
    ck_assert(!cloud.n_sources && !cloud.n_targets && !cloud.sources && !cloud.charges);
    assert_fails(dagpole_results_read(path, &results), DAGPOLE_FILE, path);
    ck_assert(!results.n_targets && !results.potentials && !results.gradients);
}

START_TEST(missing_and_foreign_files) {
    scratch s = scratch_make("points.h5");
    check_unreadable(s.path, "points.h5|No such file");
    check_unreadable(s.directory, "directory");
    scratch_write(&s, "");
    check_unreadable(s.path, "points.h5|empty");
    scratch_write(&s, "these are certainly no coordinates\n");
    check_unreadable(s.path, "line 1|points.h5");
    scratch_write(&s, "1 2 3 4\n1 2 x 4\n");
    check_unreadable(s.path, "line 2|points.h5|1 2 x 4");
    scratch_write(&s, "\x89PNG\r\n\x1a\n");
    check_unreadable(s.path, "line 1|points.h5");
    scratch_write(&s, "\x89HDF\r\n\x1a\n and then nothing");
    check_unreadable(s.path, "points.h5");
    scratch_remove(&s);
}
END_TEST

START_TEST(no_path_or_no_place_for_the_result) {
    dagpole_cloud cloud;
    dagpole_results results;
    set_up(&cloud, &results);
    assert_fails(dagpole_cloud_read("a", NULL), DAGPOLE_BAD_ARGUMENT, "cloud");
    assert_fails(dagpole_cloud_write(NULL, &cloud), DAGPOLE_BAD_ARGUMENT, "path");
    assert_fails(dagpole_cloud_write("a", NULL), DAGPOLE_BAD_ARGUMENT, "cloud");
    assert_fails(dagpole_results_write(NULL, &results), DAGPOLE_BAD_ARGUMENT, "path");
    assert_fails(dagpole_results_write("a", NULL), DAGPOLE_BAD_ARGUMENT, "results");
    assert_fails(dagpole_results_read("a", NULL), DAGPOLE_BAD_ARGUMENT, "results");
    cloud.charges = NULL;
    assert_fails(dagpole_cloud_write("a", &cloud), DAGPOLE_BAD_ARGUMENT, "charges");
    assert_fails(dagpole_cloud_read(NULL, &cloud), DAGPOLE_BAD_ARGUMENT, "path");
    assert_fails(dagpole_results_read(NULL, &results), DAGPOLE_BAD_ARGUMENT, "path");
    assert_fails(dagpole_cloud_generate("cubic", 5, 1, "unit", &cloud), DAGPOLE_BAD_ARGUMENT,
                 "'cubic'|cube|plummer");
    assert_fails(dagpole_cloud_generate("cube", 5, 1, "plus", &cloud), DAGPOLE_BAD_ARGUMENT,
                 "'plus'|unit|mixed");
    assert_fails(dagpole_cloud_generate("cube", 5, 1, "unit", NULL), DAGPOLE_BAD_ARGUMENT, "cloud");
}
END_TEST

/* And nothing in the cloud that could be freed. */
static void check_unnamed(dagpole_status status, const char *words, dagpole_cloud *cloud) {
    assert_fails(status, DAGPOLE_BAD_ARGUMENT, words);
    ck_assert(!cloud->n_sources && !cloud->sources);
    cloud->n_sources = 5;
}

START_TEST(no_name_for_a_dataset) {
    dagpole_cloud cloud = {.n_sources = 5};
    check_unnamed(dagpole_cloud_read_dipoles("a", NULL, &cloud), "dataset is NULL", &cloud);
    check_unnamed(dagpole_cloud_read_dipoles("a", "", &cloud), "dipoles is empty", &cloud);
    check_unnamed(dagpole_cloud_read_for("a", DAGPOLE_LAPLACE, "", &cloud), "dipoles is empty",
                  &cloud);
}
END_TEST

/* Every length of a cut file: an error, or, where nothing that matters is cut, the right cloud. */
START_TEST(truncated_files) {
    dagpole_cloud cloud, back;
    dagpole_results results;
    struct stat info;
    scratch s = scratch_make("points.h5");
    set_up(&cloud, &results);
    cloud.n_sources = cloud.n_targets = 20;
    assert_ok(dagpole_cloud_write(s.path, &cloud));
    ck_assert_int_eq(stat(s.path, &info), 0);
    for (long size = (long)info.st_size - 1; size > 8; size -= 1 + size / 100) {
        ck_assert_int_eq(truncate(s.path, size), 0);
        dagpole_status status = dagpole_cloud_read(s.path, &back);
        ck_assert(status == DAGPOLE_FILE || status == DAGPOLE_OK);
        if (status == DAGPOLE_OK)
            ck_assert_mem_eq(back.sources, points, 60 * sizeof(double));
        else
            ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "points.h5"));
        dagpole_cloud_free(&back);
    }
    scratch_remove(&s);
}
END_TEST

/* A file with sources and charges of these shapes, type 'd' or 'b'. */
static void write_shapes(const char *path, char type, int rank, const int64_t *shape,
                         int64_t n_charges) {
    dp_store *store;
    assert_ok(dp_store_create(path, &store));
    assert_ok(dp_store_write(store, "sources", type, rank, shape, points));
    if (n_charges >= 0)
        assert_ok(dp_store_write(store, "charges", 'd', 1, &n_charges, charges));
    assert_ok(dp_store_commit(store));
}

START_TEST(wrong_shapes_and_types) {
    scratch s = scratch_make("points.h5");
    dp_store *store;
    write_shapes(s.path, 'd', 2, (int64_t[]){10, 2}, 10);
    check_unreadable(s.path, "sources|10 x 2|3");
    write_shapes(s.path, 'd', 1, (int64_t[]){30}, 10);
    check_unreadable(s.path, "sources|30");
    write_shapes(s.path, 'd', 3, (int64_t[]){10, 3, 2}, 10);
    check_unreadable(s.path, "sources|10 x 3 x 2");
    write_shapes(s.path, 'd', 2, (int64_t[]){10, 3}, 9);
    check_unreadable(s.path, "charges|9|10");
    write_shapes(s.path, 'd', 2, (int64_t[]){10, 3}, -1);
    check_unreadable(s.path, "charges");
    assert_ok(dp_store_create(s.path, &store));
    assert_ok(dp_store_write(store, "elsewhere", 'd', 1, (int64_t[]){4}, points));
    assert_ok(dp_store_commit(store));
    check_unreadable(s.path, "sources|particle_data/sources");
    assert_ok(dp_store_create(s.path, &store));
    assert_ok(dp_store_write(store, "sources/sources", 'd', 1, (int64_t[]){4}, points));
    assert_ok(dp_store_commit(store));
    check_unreadable(s.path, "sources|is a group");
    scratch_remove(&s);
}
END_TEST

/* For root, too, a file cannot lie below a file. */
START_TEST(paths_that_cannot_be_written) {
    static const char *const paths[] = {"/dev/null/a.h5", "/nonexistent/folder/a.h5", "", "/",
                                        "/proc/a.h5"};
    dagpole_cloud cloud;
    dagpole_results results;
    set_up(&cloud, &results);
    for (int i = 0; i < 5; i++) {
        assert_fails(dagpole_cloud_write(paths[i], &cloud), DAGPOLE_FILE, "cannot create");
        assert_fails(dagpole_results_write(paths[i], &results), DAGPOLE_FILE, "cannot create");
        ck_assert_ptr_nonnull(strstr(dagpole_last_error(), paths[i]));
    }
}
END_TEST

/* What was there stays, and no temporary file is left. */
START_TEST(a_full_disk) {
    static const long limits[] = {0, 100, 2000, 30000, 60000};
    dagpole_cloud cloud, back;
    dagpole_results results;
    scratch s = scratch_make("points.h5");
    set_up(&cloud, &results);
    assert_ok(dagpole_cloud_write(s.path, &cloud));
    for (int i = 0; i < 5; i++) {
        scratch_limit_files(limits[i]);
        dagpole_status of_cloud = dagpole_cloud_write(s.path, &cloud);
        dagpole_status of_results = dagpole_results_write(s.path, &results);
        scratch_limit_files(-1);
        assert_fails(of_results, DAGPOLE_FILE, "points.h5");
        ck_assert_int_eq(of_cloud, DAGPOLE_FILE);
        ck_assert_int_eq(scratch_count(&s), 1);
        assert_ok(dagpole_cloud_read(s.path, &back));
        ck_assert_mem_eq(back.sources, points, sizeof points);
        dagpole_cloud_free(&back);
    }
    scratch_remove(&s);
}
END_TEST

/* Operators that find no room on disk are used and not kept. */
START_TEST(a_full_disk_below_the_cache) {
    dagpole_context_options options;
    dagpole_plan_options plan_options;
    dagpole_context *context;
    dagpole_plan *plan;
    dagpole_report report = {.size = sizeof report};
    scratch s = scratch_make("any");
    dagpole_context_options_init(&options);
    dagpole_plan_options_init(&plan_options);
    options.serial = 1;
    options.cache_dir = s.directory;
    plan_options.digits = 3;
    plan_options.n_crit = 20;
    fill_uniform(3 * N, points, 1);
    assert_ok(dagpole_context_create(&options, &context));
    for (int i = 0; i < 3; i++) { /* full, roomy, warm */
        scratch_limit_files(i ? -1 : 5000);
        dagpole_status status =
            dagpole_plan_create(context, &plan_options, N, points, 0, NULL, &plan);
        scratch_limit_files(-1);
        assert_ok(status);
        assert_ok(dagpole_plan_report(plan, &report));
        ck_assert_int_eq(report.operators_cached, i == 2);
        ck_assert_int_eq(scratch_count(&s), i > 0);
        dagpole_plan_destroy(plan);
    }
    dagpole_context_destroy(context);
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("files", 60, missing_and_foreign_files, no_path_or_no_place_for_the_result,
           no_name_for_a_dataset, truncated_files, wrong_shapes_and_types,
           paths_that_cannot_be_written, a_full_disk, a_full_disk_below_the_cache)
