#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/scratch.h"
#include "platform/store.h"
#include "suite.h"

enum { N = 5000 };

static double data[N];

/* A file of about 40 kB: a large dataset, a few small ones, attributes. */
static dagpole_status write_all(const char *path) {
    dp_store *store;
    DP_TRY(dp_store_create(path, &store));
    dagpole_status status = dp_store_write(store, "a/large", 'd', 1, (int64_t[]){N}, data);
    if (status == DAGPOLE_OK)
        status = dp_store_write(store, "b/small", 'd', 1, (int64_t[]){3}, data);
    if (status == DAGPOLE_OK)
        status = dp_store_set_text(store, "text", "a text");
    if (status == DAGPOLE_OK)
        return dp_store_commit(store);
    dp_store_close(store);
    return status;
}

static dagpole_status read_all(const char *path) {
    dp_store *store;
    double back[N];
    char text[16];
    int rank;
    int64_t shape[4];
    DP_TRY(dp_store_open(path, &store));
    dagpole_status status = dp_store_shape(store, "a/large", &rank, shape);
    if (status == DAGPOLE_OK)
        status = dp_store_read(store, "a/large", 'd', N, back);
    if (status == DAGPOLE_OK)
        status = dp_store_read(store, "b/small", 'd', 3, back);
    if (status == DAGPOLE_OK)
        status = dp_store_get_text(store, "text", text, sizeof text);
    dp_store_close(store);
    return status;
}

