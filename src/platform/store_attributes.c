#include <stdio.h>
#include <string.h>

#include "platform/store_internal.h"

static dagpole_status set(dp_store *store, const char *name, hid_t file_type, hid_t memory_type,
                          const void *value) {
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(store->file, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    int failed = attribute < 0 || H5Awrite(attribute, memory_type, value) < 0 || store->sink.error;
    dagpole_status status = failed ? dp_store_fail(store, "write the attribute", name) : DAGPOLE_OK;
    if (attribute >= 0)
        H5Aclose(attribute);
    H5Sclose(space);
    return status;
}

dagpole_status dp_store_set_int(dp_store *store, const char *name, int64_t value) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = set(store, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
    dp_store_leave(&quiet);
    return status;
}

dagpole_status dp_store_set_double(dp_store *store, const char *name, double value) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = set(store, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
    dp_store_leave(&quiet);
    return status;
}

/* `bytes` in the file, or H5T_VARIABLE: `value` is a pointer to the text's pointer then. */
static dagpole_status set_text(dp_store *store, const char *name, size_t bytes, const void *value) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes);
    H5Tset_cset(type, H5T_CSET_UTF8);
    dagpole_status status = set(store, name, type, type, value);
    H5Tclose(type);
    dp_store_leave(&quiet);
    return status;
}

dagpole_status dp_store_set_text(dp_store *store, const char *name, const char *value) {
    return set_text(store, name, H5T_VARIABLE, &value);
}

dagpole_status dp_store_set_short_text(dp_store *store, const char *name, const char *value) {
    return set_text(store, name, strlen(value) + 1, value);
}

static dagpole_status find(const dp_store *store, const char *name, int *is_there) {
    htri_t found = H5Aexists(store->file, name);
    *is_there = found > 0;
    return found < 0 ? dp_store_fail(store, "look for the attribute", name) : DAGPOLE_OK;
}

dagpole_status dp_store_has_attribute(dp_store *store, const char *name, int *is_there) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = find(store, name, is_there);
    dp_store_leave(&quiet);
    return status;
}

/* The attribute where it is there, holds one element and this element is a number (of class
 * `kind`; an integer also counts as a float) or a text. */
static dagpole_status open_attribute(dp_store *store, const char *name, H5T_class_t kind,
                                     hid_t *attribute, hid_t *type) {
    const char *file = dp_store_shown(store->path);
    int is_there;
    DP_TRY(find(store, name, &is_there));
    if (!is_there)
        return dp_fail(DAGPOLE_FILE, "'%s' has no attribute '%.100s'", file, name);
    *attribute = H5Aopen(store->file, name, H5P_DEFAULT);
    if (*attribute < 0)
        return dp_store_fail(store, "open the attribute", name);
    hid_t space = H5Aget_space(*attribute);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    *type = H5Aget_type(*attribute);
    H5T_class_t found = H5Tget_class(*type);
    if (count == 1 && (found == kind || (kind == H5T_FLOAT && found == H5T_INTEGER)))
        return DAGPOLE_OK;
    H5Tclose(*type);
    H5Aclose(*attribute);
    return dp_fail(DAGPOLE_FILE, "the attribute '%.100s' of '%s' is not one %s", name, file,
                   kind == H5T_STRING    ? "text"
                   : kind == H5T_INTEGER ? "integer"
                                         : "number");
}

static dagpole_status get_number(dp_store *store, const char *name, H5T_class_t kind,
                                 hid_t memory_type, void *value) {
    hid_t attribute, type;
    DP_TRY(open_attribute(store, name, kind, &attribute, &type));
    herr_t is_read = H5Aread(attribute, memory_type, value);
    dagpole_status status =
        is_read < 0 ? dp_store_fail(store, "read the attribute", name) : DAGPOLE_OK;
    H5Tclose(type);
    H5Aclose(attribute);
    return status;
}

dagpole_status dp_store_get_int(dp_store *store, const char *name, int64_t *value) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = get_number(store, name, H5T_INTEGER, H5T_NATIVE_INT64, value);
    dp_store_leave(&quiet);
    return status;
}

dagpole_status dp_store_get_double(dp_store *store, const char *name, double *value) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = get_number(store, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, value);
    dp_store_leave(&quiet);
    return status;
}

/* Text as h5py writes it: HDF5 allocates it. */
static dagpole_status read_variable(dp_store *store, hid_t attribute, hid_t memory_type,
                                    const char *name, char **value) {
    char *text = NULL;
    H5Tset_size(memory_type, H5T_VARIABLE);
    if (H5Aread(attribute, memory_type, &text) < 0)
        return dp_store_fail(store, "read the attribute", name);
    *value = dp_alloc_copy(text ? text : "", text ? strlen(text) + 1 : 1, 1);
    H5free_memory(text);
    return *value ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

/* HDF5 pads a fixed text to the size asked for, and ends it with a zero. */
static dagpole_status read_fixed(dp_store *store, hid_t attribute, hid_t memory_type, size_t bytes,
                                 const char *name, char **value) {
    H5Tset_size(memory_type, bytes);
    *value = dp_alloc_zero(bytes, 1);
    if (!*value)
        return DAGPOLE_NO_MEMORY;
    if (H5Aread(attribute, memory_type, *value) >= 0)
        return DAGPOLE_OK;
    dp_free(*value);
    *value = NULL;
    return dp_store_fail(store, "read the attribute", name);
}

static dagpole_status get_long_text(dp_store *store, const char *name, char **value) {
    hid_t attribute, type;
    DP_TRY(open_attribute(store, name, H5T_STRING, &attribute, &type));
    hid_t memory_type = H5Tcopy(H5T_C_S1);
    H5Tset_cset(memory_type, H5Tget_cset(type));
    dagpole_status status =
        H5Tis_variable_str(type) > 0
            ? read_variable(store, attribute, memory_type, name, value)
            : read_fixed(store, attribute, memory_type, H5Tget_size(type) + 1, name, value);
    H5Tclose(memory_type);
    H5Tclose(type);
    H5Aclose(attribute);
    return status;
}

dagpole_status dp_store_get_long_text(dp_store *store, const char *name, char **value) {
    dp_store_quiet quiet;
    *value = NULL;
    dp_store_enter(&quiet);
    dagpole_status status = get_long_text(store, name, value);
    dp_store_leave(&quiet);
    return status;
}

dagpole_status dp_store_get_text(dp_store *store, const char *name, char *value, size_t bytes) {
    char *text;
    DP_TRY(dp_store_get_long_text(store, name, &text));
    snprintf(value, bytes, "%s", text);
    dp_free(text);
    return DAGPOLE_OK;
}
