#include "platform/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fork.h"
#include "platform/store_internal.h"

/* ---- the lock and HDF5's error stack ------------------------------------------------------ */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* The child's copy of HDF5 is not one that another thread was changing. */
DP_FORK_WAITS_FOR(mutex);

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

static void silence_hdf5(void) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* HDF5 1.10 forgets objects whose header is damaged, and then says at the process's end that it
 * could not close itself. HDF5 has asked for its own turn at the end before, so that it gets it
 * later. */
static void end_quietly(void) {
    static int is_registered;
    if (!is_registered)
        is_registered = atexit(silence_hdf5) == 0;
}

const char *dp_store_shown(const char *path) {
    size_t length = strlen(path);
    return length > 200 ? path + length - 200 : path;
}

void dp_store_reason(const dp_store *store, char reason[DP_STORE_REASON_BYTES]) {
    const char *known = store->sink.error ? strerror(store->sink.error) : "HDF5 gives no reason";
    snprintf(reason, DP_STORE_REASON_BYTES, "%s", known);
    end_quietly();
    if (!store->sink.error)
        H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_reason, reason);
}

dagpole_status dp_store_fail(const dp_store *store, const char *action, const char *object) {
    char reason[DP_STORE_REASON_BYTES];
    dp_store_reason(store, reason);
    return dp_fail(DAGPOLE_FILE, "cannot %s %.100s of '%s': %s", action, object,
                   dp_store_shown(store->path), reason);
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
    if (store->slot >= 0)
        dp_store_remove_temporary(store->slot);
    if (store->sink.fd >= 0)
        close(store->sink.fd); /* and with it the lock */
    dp_free(store->target);
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

static dagpole_status cannot_create(const char *path, const char *reason) {
    return dp_fail(DAGPOLE_FILE, "cannot create '%s': %s", dp_store_shown(path), reason);
}

/* The path that a link at `target` leads to in its place; 0 with errno where it is too long. */
static int follow(char target[PATH_MAX]) {
    char value[PATH_MAX];
    ssize_t n = readlink(target, value, sizeof value);
    char *slash = strrchr(target, '/');
    char *begin = n > 0 && value[0] != '/' && slash ? slash + 1 : target;
    if (n < 0)
        return 0;
    if (n == 0 || n >= PATH_MAX - (begin - target)) {
        errno = n ? ENAMETOOLONG : ENOENT;
        return 0;
    }
    memcpy(begin, value, (size_t)n);
    begin[n] = '\0';
    return 1;
}

/* The end of the links that may be at `path`: the file itself is replaced and links stay. What they
 * lead to need not be there. */
static dagpole_status find_target(const char *path, char target[PATH_MAX]) {
    enum { MAX_LINKS = 40 }; /* as the system follows */
    struct stat info;
    if (*path == '\0')
        return dp_fail(DAGPOLE_FILE, "cannot create a file: its name is empty");
    if (snprintf(target, PATH_MAX, "%s", path) >= PATH_MAX)
        return cannot_create(path, strerror(ENAMETOOLONG));
    for (int i = 0; lstat(target, &info) == 0 && S_ISLNK(info.st_mode); i++) {
        if (i == MAX_LINKS)
            return cannot_create(path, strerror(ELOOP));
        if (!follow(target))
            return cannot_create(path, strerror(errno));
    }
    return DAGPOLE_OK;
}

/* Renaming would replace whatever is there, a device as well, and asks for no right to write it. */
static dagpole_status check_target(const char *path) {
    struct stat info;
    char why[DP_STORE_REASON_BYTES];
    if (stat(path, &info) != 0)
        return DAGPOLE_OK;
    if (S_ISDIR(info.st_mode))
        return cannot_create(path, "it is a directory");
    if (!S_ISREG(info.st_mode))
        return cannot_create(path, "it is there and not a regular file");
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
        return DAGPOLE_OK;
    snprintf(why, sizeof why, "it is there and may not be written (mode %04o): %s",
             info.st_mode & 07777u, strerror(errno));
    return cannot_create(path, why);
}

static dagpole_status create(dp_store *store) {
    int slot;
    store->sink.fd = dp_store_open_temporary(store->target, &slot);
    if (store->sink.fd < 0)
        return cannot_create(store->path, errno == EMFILE ? "too many files are open or written"
                                                          : strerror(errno));
    store->slot = slot;
    store->file = dp_store_sink_create(dp_store_temporary_path(slot), &store->sink);
    if (store->file < 0 || store->sink.error)
        return dp_store_fail(store, "write", "the first bytes");
    return DAGPOLE_OK;
}

dagpole_status dp_store_create(const char *path, dp_store **store) {
    char target[PATH_MAX];
    *store = NULL;
    DP_TRY(find_target(path, target));
    DP_TRY(check_target(target));
    dp_store *made = make_store(path);
    if (!made)
        return DAGPOLE_NO_MEMORY;
    dp_store_quiet quiet;
    dp_store_enter(&quiet);
    made->target = dp_alloc_copy(target, strlen(target) + 1, 1);
    dagpole_status status = made->target ? create(made) : DAGPOLE_NO_MEMORY;
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
    /* Closing tells of late failures as well. The lock stays with the other descriptor. */
    int copy = dup(store->sink.fd);
    if (copy >= 0 && close(copy) != 0)
        return dp_fail(DAGPOLE_FILE, "cannot close '%s': %s", dp_store_shown(store->path),
                       strerror(errno));
    if (dp_store_rename_temporary(store->slot, store->target) != 0)
        return dp_fail(DAGPOLE_FILE, "cannot rename a temporary file to '%s': %s",
                       dp_store_shown(store->path), strerror(errno));
    store->slot = -1;
    sync_directory_of(store->target);
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
