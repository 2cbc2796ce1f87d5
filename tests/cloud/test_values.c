/* Values of more than one number in files of points and of results: complex ones, and vectors. */
#include <hdf5.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "platform/scratch.h"
#include "platform/store.h"
#include "suite.h"

static double numbers[24] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x1.8p-30};
static double charges[4] = {1, -1, 0.1f, 1e30f};

/* ---- points ------------------------------------------------------------------------------- */

/* A file as another program makes it, or one more dataset in it, of doubles in the memory. */
static void add(const char *path, const char *name, hid_t type, hid_t here, int rank,
                const hsize_t *shape, const double *values) {
    hid_t file = strcmp(name, "sources") == 0
                     ? H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)
                     : H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t space = H5Screate_simple(rank, shape, NULL);
    hid_t made = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Dwrite(made, here, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Dclose(made);
    H5Sclose(space);
    ck_assert_int_ge(H5Fclose(file), 0);
}

static void add_real(const char *path, const char *name, int rank, const hsize_t *shape,
                     const double *values) {
    add(path, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, rank, shape, values);
}

static dagpole_status read_for(const scratch *s, dagpole_kernel kernel, dagpole_cloud *cloud) {
    return dagpole_cloud_read_for(s->path, kernel, NULL, cloud);
}

static void must(dagpole_status status) {
    ck_assert_msg(status == DAGPOLE_OK, "%s", dagpole_last_error());
}

static void refused(dagpole_status status, dagpole_status expected, const char *words) {
    ck_assert_int_eq(status, expected);
    assert_error_has(words);
    ck_assert_int_eq(dp_memory_live(), 0);
}

/* As h5py writes complex numbers: two floats of one width, r first. A program may have i first. */
static hid_t make_complex(hid_t part, int has_i_first) {
    size_t bytes = H5Tget_size(part);
    hid_t type = H5Tcreate(H5T_COMPOUND, 2 * bytes);
    H5Tinsert(type, "r", has_i_first ? bytes : 0, part);
    H5Tinsert(type, "i", has_i_first ? 0 : bytes, part);
    return type;
}

static void add_complex(const char *path, const char *name, hid_t type, int rank,
                        const hsize_t *shape, const double *values) {
    hid_t here = make_complex(H5T_NATIVE_DOUBLE, 0);
    add(path, name, type, here, rank, shape, values);
    H5Tclose(here);
}

/* Of any width, order of bytes and order of members; charges, dipoles, several vectors. */
START_TEST(complex_charges) {
    const hid_t parts[] = {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_IEEE_F64BE};
    scratch s = scratch_make("a.h5");
    for (int i = 0; i < 6; i++) {
        dagpole_cloud cloud, back;
        hid_t type = make_complex(parts[i / 2], i % 2);
        const size_t n_vectors = 1 + (size_t)i % 2, bytes = 4 * n_vectors * sizeof(double);
        add_real(s.path, "sources", 2, (hsize_t[]){2, 3}, numbers);
        add_complex(s.path, "charges", type, i % 2 ? 2 : 1, (hsize_t[]){2, 2}, numbers);
        if (i % 2 == 0)
            add_complex(s.path, "dipoles", type, 2, (hsize_t[]){2, 3}, numbers);
        must(read_for(&s, DAGPOLE_HELMHOLTZ, &cloud));
        ck_assert(cloud.kernel == DAGPOLE_HELMHOLTZ && cloud.n_vectors == (int64_t)n_vectors);
        ck_assert_mem_eq(cloud.charges, numbers, bytes);
        if (cloud.dipoles)
            ck_assert_mem_eq(cloud.dipoles, numbers, 12 * sizeof(double));
        must(dagpole_cloud_write(s.path, &cloud));
        must(read_for(&s, DAGPOLE_HELMHOLTZ, &back));
        ck_assert_mem_eq(back.charges, numbers, bytes);
        ck_assert_int_eq(back.dipoles == NULL, i % 2);
        ck_assert_int_eq(cloud.dipoles == NULL, i % 2);
        dagpole_cloud_free(&cloud);
        dagpole_cloud_free(&back);
        refused(dagpole_cloud_read(s.path, &cloud), DAGPOLE_FILE,
                "holds complex numbers: those of the kernel laplace are real");
        assert_error_has("/charges of");
        H5Tclose(type);
    }
    scratch_remove(&s);
}
END_TEST

