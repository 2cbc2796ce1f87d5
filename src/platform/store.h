/* Files of named arrays and attributes, through HDF5. Paths name datasets ("/a/b"; groups on the
 * way are created). HDF5's own error printing is off within these calls. Each failure is
 * DAGPOLE_FILE with a sentence that names file and dataset and says what is wrong. HDF5 from
 * Debian is not thread-safe: every function takes one lock. */
#ifndef DP_PLATFORM_STORE_H
#define DP_PLATFORM_STORE_H

#include "base/memory.h"

typedef struct dp_store dp_store;

/* Creates a temporary file beside path, or beside what a link there leads to (same directory, the
 * name and ".tmp-<host>-<boot>-<pid>-<counter>"); dp_store_commit flushes it to disk and renames it
 * to path, or to what the link leads to: links stay. A file that is replaced must be writable and
 * gives its mode. dp_store_close without commit removes the temporary. NULL is allowed in close.
 * Temporaries in that directory which this host's processes left when they were killed are removed.
 */
dagpole_status dp_store_create(const char *path, dp_store **store);
dagpole_status dp_store_commit(dp_store *store); /* closes as well, on success and failure */
dagpole_status dp_store_open(const char *path, dp_store **store); /* read only */
void dp_store_close(dp_store *store);

/* 1 where nothing is at path. A link that leads nowhere is something, and so is what this process
 * may not look at: opening it says what is wrong. */
int dp_store_is_absent(const char *path);

/* 1 where a regular file with HDF5's signature is at path, readable or damaged. */
int dp_store_is_hdf5(const char *path);

/* Type of elements in memory: 'd' double, 'i' int64_t, 'b' uint8_t, 'z' two doubles, of a complex
 * number the real and the imaginary part: a compound of r and i in the file, as h5py writes it. */
dagpole_status dp_store_write(dp_store *store, const char *dataset, char type, int rank,
                              const int64_t *shape, const void *data);

/* 1 where something of that name is there, whatever it is and whether or not it can be opened: what
 * cannot be opened is never taken for absent. FILE where a group on the way cannot be opened. */
dagpole_status dp_store_has(dp_store *store, const char *dataset, int *is_there);

/* Rank (at most 4) and shape; FILE where it is missing or not a numeric array (integers, floats and
 * complex numbers of any width are numeric). */
dagpole_status dp_store_shape(dp_store *store, const char *dataset, int *rank, int64_t shape[4]);

/* Whether a numeric dataset holds complex numbers. Statuses: as dp_store_shape. */
dagpole_status dp_store_is_complex(dp_store *store, const char *dataset, int *is_complex);

/* Reads a whole dataset, converted to the type asked for, into data with room for `count` elements;
 * FILE where the dataset holds another number of elements, is truncated, or holds complex numbers
 * and real ones are asked for. Real numbers are complex ones, too. */
dagpole_status dp_store_read(dp_store *store, const char *dataset, char type, int64_t count,
                             void *data);

/* Attributes of the root group. FILE where it cannot be known whether one is there. */
dagpole_status dp_store_has_attribute(dp_store *store, const char *name, int *is_there);
dagpole_status dp_store_set_int(dp_store *store, const char *name, int64_t value);
dagpole_status dp_store_set_double(dp_store *store, const char *name, double value);
/* Text for readers in Python: h5py makes str of what HDF5 calls variable in length, and bytes of
 * what it calls fixed. No checksum guards variable text, and HDF5 1.10 may hang where it is
 * damaged. */
dagpole_status dp_store_set_text(dp_store *store, const char *name, const char *value);
/* Text of a fixed length, for files that this library alone reads: damage is always noticed. */
dagpole_status dp_store_set_short_text(dp_store *store, const char *name, const char *value);
dagpole_status dp_store_get_int(dp_store *store, const char *name, int64_t *value);
dagpole_status dp_store_get_double(dp_store *store, const char *name, double *value);
/* Text that is longer than the room for it is cut. */
dagpole_status dp_store_get_text(dp_store *store, const char *name, char *value, size_t bytes);
/* Text of any length: dp_free; NULL after a failure. */
dagpole_status dp_store_get_long_text(dp_store *store, const char *name, char **value);

const char *dp_store_version(void); /* HDF5's */

/* Unlinks the temporaries of stores being written; async-signal-safe (keeps a fixed table of
 * paths). dagpole_remove_temporaries() calls it. */
void dp_store_remove_temporaries(void);

#endif
