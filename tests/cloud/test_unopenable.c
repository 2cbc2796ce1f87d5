/* HDF5 files in which something is there and cannot be opened. It is never taken for absent. */
#include <hdf5.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "platform/scratch.h"
#include "suite.h"

static const double points[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static hid_t create(const char *path, const char *group) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST); /* checksums everywhere */
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (group)
        H5Gclose(H5Gcreate2(file, group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    return file;
}

static void put(hid_t file, const char *name, int rank, hid_t properties) {
    hid_t space = H5Screate_simple(rank, (hsize_t[]){4, 3}, NULL);
    hid_t made =
        H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    ck_assert_int_ge(H5Dwrite(made, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, points), 0);
    H5Dclose(made);
    H5Sclose(space);
}

/* What may stand where a dataset is expected, and the words that explain it. */
enum { SOFT, EXTERNAL_FILE, EXTERNAL_NAME, GROUP, TYPE, LINK_TO_GROUP, N_KINDS };
static const char *const explanations[N_KINDS][2] = {
    {"soft link", "/nowhere"}, {"external link", "missing.h5"}, {"external link", "/nowhere"},
    {"is a group", "dataset"}, {"is a named type", "dataset"},  {"is a group", "dataset"},
};

static void put_odd(hid_t file, const char *name, int kind) {
    hid_t type = H5Tcopy(H5T_NATIVE_INT);
    if (kind == SOFT)
        H5Lcreate_soft("/nowhere", file, name, H5P_DEFAULT, H5P_DEFAULT);
    else if (kind == EXTERNAL_FILE)
        H5Lcreate_external("missing.h5", "/targets", file, name, H5P_DEFAULT, H5P_DEFAULT);
    else if (kind == EXTERNAL_NAME)
        H5Lcreate_external("other.h5", "/nowhere", file, name, H5P_DEFAULT, H5P_DEFAULT);
    else if (kind == GROUP)
        H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    else if (kind == TYPE)
        H5Tcommit2(file, name, type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    else
        H5Lcreate_soft("/", file, name, H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(type);
}

static void assert_explained(const char *path, const char *dataset, int kind) {
    dagpole_cloud cloud = {0};
    dagpole_results results = {.size = sizeof results};
    int is_result = strstr(dataset, "/gradients") || strstr(dataset, "/potentials");
    dagpole_status status =
        is_result ? dagpole_results_read(path, &results) : dagpole_cloud_read(path, &cloud);
    ck_assert_msg(status == DAGPOLE_FILE, "%s of kind %d: %s", dataset, kind,
                  dagpole_status_name(status));
    assert_error_has("a.h5");
    assert_error_has(dataset);
    assert_error_has(explanations[kind][0]);
    assert_error_has(explanations[kind][1]);
    ck_assert_int_eq(dp_memory_live(), 0);
}

/* All datasets of a layout are there, and number `odd` is of that kind. */
static void check_layout(const char *group, int n, const char *const *names, const int *ranks) {
    scratch s = scratch_make("a.h5");
    char other[1024];
    snprintf(other, sizeof other, "%s/other.h5", s.directory);
    H5Fclose(create(other, NULL));
    for (int odd = 0; odd < n; odd++)
        for (int kind = 0; kind < N_KINDS; kind++) {
            hid_t file = create(s.path, group);
            for (int i = 0; i < n; i++)
                if (i == odd)
                    put_odd(file, names[i], kind);
                else
                    put(file, names[i], ranks[i], H5P_DEFAULT);
            ck_assert_int_ge(H5Fclose(file), 0);
            assert_explained(s.path, names[odd], kind);
        }
    scratch_remove(&s);
}

START_TEST(every_dataset_of_every_layout) {
    static const char *const own[] = {"/sources", "/charges", "/targets"};
    static const char *const theirs[] = {"particle_data/sources", "particle_data/source_densities",
                                         "particle_data/targets"};
    static const char *const results[] = {"/potentials", "/gradients"};
    check_layout(NULL, 3, own, (int[]){2, 1, 2});
    check_layout("particle_data", 3, theirs, (int[]){2, 1, 2});
    check_layout(NULL, 2, results, (int[]){1, 2});
}
END_TEST

START_TEST(a_group_that_cannot_be_opened) {
    scratch s = scratch_make("a.h5");
    dagpole_cloud cloud;
    hid_t file = create(s.path, NULL);
    H5Lcreate_soft("/nowhere", file, "particle_data", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_FILE);
    assert_error_has("'particle_data'");
    assert_error_has("/nowhere");
    file = create(s.path, NULL);
    put(file, "particle_data", 2, H5P_DEFAULT);
    H5Fclose(file);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_FILE);
    assert_error_has("'particle_data'");
    assert_error_has("not a group");
    scratch_remove(&s);
}
END_TEST

static void flip(const char *path, long at) {
    FILE *file = fopen(path, "r+b");
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 0x55, file);
    fclose(file);
}

/* Wherever a byte is damaged: targets and gradients do not vanish. */
START_TEST(damage_takes_nothing_away) {
    scratch s = scratch_make("a.h5");
    struct stat info;
    int n_failed = 0;
    hid_t file = create(s.path, NULL);
    put(file, "sources", 2, H5P_DEFAULT);
    put(file, "charges", 1, H5P_DEFAULT);
    put(file, "targets", 2, H5P_DEFAULT);
    put(file, "potentials", 1, H5P_DEFAULT);
    put(file, "gradients", 2, H5P_DEFAULT);
    hid_t scalar = H5Screate(H5S_SCALAR);
    hid_t digits = H5Acreate2(file, "digits", H5T_STD_I32LE, scalar, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(digits, H5T_NATIVE_INT, &(int){9});
    H5Aclose(digits);
    H5Sclose(scalar);
    H5Fclose(file);
    ck_assert_int_eq(stat(s.path, &info), 0);
    for (long at = 0; at < info.st_size; at += 3) {
        dagpole_cloud cloud;
        dagpole_report report = {.size = sizeof report};
        dagpole_results results = {.size = sizeof results, .report = &report};
        flip(s.path, at);
        dagpole_status status = dagpole_cloud_read(s.path, &cloud);
        ck_assert(status == DAGPOLE_FILE || (status == DAGPOLE_OK && cloud.targets));
        n_failed += status != DAGPOLE_OK;
        dagpole_cloud_free(&cloud);
        status = dagpole_results_read(s.path, &results);
        ck_assert_msg(status == DAGPOLE_FILE || (results.gradients && report.digits == 9),
                      "byte %ld", at);
        dagpole_results_free(&results);
        flip(s.path, at);
    }
    ck_assert_int_gt(n_failed, 50);
    scratch_remove(&s);
}
END_TEST

static size_t pass(unsigned flags, size_t n, const unsigned values[], size_t bytes, size_t *room,
                   void **buffer) {
    (void)flags, (void)n, (void)values, (void)room, (void)buffer;
    return bytes;
}

/* As h5py's lzf, which is registered by Python and by nobody else. */
START_TEST(a_filter_that_is_missing_is_named) {
    const H5Z_class2_t lzf = {H5Z_CLASS_T_VERS, 32000, 1, 1, "lzf", NULL, NULL, pass};
    scratch s = scratch_make("a.h5");
    dagpole_cloud cloud;
    hid_t compressed = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(compressed, 2, (hsize_t[]){4, 3});
    ck_assert_int_ge(H5Zregister(&lzf), 0);
    H5Pset_filter(compressed, 32000, H5Z_FLAG_OPTIONAL, 0, NULL);
    hid_t file = create(s.path, NULL);
    put(file, "sources", 2, H5P_DEFAULT);
    put(file, "charges", 1, H5P_DEFAULT);
    put(file, "targets", 2, compressed);
    H5Fclose(file);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_OK);
    dagpole_cloud_free(&cloud);
    H5Zunregister(32000);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_FILE);
    assert_error_has("/targets");
    assert_error_has("'lzf'");
    assert_error_has("32000");
    H5Pclose(compressed);
    scratch_remove(&s);
}
END_TEST

