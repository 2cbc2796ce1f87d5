#include <stdio.h>

#include "platform/store_internal.h"

#define MAX_RANK 4

/* A compound of two doubles of this type, as h5py writes complex numbers. */
static hid_t make_complex(hid_t part) {
    size_t bytes = H5Tget_size(part);
    hid_t type = H5Tcreate(H5T_COMPOUND, 2 * bytes);
    H5Tinsert(type, "r", 0, part);
    H5Tinsert(type, "i", bytes, part);
    return type;
}

/* To be closed. */
static hid_t memory_type(char type) {
    if (type == 'z')
        return make_complex(H5T_NATIVE_DOUBLE);
    return H5Tcopy(type == 'd'   ? H5T_NATIVE_DOUBLE
                   : type == 'i' ? H5T_NATIVE_INT64
                                 : H5T_NATIVE_UINT8);
}

static hid_t file_type(char type) {
    if (type == 'z')
        return make_complex(H5T_IEEE_F64LE);
    return H5Tcopy(type == 'd' ? H5T_IEEE_F64LE : type == 'i' ? H5T_STD_I64LE : H5T_STD_U8LE);
}

static dagpole_status refuse(const dp_store *store, const char *dataset, const char *what) {
    return dp_fail(DAGPOLE_FILE, "'%.100s' of '%s' %s", dataset, dp_store_shown(store->path), what);
}

/* Groups on the way are made; times are not stored, so that equal contents make equal files. */
static hid_t create_dataset(hid_t file, const char *name, hid_t type, hid_t space) {
    hid_t links = H5Pcreate(H5P_LINK_CREATE), properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    H5Pset_obj_track_times(properties, 0);
    hid_t dataset = H5Dcreate2(file, name, type, space, links, properties, H5P_DEFAULT);
    H5Pclose(properties);
    H5Pclose(links);
    return dataset;
}

static dagpole_status write_dataset(dp_store *store, const char *name, char type, int rank,
                                    const hsize_t *shape, const void *data) {
    dagpole_status status = DAGPOLE_OK;
    hid_t space = H5Screate_simple(rank, shape, NULL);
    hid_t there = file_type(type), here = memory_type(type);
    hid_t dataset = create_dataset(store->file, name, there, space);
    if (dataset < 0)
        status = dp_store_fail(store, "create", name);
    else if (H5Sget_simple_extent_npoints(space) > 0 &&
             (H5Dwrite(dataset, here, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0 ||
              store->sink.error))
        status = dp_store_fail(store, "write", name);
    if (dataset >= 0)
        H5Dclose(dataset);
    H5Tclose(here);
    H5Tclose(there);
    H5Sclose(space);
    return status;
}

dagpole_status dp_store_write(dp_store *store, const char *dataset, char type, int rank,
                              const int64_t *shape, const void *data) {
    hsize_t extent[MAX_RANK];
    if (rank < 1 || rank > MAX_RANK)
        return dp_fail(DAGPOLE_INTERNAL, "'%.100s' has rank %d: 1 to %d", dataset, rank, MAX_RANK);
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return dp_fail(DAGPOLE_INTERNAL, "'%.100s' has extent %lld along axis %d", dataset,
                           (long long)shape[i], i);
        extent[i] = (hsize_t)shape[i];
    }
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = write_dataset(store, dataset, type, rank, extent, data);
    dp_store_leave(&quiet);
    return status;
}

/* Of two floats, "r" and "i" in any order. */
static int is_complex_type(hid_t type) {
    int n_floats = 0;
    if (H5Tget_class(type) != H5T_COMPOUND || H5Tget_nmembers(type) != 2)
        return 0;
    for (int part = 0; part < 2; part++) {
        int i = H5Tget_member_index(type, part ? "i" : "r");
        n_floats += i >= 0 && H5Tget_member_class(type, (unsigned)i) == H5T_FLOAT;
    }
    return n_floats == 2;
}

static dagpole_status check_numeric(const dp_store *store, const char *name, hid_t dataset,
                                    int *is_complex) {
    hid_t type = H5Dget_type(dataset);
    H5T_class_t kind = H5Tget_class(type);
    *is_complex = is_complex_type(type);
    H5Tclose(type);
    if (kind == H5T_INTEGER || kind == H5T_FLOAT || *is_complex)
        return DAGPOLE_OK;
    return refuse(store, name,
                  kind == H5T_STRING     ? "holds text: integers or floats are needed"
                  : kind == H5T_COMPOUND ? "holds a compound type: integers, floats, or complex "
                                           "numbers of two floats r and i are needed"
                                         : "does not hold integers or floats");
}

