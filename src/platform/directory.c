#include "platform/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static dagpole_status make(const char *what, char *path) {
    for (char *p = path + 1;; p++)
        if (*p == '/' || !*p) {
            char end = *p;
            *p = '\0';
            if (mkdir(path, 0777) && errno != EEXIST)
                return dp_fail(DAGPOLE_FILE, "%s: cannot create %.400s: %s", what, path,
                               strerror(errno));
            if (!end)
                return DAGPOLE_OK;
            *p = end;
        }
}

dagpole_status dp_directory_make(const char *what, const char *path) {
    char copy[DP_PATH_BYTES];
    size_t length = strlen(path);
    if (!length || length >= sizeof copy)
        return dp_fail(DAGPOLE_FILE, "%s: a path of %zu bytes, it must have 1 ... %d", what, length,
                       DP_PATH_BYTES - 1);
    memcpy(copy, path, length + 1);
    DP_TRY(make(what, copy));
    struct stat status;
    if (stat(path, &status) || !S_ISDIR(status.st_mode))
        return dp_fail(DAGPOLE_FILE, "%s: %.400s is not a directory", what, path);
    if (access(path, W_OK | X_OK))
        return dp_fail(DAGPOLE_FILE, "%s: cannot write in %.400s: %s", what, path, strerror(errno));
    return DAGPOLE_OK;
}

dagpole_status dp_directory_make_temporary(const char *parent, char *path, size_t bytes) {
    int length = snprintf(path, bytes, "%s/dagpole-XXXXXX", parent);
    if (length < 0 || (size_t)length >= bytes)
        return dp_fail(DAGPOLE_FILE, "a temporary directory below %.200s: the path is too long",
                       parent);
    if (!mkdtemp(path))
        return dp_fail(DAGPOLE_FILE, "cannot create a temporary directory below %.200s: %s", parent,
                       strerror(errno));
    return DAGPOLE_OK;
}

/* 0, or what went wrong. Disks may tell only when a file is closed. */
static int write_file(const char *path, size_t bytes) {
    char page[4096];
    memset(page, '#', sizeof page);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error = 0;
    if (file < 0)
        return errno;
    while (!error && bytes) {
        ssize_t n = write(file, page, bytes < sizeof page ? bytes : sizeof page);
        if (n > 0)
            bytes -= (size_t)n;
        else if (n == 0 || errno != EINTR)
            error = n ? errno : ENOSPC;
    }
    return close(file) && !error ? errno : error;
}

static int write_files(const char *directory, int n_files, size_t bytes) {
    char path[DP_PATH_BYTES + 16];
    int error = 0;
    for (int i = 0; !error && i < n_files; i++) {
        snprintf(path, sizeof path, "%s/%d", directory, i);
        error = write_file(path, bytes);
    }
    return error;
}

/* A write beyond the limit would send a signal to the host. */
static dagpole_status check_file_limit(const char *what, size_t bytes) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur >= bytes)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_FILE,
                   "%s: files may have at most %llu bytes here (ulimit -f), and %zu are needed",
                   what, (unsigned long long)limit.rlim_cur, bytes);
}

dagpole_status dp_directory_check_room(const char *what, const char *path, int n_files,
                                       size_t bytes) {
    char probe[DP_PATH_BYTES];
    DP_TRY(check_file_limit(what, bytes));
    DP_TRY(dp_directory_make_temporary(path, probe, sizeof probe));
    int error = write_files(probe, n_files, bytes);
    dp_directory_remove(probe);
    if (error)
        return dp_fail(DAGPOLE_FILE, "%s: %.400s has no room for %d files of %zu bytes: %s", what,
                       path, n_files, bytes, strerror(error));
    return DAGPOLE_OK;
}

/* An open file is locked, not a process, so threads wait for each other as well. */
int dp_directory_lock(const char *path, double most_s) {
    static const struct timespec pause = {.tv_nsec = 5000000};
    int lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    double end_s = dp_clock() + most_s;
    while (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB)) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || dp_clock() > end_s) {
            close(lock);
            return -1;
        }
        nanosleep(&pause, NULL);
    }
    return lock;
}

/* Unlocked first: a process that was forked meanwhile has the same open file. */
void dp_directory_unlock(int lock) {
    if (lock < 0)
        return;
    (void)flock(lock, LOCK_UN);
    close(lock);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where) {
    (void)info, (void)type, (void)where;
    (void)remove(path); /* what cannot go stays */
    return 0;
}

void dp_directory_remove(const char *path) {
    nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