/* From HDF5 and from text. */
START_TEST(real_charges_of_a_complex_kernel) {
    scratch s = scratch_make("a.h5");
    dagpole_cloud cloud;
    add_real(s.path, "sources", 2, (hsize_t[]){4, 3}, numbers);
    add_real(s.path, "charges", 2, (hsize_t[]){4, 1}, charges);
    for (int is_text = 0; is_text < 2; is_text++) {
        if (is_text)
            scratch_write(&s, "0 0 0 1\n1 0 0 -1\n");
        must(read_for(&s, DAGPOLE_HELMHOLTZ, &cloud));
        ck_assert_int_eq(cloud.n_sources, is_text ? 2 : 4);
        for (int64_t i = 0; i < cloud.n_sources; i++)
            ck_assert(cloud.charges[2 * i] == charges[i] && cloud.charges[2 * i + 1] == 0);
        dagpole_cloud_free(&cloud);
    }
    refused(read_for(&s, (dagpole_kernel)77, &cloud), DAGPOLE_BAD_ARGUMENT,
            "kernel is 77: it must be one of laplace (0)");
    ck_assert_ptr_null(cloud.sources);
    cloud = (dagpole_cloud){.kernel = (dagpole_kernel)77};
    refused(dagpole_cloud_write(s.path, &cloud), DAGPOLE_BAD_ARGUMENT, "77");
    scratch_remove(&s);
}
END_TEST

/* A charge of three numbers: N x 3 or V x N x 3, whatever N is; text has no place for it. */
START_TEST(forces) {
    scratch s = scratch_make("a.h5");
    dagpole_cloud cloud, back;
    for (int64_t v = 1; v <= 2; v++) {
        double stresslets[24];
        for (int i = 0; i < 24; i++)
            stresslets[i] = i;
        cloud = (dagpole_cloud){.n_sources = 4 / v,
                                .sources = numbers,
                                .charges = numbers,
                                .dipoles = stresslets,
                                .n_vectors = v,
                                .kernel = DAGPOLE_STOKES};
        must(dagpole_cloud_write(s.path, &cloud));
        must(read_for(&s, DAGPOLE_STOKES, &back));
        ck_assert(back.n_sources == 4 / v && back.n_vectors == v);
        ck_assert_mem_eq(back.charges, numbers, 12 * sizeof(double));
        ck_assert_mem_eq(back.dipoles, stresslets, sizeof stresslets);
        dagpole_cloud_free(&back);
    }
    add_real(s.path, "sources", 2, (hsize_t[]){3, 3}, numbers);
    add_real(s.path, "charges", 2, (hsize_t[]){3, 3}, numbers);
    must(dagpole_cloud_read(s.path, &back));
    ck_assert_int_eq(back.n_vectors, 3);
    dagpole_cloud_free(&back);
    must(read_for(&s, DAGPOLE_STOKES, &back));
    ck_assert_int_eq(back.n_vectors, 1);
    dagpole_cloud_free(&back);
    add_real(s.path, "sources", 2, (hsize_t[]){4, 3}, numbers);
    add_real(s.path, "charges", 1, (hsize_t[]){4}, charges);
    refused(read_for(&s, DAGPOLE_STOKES, &back), DAGPOLE_FILE,
            "shape 4: 4 x 3 (one charge a source) or V x 4 x 3 (V vectors of them)");
    add_real(s.path, "sources", 2, (hsize_t[]){2, 3}, numbers);
    add_real(s.path, "dipoles", 2, (hsize_t[]){2, 3}, numbers);
    refused(read_for(&s, DAGPOLE_STOKES, &back), DAGPOLE_FILE,
            "shape 2 x 3: 2 x 6 (one dipole a source)");
    scratch_write(&s, "0 0 0 1\n1 0 0 -1\n");
    refused(read_for(&s, DAGPOLE_STOKES, &back), DAGPOLE_FILE,
            "one number for each charge: those of the kernel stokes have 3");
    scratch_remove(&s);
}
END_TEST

/* By the index that the file has. */
START_TEST(numbers_that_are_not_finite) {
    static const struct {
        dagpole_kernel kernel;
        int is_dipole, n_vectors, at;
        const char *words;
    } cases[] = {
        {DAGPOLE_LAPLACE, 0, 1, 3, "/charges[3] of"},
        {DAGPOLE_LAPLACE, 0, 2, 3, "/charges[1][1] of"},
        {DAGPOLE_LAPLACE, 1, 1, 5, "/dipoles[1][2] of"},
        {DAGPOLE_HELMHOLTZ, 0, 1, 3, "/charges[1] of"},
        {DAGPOLE_HELMHOLTZ, 0, 2, 4, "/charges[1][0] of"},
        {DAGPOLE_HELMHOLTZ, 1, 1, 9, "/dipoles[1][1] of"},
        {DAGPOLE_STOKES, 0, 1, 5, "/charges[1][2] of"},
    };
    scratch s = scratch_make("a.h5");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double values[24] = {0};
        dagpole_cloud cloud = {.n_sources = cases[i].n_vectors == 1 ? 4 : 2,
                               .sources = numbers,
                               .n_vectors = cases[i].n_vectors,
                               .kernel = cases[i].kernel};
        *(cases[i].is_dipole ? &cloud.dipoles : &cloud.charges) = values;
        values[cases[i].at] = i % 2 ? INFINITY : NAN;
        must(dagpole_cloud_write(s.path, &cloud));
        refused(read_for(&s, cases[i].kernel, &cloud), DAGPOLE_NUMERIC, cases[i].words);
        assert_error_has(i % 2 ? "inf: it must be finite" : "nan: it must be finite");
        if (cases[i].kernel == DAGPOLE_HELMHOLTZ)
            assert_error_has(cases[i].at % 2 ? "the imaginary part" : "the real part");
    }
    scratch_remove(&s);
}
END_TEST

