#include <hdf5.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "platform/scratch.h"
#include "suite.h"

static const double points[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x1.8p-30};
static const double charges[4] = {1, -1, 0.1f, 1e30f};

/* A file as another program makes it; `values` holds as many numbers as the shape says. */
typedef struct dataset {
    const char *name;
    int rank;
    hsize_t shape[3];
    const double *values;
} dataset;

static void write_foreign(const char *path, hid_t type, int n, const dataset *datasets) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    for (int i = 0; i < n; i++) {
        const dataset *d = &datasets[i];
        hid_t space = H5Screate_simple(d->rank, d->shape, NULL);
        hid_t made = H5Dcreate2(file, d->name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
        ck_assert_int_ge(made, 0);
        if (H5Tget_class(type) == H5T_FLOAT && H5Sget_simple_extent_npoints(space) > 0)
            H5Dwrite(made, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, d->values);
        H5Dclose(made);
        H5Sclose(space);
    }
    H5Pclose(links);
    ck_assert_int_ge(H5Fclose(file), 0);
}

static void assert_failed_read(const char *path, const char *words) {
    dagpole_cloud cloud = {.n_sources = 9}, zero = {0};
    ck_assert_int_eq(dagpole_cloud_read(path, &cloud), DAGPOLE_FILE);
    assert_error_has(words);
    ck_assert_mem_eq(&cloud, &zero, sizeof zero);
    ck_assert_int_eq(dp_memory_live(), 0);
}

static void assert_read(const char *path, dagpole_cloud *cloud) {
    ck_assert_msg(dagpole_cloud_read(path, cloud) == DAGPOLE_OK, "%s", dagpole_last_error());
}

