#include "operators/cache.h"

#include <hdf5.h>
#include <sys/stat.h>

#include "boxes.h"
#include "platform/scratch.h"
#include "platform/store.h"

static const dp_accuracy accuracy = {
    .p = 3, .tolerance = 1e-2, .svd_cutoff = 1e-10, .m2l_cut = 1. / 7};

static dp_operators_request request_of(double lambda, const char *directory) {
    return (dp_operators_request){.kernel =
                                      dp_kernel_get(lambda > 0 ? DAGPOLE_YUKAWA : DAGPOLE_LAPLACE),
                                  .lambda = lambda,
                                  .side = 4,
                                  .depth = 2,
                                  .accuracy = accuracy,
                                  .isa = dp_isa_best(),
                                  .cache_dir = directory};
}

static char message[DP_ERROR_TEXT_BYTES];

static dp_operators *create(double lambda, const char *directory) {
    dp_operators *operators;
    dp_operators_request r = request_of(lambda, directory);
    ck_assert_int_eq(dp_operators_create(&dp_team_serial, &r, message, &operators), DAGPOLE_OK);
    return operators;
}

/* What is_cached says; the bits must be those of `expected` either way. */
static int comes_from_cache(double lambda, const char *directory, const dp_operators *expected) {
    dp_operators *operators = create(lambda, directory);
    int is_cached = operators->is_cached;
    ck_assert(is_same_operators(operators, expected));
    dp_operators_destroy(operators);
    return is_cached;
}

/* The one file of a cache that was just filled; its name in cache.path. */
static scratch fill_cache(double lambda, dp_operators **operators) {
    scratch cache = scratch_make("");
    *operators = create(lambda, cache.directory);
    ck_assert_str_eq(message, "");
    ck_assert_int_eq((*operators)->is_cached, 0);
    ck_assert_int_eq(scratch_count(&cache), 1);
    DIR *directory = opendir(cache.directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            snprintf(cache.path, sizeof cache.path, "%.200s/%.250s", cache.directory,
                     entry->d_name);
    closedir(directory);
    return cache;
}

/* A file that holds something else: built again with a message, replaced, found the next time. */
static void expect_replaced(const scratch *cache, double lambda, const dp_operators *expected,
                            const char *reason) {
    ck_assert_int_eq(comes_from_cache(lambda, cache->directory, expected), 0);
    ck_assert_msg(strstr(message, "are not used") && strstr(message, reason), "'%s' is not in: %s",
                  reason, message);
    ck_assert_int_eq(comes_from_cache(lambda, cache->directory, expected), 1);
    ck_assert_str_eq(message, "");
    ck_assert_int_eq(scratch_count(cache), 1);
}

static char *read_file(const char *path, long *n) {
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    *n = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)*n);
    ck_assert_uint_eq(fread(bytes, 1, (size_t)*n, file), (size_t)*n);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const char *bytes, long n) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, (size_t)n, file), (size_t)n);
    fclose(file);
}

START_TEST(what_is_stored_comes_back) {
    for (int yukawa = 0; yukawa < 2; yukawa++) {
        dp_operators *built;
        scratch cache = fill_cache(yukawa, &built);
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(comes_from_cache(yukawa, cache.directory, built), 1);
            ck_assert_str_eq(message, "");
        }
        dp_operators *without = create(yukawa, "");
        ck_assert(is_same_operators(built, without));
        dp_operators_destroy(without);
        dp_operators_destroy(built);
        scratch_remove(&cache);
    }
}
END_TEST

/* Another lambda, accuracy or kernel is another file. */
START_TEST(each_key_has_its_file) {
    dp_operators *built;
    scratch cache = fill_cache(1, &built);
    dp_operators_request r = request_of(1.0000000000000002, cache.directory);
    for (int i = 0; i < 6; i++) {
        dp_operators *other;
        ck_assert_int_eq(dp_operators_create(&dp_team_serial, &r, message, &other), DAGPOLE_OK);
        ck_assert_int_eq(other->is_cached, 0);
        ck_assert_str_eq(message, "");
        ck_assert_int_eq(scratch_count(&cache), i + 2);
        dp_operators_destroy(other);
        r = request_of(1, cache.directory);
        r.accuracy.p += i == 0;
        r.accuracy.tolerance *= i == 1 ? 2 : 1;
        r.accuracy.svd_cutoff *= i == 2 ? 2 : 1;
        r.accuracy.m2l_cut *= i == 3 ? 2 : 1;
        if (i == 4)
            r = request_of(0, cache.directory);
    }
    dp_operators_destroy(built);
    scratch_remove(&cache);
}
END_TEST