START_TEST(a_full_disk) {
    static const long limits[] = {0, 50, 100, 1000, 2500, 10000, 30000, 40500, 42000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        scratch s = scratch_make("a.h5");
        scratch_limit_files(limits[i]);
        dagpole_status status = write_all(s.path);
        scratch_limit_files(-1);
        ck_assert_msg(status == DAGPOLE_FILE, "limit %ld", limits[i]);
        assert_error_has("File too large");
        assert_error_has("a.h5");
        ck_assert_int_eq(scratch_count(&s), 0);
        ck_assert_int_eq(write_all(s.path), DAGPOLE_OK);
        ck_assert_int_eq(read_all(s.path), DAGPOLE_OK);
        scratch_remove(&s);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

START_TEST(paths_that_cannot_be_written) {
    scratch s = scratch_make("file");
    scratch_write(&s, "no directory");
    char path[8192];
    snprintf(path, sizeof path, "%s/a.h5", s.path);
    ck_assert_int_eq(write_all(path), DAGPOLE_FILE);
    assert_error_has("Not a directory");
    ck_assert_int_eq(write_all("/nonexistent-directory/a.h5"), DAGPOLE_FILE);
    assert_error_has("No such file or directory");
    ck_assert_int_eq(write_all(s.directory), DAGPOLE_FILE);
    assert_error_has("directory");
    ck_assert_int_eq(write_all("/dev/null"), DAGPOLE_FILE);
    assert_error_has("not a regular file");
    ck_assert_int_eq(write_all(""), DAGPOLE_FILE);
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(write_all(path), DAGPOLE_FILE);
    assert_error_has("too long");
    path[255] = '\0'; /* legal, but not with the temporary's suffix */
    ck_assert_int_eq(write_all(path), DAGPOLE_FILE);
    ck_assert_int_eq(scratch_count(&s), 1);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(paths_that_cannot_be_read) {
    scratch s = scratch_make("file");
    ck_assert_int_eq(read_all(s.path), DAGPOLE_FILE);
    assert_error_has("No such file or directory");
    scratch_write(&s, "x y z\n1 2 3\n");
    ck_assert_int_eq(read_all(s.path), DAGPOLE_FILE);
    assert_error_has("not an HDF5 file");
    ck_assert_int_eq(read_all(s.directory), DAGPOLE_FILE);
    assert_error_has("is a directory");
    ck_assert_int_eq(read_all("/dev/null"), DAGPOLE_FILE);
    assert_error_has("not a regular file");
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(truncated_files) {
    scratch s = scratch_make("a.h5");
    ck_assert_int_eq(write_all(s.path), DAGPOLE_OK);
    struct stat info;
    ck_assert_int_eq(stat(s.path, &info), 0);
    for (off_t length = info.st_size - 1; length >= 0; length -= length < 600 ? 37 : 1111) {
        ck_assert_int_eq(truncate(s.path, length), 0);
        ck_assert_int_eq(read_all(s.path), DAGPOLE_FILE);
        assert_error_has("a.h5");
    }
    scratch_remove(&s);
}
END_TEST

/* A truncated file that is filled up with zeros again, as after a crash of the machine. */
START_TEST(files_with_holes) {
    scratch s = scratch_make("a.h5");
    ck_assert_int_eq(write_all(s.path), DAGPOLE_OK);
    struct stat info;
    ck_assert_int_eq(stat(s.path, &info), 0);
    for (off_t length = info.st_size - 1; length >= 0; length -= length < 3000 ? 101 : 5000) {
        ck_assert_int_eq(truncate(s.path, length), 0);
        ck_assert_int_eq(truncate(s.path, info.st_size), 0);
        dagpole_status status = read_all(s.path);
        ck_assert(status == DAGPOLE_OK || status == DAGPOLE_FILE);
    }
    ck_assert_int_eq(read_all(s.path), DAGPOLE_FILE);
    scratch_remove(&s);
}
END_TEST

START_TEST(remove_temporaries_removes_them) {
    scratch s = scratch_make("a.h5");
    dp_store *one, *two;
    ck_assert_int_eq(dp_store_create(s.path, &one), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_create(s.path, &two), DAGPOLE_OK);
    ck_assert_int_eq(scratch_count(&s), 2);
    dp_store_remove_temporaries();
    ck_assert_int_eq(scratch_count(&s), 0);
    ck_assert_int_eq(dp_store_commit(one), DAGPOLE_FILE);
    assert_error_has("rename");
    dp_store_close(two);
    ck_assert_int_eq(write_all(s.path), DAGPOLE_OK);
    dp_store_remove_temporaries();
    ck_assert_int_eq(scratch_count(&s), 1);
    scratch_remove(&s);
}
END_TEST

START_TEST(too_many_at_once_is_a_status) {
    scratch s = scratch_make("a.h5");
    dp_store *stores[64];
    int n = 0;
    while (n < 64 && dp_store_create(s.path, &stores[n]) == DAGPOLE_OK)
        n++;
    ck_assert_int_ge(n, 16);
    ck_assert_int_lt(n, 64);
    assert_error_has("too many");
    while (n > 0)
        dp_store_close(stores[--n]);
    ck_assert_int_eq(write_all(s.path), DAGPOLE_OK);
    ck_assert_int_eq(scratch_count(&s), 1);
    scratch_remove(&s);
}
END_TEST

START_TEST(memory_that_runs_out) {
    scratch s = scratch_make("a.h5");
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(write_all(s.path), DAGPOLE_OK);
    ck_assert_int_eq(read_all(s.path), DAGPOLE_OK);
    int64_t n = dp_memory_count();
    ck_assert_int_ge(n, 2);
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = write_all(s.path);
        if (status == DAGPOLE_OK)
            status = read_all(s.path);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), 0);
        ck_assert_int_eq(scratch_count(&s), 1);
    }
    scratch_remove(&s);
}
END_TEST

static void *write_and_read(void *path) {
    static const int no = 1;
    for (int i = 0; i < 10; i++)
        if (write_all(path) != DAGPOLE_OK || read_all(path) != DAGPOLE_OK)
            return (void *)&no;
    return NULL;
}

START_TEST(threads_take_turns) {
    scratch s = scratch_make("a.h5");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_and_read, s.path), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_eq(scratch_count(&s), 1);
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("store_errors", 30, a_full_disk, paths_that_cannot_be_written, paths_that_cannot_be_read,
           truncated_files, files_with_holes, remove_temporaries_removes_them,
           too_many_at_once_is_a_status, memory_that_runs_out, threads_take_turns)
