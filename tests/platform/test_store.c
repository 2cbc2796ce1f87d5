#include <hdf5.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/scratch.h"
#include "platform/store.h"
#include "suite.h"

static const double numbers[6] = {1, -2.5, 1e-300, INFINITY, 0x1.fffffffffffffp1, -0.0};
static const int64_t integers[4] = {INT64_MIN, -1, 0, INT64_MAX};

static dp_store *create(const char *path) {
    dp_store *store;
    ck_assert_msg(dp_store_create(path, &store) == DAGPOLE_OK, "%s", dagpole_last_error());
    return store;
}

static dp_store *open_store(const char *path) {
    dp_store *store;
    ck_assert_msg(dp_store_open(path, &store) == DAGPOLE_OK, "%s", dagpole_last_error());
    return store;
}

static int has(dp_store *store, const char *name) {
    int is_there = -1;
    ck_assert_msg(dp_store_has(store, name, &is_there) == DAGPOLE_OK, "%s", dagpole_last_error());
    return is_there;
}

static void write_sample(const char *path) {
    const uint8_t bytes[8] = {0, 255, 3};
    dp_store *store = create(path);
    ck_assert_int_eq(dp_store_write(store, "d", 'd', 2, (int64_t[]){2, 3}, numbers), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_write(store, "/a/b/i", 'i', 1, (int64_t[]){4}, integers), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_write(store, "/a/u", 'b', 4, (int64_t[]){2, 1, 2, 2}, bytes),
                     DAGPOLE_OK);
    ck_assert_int_eq(dp_store_write(store, "none", 'd', 2, (int64_t[]){0, 3}, NULL), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_set_int(store, "seed", INT64_MIN), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_set_double(store, "lambda", 0.1), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_set_text(store, "kernel", "laplace"), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_set_text(store, "empty", ""), DAGPOLE_OK);
    ck_assert_msg(dp_store_commit(store) == DAGPOLE_OK, "%s", dagpole_last_error());
}

