#include <stdio.h>

#include "platform/store_internal.h"

#define MAX_RANK 4

static hid_t memory_type(char type) {
    return type == 'd' ? H5T_NATIVE_DOUBLE : type == 'i' ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT8;
}

static hid_t file_type(char type) {
    return type == 'd' ? H5T_IEEE_F64LE : type == 'i' ? H5T_STD_I64LE : H5T_STD_U8LE;
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
    hid_t dataset = create_dataset(store->file, name, file_type(type), space);
    if (dataset < 0)
        status = dp_store_fail(store, "create", name);
    else if (H5Sget_simple_extent_npoints(space) > 0 &&
             (H5Dwrite(dataset, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0 ||
              store->sink.error))
        status = dp_store_fail(store, "write", name);
    if (dataset >= 0)
        H5Dclose(dataset);
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

static dagpole_status check_numeric(const dp_store *store, const char *name, hid_t dataset) {
    hid_t type = H5Dget_type(dataset);
    H5T_class_t kind = H5Tget_class(type);
    H5Tclose(type);
    if (kind == H5T_INTEGER || kind == H5T_FLOAT)
        return DAGPOLE_OK;
    return refuse(store, name,
                  kind == H5T_STRING     ? "holds text: integers or floats are needed"
                  : kind == H5T_COMPOUND ? "holds a compound type: integers or floats are needed"
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
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    hid_t opened;
    dagpole_status status = dp_store_open_dataset(store, dataset, &opened);
    if (status == DAGPOLE_OK) {
        hid_t space = H5Dget_space(opened);
        status = check_numeric(store, dataset, opened);
        if (status == DAGPOLE_OK)
            status = read_shape(store, dataset, space, rank, shape);
        H5Sclose(space);
        H5Dclose(opened);
    }
    dp_store_leave(&quiet);
    return status;
}

static dagpole_status read_dataset(dp_store *store, const char *name, hid_t dataset, char type,
                                   int64_t count, void *data) {
    DP_TRY(check_numeric(store, name, dataset));
    hid_t space = H5Dget_space(dataset);
    int64_t held = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    if (held != count)
        return dp_fail(DAGPOLE_FILE, "'%.100s' of '%s' holds %lld elements: %lld are needed", name,
                       dp_store_shown(store->path), (long long)held, (long long)count);
    DP_TRY(dp_store_check_parts(store, name, dataset));
    if (count == 0 || H5Dread(dataset, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0)
        return DAGPOLE_OK;
    dagpole_status status = dp_store_fail(store, "read", name);
    DP_TRY(dp_store_check_filters(store, name, dataset));
    return status;
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