/* HDF5 itself gives zeros for the parts of a virtual dataset that it does not find. */
START_TEST(a_virtual_dataset_needs_its_parts) {
    scratch s = scratch_make("a.h5");
    char part[1024];
    dagpole_cloud cloud;
    snprintf(part, sizeof part, "%s/part.h5", s.directory);
    hid_t file = create(part, NULL);
    put(file, "x", 2, H5P_DEFAULT);
    H5Fclose(file);
    hid_t space = H5Screate_simple(2, (hsize_t[]){4, 3}, NULL);
    for (int i = 0; i < 4; i++) {
        static const char *const files[] = {"part.h5", "part.h5", "missing.h5", "."};
        static const char *const names[] = {"x", "missing", "x", "sources"};
        hid_t of_parts = H5Pcreate(H5P_DATASET_CREATE);
        H5Pset_virtual(of_parts, space, files[i], names[i], space);
        file = create(s.path, NULL);
        put(file, "sources", 2, H5P_DEFAULT);
        put(file, "charges", 1, H5P_DEFAULT);
        H5Dclose(
            H5Dcreate2(file, "targets", H5T_IEEE_F64LE, space, H5P_DEFAULT, of_parts, H5P_DEFAULT));
        H5Fclose(file);
        H5Pclose(of_parts);
        int is_whole = i == 0 || i == 3;
        dagpole_status status = dagpole_cloud_read(s.path, &cloud);
        ck_assert_msg(status == (is_whole ? DAGPOLE_OK : DAGPOLE_FILE), "case %d: %s", i,
                      dagpole_last_error());
        if (is_whole)
            ck_assert_mem_eq(cloud.targets, points, sizeof points);
        else
            assert_error_has(i == 1 ? "'missing' of 'part.h5'" : "'x' of 'missing.h5'");
        dagpole_cloud_free(&cloud);
    }
    H5Sclose(space);
    scratch_remove(&s);
}
END_TEST

