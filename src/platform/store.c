#include "platform/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/store_internal.h"

/* ---- the lock and HDF5's error stack ------------------------------------------------------ */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void dp_store_enter(dp_store_quiet *quiet) {
    pthread_mutex_lock(&mutex);
    quiet->is_saved = H5Eget_auto2(H5E_DEFAULT, &quiet->function, &quiet->data) >= 0;
    if (quiet->is_saved)
        H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void dp_store_leave(const dp_store_quiet *quiet) {
    if (quiet->is_saved)
        H5Eset_auto2(H5E_DEFAULT, quiet->function, quiet->data);
    pthread_mutex_unlock(&mutex);
}

static herr_t take_reason(unsigned i, const H5E_error2_t *entry, void *reason) {
    if (i == 0 && entry->desc)
        snprintf(reason, DP_STORE_REASON_BYTES, "%s", entry->desc);
    return 0;
}

const char *dp_store_shown(const char *path) {
    size_t length = strlen(path);
    return length > 200 ? path + length - 200 : path;
}

void dp_store_reason(const dp_store *store, char reason[DP_STORE_REASON_BYTES]) {
    const char *known = store->sink.error ? strerror(store->sink.error) : "HDF5 gives no reason";
    snprintf(reason, DP_STORE_REASON_BYTES, "%s", known);
    if (!store->sink.error)
        H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_reason, reason);
}

dagpole_status dp_store_fail(const dp_store *store, const char *action, const char *object) {
    char reason[DP_STORE_REASON_BYTES];
    dp_store_reason(store, reason);
    return dp_fail(DAGPOLE_FILE, "cannot %s %.100s of '%s': %s", action, object,
                   dp_store_shown(store->path), reason);
}

/* ---- temporaries -------------------------------------------------------------------------- */

#define MAX_TEMPORARIES 32

/* A signal handler may look at any moment: is_live is set last and cleared first. */
static struct {
    int is_taken; /* under the lock */
    atomic_int is_live;
    char path[PATH_MAX];
} temporaries[MAX_TEMPORARIES];

void dp_store_remove_temporaries(void) {
    int saved = errno;
    for (int i = 0; i < MAX_TEMPORARIES; i++)
        if (atomic_load(&temporaries[i].is_live))
            unlink(temporaries[i].path);
    errno = saved;
}

static void release_slot(int slot) {
    atomic_store(&temporaries[slot].is_live, 0);
    temporaries[slot].is_taken = 0;
}

static dagpole_status cannot_create(const char *path, const char *reason) {
    return dp_fail(DAGPOLE_FILE, "cannot create '%s': %s", dp_store_shown(path), reason);
}

/* Opens a new file beside the store's path and notes its name. */
static dagpole_status open_temporary(dp_store *store) {
    static unsigned counter;
    int slot = 0;
    while (slot < MAX_TEMPORARIES && temporaries[slot].is_taken)
        slot++;
    if (slot == MAX_TEMPORARIES)
        return cannot_create(store->path, "too many files are being written at once");
    char *path = temporaries[slot].path;
    do {
        int length =
            snprintf(path, PATH_MAX, "%s.tmp-%ld-%u", store->path, (long)getpid(), counter++);
        if (length < 0 || length >= PATH_MAX)
            return cannot_create(store->path, strerror(ENAMETOOLONG));
        /* Live before it exists: an interruption in between leaves nothing. The name holds this
         * process's number, so that nobody else's file is meant. */
        atomic_store(&temporaries[slot].is_live, 1);
        store->sink.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (store->sink.fd < 0)
            atomic_store(&temporaries[slot].is_live, 0);
    } while (store->sink.fd < 0 && errno == EEXIST);
    if (store->sink.fd < 0)
        return cannot_create(store->path, strerror(errno));
    store->slot = slot;
    temporaries[slot].is_taken = 1;
    return DAGPOLE_OK;
}

/* ---- open and close ----------------------------------------------------------------------- */

static dp_store *make_store(const char *path) {
    dp_store *store = dp_alloc_zero(1, sizeof *store);
    if (!store)
        return NULL;
    store->path = dp_alloc_copy(path, strlen(path) + 1, 1);
    store->file = -1;
    store->slot = -1;
    store->sink.fd = -1;
    store->sink.class_id = -1;
    if (store->path)
        return store;
    dp_free(store);
    return NULL;
}

/* Frees what is left of a store, its temporary included; holds the lock. */
static void discard(dp_store *store) {
    if (store->file >= 0)
        H5Fclose(store->file);
    if (store->sink.class_id >= 0)
        H5FDunregister(store->sink.class_id);
    if (store->sink.fd >= 0)
        close(store->sink.fd);
    if (store->slot >= 0) {
        unlink(temporaries[store->slot].path);
        release_slot(store->slot);
    }
    dp_free(store->path);
    dp_free(store);
}