START_TEST(truncated_files_are_replaced) {
    dp_operators *built;
    scratch cache = fill_cache(0, &built);
    long n;
    char *bytes = read_file(cache.path, &n);
    for (int i = 0; i < 10; i++) {
        write_file(cache.path, bytes, n * i / 10);
        expect_replaced(&cache, 0, built, cache.path);
    }
    write_file(cache.path, bytes, n - 1);
    expect_replaced(&cache, 0, built, "");
    free(bytes);
    dp_operators_destroy(built);
    scratch_remove(&cache);
}
END_TEST

/* Bytes that HDF5 does not use may be anything: then the operators come from the cache, with the
 * right bits. */
START_TEST(flipped_bytes_are_noticed) {
    dp_operators *built;
    scratch cache = fill_cache(0, &built);
    long n, n_noticed = 0, n_tried = 0;
    char *bytes = read_file(cache.path, &n);
    for (long i = 0; i < n; i += 1 + n / 150, n_tried++) {
        bytes[i] ^= (char)(1 << i % 8);
        write_file(cache.path, bytes, n);
        bytes[i] ^= (char)(1 << i % 8);
        if (comes_from_cache(0, cache.directory, built)) {
            ck_assert_str_eq(message, "");
            continue;
        }
        n_noticed++;
        ck_assert(strstr(message, "are not used"));
        ck_assert_int_eq(comes_from_cache(0, cache.directory, built), 1);
    }
    ck_assert_int_gt(n_noticed, n_tried / 2);
    free(bytes);
    dp_operators_destroy(built);
    scratch_remove(&cache);
}
END_TEST

/* Every stored number counts, and every attribute. */
START_TEST(one_changed_number_is_noticed) {
    static const char *const names[] = {"/basis/0", "/p2m_parity/1", "/m2l_a/0", "/m2l_b/3",
                                        "/p2m/0",   "/check",        "/sizes"};
    dp_operators *built;
    scratch cache = fill_cache(0, &built);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        long n, at = -1;
        dp_store *store;
        int rank;
        int64_t shape[4];
        char *bytes = read_file(cache.path, &n);
        ck_assert_int_eq(dp_store_open(cache.path, &store), DAGPOLE_OK);
        ck_assert_int_eq(dp_store_shape(store, names[k], &rank, shape), DAGPOLE_OK);
        ck_assert_int_gt(shape[0], 0);
        char *values = malloc(8 * (size_t)shape[0]);
        char type = strcmp(names[k], "/check") && strcmp(names[k], "/sizes") ? 'd' : 'i';
        ck_assert_int_eq(dp_store_read(store, names[k], type, shape[0], values), DAGPOLE_OK);
        dp_store_close(store);
        for (long i = 0; at < 0 && i + 8 * shape[0] <= n; i++)
            if (memcmp(bytes + i, values, 8 * (size_t)shape[0]) == 0)
                at = i;
        ck_assert_int_ge(at, 0);
        bytes[at + 8 * (shape[0] / 2)] ^= 1; /* the lowest bit of one of them */
        write_file(cache.path, bytes, n);
        expect_replaced(&cache, 0, built, cache.path);
        free(values);
        free(bytes);
    }
    dp_operators_destroy(built);
    scratch_remove(&cache);
}
END_TEST

START_TEST(foreign_files_are_replaced) {
    dp_operators *built;
    dp_store *store;
    scratch cache = fill_cache(0, &built);
    write_file(cache.path, "1 2 3\n", 6);
    expect_replaced(&cache, 0, built, cache.path);
    write_file(cache.path, "", 0);
    expect_replaced(&cache, 0, built, cache.path);
    int64_t shape[1] = {1};
    ck_assert_int_eq(dp_store_create(cache.path, &store), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_write(store, "/points", 'd', 1, shape, (double[]){1}), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_commit(store), DAGPOLE_OK);
    expect_replaced(&cache, 0, built, "");
    dp_operators_destroy(built);
    scratch_remove(&cache);
}
END_TEST

/* A link that leads nowhere is not a missing file: it is told of, and written through. */
START_TEST(links_are_told_of) {
    dp_operators *built;
    scratch cache = fill_cache(0, &built), elsewhere = scratch_make("operators.h5");
    unlink(cache.path);
    ck_assert_int_eq(symlink(elsewhere.path, cache.path), 0);
    expect_replaced(&cache, 0, built, cache.path);
    ck_assert_int_eq(scratch_count(&elsewhere), 1);
    dp_operators_destroy(built);
    scratch_remove(&cache);
    scratch_remove(&elsewhere);
}
END_TEST