/* Of a file whose writer was killed; a value chosen for all of them is as good as written. */
START_TEST(numbers_that_were_never_written) {
    static const double one = 1;
    scratch s = scratch_make("a.h5");
    for (int is_chunked = 0; is_chunked < 2; is_chunked++)
        for (int has_fill = 0; has_fill < 2; has_fill++) {
            dagpole_cloud cloud;
            hid_t file = create(s.path, NULL), properties = H5Pcreate(H5P_DATASET_CREATE),
                  space = H5Screate_simple(1, (hsize_t[]){4}, NULL);
            if (is_chunked)
                H5Pset_chunk(properties, 1, (hsize_t[]){2});
            if (has_fill)
                H5Pset_fill_value(properties, H5T_NATIVE_DOUBLE, &one);
            put(file, "sources", 2, H5P_DEFAULT);
            H5Dclose(H5Dcreate2(file, "charges", H5T_IEEE_F64LE, space, H5P_DEFAULT, properties,
                                H5P_DEFAULT));
            H5Fclose(file);
            H5Pclose(properties);
            H5Sclose(space);
            dagpole_status status = dagpole_cloud_read(s.path, &cloud);
            ck_assert_int_eq(status, has_fill ? DAGPOLE_OK : DAGPOLE_FILE);
            if (has_fill)
                ck_assert(cloud.charges[0] == 1 && cloud.charges[3] == 1);
            else
                assert_error_has("no number was ever written");
            dagpole_cloud_free(&cloud);
        }
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("unopenable", 60, every_dataset_of_every_layout, a_group_that_cannot_be_opened,
           damage_takes_nothing_away, a_filter_that_is_missing_is_named,
           a_virtual_dataset_needs_its_parts, numbers_that_were_never_written)
