/* What the readers and makers of point clouds share. */
#ifndef DP_CLOUD_CLOUD_H
#define DP_CLOUD_CLOUD_H

#include "base/floating.h"
#include "cloud/input.h"
#include "cloud/limits.h"

/* BAD_ARGUMENT where n_vectors times n_points values are too many. */
dagpole_status dp_check_vectors(int64_t n_vectors, int64_t n_points);

/* A struct that says nothing of vectors has one. */
static inline int64_t dp_vectors(int64_t n_vectors) {
    return n_vectors ? n_vectors : 1;
}

/* The kinds of files. *cloud is zero but for its kernel before, and stays for the caller to free
 * after a failure. dipoles: a dataset of the caller's, or NULL. Streams are text and npy, whose
 * charges are real numbers whatever the kernel. */
dagpole_status dp_cloud_read_hdf5(const char *path, const char *dipoles, dagpole_cloud *cloud);
dagpole_status dp_cloud_read_stream(const char *path, dagpole_cloud *cloud);
dagpole_status dp_cloud_read_text(dp_input *input, dagpole_cloud *cloud);
dagpole_status dp_cloud_read_npy(dp_input *input, dagpole_cloud *cloud);

#endif