START_TEST(clouds_come_back) {
    scratch s = scratch_make("a.h5");
    dagpole_cloud made, back;
    ck_assert_int_eq(dagpole_cloud_generate("plummer", 500, 3, "mixed", &made), DAGPOLE_OK);
    for (int with_targets = 0; with_targets < 2; with_targets++) {
        if (with_targets) {
            made.targets = dp_alloc_copy(points, 12, sizeof(double));
            made.n_targets = 4;
        }
        ck_assert_int_eq(dagpole_cloud_write(s.path, &made), DAGPOLE_OK);
        assert_read(s.path, &back);
        ck_assert_int_eq(back.n_sources, 500);
        ck_assert_mem_eq(back.sources, made.sources, 1500 * sizeof(double));
        ck_assert_mem_eq(back.charges, made.charges, 500 * sizeof(double));
        ck_assert_int_eq(back.n_targets, with_targets ? 4 : 500);
        ck_assert_int_eq(back.targets != NULL, with_targets);
        if (with_targets)
            ck_assert_mem_eq(back.targets, points, sizeof points);
        dagpole_cloud_free(&back);
    }
    dagpole_cloud_free(&made);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(empty_clouds_come_back) {
    scratch s = scratch_make("a.h5");
    dagpole_cloud empty = {0}, back;
    ck_assert_int_eq(dagpole_cloud_write(s.path, &empty), DAGPOLE_OK);
    assert_read(s.path, &back);
    ck_assert(back.n_sources == 0 && back.n_targets == 0 && !back.targets);
    dagpole_cloud_free(&back);
    double nothing;
    empty.targets = &nothing;
    ck_assert_int_eq(dagpole_cloud_write(s.path, &empty), DAGPOLE_OK);
    assert_read(s.path, &back);
    ck_assert(back.n_targets == 0 && back.targets);
    dagpole_cloud_free(&back);
    scratch_remove(&s);
}
END_TEST

START_TEST(float32_is_widened) {
    const dataset datasets[] = {{"sources", 2, {4, 3}, points}, {"charges", 1, {4}, charges}};
    scratch s = scratch_make("a.h5");
    dagpole_cloud cloud;
    write_foreign(s.path, H5T_IEEE_F32LE, 2, datasets);
    assert_read(s.path, &cloud);
    ck_assert_mem_eq(cloud.sources, points, sizeof points);
    ck_assert_mem_eq(cloud.charges, charges, sizeof charges);
    dagpole_cloud_free(&cloud);
    scratch_remove(&s);
}
END_TEST

START_TEST(pyexafmm_files_are_read) {
    dataset datasets[] = {{"particle_data/sources", 2, {4, 3}, points},
                          {"particle_data/source_densities", 2, {4, 1}, charges},
                          {"particle_data/targets", 2, {4, 3}, points}};
    scratch s = scratch_make("a.h5");
    dagpole_cloud cloud;
    write_foreign(s.path, H5T_IEEE_F32LE, 3, datasets);
    assert_read(s.path, &cloud);
    ck_assert_int_eq(cloud.n_sources, 4);
    ck_assert_mem_eq(cloud.sources, points, sizeof points);
    ck_assert_mem_eq(cloud.charges, charges, sizeof charges);
    ck_assert_ptr_null(cloud.targets);
    ck_assert_int_eq(cloud.n_targets, 4);
    dagpole_cloud_free(&cloud);
    datasets[2].values = charges; /* 1 x 3, other points */
    datasets[2].shape[0] = 1;
    datasets[1].rank = 1;
    write_foreign(s.path, H5T_IEEE_F64LE, 3, datasets);
    assert_read(s.path, &cloud);
    ck_assert_int_eq(cloud.n_targets, 1);
    ck_assert_mem_eq(cloud.targets, charges, 3 * sizeof(double));
    dagpole_cloud_free(&cloud);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

/* V x N, also where one of them is 1, and where N x 1 could be meant. */
START_TEST(vectors_of_charges) {
    static const struct {
        hsize_t n_sources, rows, columns;
        int64_t n_vectors;
    } cases[] = {{4, 1, 4, 1}, {2, 2, 2, 2}, {4, 3, 4, 3},
                 {1, 4, 1, 4}, {1, 1, 1, 1}, {4, 4, 1, 1}};
    scratch s = scratch_make("a.h5");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dagpole_cloud cloud, back;
        const dataset datasets[] = {{"sources", 2, {cases[i].n_sources, 3}, points},
                                    {"charges", 2, {cases[i].rows, cases[i].columns}, points}};
        write_foreign(s.path, H5T_IEEE_F64LE, 2, datasets);
        assert_read(s.path, &cloud);
        ck_assert_int_eq(cloud.n_vectors, cases[i].n_vectors);
        size_t bytes = (size_t)(cases[i].rows * cases[i].columns) * sizeof(double);
        ck_assert_mem_eq(cloud.charges, points, bytes);
        ck_assert_int_eq(dagpole_cloud_write(s.path, &cloud), DAGPOLE_OK);
        assert_read(s.path, &back);
        ck_assert_int_eq(back.n_vectors, cases[i].n_vectors);
        ck_assert_mem_eq(back.charges, points, bytes);
        dagpole_cloud_free(&cloud);
        dagpole_cloud_free(&back);
    }
    dagpole_cloud cloud = {
        .n_sources = 4, .sources = (double *)points, .charges = (double *)charges, .n_vectors = -1};
    ck_assert_int_eq(dagpole_cloud_write(s.path, &cloud), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("n_vectors is -1");
    cloud.n_vectors = INT64_MAX;
    ck_assert_int_eq(dagpole_cloud_write(s.path, &cloud), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

/* With charges or alone, one vector or several, in their own dataset or in one that is named. */
START_TEST(dipoles) {
    static const struct {
        int n, n_carried; /* datasets, and how many sources */
        dataset charges, dipoles;
        const char *named;
        int64_t n_vectors;
        const char *from;
    } cases[] = {
        {2, 4, {0}, {"dipoles", 2, {4, 3}, points}, NULL, 1, "/dipoles"},
        {2, 2, {0}, {"dipoles", 3, {2, 2, 3}, points}, NULL, 2, "/dipoles"},
        {2, 4, {0}, {"n/normals", 2, {4, 3}, points}, "n/normals", 1, "n/normals"},
        {3,
         4,
         {"charges", 1, {4}, charges},
         {"dipoles", 2, {4, 3}, points},
         NULL,
         1,
         "/charges, /dipoles"},
        {3,
         2,
         {"charges", 2, {2, 2}, charges},
         {"d", 3, {2, 2, 3}, points},
         "/d",
         2,
         "/charges, /d"},
    };
    scratch s = scratch_make("a.h5");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dagpole_cloud cloud, back;
        const dataset all[] = {{"sources", 2, {(hsize_t)cases[i].n_carried, 3}, points},
                               cases[i].dipoles,
                               cases[i].charges};
        write_foreign(s.path, H5T_IEEE_F64LE, cases[i].n, all);
        if (cases[i].named)
            ck_assert_int_eq(dagpole_cloud_read_dipoles(s.path, cases[i].named, &cloud),
                             DAGPOLE_OK);
        else
            assert_read(s.path, &cloud);
        ck_assert_int_eq(cloud.n_vectors, cases[i].n_vectors);
        ck_assert_str_eq(cloud.charges_from, cases[i].from);
        ck_assert_int_eq(cloud.charges != NULL, cases[i].n == 3);
        size_t bytes = 3 * (size_t)(cases[i].n_carried * cases[i].n_vectors) * sizeof(double);
        ck_assert_mem_eq(cloud.dipoles, points, bytes);
        ck_assert_int_eq(dagpole_cloud_write(s.path, &cloud), DAGPOLE_OK);
        assert_read(s.path, &back);
        ck_assert_int_eq(back.n_vectors, cases[i].n_vectors);
        ck_assert_int_eq(back.charges != NULL, cases[i].n == 3);
        ck_assert_mem_eq(back.dipoles, points, bytes);
        dagpole_cloud_free(&cloud);
        dagpole_cloud_free(&back);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(dipoles_that_do_not_fit) {
    static const struct {
        dataset dipoles;
        const char *words;
    } cases[] = {
        {{"dipoles", 2, {3, 3}, points}, "3 x 3: 4 x 3 (one dipole"},
        {{"dipoles", 2, {4, 2}, points}, "4 x 2: 4 x 3"},
        {{"dipoles", 1, {12}, points}, "12: 4 x 3"},
        {{"dipoles", 3, {1, 3, 4}, points}, "1 x 3 x 4: 4 x 3"},
        {{"dipoles", 3, {0, 4, 3}, points}, "0 x 4 x 3: 4 x 3"},
        {{"dipoles", 0, {0}, points}, "one number"},
    };
    scratch s = scratch_make("a.h5");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const dataset all[] = {{"sources", 2, {4, 3}, points}, cases[i].dipoles};
        write_foreign(s.path, H5T_IEEE_F64LE, 2, all);
        assert_failed_read(s.path, cases[i].words);
        assert_error_has("/dipoles of");
    }
    const dataset two[] = {{"sources", 2, {2, 3}, points},
                           {"dipoles", 3, {2, 2, 3}, points},
                           {"charges", 1, {2}, charges}};
    write_foreign(s.path, H5T_IEEE_F64LE, 3, two);
    assert_failed_read(s.path, "2 vectors of dipoles, but there are 1 of charges");
    dagpole_cloud cloud;
    ck_assert_int_eq(dagpole_cloud_read_dipoles(s.path, "/no", &cloud), DAGPOLE_FILE);
    assert_error_has("'/no'");
    ck_assert_int_eq(dagpole_cloud_read_dipoles(s.path, NULL, &cloud), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(wrong_shapes_are_named) {
    static const struct {
        dataset sources, charges, targets;
        const char *words;
    } cases[] = {
        {{"sources", 2, {5, 2}, points}, {"charges", 1, {4}, charges}, {0}, "5 x 2: N x 3"},
        {{"sources", 1, {12}, points}, {"charges", 1, {4}, charges}, {0}, "12: N x 3"},
        {{"sources", 3, {2, 2, 3}, points}, {"charges", 1, {4}, charges}, {0}, "2 x 2 x 3: N"},
        {{"sources", 2, {4, 3}, points}, {"charges", 1, {3}, charges}, {0}, "/charges of"},
        {{"sources", 2, {4, 3}, points}, {"charges", 1, {3}, charges}, {0}, "shape 3: 4 (one"},
        {{"sources", 2, {4, 3}, points}, {"charges", 2, {4, 3}, points}, {0}, "4 x 3: 4 (one"},
        {{"sources", 2, {4, 3}, points}, {"charges", 0, {0}, charges}, {0}, "one number"},
        {{"sources", 2, {4, 3}, points},
         {"charges", 1, {4}, charges},
         {"targets", 2, {3, 4}, points},
         "/targets of"},
    };
    scratch s = scratch_make("a.h5");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const dataset all[] = {cases[i].sources, cases[i].charges, cases[i].targets};
        write_foreign(s.path, H5T_IEEE_F64LE, all[2].name ? 3 : 2, all);
        assert_failed_read(s.path, cases[i].words);
        assert_error_has("a.h5");
    }
    scratch_remove(&s);
}
END_TEST

START_TEST(what_is_missing_is_named) {
    const dataset datasets[] = {{"sources", 2, {4, 3}, points}, {"charges", 1, {4}, charges}};
    scratch s = scratch_make("a.h5");
    write_foreign(s.path, H5T_IEEE_F64LE, 1, datasets);
    assert_failed_read(s.path, "no dataset '/charges'");
    write_foreign(s.path, H5T_IEEE_F64LE, 1, datasets + 1);
    assert_failed_read(s.path, "neither /sources nor particle_data/sources");
    scratch_remove(&s);
}
END_TEST

START_TEST(wrong_types_are_named) {
    const dataset datasets[] = {{"sources", 2, {4, 3}, points}, {"charges", 1, {4}, charges}};
    scratch s = scratch_make("a.h5");
    hid_t text = H5Tcopy(H5T_C_S1), complex = H5Tcreate(H5T_COMPOUND, 16);
    H5Tset_size(text, 8);
    H5Tinsert(complex, "r", 0, H5T_NATIVE_DOUBLE);
    H5Tinsert(complex, "i", 8, H5T_NATIVE_DOUBLE);
    write_foreign(s.path, text, 2, datasets);
    assert_failed_read(s.path, "text");
    write_foreign(s.path, complex, 2, datasets);
    assert_failed_read(s.path, "'/sources' of");
    assert_error_has("holds complex numbers");
    H5Tinsert(complex = H5Tcreate(H5T_COMPOUND, 16), "a", 0, H5T_NATIVE_DOUBLE);
    H5Tinsert(complex, "b", 8, H5T_NATIVE_DOUBLE);
    write_foreign(s.path, complex, 2, datasets);
    assert_failed_read(s.path, "compound");
    scratch_remove(&s);
}
END_TEST

START_TEST(truncated_files) {
    scratch s = scratch_make("a.h5");
    dagpole_cloud made;
    ck_assert_int_eq(dagpole_cloud_generate("cube", 300, 3, "mixed", &made), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_cloud_write(s.path, &made), DAGPOLE_OK);
    dagpole_cloud_free(&made);
    struct stat info;
    ck_assert_int_eq(stat(s.path, &info), 0);
    for (off_t length = info.st_size - 1; length >= 0; length -= length < 200 ? 7 : 371) {
        ck_assert_int_eq(truncate(s.path, length), 0);
        assert_failed_read(s.path, "a.h5");
    }
    scratch_remove(&s);
}
END_TEST

START_TEST(paths_that_cannot_be_read) {
    scratch s = scratch_make("a.h5");
    assert_failed_read(s.path, "No such file or directory");
    assert_failed_read(s.directory, "it is a directory");
    assert_failed_read("", "No such file or directory");
    dagpole_cloud cloud;
    ck_assert_int_eq(dagpole_cloud_read(NULL, &cloud), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_cloud_read(s.path, NULL), DAGPOLE_BAD_ARGUMENT);
    scratch_remove(&s);
}
END_TEST

START_TEST(clouds_that_cannot_be_written) {
    double x[3] = {0};
    scratch s = scratch_make("a.h5");
    const dagpole_cloud bad[] = {
        {.n_sources = -1},
        {.n_sources = INT64_MAX, .sources = x, .charges = x},
        {.n_sources = 1, .sources = x},
        {.n_sources = 1, .charges = x},
        {.n_sources = 1, .sources = x, .charges = x, .n_targets = 2},
        {.n_sources = 1, .sources = x, .charges = x, .n_targets = -2, .targets = x},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(dagpole_cloud_write(s.path, &bad[i]), DAGPOLE_BAD_ARGUMENT);
    const dagpole_cloud good = {.n_sources = 1, .sources = x, .charges = x};
    ck_assert_int_eq(dagpole_cloud_write(NULL, &good), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_cloud_write(s.path, NULL), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(scratch_count(&s), 0);
    ck_assert_int_eq(dagpole_cloud_write(s.directory, &good), DAGPOLE_FILE);
    ck_assert_int_eq(dagpole_cloud_write("/dev/null/a.h5", &good), DAGPOLE_FILE);
    scratch_limit_files(100);
    dagpole_status status = dagpole_cloud_write(s.path, &good);
    scratch_limit_files(-1);
    ck_assert_int_eq(status, DAGPOLE_FILE);
    dagpole_remove_temporaries();
    ck_assert_int_eq(scratch_count(&s), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(memory_that_runs_out) {
    scratch s = scratch_make("a.h5");
    const dagpole_cloud made = {.n_sources = 4,
                                .n_targets = 4,
                                .sources = (double *)points,
                                .charges = (double *)charges,
                                .targets = (double *)points};
    dagpole_cloud cloud;
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(dagpole_cloud_write(s.path, &made), DAGPOLE_OK);
    assert_read(s.path, &cloud);
    dagpole_cloud_free(&cloud);
    int64_t n = dp_memory_count();
    ck_assert_int_ge(n, 5);
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = dagpole_cloud_write(s.path, &made);
        if (status == DAGPOLE_OK)
            status = dagpole_cloud_read(s.path, &cloud);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), 0);
    }
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("hdf5", 20, clouds_come_back, empty_clouds_come_back, float32_is_widened,
           pyexafmm_files_are_read, vectors_of_charges, dipoles, dipoles_that_do_not_fit,

           wrong_shapes_are_named, what_is_missing_is_named, wrong_types_are_named, truncated_files,
           paths_that_cannot_be_read, clouds_that_cannot_be_written, memory_that_runs_out)