void dp_store_close(dp_store *store) {
    if (!store)
        return;
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    discard(store);
    dp_store_leave(&quiet);
}

/* Renaming would replace whatever is there, a device as well. */
static dagpole_status check_target(const char *path) {
    struct stat info;
    if (*path == '\0')
        return dp_fail(DAGPOLE_FILE, "cannot create a file: its name is empty");
    if (stat(path, &info) != 0)
        return DAGPOLE_OK;
    if (S_ISDIR(info.st_mode))
        return cannot_create(path, "it is a directory");
    if (!S_ISREG(info.st_mode))
        return cannot_create(path, "it is there and not a regular file");
    return DAGPOLE_OK;
}

static dagpole_status create(dp_store *store) {
    DP_TRY(open_temporary(store));
    store->file = dp_store_sink_create(temporaries[store->slot].path, &store->sink);
    if (store->file < 0 || store->sink.error)
        return dp_store_fail(store, "write", "the first bytes");
    return DAGPOLE_OK;
}

dagpole_status dp_store_create(const char *path, dp_store **store) {
    *store = NULL;
    DP_TRY(check_target(path));
    dp_store *made = make_store(path);
    if (!made)
        return DAGPOLE_NO_MEMORY;
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = create(made);
    if (status == DAGPOLE_OK)
        *store = made;
    else
        discard(made);
    dp_store_leave(&quiet);
    return status;
}

/* A rename is on disk once its directory is. Not every file system can do this: no failure. */
static void sync_directory_of(const char *path) {
    char directory[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash)
        snprintf(directory, sizeof directory, "%.*s", (int)(slash - path + 1), path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static dagpole_status commit(dp_store *store) {
    herr_t closed = H5Fclose(store->file);
    store->file = -1;
    if (closed < 0 || store->sink.error)
        return dp_store_fail(store, "write", "the last bytes");
    int flushed = fsync(store->sink.fd);
    if (flushed != 0 && errno != EINVAL && errno != ENOTSUP)
        return dp_fail(DAGPOLE_FILE, "cannot flush '%s' to disk: %s", dp_store_shown(store->path),
                       strerror(errno));
    int closed_fd = close(store->sink.fd);
    store->sink.fd = -1;
    if (closed_fd != 0)
        return dp_fail(DAGPOLE_FILE, "cannot close '%s': %s", dp_store_shown(store->path),
                       strerror(errno));
    if (rename(temporaries[store->slot].path, store->path) != 0)
        return dp_fail(DAGPOLE_FILE, "cannot rename a temporary file to '%s': %s",
                       dp_store_shown(store->path), strerror(errno));
    release_slot(store->slot);
    store->slot = -1;
    sync_directory_of(store->path);
    return DAGPOLE_OK;
}

dagpole_status dp_store_commit(dp_store *store) {
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = commit(store);
    discard(store);
    dp_store_leave(&quiet);
    return status;
}

/* HDF5's own words for these are hard to read. */
static dagpole_status check_readable(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0)
        return dp_fail(DAGPOLE_FILE, "cannot open '%s': %s", dp_store_shown(path), strerror(errno));
    if (!S_ISREG(info.st_mode))
        return dp_fail(DAGPOLE_FILE, "cannot open '%s': it is %s", dp_store_shown(path),
                       S_ISDIR(info.st_mode) ? "a directory" : "not a regular file");
    if (access(path, R_OK) != 0)
        return dp_fail(DAGPOLE_FILE, "cannot open '%s': %s", dp_store_shown(path), strerror(errno));
    return DAGPOLE_OK;
}

int dp_store_is_absent(const char *path) {
    struct stat info;
    return lstat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

int dp_store_is_hdf5(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    int is_hdf5 = H5Fis_hdf5(path) > 0;
    dp_store_leave(&quiet);
    return is_hdf5;
}

static dagpole_status open_file(dp_store *store) {
    if (H5Fis_hdf5(store->path) <= 0)
        return dp_fail(DAGPOLE_FILE, "'%s' is not an HDF5 file", dp_store_shown(store->path));
    store->file = H5Fopen(store->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    return store->file < 0 ? dp_store_fail(store, "open", "the contents") : DAGPOLE_OK;
}

dagpole_status dp_store_open(const char *path, dp_store **store) {
    *store = NULL;
    DP_TRY(check_readable(path));
    dp_store *made = make_store(path);
    if (!made)
        return DAGPOLE_NO_MEMORY;
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    dagpole_status status = open_file(made);
    if (status == DAGPOLE_OK)
        *store = made;
    else
        discard(made);
    dp_store_leave(&quiet);
    return status;
}

const char *dp_store_version(void) {
    static char text[32];
    unsigned major, minor, release;
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    if (!*text && H5get_libversion(&major, &minor, &release) >= 0)
        snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    dp_store_leave(&quiet);
    return text;
}
