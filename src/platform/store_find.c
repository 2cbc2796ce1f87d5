/* Finding a dataset, and saying why one that is there cannot be opened. */
#include <stdio.h>
#include <string.h>

#include "platform/store_internal.h"

static dagpole_status cannot_open(const dp_store *store, const char *name, const char *what,
                                  const char *reason) {
    return dp_fail(DAGPOLE_FILE, "'%.100s' of '%s' %s cannot be opened: %s", name,
                   dp_store_shown(store->path), what, reason);
}

/* `what` a link is, with where it leads, for the sentence of cannot_open. */
static void describe_link(H5L_type_t type, const char *value, size_t bytes, char *what,
                          size_t room) {
    const char *file, *object;
    unsigned flags;
    if (type == H5L_TYPE_SOFT)
        snprintf(what, room, "is a soft link to '%.100s', which", value);
    else if (type == H5L_TYPE_EXTERNAL &&
             H5Lunpack_elink_val(value, bytes, &flags, &file, &object) >= 0)
        snprintf(what, room, "is an external link to '%.100s' of '%.100s', which", object,
                 dp_store_shown(file));
}

/* What is at `name` has just failed to open: HDF5's error stack says why. */
static dagpole_status explain(const dp_store *store, const char *name) {
    char reason[DP_STORE_REASON_BYTES], what[256] = "is there and";
    dp_store_reason(store, reason);
    H5L_info_t info;
    if (H5Lget_info(store->file, name, &info, H5P_DEFAULT) >= 0 && info.type != H5L_TYPE_HARD) {
        size_t bytes = info.u.val_size;
        char *value = dp_alloc(bytes, 1);
        if (!value)
            return DAGPOLE_NO_MEMORY;
        if (H5Lget_val(store->file, name, value, bytes, H5P_DEFAULT) >= 0)
            describe_link(info.type, value, bytes, what, sizeof what);
        dp_free(value);
    }
    return cannot_open(store, name, what, reason);
}

/* Opens what is at `name`, which is there, where it is of this kind. */
static dagpole_status open_kind(const dp_store *store, const char *name, H5I_type_t kind,
                                hid_t *object) {
    *object = H5Oopen(store->file, name, H5P_DEFAULT);
    if (*object < 0)
        return explain(store, name);
    H5I_type_t found = H5Iget_type(*object);
    if (found == kind)
        return DAGPOLE_OK;
    H5Oclose(*object);
    return dp_fail(DAGPOLE_FILE, "'%.100s' of '%s' is %s, not a %s", name,
                   dp_store_shown(store->path),
                   found == H5I_DATASET ? "a dataset"
                   : found == H5I_GROUP ? "a group"
                                        : "a named type",
                   kind == H5I_GROUP ? "group" : "dataset");
}

/* A name is absent where the last group on its way that is there, and can be opened, does not hold
 * the next part of it. */
dagpole_status dp_store_find(const dp_store *store, const char *name, int *is_there) {
    char part[256];
    hid_t group;
    if (strlen(name) >= sizeof part)
        return dp_fail(DAGPOLE_INTERNAL, "a dataset's name has %zu bytes", strlen(name));
    for (size_t end = 1;; end++) {
        end += strcspn(name + end, "/");
        snprintf(part, sizeof part, "%.*s", (int)end, name);
        htri_t found = H5Lexists(store->file, part, H5P_DEFAULT);
        if (found < 0)
            return dp_store_fail(store, "look for", part);
        *is_there = found > 0;
        if (!found || !name[end])
            return DAGPOLE_OK;
        DP_TRY(open_kind(store, part, H5I_GROUP, &group));
        H5Gclose(group);
    }
}

dagpole_status dp_store_has(dp_store *store, const char *dataset, int *is_there) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = dp_store_find(store, dataset, is_there);
    dp_store_leave(&quiet);
    return status;
}

dagpole_status dp_store_open_dataset(const dp_store *store, const char *name, hid_t *dataset) {
    int is_there;
    DP_TRY(dp_store_find(store, name, &is_there));
    if (!is_there)
        return dp_fail(DAGPOLE_FILE, "'%s' has no dataset '%.100s'", dp_store_shown(store->path),
                       name);
    return open_kind(store, name, H5I_DATASET, dataset);
}

/* ---- what reading needs beside the dataset ------------------------------------------------- */

