#include "cloud/cloud.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cloud/rows.h"
#include "kernel/names.h"
#include "platform/temporary_directory.h"

void dagpole_cloud_free(dagpole_cloud *cloud) {
    if (!cloud)
        return;
    dp_free(cloud->sources);
    dp_free(cloud->charges);
    dp_free(cloud->dipoles);
    dp_free(cloud->targets);
    *cloud = (dagpole_cloud){0};
}

static dagpole_status check_kernel(const char *name, dagpole_kernel kernel) {
    if (dp_kernel_name(kernel))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %d: it must be one of %s", name, (int)kernel,
                   dp_kernel_names());
}

/* NUMERIC where one of n rows of `width` numbers is NaN or Inf; a width of 0: n numbers. */
static dagpole_status check_finite(const char *path, const char *name, int width, int64_t n,
                                   const double *values) {
    const int step = width ? width : 1;
    for (int64_t i = 0; values && i < step * n; i++) {
        char component[16] = "";
        if (isfinite(values[i]))
            continue;
        if (width)
            snprintf(component, sizeof component, "[%d]", (int)(i % width));
        return dp_fail(DAGPOLE_NUMERIC, "%s[%lld]%s of '%.250s' is %g: it must be finite", name,
                       (long long)(i / step), component, path, values[i]);
    }
    return DAGPOLE_OK;
}

/* The numbers of a file that has one for each charge become charges of the kernel. */
static dagpole_status take_numbers(const char *path, dagpole_cloud *cloud) {
    const dp_row row = dp_row_of(cloud->kernel, DP_ROW_CHARGE);
    DP_TRY(check_finite(path, "charges", 0, cloud->n_sources, cloud->charges));
    if (row.rank)
        return dp_fail(DAGPOLE_FILE,
                       "'%.250s' has one number for each charge: those of the kernel %s have %lld, "
                       "and are read from HDF5",
                       path, dp_kernel_name(cloud->kernel), (long long)row.shape[0]);
    if (!row.is_complex)
        return DAGPOLE_OK;
    double *charges = dp_alloc((size_t)cloud->n_sources, 2 * sizeof *charges);
    if (!charges)
        return DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < cloud->n_sources; i++) {
        charges[2 * i] = cloud->charges[i];
        charges[2 * i + 1] = 0;
    }
    dp_free(cloud->charges);
    cloud->charges = charges;
    return DAGPOLE_OK;
}

static dagpole_status read_any(const char *path, const char *dipoles, dagpole_cloud *cloud) {
    struct stat info;
    if (stat(path, &info) != 0)
        return dp_fail(DAGPOLE_FILE, "cannot open '%.300s': %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return dp_fail(DAGPOLE_FILE, "cannot open '%.300s': it is a directory", path);
    if (dp_store_is_hdf5(path))
        return dp_cloud_read_hdf5(path, dipoles, cloud);
    if (dipoles)
        return dp_fail(DAGPOLE_FILE, "'%.250s' is no HDF5: it has no dataset '%.40s' of dipoles",
                       path, dipoles);
    DP_TRY(dp_cloud_read_stream(path, cloud));
    return take_numbers(path, cloud);
}

static dagpole_status read_cloud(const char *path, dagpole_kernel kernel, const char *dipoles,
                                 dagpole_cloud *cloud) {
    if (!cloud)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "cloud is NULL");
    *cloud = (dagpole_cloud){0};
    if (!path)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "the path of the points is NULL");
    if (dipoles && !*dipoles)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "the name of the dataset of dipoles is empty: it is like '/dipoles'");
    DP_TRY(check_kernel("kernel", kernel));
    cloud->kernel = kernel;
    dagpole_status status = read_any(path, dipoles, cloud);
    if (status == DAGPOLE_OK)
        status = check_finite(path, "sources", 3, cloud->n_sources, cloud->sources);
    if (status == DAGPOLE_OK)
        status = check_finite(path, "targets", 3, cloud->n_targets, cloud->targets);
    if (status != DAGPOLE_OK)
        dagpole_cloud_free(cloud);
    return status;
}