static dagpole_status read_shape(const dp_store *store, const char *name, hid_t space, int *rank,
                                 int64_t shape[MAX_RANK]) {
    hsize_t extent[H5S_MAX_RANK];
    if (H5Sget_simple_extent_type(space) == H5S_NULL)
        return refuse(store, name, "holds no data");
    *rank = H5Sget_simple_extent_dims(space, extent, NULL);
    if (*rank < 0)
        return dp_store_fail(store, "read the shape of", name);
    if (*rank > MAX_RANK)
        return dp_fail(DAGPOLE_FILE, "'%.100s' of '%s' has rank %d: at most %d", name,
                       dp_store_shown(store->path), *rank, MAX_RANK);
    int64_t count = 1;
    for (int i = 0; i < *rank; i++) {
        if (extent[i] > INT64_MAX || __builtin_mul_overflow(count, (int64_t)extent[i], &count))
            return refuse(store, name, "has more than 2^63 elements");
        shape[i] = (int64_t)extent[i];
    }
    return DAGPOLE_OK;
}

dagpole_status dp_store_shape(dp_store *store, const char *dataset, int *rank,
                              int64_t shape[MAX_RANK]) {
    int is_complex;
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    hid_t opened;
    dagpole_status status = dp_store_open_dataset(store, dataset, &opened);
    if (status == DAGPOLE_OK) {
        hid_t space = H5Dget_space(opened);
        status = check_numeric(store, dataset, opened, &is_complex);
        if (status == DAGPOLE_OK)
            status = read_shape(store, dataset, space, rank, shape);
        H5Sclose(space);
        H5Dclose(opened);
    }
    dp_store_leave(&quiet);
    return status;
}

dagpole_status dp_store_is_complex(dp_store *store, const char *dataset, int *is_complex) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    hid_t opened;
    dagpole_status status = dp_store_open_dataset(store, dataset, &opened);
    if (status == DAGPOLE_OK) {
        status = check_numeric(store, dataset, opened, is_complex);
        H5Dclose(opened);
    }
    dp_store_leave(&quiet);
    return status;
}

/* Real numbers, which lie in the second half of the array, become complex. */
static void widen(int64_t count, double *values) {
    for (int64_t i = 0; i < count; i++) {
        values[2 * i] = values[count + i];
        values[2 * i + 1] = 0;
    }
}

static dagpole_status read_values(const dp_store *store, const char *name, hid_t dataset, char type,
                                  void *data) {
    hid_t here = memory_type(type);
    herr_t is_read = H5Dread(dataset, here, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    dagpole_status status = is_read < 0 ? dp_store_fail(store, "read", name) : DAGPOLE_OK;
    H5Tclose(here);
    if (is_read < 0)
        DP_TRY(dp_store_check_filters(store, name, dataset));
    return status;
}

static dagpole_status read_dataset(dp_store *store, const char *name, hid_t dataset, char type,
                                   int64_t count, void *data) {
    int is_complex;
    DP_TRY(check_numeric(store, name, dataset, &is_complex));
    if (is_complex && type != 'z')
        return refuse(store, name, "holds complex numbers: integers or floats are needed");
    hid_t space = H5Dget_space(dataset);
    int64_t held = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    if (held != count)
        return dp_fail(DAGPOLE_FILE, "'%.100s' of '%s' holds %lld elements: %lld are needed", name,
                       dp_store_shown(store->path), (long long)held, (long long)count);
    DP_TRY(dp_store_check_parts(store, name, dataset));
    if (count == 0)
        return DAGPOLE_OK;
    DP_TRY(dp_store_check_written(store, name, dataset));
    if (type != 'z' || is_complex)
        return read_values(store, name, dataset, type, data);
    DP_TRY(read_values(store, name, dataset, 'd', (double *)data + count));
    widen(count, data);
    return DAGPOLE_OK;
}

dagpole_status dp_store_read(dp_store *store, const char *dataset, char type, int64_t count,
                             void *data) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    hid_t opened;
    dagpole_status status = dp_store_open_dataset(store, dataset, &opened);
    if (status == DAGPOLE_OK) {
        status = read_dataset(store, dataset, opened, type, count, data);
        H5Dclose(opened);
    }
    dp_store_leave(&quiet);
    return status;
}