START_TEST(coordinates_that_are_not_finite) {
    static const char *const words[] = {"sources[1][2] of '", "targets[1][2] of '"};
    double odd[12] = {0}, even[12] = {0};
    scratch s = scratch_make("a.h5");
    odd[5] = NAN;
    for (int i = 0; i < 2; i++) {
        dagpole_cloud cloud = {.n_sources = 4,
                               .sources = i ? even : odd,
                               .charges = charges,
                               .n_targets = 4,
                               .targets = i ? odd : even};
        must(dagpole_cloud_write(s.path, &cloud));
        refused(read_for(&s, DAGPOLE_LAPLACE, &cloud), DAGPOLE_NUMERIC, words[i]);
        assert_error_has(s.path);
        assert_error_has("is nan: it must be finite");
    }
    scratch_remove(&s);
}
END_TEST

/* ---- results ------------------------------------------------------------------------------ */

/* Two targets, with a report and without, one vector and two. */
START_TEST(complex_results) {
    scratch s = scratch_make("a.h5");
    for (int i = 0; i < 4; i++) {
        dagpole_report report = {.size = sizeof report,
                                 .kernel = DAGPOLE_HELMHOLTZ,
                                 .wave_number = 1. / 3,
                                 .damping = 0.1},
                       found = {.size = sizeof found};
        dagpole_results made = {.size = sizeof made,
                                .n_vectors = 1 + i % 2,
                                .n_targets = 2 - i % 2,
                                .potentials = numbers,
                                .gradients = numbers,
                                .kernel = DAGPOLE_HELMHOLTZ,
                                .report = i / 2 ? NULL : &report},
                        back = {.size = sizeof back, .report = &found};
        must(dagpole_results_write(s.path, &made));
        must(dagpole_results_read(s.path, &back));
        ck_assert(back.kernel == DAGPOLE_HELMHOLTZ && found.kernel == DAGPOLE_HELMHOLTZ);
        ck_assert(found.wave_number == (i / 2 ? 0 : 1. / 3) && found.damping == (i / 2 ? 0 : 0.1));
        ck_assert(back.n_targets == made.n_targets && back.n_vectors == made.n_vectors);
        ck_assert_mem_eq(back.potentials, numbers, 4 * sizeof(double));
        ck_assert_mem_eq(back.gradients, numbers, 12 * sizeof(double));
        dagpole_results_free(&back);
        ck_assert_int_eq(back.kernel, 0);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

static dagpole_status read_results(const scratch *s) {
    dagpole_results back = {.size = sizeof back};
    dagpole_status status = dagpole_results_read(s->path, &back);
    ck_assert(status == DAGPOLE_OK || !back.potentials);
    dagpole_results_free(&back);
    return status;
}

/* Numbers of another kind than the kernel's, and arrays that it has not. */
START_TEST(results_that_do_not_fit) {
    scratch s = scratch_make("a.h5");
    const int64_t shape[1] = {4};
    dp_store *store;
    for (int is_complex = 0; is_complex < 2; is_complex++) {
        must(dp_store_create(s.path, &store));
        must(dp_store_set_text(store, "kernel", is_complex ? "yukawa" : "helmholtz"));
        must(dp_store_write(store, "/potentials", is_complex ? 'z' : 'd', 1, shape, numbers));
        must(dp_store_commit(store));
        refused(read_results(&s), DAGPOLE_FILE,
                is_complex ? "complex numbers: those of the kernel yukawa are real"
                           : "real numbers: those of the kernel helmholtz are complex");
        assert_error_has("/potentials of");
    }
    dagpole_report report = {.size = sizeof report, .kernel = DAGPOLE_YUKAWA};
    dagpole_results results = {.size = sizeof results,
                               .n_targets = 2,
                               .potentials = numbers,
                               .pressures = numbers,
                               .report = &report};
    refused(dagpole_results_write(s.path, &results), DAGPOLE_BAD_ARGUMENT, "the kernel is yukawa");
    results.pressures = results.gradients = NULL;
    must(dagpole_results_write(s.path, &results));
    must(read_results(&s));
    results.report = NULL;
    results.kernel = (dagpole_kernel)77;
    refused(dagpole_results_write(s.path, &results), DAGPOLE_BAD_ARGUMENT,
            "kernel of the results is 77");
    scratch_remove(&s);
}
END_TEST

/* Velocities M x 3, their gradients M x 3 x 3, pressures M; of two vectors with an axis more. */
/* So many that their bytes wrap around to few; no byte of them is in the file. */
START_TEST(more_than_memory_can_count) {
    static const hsize_t shapes[][3] = {
        {((hsize_t)1 << 62) + 105}, {(hsize_t)1 << 41}, {(hsize_t)1 << 60, 2}};
    for (int i = 0; i < 3; i++) {
        scratch s = scratch_make("results.h5");
        dagpole_results results = {.size = sizeof results};
        hid_t file = H5Fcreate(s.path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        hid_t space = H5Screate_simple(i < 2 ? 1 : 2, shapes[i], NULL);
        H5Dclose(H5Dcreate2(file, "potentials", H5T_STD_I8LE, space, H5P_DEFAULT, H5P_DEFAULT,
                            H5P_DEFAULT));
        H5Sclose(space);
        ck_assert_int_ge(H5Fclose(file), 0);
        refused(dagpole_results_read(s.path, &results), DAGPOLE_FILE, "2^40 values at most");
        scratch_remove(&s);
    }
}
END_TEST

START_TEST(results_of_flow) {
    scratch s = scratch_make("a.h5");
    double velocities[12], gradients[36];
    for (int i = 0; i < 36; i++)
        velocities[i % 12] = gradients[i] = i;
    for (int64_t v = 1; v <= 2; v++) {
        dagpole_results made = {.size = sizeof made,
                                .n_targets = 4 / v,
                                .n_vectors = v,
                                .potentials = velocities,
                                .gradients = gradients,
                                .pressures = charges,
                                .kernel = DAGPOLE_STOKES},
                        back = {.size = sizeof back};
        dp_store *store;
        int rank;
        int64_t shape[4];
        must(dagpole_results_write(s.path, &made));
        must(dagpole_results_read(s.path, &back));
        ck_assert(back.n_targets == 4 / v && back.n_vectors == v);
        ck_assert_mem_eq(back.potentials, velocities, sizeof velocities);
        ck_assert_mem_eq(back.gradients, gradients, sizeof gradients);
        ck_assert_mem_eq(back.pressures, charges, sizeof charges);
        dagpole_results_free(&back);
        must(dp_store_open(s.path, &store));
        must(dp_store_shape(store, "/gradients", &rank, shape));
        ck_assert(rank == 2 + v && shape[rank - 1] == 3 && shape[rank - 2] == 3);
        must(dp_store_shape(store, "/pressures", &rank, shape));
        ck_assert_int_eq(rank, v);
        dp_store_close(store);
    }
    dagpole_results older = {.size = offsetof(dagpole_results, pressures)};
    must(dagpole_results_read(s.path, &older));
    ck_assert_ptr_null(older.pressures);
    dagpole_results_free(&older);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

/* Of text, whose numbers become complex, of points and of results. */
static dagpole_status read_all(const scratch *text, const scratch *s) {
    dagpole_cloud cloud;
    dagpole_results results = {.size = sizeof results};
    dagpole_status status = read_for(text, DAGPOLE_HELMHOLTZ, &cloud);
    if (status != DAGPOLE_OK)
        return status;
    status = dagpole_cloud_write(s->path, &cloud);
    dagpole_cloud_free(&cloud);
    if (status == DAGPOLE_OK)
        status = read_for(s, DAGPOLE_HELMHOLTZ, &cloud);
    dagpole_cloud_free(&cloud);
    dagpole_results made = {.size = sizeof made,
                            .n_targets = 2,
                            .potentials = numbers,
                            .pressures = charges,
                            .kernel = DAGPOLE_STOKES};
    if (status == DAGPOLE_OK)
        status = dagpole_results_write(s->path, &made);
    if (status == DAGPOLE_OK)
        status = dagpole_results_read(s->path, &results);
    dagpole_results_free(&results);
    return status;
}

START_TEST(memory_that_runs_out) {
    scratch text = scratch_make("a.txt"), s = scratch_make("a.h5");
    scratch_write(&text, "0 0 0 1\n1 0 0 -1\n");
    dp_memory_fail_at(0, 0);
    must(read_all(&text, &s));
    int64_t n = dp_memory_count();
    ck_assert_int_ge(n, 10);
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(read_all(&text, &s), DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), 0);
    }
    scratch_remove(&text);
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("values", 20, complex_charges, real_charges_of_a_complex_kernel, forces,
           numbers_that_are_not_finite, coordinates_that_are_not_finite, complex_results,
           results_that_do_not_fit, more_than_memory_can_count, results_of_flow,
           memory_that_runs_out)