dagpole_status dagpole_cloud_read(const char *path, dagpole_cloud *cloud) {
    DP_DEFAULT_FLOATING;
    return read_cloud(path, DAGPOLE_LAPLACE, NULL, cloud);
}

dagpole_status dagpole_cloud_read_dipoles(const char *path, const char *dataset,
                                          dagpole_cloud *cloud) {
    DP_DEFAULT_FLOATING;
    if (cloud && !dataset)
        *cloud = (dagpole_cloud){0};
    if (!dataset)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "dataset is NULL: it names the dipoles");
    return read_cloud(path, DAGPOLE_LAPLACE, dataset, cloud);
}

dagpole_status dagpole_cloud_read_for(const char *path, dagpole_kernel kernel, const char *dipoles,
                                      dagpole_cloud *cloud) {
    DP_DEFAULT_FLOATING;
    return read_cloud(path, kernel, dipoles, cloud);
}

static dagpole_status check(const dagpole_cloud *cloud) {
    int64_t n = cloud->n_sources, m = cloud->n_targets;
    if (n < 0 || n > DP_CLOUD_MAX_POINTS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_sources is %lld: 0 to 2^40", (long long)n);
    if (n > 0 && !cloud->sources)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "sources is NULL with n_sources %lld", (long long)n);
    if (n > 0 && !cloud->charges && !cloud->dipoles)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "charges and dipoles are NULL with n_sources %lld",
                       (long long)n);
    if (m < 0 || m > DP_CLOUD_MAX_POINTS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_targets is %lld: 0 to 2^40", (long long)m);
    if (!cloud->targets && m != 0 && m != n)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_targets is %lld with targets NULL: 0 or n_sources",
                       (long long)m);
    DP_TRY(check_kernel("kernel of the cloud", cloud->kernel));
    return dp_check_vectors(cloud->n_vectors, n);
}

dagpole_status dp_check_vectors(int64_t n_vectors, int64_t n_points) {
    if (n_vectors < 0 || n_vectors > DP_CLOUD_MAX_POINTS / (n_points > 0 ? n_points : 1))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_vectors is %lld with %lld points: 0 to 2^40 values",
                       (long long)n_vectors, (long long)n_points);
    return DAGPOLE_OK;
}

/* Where there is nothing at all the charges are an empty array. */
static dagpole_status write_arrays(dp_store *store, const dagpole_cloud *cloud) {
    const int64_t sources[2] = {cloud->n_sources, 3}, targets[2] = {cloud->n_targets, 3},
                  n_vectors = dp_vectors(cloud->n_vectors);
    const dp_row charge = dp_row_of(cloud->kernel, DP_ROW_CHARGE),
                 dipole = dp_row_of(cloud->kernel, DP_ROW_DIPOLE);
    DP_TRY(dp_store_write(store, "/sources", 'd', 2, sources, cloud->sources));
    if (cloud->charges || !cloud->dipoles)
        DP_TRY(
            dp_rows_write(store, "/charges", &charge, n_vectors, cloud->n_sources, cloud->charges));
    if (cloud->dipoles)
        DP_TRY(
            dp_rows_write(store, "/dipoles", &dipole, n_vectors, cloud->n_sources, cloud->dipoles));
    if (!cloud->targets)
        return DAGPOLE_OK;
    return dp_store_write(store, "/targets", 'd', 2, targets, cloud->targets);
}

dagpole_status dagpole_cloud_write(const char *path, const dagpole_cloud *cloud) {
    DP_DEFAULT_FLOATING;
    if (!path || !cloud)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is NULL", path ? "cloud" : "path");
    DP_TRY(check(cloud));
    dp_store *store;
    DP_TRY(dp_store_create(path, &store));
    dagpole_status status = write_arrays(store, cloud);
    if (status == DAGPOLE_OK)
        return dp_store_commit(store);
    dp_store_close(store);
    return status;
}

void dagpole_remove_temporaries(void) {
    dp_store_remove_temporaries();
    dp_temporary_directory_remove();
}
