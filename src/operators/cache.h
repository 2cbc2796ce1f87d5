/* Operators on disk: one HDF5 file per (kernel, lambda in half sides, accuracy), with a format
 * version and a checksum over everything that is used. A file that is missing, damaged, foreign or
 * of another version is never trusted and never fatal: the operators are built again and the file
 * is replaced. */
#ifndef DP_OPERATORS_CACHE_H
#define DP_OPERATORS_CACHE_H

#include "operators/data.h"

/* *data stays NULL where there is no file to trust; message then says why, "" where there simply is
 * none. NO_MEMORY is the only failure. */
dagpole_status dp_cache_load(const char *directory, const dp_surface *surface,
                             const dp_operator_key *key, char message[DP_ERROR_TEXT_BYTES],
                             dp_operator_data **data);

/* Creates the directory where needed. FILE where it cannot be written. */
dagpole_status dp_cache_save(const char *directory, const dp_surface *surface,
                             const dp_operator_data *data);

#endif