START_TEST(arrays_come_back) {
    scratch s = scratch_make("a.h5");
    write_sample(s.path);
    dp_store *store = open_store(s.path);
    double d[6];
    int64_t i[4], shape[4];
    uint8_t b[8];
    int rank;
    ck_assert_int_eq(dp_store_read(store, "/d", 'd', 6, d), DAGPOLE_OK);
    ck_assert_mem_eq(d, numbers, sizeof numbers);
    ck_assert_int_eq(dp_store_read(store, "a/b/i", 'i', 4, i), DAGPOLE_OK);
    ck_assert_mem_eq(i, integers, sizeof integers);
    ck_assert_int_eq(dp_store_read(store, "/a/u", 'b', 8, b), DAGPOLE_OK);
    ck_assert(b[0] == 0 && b[1] == 255 && b[2] == 3);
    ck_assert_int_eq(dp_store_shape(store, "/a/u", &rank, shape), DAGPOLE_OK);
    ck_assert(rank == 4 && shape[0] == 2 && shape[1] == 1 && shape[2] == 2 && shape[3] == 2);
    ck_assert_int_eq(dp_store_shape(store, "none", &rank, shape), DAGPOLE_OK);
    ck_assert(rank == 2 && shape[0] == 0 && shape[1] == 3);
    ck_assert_int_eq(dp_store_read(store, "none", 'd', 0, NULL), DAGPOLE_OK);
    ck_assert(has(store, "/a/b/i") && has(store, "/a/b") && has(store, "a"));
    ck_assert(!has(store, "/a/x") && !has(store, "/x/y/z") && !has(store, "x"));
    dp_store_close(store);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

/* Real numbers are complex ones, not the other way round. */
START_TEST(complex_numbers) {
    scratch s = scratch_make("a.h5");
    dp_store *store = create(s.path);
    double z[12], d[6];
    int rank, is_complex;
    int64_t shape[4];
    ck_assert_int_eq(dp_store_write(store, "z", 'z', 2, (int64_t[]){3, 1}, numbers), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_write(store, "d", 'd', 1, (int64_t[]){6}, numbers), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_write(store, "none", 'z', 1, (int64_t[]){0}, NULL), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_commit(store), DAGPOLE_OK);
    store = open_store(s.path);
    ck_assert_int_eq(dp_store_shape(store, "z", &rank, shape), DAGPOLE_OK);
    ck_assert(rank == 2 && shape[0] == 3 && shape[1] == 1);
    ck_assert_int_eq(dp_store_is_complex(store, "z", &is_complex), DAGPOLE_OK);
    ck_assert_int_eq(is_complex, 1);
    ck_assert_int_eq(dp_store_is_complex(store, "d", &is_complex), DAGPOLE_OK);
    ck_assert_int_eq(is_complex, 0);
    ck_assert_int_eq(dp_store_is_complex(store, "x", &is_complex), DAGPOLE_FILE);
    ck_assert_int_eq(dp_store_read(store, "z", 'z', 3, z), DAGPOLE_OK);
    ck_assert_mem_eq(z, numbers, sizeof numbers);
    ck_assert_int_eq(dp_store_read(store, "none", 'z', 0, NULL), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_read(store, "d", 'z', 6, z), DAGPOLE_OK);
    for (int i = 0; i < 6; i++)
        ck_assert(z[2 * i] == numbers[i] && z[2 * i + 1] == 0);
    ck_assert_int_eq(dp_store_read(store, "z", 'd', 3, d), DAGPOLE_FILE);
    assert_error_has("holds complex numbers");
    ck_assert_int_eq(dp_store_read(store, "z", 'z', 6, z), DAGPOLE_FILE);
    assert_error_has("holds 3 elements: 6 are needed");
    dp_store_close(store);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(attributes_come_back) {
    scratch s = scratch_make("a.h5");
    write_sample(s.path);
    dp_store *store = open_store(s.path);
    int64_t i;
    double d;
    char text[8] = "xxxxxxx";
    ck_assert_int_eq(dp_store_get_int(store, "seed", &i), DAGPOLE_OK);
    ck_assert(i == INT64_MIN);
    ck_assert_int_eq(dp_store_get_double(store, "lambda", &d), DAGPOLE_OK);
    ck_assert(d == 0.1);
    ck_assert_int_eq(dp_store_get_text(store, "kernel", text, sizeof text), DAGPOLE_OK);
    ck_assert_str_eq(text, "laplace");
    ck_assert_int_eq(dp_store_get_text(store, "kernel", text, 4), DAGPOLE_OK);
    ck_assert_str_eq(text, "lap");
    ck_assert_int_eq(dp_store_get_text(store, "empty", text, sizeof text), DAGPOLE_OK);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(dp_store_get_double(store, "seed", &d), DAGPOLE_OK);
    ck_assert(d == -0x1p63);
    ck_assert_int_eq(dp_store_get_int(store, "none", &i), DAGPOLE_FILE);
    assert_error_has("no attribute 'none'");
    ck_assert_int_eq(dp_store_get_int(store, "lambda", &i), DAGPOLE_FILE);
    ck_assert_int_eq(dp_store_get_double(store, "kernel", &d), DAGPOLE_FILE);
    ck_assert_int_eq(dp_store_get_text(store, "seed", text, sizeof text), DAGPOLE_FILE);
    dp_store_close(store);
    scratch_remove(&s);
}
END_TEST

/* h5py takes it for text, and that of a fixed length for bytes. */
START_TEST(text_is_of_any_length) {
    scratch s = scratch_make("a.h5");
    write_sample(s.path);
    hid_t file = H5Fopen(s.path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t attribute = H5Aopen(file, "kernel", H5P_DEFAULT), type = H5Aget_type(attribute);
    ck_assert(H5Tis_variable_str(type) > 0 && H5Tget_cset(type) == H5T_CSET_UTF8);
    H5Tclose(type);
    H5Aclose(attribute);
    H5Fclose(file);
    scratch_remove(&s);
}
END_TEST

static void write_foreign(const char *path) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t line = H5Screate_simple(1, (hsize_t[]){3}, NULL), scalar = H5Screate(H5S_SCALAR);
    hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, H5T_VARIABLE);
    const char *value = "of any length";
    hid_t attribute = H5Acreate2(file, "text", text, scalar, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, text, &value);
    H5Aclose(attribute);
    hid_t fixed = H5Tcopy(H5T_C_S1);
    H5Tset_size(fixed, sizeof "of a fixed one");
    attribute = H5Acreate2(file, "fixed", fixed, scalar, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, fixed, "of a fixed one");
    H5Aclose(attribute);
    H5Tclose(fixed);
    hid_t f = H5Dcreate2(file, "f", H5T_IEEE_F32BE, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(f, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, (double[]){0.5, -3, 1e30});
    H5Dclose(f);
    hid_t i = H5Dcreate2(file, "i", H5T_STD_I16BE, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(i, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, (int[]){-7, 0, 300});
    H5Dclose(i);
    H5Dclose(H5Dcreate2(file, "t", text, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Dclose(H5Dcreate2(file, "s", H5T_NATIVE_INT, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    hid_t pair = H5Tcreate(H5T_COMPOUND, 16);
    H5Tinsert(pair, "re", 0, H5T_NATIVE_DOUBLE);
    H5Tinsert(pair, "im", 8, H5T_NATIVE_DOUBLE);
    H5Dclose(H5Dcreate2(file, "c", pair, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    hid_t deep = H5Screate_simple(5, (hsize_t[]){1, 1, 1, 1, 1}, NULL);
    H5Dclose(H5Dcreate2(file, "5", H5T_NATIVE_INT, deep, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    hid_t null = H5Screate(H5S_NULL);
    H5Dclose(H5Dcreate2(file, "n", H5T_NATIVE_INT, null, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(file, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    ck_assert_int_ge(H5Fclose(file), 0);
}

START_TEST(types_are_converted) {
    scratch s = scratch_make("a.h5");
    write_foreign(s.path);
    dp_store *store = open_store(s.path);
    double d[3];
    int64_t i[3];
    char text[32];
    ck_assert_int_eq(dp_store_read(store, "f", 'd', 3, d), DAGPOLE_OK);
    ck_assert(d[0] == 0.5 && d[1] == -3 && d[2] == (double)1e30f);
    ck_assert_int_eq(dp_store_read(store, "i", 'd', 3, d), DAGPOLE_OK);
    ck_assert(d[0] == -7 && d[1] == 0 && d[2] == 300);
    ck_assert_int_eq(dp_store_read(store, "i", 'i', 3, i), DAGPOLE_OK);
    ck_assert(i[0] == -7 && i[1] == 0 && i[2] == 300);
    ck_assert_int_eq(dp_store_get_text(store, "text", text, sizeof text), DAGPOLE_OK);
    ck_assert_str_eq(text, "of any length");
    ck_assert_int_eq(dp_store_get_text(store, "fixed", text, sizeof text), DAGPOLE_OK);
    ck_assert_str_eq(text, "of a fixed one");
    dp_store_close(store);
    scratch_remove(&s);
}
END_TEST

START_TEST(what_is_no_array_is_refused) {
    static const char *const cases[][2] = {
        {"t", "text"},          {"c", "compound"},      {"5", "rank 5"},
        {"g", "not a dataset"}, {"n", "no data"},       {"x", "no dataset 'x'"},
        {"g/x", "no dataset"},  {"f/x", "not a group"}, {"x/y", "no dataset"},
    };
    scratch s = scratch_make("a.h5");
    write_foreign(s.path);
    dp_store *store = open_store(s.path);
    int rank;
    int64_t shape[4];
    double d[3];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(dp_store_shape(store, cases[i][0], &rank, shape), DAGPOLE_FILE);
        assert_error_has(cases[i][1]);
        assert_error_has("a.h5");
    }
    ck_assert_int_eq(dp_store_shape(store, "s", &rank, shape), DAGPOLE_OK);
    ck_assert_int_eq(rank, 0);
    ck_assert_int_eq(dp_store_read(store, "f", 'd', 4, d), DAGPOLE_FILE);
    assert_error_has("holds 3 elements: 4 are needed");
    ck_assert_int_eq(dp_store_read(store, "c", 'd', 3, d), DAGPOLE_FILE);
    dp_store_close(store);
    scratch_remove(&s);
}
END_TEST

static herr_t print_nothing(hid_t stack, void *data) {
    (void)stack;
    ++*(int *)data;
    return 0;
}

START_TEST(hdf5_error_handler_is_kept) {
    int n_errors = 0;
    H5E_auto2_t function;
    void *data;
    dp_store *store;
    H5Eset_auto2(H5E_DEFAULT, print_nothing, &n_errors);
    scratch s = scratch_make("a.h5");
    write_foreign(s.path);
    store = open_store(s.path);
    ck_assert(!has(store, "x"));
    dp_store_close(store);
    ck_assert_int_eq(n_errors, 0);
    H5Eget_auto2(H5E_DEFAULT, &function, &data);
    ck_assert(function == print_nothing && data == &n_errors);
    scratch_remove(&s);
}
END_TEST

START_TEST(nothing_is_there_until_commit) {
    scratch s = scratch_make("a.h5");
    dp_store *store = create(s.path);
    ck_assert_int_ne(access(s.path, F_OK), 0);
    ck_assert_int_eq(scratch_count(&s), 1);
    ck_assert_int_eq(dp_store_commit(store), DAGPOLE_OK);
    ck_assert_int_eq(access(s.path, F_OK), 0);
    ck_assert_int_eq(scratch_count(&s), 1);
    scratch_remove(&s);
}
END_TEST

START_TEST(close_without_commit_keeps_the_old) {
    scratch s = scratch_make("a.h5");
    write_sample(s.path);
    dp_store *store = create(s.path);
    ck_assert_int_eq(dp_store_write(store, "new", 'd', 1, (int64_t[]){6}, numbers), DAGPOLE_OK);
    dp_store_close(store);
    ck_assert_int_eq(scratch_count(&s), 1);
    store = open_store(s.path);
    ck_assert(!has(store, "new"));
    ck_assert(has(store, "d"));
    dp_store_close(store);
    dp_store_close(NULL);
    scratch_remove(&s);
}
END_TEST

START_TEST(same_contents_same_bytes) {
    scratch s = scratch_make("a.h5"), t = scratch_make("b.h5");
    write_sample(s.path);
    write_sample(t.path);
    static char a[65536], b[65536];
    FILE *file = fopen(s.path, "rb"), *other = fopen(t.path, "rb");
    size_t n = fread(a, 1, sizeof a, file);
    ck_assert_uint_gt(n, 100);
    ck_assert_uint_eq(fread(b, 1, sizeof b, other), n);
    ck_assert_mem_eq(a, b, n);
    fclose(file);
    fclose(other);
    scratch_remove(&s);
    scratch_remove(&t);
}
END_TEST

/* HDF5's own driver must read what ours wrote, a megabyte across many writes included. */
START_TEST(large_arrays) {
    enum { N = 131072 };
    scratch s = scratch_make("a.h5");
    double *x = dp_alloc(N, sizeof(double)), *y = dp_alloc(N, sizeof(double));
    dp_store *store = create(s.path);
    char name[16];
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < N; i++)
            x[i] = i + 1000.5 * k;
        snprintf(name, sizeof name, "x/%d", k);
        ck_assert_int_eq(dp_store_write(store, name, 'd', 1, (int64_t[]){N}, x), DAGPOLE_OK);
    }
    ck_assert_int_eq(dp_store_commit(store), DAGPOLE_OK);
    store = open_store(s.path);
    ck_assert_int_eq(dp_store_read(store, "x/2", 'd', N, y), DAGPOLE_OK);
    ck_assert_mem_eq(x, y, N * sizeof(double));
    dp_store_close(store);
    dp_free(x);
    dp_free(y);
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("store", 20, arrays_come_back, complex_numbers, attributes_come_back,
           text_is_of_any_length, types_are_converted, what_is_no_array_is_refused,
           hdf5_error_handler_is_kept, nothing_is_there_until_commit,
           close_without_commit_keeps_the_old, same_contents_same_bytes, large_arrays)
