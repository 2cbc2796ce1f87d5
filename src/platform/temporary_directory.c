#include "platform/temporary_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "platform/directory.h"

enum { MOST_DEPTH = 8, BUFFER_BYTES = 1024 };

/* A signal handler may look at any moment: is_live is set last and cleared first. */
static atomic_int is_live;
static char noted[256];

static void note(const char *path) {
    dp_temporary_directory_forget();
    size_t length = strlen(path);
    if (length >= sizeof noted)
        return;
    memcpy(noted, path, length + 1);
    atomic_store(&is_live, 1);
}

/* A signal that waits is handled when mkdir returns: nobody would know of the directory yet. */
dagpole_status dp_temporary_directory_make(const char *parent, char *path, size_t bytes) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    dagpole_status status = dp_directory_make_temporary(parent, path, bytes);
    if (status == DAGPOLE_OK)
        note(path);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

void dp_temporary_directory_forget(void) {
    atomic_store(&is_live, 0);
}

static void empty(int directory, int depth);

/* 1 where it is gone. */
static int remove_entry(int directory, const char *name, int depth) {
    if (unlinkat(directory, name, 0) == 0)
        return 1;
    int below = depth < MOST_DEPTH
                    ? openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                    : -1;
    if (below < 0)
        return 0;
    empty(below, depth + 1);
    close(below);
    return unlinkat(directory, name, AT_REMOVEDIR) == 0;
}

/* nftw and readdir allocate, which a signal handler must not. What is removed while a directory is
 * read may hide other entries, so it is read until nothing goes any more. */
static void empty(int directory, int depth) {
    _Alignas(struct dirent64) char buffer[BUFFER_BYTES];
    ssize_t n;
    int n_removed;
    do {
        n_removed = 0;
        lseek(directory, 0, SEEK_SET);
        while ((n = getdents64(directory, buffer, sizeof buffer)) > 0)
            for (ssize_t at = 0; at < n;) {
                const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
                at += entry->d_reclen;
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                    n_removed += remove_entry(directory, entry->d_name, depth);
            }
    } while (n_removed > 0);
}

void dp_temporary_directory_remove(void) {
    int saved = errno;
    int directory =
        atomic_load(&is_live) ? open(noted, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (directory >= 0) {
        empty(directory, 0);
        close(directory);
        rmdir(noted);
    }
    errno = saved;
}
