/* The values of points in HDF5: how many numbers a point has, along which axes, real or complex,
 * follows from the kernel. */
#ifndef DP_CLOUD_ROWS_H
#define DP_CLOUD_ROWS_H

#include "platform/store.h"

typedef enum dp_row_kind {
    DP_ROW_CHARGE,
    DP_ROW_DIPOLE,
    DP_ROW_POTENTIAL,
    DP_ROW_GRADIENT,
    DP_ROW_HESSIAN,
    DP_ROW_PRESSURE
} dp_row_kind;

/* One point's value. A gradient has the axes of a potential, and one of 3. */
typedef struct dp_row {
    dagpole_kernel kernel;
    const char *name;     /* "one charge a source", for sentences */
    int is_complex, rank; /* is_complex: each number is two doubles */
    int64_t shape[2];
} dp_row;

/* The kernel must be one that there is. */
dp_row dp_row_of(dagpole_kernel kernel, dp_row_kind kind);

/* Doubles in memory; 0 where the kernel has no such value. */
int dp_row_doubles(const dp_row *row);

/* n_vectors x n values, one vector without its axis. */
dagpole_status dp_rows_write(dp_store *store, const char *dataset, const dp_row *row,
                             int64_t n_vectors, int64_t n, const double *values);

/* Reads n x the row's shape, or V x n x the row's shape. n: -1 where it is not known. is_loose: as
 * charges come, which may be real where complex ones are needed, and n x 1 where each is one
 * number, and which must be finite. *values is the caller's to free, also after a failure.
 * Statuses: FILE, NO_MEMORY, NUMERIC. */
dagpole_status dp_rows_read(dp_store *store, const char *path, const char *dataset,
                            const dp_row *row, int is_loose, int64_t *n, int64_t *n_vectors,
                            double **values);

/* FILE with a sentence that has the shape of the dataset and what is needed. */
dagpole_status dp_rows_refuse(const char *path, const char *dataset, int rank,
                              const int64_t shape[4], const char *needed);

#endif