dagpole_status dp_store_check_filters(const dp_store *store, const char *name, hid_t dataset) {
    dagpole_status status = DAGPOLE_OK;
    hid_t properties = H5Dget_create_plist(dataset);
    int n = H5Pget_nfilters(properties);
    for (int i = 0; status == DAGPOLE_OK && i < n; i++) {
        char filter[64] = "";
        unsigned flags, config;
        size_t n_values = 0;
        H5Z_filter_t id = H5Pget_filter2(properties, (unsigned)i, &flags, &n_values, NULL,
                                         sizeof filter, filter, &config);
        if (id >= 0 && H5Zfilter_avail(id) <= 0)
            status = dp_fail(DAGPOLE_FILE,
                             "'%.100s' of '%s' is compressed by the filter '%s' (number %d), which "
                             "this HDF5 does not have: gzip or none is always read",
                             name, dp_store_shown(store->path), filter, (int)id);
    }
    H5Pclose(properties);
    return status;
}

/* The file that a virtual dataset names, sought as HDF5 does: beside the file that names it, or
 * from the working directory; "." is this file itself. */
static hid_t open_part(const dp_store *store, const char *file) {
    char beside[DP_STORE_PATH_BYTES];
    const char *slash = strrchr(store->path, '/');
    if (strcmp(file, ".") == 0)
        return H5Freopen(store->file);
    int length =
        snprintf(beside, sizeof beside, "%.*s%s",
                 slash && *file != '/' ? (int)(slash - store->path + 1) : 0, store->path, file);
    hid_t opened = -1;
    if (length < (int)sizeof beside)
        opened = H5Fopen(beside, H5F_ACC_RDONLY, H5P_DEFAULT);
    return opened >= 0 ? opened : H5Fopen(file, H5F_ACC_RDONLY, H5P_DEFAULT);
}

static dagpole_status check_part(const dp_store *store, const char *name, const char *file,
                                 const char *dataset) {
    char what[256], reason[DP_STORE_REASON_BYTES];
    hid_t part = -1, opened = open_part(store, file);
    if (opened >= 0)
        part = H5Dopen2(opened, dataset, H5P_DEFAULT);
    dp_store_reason(store, reason);
    if (part >= 0)
        H5Dclose(part);
    if (opened >= 0)
        H5Fclose(opened);
    if (part >= 0)
        return DAGPOLE_OK;
    snprintf(what, sizeof what, "is made of '%.100s' of '%.100s', which", dataset, file);
    return cannot_open(store, name, what, reason);
}

dagpole_status dp_store_check_parts(const dp_store *store, const char *name, hid_t dataset) {
    dagpole_status status = DAGPOLE_OK;
    hid_t properties = H5Dget_create_plist(dataset);
    size_t n = 0;
    if (H5Pget_layout(properties) == H5D_VIRTUAL && H5Pget_virtual_count(properties, &n) < 0)
        status = dp_store_fail(store, "read the parts of", name);
    for (size_t i = 0; status == DAGPOLE_OK && i < n; i++) {
        char file[DP_STORE_PATH_BYTES], part[256];
        if (H5Pget_virtual_filename(properties, i, file, sizeof file) < 0 ||
            H5Pget_virtual_dsetname(properties, i, part, sizeof part) < 0)
            status = dp_store_fail(store, "read the parts of", name);
        else
            status = check_part(store, name, file, part);
    }
    H5Pclose(properties);
    return status;
}

dagpole_status dp_store_check_written(const dp_store *store, const char *name, hid_t dataset) {
    hid_t properties = H5Dget_create_plist(dataset);
    H5D_layout_t layout = H5Pget_layout(properties);
    H5D_fill_value_t fill = H5D_FILL_VALUE_DEFAULT;
    H5D_space_status_t space = H5D_SPACE_STATUS_ALLOCATED;
    H5Pfill_value_defined(properties, &fill);
    H5Dget_space_status(dataset, &space);
    int is_stored_here = layout == H5D_CHUNKED ||
                         (layout == H5D_CONTIGUOUS && H5Pget_external_count(properties) <= 0);
    H5Pclose(properties);
    if (is_stored_here && space == H5D_SPACE_STATUS_NOT_ALLOCATED &&
        fill != H5D_FILL_VALUE_USER_DEFINED)
        return dp_fail(DAGPOLE_FILE, "'%.100s' of '%s' was created, but no number was ever written",
                       name, dp_store_shown(store->path));
    return DAGPOLE_OK;
}