/* Through HDF5, so that its checksums hold. */
static void replace_text(const char *path, const char *attribute, const char *text) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    ck_assert_int_ge(H5Tset_size(type, strlen(text) + 1), 0);
    ck_assert_int_ge(H5Adelete(file, attribute), 0);
    hid_t replaced = H5Acreate2(file, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Awrite(replaced, type, text), 0);
    H5Aclose(replaced);
    H5Sclose(space);
    H5Tclose(type);
    ck_assert_int_ge(H5Fclose(file), 0);
}

START_TEST(other_versions_are_replaced) {
    dp_operators *built;
    scratch cache = fill_cache(0, &built);
    replace_text(cache.path, "format", "dagpole operators 0");
    expect_replaced(&cache, 0, built, "another format");
    replace_text(cache.path, "kernel", "yukawa!");
    expect_replaced(&cache, 0, built, "other operators");
    dp_operators_destroy(built);
    scratch_remove(&cache);
}
END_TEST

/* A sound file of other operators under this one's name. */
START_TEST(renamed_files_are_replaced) {
    dp_operators *one, *two;
    scratch first = fill_cache(1, &one), second = fill_cache(2, &two);
    ck_assert_int_eq(rename(second.path, first.path), 0);
    expect_replaced(&first, 1, one, "other operators");
    dp_operators_destroy(one);
    dp_operators_destroy(two);
    scratch_remove(&first);
    scratch_remove(&second);
}
END_TEST

START_TEST(directories_are_made) {
    char path[600];
    dp_operators *expected = create(0, "");
    scratch cache = scratch_make("a");
    snprintf(path, sizeof path, "%s/b//c", cache.path);
    ck_assert_int_eq(comes_from_cache(0, path, expected), 0);
    ck_assert_str_eq(message, "");
    ck_assert_int_eq(comes_from_cache(0, path, expected), 1);
    dp_operators_destroy(expected);
    char command[700];
    snprintf(command, sizeof command, "rm -r '%s'", cache.directory);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* A file in the place of the directory: neither root nor anyone can write there. */
START_TEST(unwritable_directories_are_no_failure) {
    char path[600], long_path[5000];
    dp_operators *expected = create(0, "");
    scratch cache = scratch_make("file");
    scratch_write(&cache, "not a directory");
    snprintf(path, sizeof path, "%s/cache", cache.path);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(comes_from_cache(0, path, expected), 0);
        ck_assert_msg(strstr(message, "are not kept") && strstr(message, path), "%s", message);
    }
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    ck_assert_int_eq(comes_from_cache(0, long_path, expected), 0);
    ck_assert_msg(strstr(message, "too long"), "%s", message);
    dp_operators_destroy(expected);
    scratch_remove(&cache);
}
END_TEST

/* A full disk: what was written is removed, the operators are there. */
START_TEST(full_disks_are_no_failure) {
    dp_operators *expected = create(0, "");
    scratch cache = scratch_make("");
    scratch_limit_files(2000);
    dp_operators *operators = create(0, cache.directory);
    scratch_limit_files(-1);
    ck_assert(is_same_operators(operators, expected));
    ck_assert_msg(strstr(message, "are not kept"), "%s", message);
    ck_assert_int_eq(scratch_count(&cache), 0);
    dp_operators_destroy(operators);
    dp_operators_destroy(expected);
    scratch_remove(&cache);
}
END_TEST

/* Reading: NO_MEMORY, and the file stays as it was. */
START_TEST(failing_allocations_leave_nothing) {
    dp_operators *built;
    scratch cache = fill_cache(0, &built);
    dp_operators_request r = request_of(0, cache.directory);
    int64_t live = dp_memory_live();
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(comes_from_cache(0, cache.directory, built), 1);
    int64_t n = dp_memory_count();
    for (int64_t k = 1; k <= n; k++) {
        dp_operators *operators;
        dp_memory_fail_at(k, 0);
        dagpole_status status = dp_operators_create(&dp_team_serial, &r, message, &operators);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    ck_assert_int_eq(comes_from_cache(0, cache.directory, built), 1);
    dp_operators_destroy(built);
    scratch_remove(&cache);
}
END_TEST

SUITE_MAIN("cache", 60, what_is_stored_comes_back, each_key_has_its_file,
           truncated_files_are_replaced, flipped_bytes_are_noticed, one_changed_number_is_noticed,
           foreign_files_are_replaced, links_are_told_of, other_versions_are_replaced,
           renamed_files_are_replaced, directories_are_made, unwritable_directories_are_no_failure,
           full_disks_are_no_failure, failing_allocations_leave_nothing)
