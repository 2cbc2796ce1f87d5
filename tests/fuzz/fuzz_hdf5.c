/* The HDF5 readers of points and results. The first byte of the input says what makes the file:
 * bytes changed in a sound one, or a description of what another program might have written. */
#include <hdf5.h>

#include "fuzz.h"

static const char *const names[] = {"/sources",
                                    "/charges",
                                    "/targets",
                                    "/potentials",
                                    "/gradients",
                                    "/pressures",
                                    "/dipoles",
                                    "/particle_data/sources",
                                    "/particle_data/source_densities",
                                    "/particle_data/targets",
                                    "/particle_data",
                                    "/elsewhere"};
static const char *const attributes[] = {"kernel",    "input",     "digits", "lambda",
                                         "n_sources", "scheduler", "depth",  "version"};
enum { N_NAMES = 12, N_ATTRIBUTES = 8, MOST_RANK = 5, MOST_BYTES = 1 << 14 };

/* ---- sound files ---------------------------------------------------------------------------- */

enum { N_SOUND = 7, N_POINTS = 3 };

static struct {
    uint8_t *data;
    size_t size;
} sound[N_SOUND];

static void put(hid_t file, const char *name, int rank, const double *values) {
    hid_t space = H5Screate_simple(rank, (hsize_t[]){N_POINTS, 3}, NULL);
    hid_t dataset =
        H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    FUZZ_CHECK(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
}

/* Points and results in HDF5's older format, which has no checksums, so that what is damaged gets
 * as far as to this library. */
static void write_without_checksums(const double *values) {
    hid_t file = H5Fcreate(fuzz_path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate(H5S_SCALAR);
    put(file, "/sources", 2, values);
    put(file, "/charges", 1, values);
    put(file, "/targets", 2, values);
    put(file, "/potentials", 1, values);
    put(file, "/gradients", 2, values);
    for (int i = 2; i < 5; i++) {
        hid_t attribute =
            H5Acreate2(file, attributes[i], H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
        FUZZ_CHECK(H5Awrite(attribute, H5T_NATIVE_INT64, &(int64_t){N_POINTS}) >= 0);
        H5Aclose(attribute);
    }
    H5Sclose(space);
    H5Fclose(file);
}

static void make_sound_files(void) {
    double values[9 * N_POINTS] = {0, 1, 2, -3, 4e300, 5, 6, 7, 8, 9};
    dagpole_cloud cloud = {.n_sources = N_POINTS,
                           .n_targets = 1,
                           .sources = values,
                           .charges = values,
                           .targets = values};
    dagpole_report report = {.size = sizeof report};
    dagpole_results results = {.size = sizeof results,
                               .n_targets = N_POINTS,
                               .potentials = values,
                               .gradients = values,
                               .report = &report};
    FUZZ_CHECK(dagpole_cloud_write(fuzz_path, &cloud) == DAGPOLE_OK);
    sound[0].data = fuzz_read(&sound[0].size);
    FUZZ_CHECK(dagpole_results_write(fuzz_path, &results) == DAGPOLE_OK);
    sound[1].data = fuzz_read(&sound[1].size);
    cloud.kernel = report.kernel = DAGPOLE_HELMHOLTZ;
    cloud.dipoles = values;
    FUZZ_CHECK(dagpole_cloud_write(fuzz_path, &cloud) == DAGPOLE_OK);
    sound[2].data = fuzz_read(&sound[2].size);
    FUZZ_CHECK(dagpole_results_write(fuzz_path, &results) == DAGPOLE_OK);
    sound[3].data = fuzz_read(&sound[3].size);
    cloud.kernel = report.kernel = DAGPOLE_STOKES;
    results.pressures = values;
    FUZZ_CHECK(dagpole_cloud_write(fuzz_path, &cloud) == DAGPOLE_OK);
    sound[4].data = fuzz_read(&sound[4].size);
    FUZZ_CHECK(dagpole_results_write(fuzz_path, &results) == DAGPOLE_OK);
    sound[5].data = fuzz_read(&sound[5].size);
    write_without_checksums(values);
    sound[6].data = fuzz_read(&sound[6].size);
}

/* HDF5's global heap, where texts of variable length lie, stays sound: no checksum guards it, and
 * HDF5 1.10 reads beyond it or for ever where it is damaged. */
static void mend_heap(int i, uint8_t *file, size_t bytes) {
    for (size_t at = 0; at + 16 <= sound[i].size; at++) {
        uint64_t heap_bytes;
        memcpy(&heap_bytes, sound[i].data + at + 8, sizeof heap_bytes);
        if (memcmp(sound[i].data + at, "GCOL", 4) == 0 && at < bytes)
            memcpy(file + at, sound[i].data + at,
                   heap_bytes < bytes - at ? (size_t)heap_bytes : bytes - at);
    }
}

static void write_damaged(fuzz_input *input) {
    int i = fuzz_below(input, N_SOUND);
    uint8_t *file = malloc(sound[i].size);
    FUZZ_CHECK(file);
    memcpy(file, sound[i].data, sound[i].size);
    size_t bytes = fuzz_damage(input, file, sound[i].size);
    mend_heap(i, file, bytes);
    fuzz_write(file, bytes);
    free(file);
}

/* ---- files of other programs ---------------------------------------------------------------- */

static hid_t make_type(fuzz_input *input) {
    const hid_t plain[] = {H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_STD_I64LE,  H5T_STD_U8BE,
                           H5T_STD_U64LE,  H5T_STD_I16BE,  H5T_STD_REF_OBJ};
    hid_t type;
    int kind = fuzz_below(input, 15);
    if (kind < 7)
        return H5Tcopy(plain[kind]);
    switch (kind) {
    case 7:
        type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, 1 + fuzz_byte(input));
        return type;
    case 8:
        type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, H5T_VARIABLE);
        return type;
    case 9:
        type = H5Tcreate(H5T_COMPOUND, 16);
        H5Tinsert(type, "a", 0, H5T_IEEE_F64LE);
        H5Tinsert(type, "b", 8, H5T_STD_I64LE);
        return type;
    case 10:
        return H5Tcreate(H5T_OPAQUE, 1 + fuzz_byte(input));
    case 13:
    case 14:
        type = H5Tcreate(H5T_COMPOUND, kind == 13 ? 16 : 8);
        H5Tinsert(type, "i", 0, kind == 13 ? H5T_IEEE_F64LE : H5T_IEEE_F32BE);
        H5Tinsert(type, "r", kind == 13 ? 8 : 4, kind == 13 ? H5T_IEEE_F64LE : H5T_IEEE_F32BE);
        return type;
    case 11:
        return H5Tarray_create2(H5T_IEEE_F64LE, 1, &(hsize_t){3});
    default:
        return H5Tvlen_create(H5T_IEEE_F64LE);
    }
}

/* Shapes that fit, nearly fit, and some that no memory holds; *count is 0 where there are too many
 * to be written. */
static hid_t make_space(fuzz_input *input, int *rank, hsize_t shape[MOST_RANK], hsize_t *count) {
    int kind = fuzz_below(input, 8);
    *rank = 0;
    *count = 1;
    if (kind == 0)
        return H5Screate(H5S_NULL);
    if (kind == 1)
        return H5Screate(H5S_SCALAR);
    *rank = kind == 2 ? 1 + fuzz_below(input, MOST_RANK) : 1 + kind % 2;
    for (int i = 0; i < *rank; i++) {
        int64_t extent = kind < 5 ? fuzz_number(input) : i ? 3 : N_POINTS;
        shape[i] = extent < 0 ? 0 : (hsize_t)extent;
        *count =
            *count <= MOST_BYTES && shape[i] <= MOST_BYTES ? *count * shape[i] : MOST_BYTES + 1;
    }
    return H5Screate_simple(*rank, shape, NULL);
}

/* In one piece, in the header, in chunks, compressed; chunks take what they please of the shape. */
static hid_t make_layout(fuzz_input *input, int rank, const hsize_t *shape) {
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk[MOST_RANK];
    int kind = fuzz_below(input, 6);
    H5Pset_obj_track_times(layout, 0);
    if (kind == 1)
        H5Pset_layout(layout, H5D_COMPACT);
    if (kind < 2 || rank == 0)
        return layout;
    for (int i = 0; i < rank; i++)
        chunk[i] = shape[i] < 4 ? shape[i] + !shape[i] : 4;
    H5Pset_chunk(layout, rank, chunk);
    if (kind == 2)
        H5Pset_deflate(layout, 6);
    if (kind == 3)
        H5Pset_fletcher32(layout);
    if (kind == 4)
        H5Pset_shuffle(layout);
    return layout;
}

static void add_dataset(fuzz_input *input, hid_t file, hid_t links) {
    static const uint8_t values[8 * MOST_BYTES] = {1, 2, 3, 250, 240, 127};
    hsize_t shape[MOST_RANK], count;
    int rank;
    const char *name = names[fuzz_below(input, N_NAMES)];
    hid_t type = make_type(input), space = make_space(input, &rank, shape, &count);
    hid_t layout = make_layout(input, rank, shape);
    hid_t dataset = H5Dcreate2(file, name, type, space, links, layout, H5P_DEFAULT);
    H5T_class_t kind = H5Tget_class(type);
    if (dataset >= 0 && count <= MOST_BYTES && (kind == H5T_INTEGER || kind == H5T_FLOAT))
        H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    if (dataset >= 0)
        H5Dclose(dataset);
    H5Pclose(layout);
    H5Sclose(space);
    H5Tclose(type);
}

static void add_attribute(fuzz_input *input, hid_t file) {
    static const uint8_t values[MOST_BYTES] = {'y', 'u', 'k', 'a', 'w', 'a'};
    hsize_t shape[MOST_RANK], count;
    int rank;
    const char *name = attributes[fuzz_below(input, N_ATTRIBUTES)];
    hid_t type = make_type(input), space = make_space(input, &rank, shape, &count);
    hid_t attribute = count <= 16 ? H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT)
                                  : H5I_INVALID_HID;
    H5T_class_t kind = H5Tget_class(type);
    int is_plain = kind == H5T_INTEGER || kind == H5T_FLOAT ||
                   (kind == H5T_STRING && H5Tis_variable_str(type) == 0);
    if (attribute >= 0 && is_plain)
        H5Awrite(attribute, type, values);
    if (attribute >= 0)
        H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

/* What names a place may be: links to one another, into other files and to nothing, groups. */
static void add_link(fuzz_input *input, hid_t file, hid_t links) {
    const char *from = names[fuzz_below(input, N_NAMES)], *to = names[fuzz_below(input, N_NAMES)];
    int kind = fuzz_below(input, 4);
    hid_t group;
    if (kind == 0)
        H5Lcreate_soft(to, file, from, links, H5P_DEFAULT);
    else if (kind == 1)
        H5Lcreate_hard(file, to, file, from, links, H5P_DEFAULT);
    else if (kind == 2)
        H5Lcreate_external(fuzz_below(input, 2) ? "points.h5" : "nowhere.h5", to, file, from, links,
                           H5P_DEFAULT);
    else if ((group = H5Gcreate2(file, from, links, H5P_DEFAULT, H5P_DEFAULT)) >= 0)
        H5Gclose(group);
}

static void write_described(fuzz_input *input) {
    hid_t file = H5Fcreate(fuzz_path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    for (int i = 0; i < 12 && input->size; i++)
        switch (fuzz_below(input, 4)) {
        case 0:
            add_attribute(input, file);
            break;
        case 1:
            add_link(input, file, links);
            break;
        default:
            add_dataset(input, file, links);
        }
    H5Pclose(links);
    H5Fclose(file);
}

/* ---- what is read --------------------------------------------------------------------------- */

static void read_results(void) {
    dagpole_report report = {.size = sizeof report};
    dagpole_results results = {.size = sizeof results, .report = &report};
    dagpole_status status = dagpole_results_read(fuzz_path, &results);
    if (status == DAGPOLE_OK) {
        FUZZ_CHECK(results.n_targets >= 0);
        const dp_widths *of = dp_kernel_widths(results.kernel);
        int64_t n = results.n_targets * results.n_vectors;
        fuzz_touch(results.potentials, of->potential * n);
        if (results.gradients)
            fuzz_touch(results.gradients, of->gradient * n);
        if (results.pressures)
            fuzz_touch(results.pressures, of->pressure * n);
        FUZZ_CHECK(memchr(report.scheduler, 0, sizeof report.scheduler));
        dagpole_results_free(&results);
    } else {
        fuzz_check_failure(status);
        FUZZ_CHECK(!results.n_targets && !results.potentials && !results.gradients);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    if (!*fuzz_path) {
        fuzz_open_directory("points.h5");
        make_sound_files();
        H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    }
    if (fuzz_byte(&input) % 2)
        write_described(&input);
    else
        write_damaged(&input);
    fuzz_read_cloud();
    read_results();
    return 0;
}
