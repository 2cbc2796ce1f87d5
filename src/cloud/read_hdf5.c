#include <stdio.h>
#include <string.h>

#include "cloud/cloud.h"
#include "cloud/rows.h"

typedef struct layout {
    const char *sources, *charges, *targets, *dipoles; /* dipoles NULL: it knows none */
} layout;

static const layout own = {"/sources", "/charges", "/targets", "/dipoles"};
static const layout pyexafmm = {"particle_data/sources", "particle_data/source_densities",
                                "particle_data/targets", NULL};

/* N x 3. */
static dagpole_status read_points(dp_store *store, const char *path, const char *dataset,
                                  int64_t *n, double **points) {
    int rank;
    int64_t shape[4];
    DP_TRY(dp_store_shape(store, dataset, &rank, shape));
    if (rank != 2 || shape[1] != 3)
        return dp_rows_refuse(path, dataset, rank, shape, "N x 3");
    *points = dp_alloc((size_t)shape[0], 3 * sizeof(double));
    if (!*points)
        return DAGPOLE_NO_MEMORY;
    *n = shape[0];
    return dp_store_read(store, dataset, 'd', 3 * shape[0], *points);
}

static dagpole_status read_carried(dp_store *store, const char *path, const char *dataset,
                                   dp_row_kind kind, dagpole_cloud *cloud, double **values) {
    const dp_row row = dp_row_of(cloud->kernel, kind);
    return dp_rows_read(store, path, dataset, &row, 1, &cloud->n_sources, &cloud->n_vectors,
                        values);
}

/* As many vectors as there are of charges. */
static dagpole_status read_dipoles(dp_store *store, const char *path, const char *dataset,
                                   dagpole_cloud *cloud) {
    int64_t n_vectors = cloud->n_vectors;
    DP_TRY(read_carried(store, path, dataset, DP_ROW_DIPOLE, cloud, &cloud->dipoles));
    if (cloud->charges && cloud->n_vectors != n_vectors)
        return dp_fail(DAGPOLE_FILE,
                       "%s of '%.250s' has %lld vectors of dipoles, but there are %lld of charges",
                       dataset, path, (long long)cloud->n_vectors, (long long)n_vectors);
    return DAGPOLE_OK;
}

static dagpole_status read_all_carried(dp_store *store, const char *path, const layout *names,
                                       const char *dipoles, dagpole_cloud *cloud) {
    int has_charges, has_dipoles = dipoles != NULL;
    DP_TRY(dp_store_has(store, names->charges, &has_charges));
    if (!dipoles && names->dipoles)
        DP_TRY(dp_store_has(store, names->dipoles, &has_dipoles));
    dipoles = dipoles ? dipoles : names->dipoles;
    if (has_charges || !has_dipoles)
        DP_TRY(read_carried(store, path, names->charges, DP_ROW_CHARGE, cloud, &cloud->charges));
    if (has_dipoles)
        DP_TRY(read_dipoles(store, path, dipoles, cloud));
    snprintf(cloud->charges_from, sizeof cloud->charges_from, "%s%s%.40s",
             cloud->charges ? names->charges : "", cloud->charges && has_dipoles ? ", " : "",
             has_dipoles ? dipoles : "");
    return DAGPOLE_OK;
}

static int are_targets_the_sources(const dagpole_cloud *cloud) {
    return cloud->n_targets == cloud->n_sources &&
           memcmp(cloud->targets, cloud->sources, (size_t)cloud->n_sources * 3 * sizeof(double)) ==
               0;
}

static dagpole_status find_layout(dp_store *store, const char *path, const layout **names) {
    static const layout *const layouts[] = {&own, &pyexafmm};
    for (int i = 0; i < 2; i++) {
        int is_there;
        *names = layouts[i];
        DP_TRY(dp_store_has(store, layouts[i]->sources, &is_there));
        if (is_there)
            return DAGPOLE_OK;
    }
    return dp_fail(DAGPOLE_FILE, "'%.250s' has neither %s nor %s", path, own.sources,
                   pyexafmm.sources);
}

/* dipoles: their dataset; NULL: the usual one, if it is there. */
static dagpole_status read_arrays(dp_store *store, const char *path, const char *dipoles,
                                  dagpole_cloud *cloud) {
    const layout *names;
    int has_targets;
    DP_TRY(find_layout(store, path, &names));
    DP_TRY(read_points(store, path, names->sources, &cloud->n_sources, &cloud->sources));
    DP_TRY(read_all_carried(store, path, names, dipoles, cloud));
    cloud->n_targets = cloud->n_sources;
    DP_TRY(dp_store_has(store, names->targets, &has_targets));
    if (has_targets)
        DP_TRY(read_points(store, path, names->targets, &cloud->n_targets, &cloud->targets));
    /* PyExaFMM always writes targets, often the sources once more. */
    if (names == &pyexafmm && cloud->targets && are_targets_the_sources(cloud)) {
        dp_free(cloud->targets);
        cloud->targets = NULL;
    }
    return DAGPOLE_OK;
}

dagpole_status dp_cloud_read_hdf5(const char *path, const char *dipoles, dagpole_cloud *cloud) {
    dp_store *store;
    DP_TRY(dp_store_open(path, &store));
    dagpole_status status = read_arrays(store, path, dipoles, cloud);
    dp_store_close(store);
    return status;
}
