/* What the files of the store share. */
#ifndef DP_PLATFORM_STORE_INTERNAL_H
#define DP_PLATFORM_STORE_INTERNAL_H

#include <hdf5.h>
#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h> /* HDF5 1.14 moved H5FD_t there */
#endif

#include "platform/store.h"

/* The file that HDF5 writes to, as a driver of ours. HDF5 1.10 cannot close a file after a failed
 * write (it crashes, at the latest when the process ends), so the driver tells HDF5 that every
 * write succeeds and keeps the first error for the store to find. */
typedef struct dp_store_sink {
    H5FD_t driver; /* first: HDF5 holds a pointer to it */
    /* Registered until the file is closed: H5FD_close drops HDF5's own reference to the class, and
     * with the last one the class, before it calls its close function. */
    hid_t class_id;
    int fd;
    int error; /* errno of the first failure, 0 = none */
    haddr_t end_allocated, end_written;
} dp_store_sink;

/* A new HDF5 file in the empty sink->fd, which stays open when the file is closed. Negative where
 * it fails. */
hid_t dp_store_sink_create(const char *path, dp_store_sink *sink);

struct dp_store {
    hid_t file;
    char *path;   /* as given, for sentences */
    char *target; /* the file at the end of its links, which is written; NULL for one to be read */
    int slot;     /* of the temporary; -1: there is none */
    dp_store_sink sink;
};

/* HDF5's error printing as the application set it. */
typedef struct dp_store_quiet {
    int is_saved;
    H5E_auto2_t function;
    void *data;
} dp_store_quiet;

/* Every call of the store runs between these two: they hold the lock and keep HDF5 quiet. */
void dp_store_enter(dp_store_quiet *quiet);
void dp_store_leave(const dp_store_quiet *quiet);

/* The failure of an HDF5 call just made: "<action> <object> of <file>: <reason>", where the reason
 * is the sink's error or the innermost entry of HDF5's error stack. Returns DAGPOLE_FILE. */
dagpole_status dp_store_fail(const dp_store *store, const char *action, const char *object);

/* The reason alone: the sink's error or the innermost entry of HDF5's error stack. */
enum { DP_STORE_REASON_BYTES = 160, DP_STORE_PATH_BYTES = 4096 };
void dp_store_reason(const dp_store *store, char reason[DP_STORE_REASON_BYTES]);

/* The end of a path, as much of it as fits into a sentence. */
const char *dp_store_shown(const char *path);

/* Removes the temporaries that killed processes left in the directory of target, and opens a new
 * one there (fd, and its slot); -1 with errno where it fails. Renamed or removed it leaves the
 * slot. Within the lock. */
int dp_store_open_temporary(const char *target, int *slot);
const char *dp_store_temporary_path(int slot);
int dp_store_rename_temporary(int slot, const char *target); /* 0, or -1 with errno: it stays */
void dp_store_remove_temporary(int slot);

/* dp_store_has within the lock. */
dagpole_status dp_store_find(const dp_store *store, const char *name, int *is_there);

/* FILE with a sentence where it is missing, no dataset or cannot be opened. */
dagpole_status dp_store_open_dataset(const dp_store *store, const char *name, hid_t *dataset);

/* FILE where the dataset is compressed by a filter that this HDF5 lacks, named. */
dagpole_status dp_store_check_filters(const dp_store *store, const char *name, hid_t dataset);

/* FILE where a virtual dataset's part cannot be opened: HDF5 would read fill values there. */
dagpole_status dp_store_check_parts(const dp_store *store, const char *name, hid_t dataset);

/* FILE where nobody ever wrote a number, nor chose one to stand for what is not written: HDF5 would
 * read zeros. */
dagpole_status dp_store_check_written(const dp_store *store, const char *name, hid_t dataset);

#endif
