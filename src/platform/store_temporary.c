/* The temporary files of stores being written, and those that killed processes left.
 *
 * A temporary's name is the target's and ".tmp-<host>-<boot>-<pid>-<counter>". Its file is locked
 * (flock) from its making to its renaming, and the system drops the lock with the process, however
 * that ends. So a file whose lock is free has no writer; process numbers, which are used again, are
 * not asked. On file systems that hosts share a lock may be known to one host alone: only files of
 * this host, by its name or by the boot that its kernel runs since, are touched. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/store_internal.h"

#define MAX_TEMPORARIES 32

/* A signal handler may look at any moment: is_live is set last and cleared first. */
static struct {
    int is_taken; /* under the store's lock */
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

void dp_store_remove_temporary(int slot) {
    unlink(temporaries[slot].path);
    atomic_store(&temporaries[slot].is_live, 0);
    temporaries[slot].is_taken = 0;
}

int dp_store_rename_temporary(int slot, const char *target) {
    if (rename(temporaries[slot].path, target) != 0)
        return -1;
    atomic_store(&temporaries[slot].is_live, 0);
    temporaries[slot].is_taken = 0;
    return 0;
}

const char *dp_store_temporary_path(int slot) {
    return temporaries[slot].path;
}

/* ---- whose a file is ---------------------------------------------------------------------- */

enum { PLACE_BYTES = 20 };
static const char mark[] = ".tmp-";

static unsigned short_hash(const char *text) {
    uint64_t sum = dp_text_hash(text);
    return (unsigned)(sum ^ sum >> 32);
}

/* "<host>-<boot>", eight digits each: the name may be another's, the boot ends with the machine's
 * run, and containers of one machine differ in the name alone. */
static void describe_place(char place[PLACE_BYTES]) {
    char host[256] = "", boot[64] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n = read(fd, boot, sizeof boot - 1);
        boot[n > 0 ? n : 0] = '\0';
        close(fd);
    }
    snprintf(place, PLACE_BYTES, "%08x-%08x", short_hash(host), short_hash(*boot ? boot : host));
}

/* Moves *s past 1 or more characters of the kind, and past `end` unless that is 0. */
static int skip_part(const char **s, int (*is_kind)(int), char end) {
    const char *begin = *s;
    while (is_kind((unsigned char)**s))
        ++*s;
    return *s > begin && (!end || *(*s)++ == end);
}

/* A name as open_new makes it, on this host. */
static int is_ours(const char *name, const char place[PLACE_BYTES]) {
    const char *s = NULL;
    for (const char *next = name; (next = strstr(next, mark)) != NULL; next++)
        s = next + sizeof mark - 1;
    if (!s)
        return 0;
    const char *host = s;
    int is_whole = skip_part(&s, isxdigit, '-') && s == host + 9 && skip_part(&s, isxdigit, '-') &&
                   s == host + 18 && skip_part(&s, isdigit, '-') && skip_part(&s, isdigit, 0);
    return is_whole && !*s && (!memcmp(host, place, 9) || !memcmp(host + 9, place + 9, 8));
}

/* ---- making one, after a look for those left behind ------------------------------------------ */

/* The file that fd has open is still the one of that name: its lock says something of it. */
static int is_at(int fd, int directory, const char *name) {
    struct stat opened, found;
    return fstat(fd, &opened) == 0 && fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(found.st_mode) && opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

/* What cannot be opened or locked stays. */
static void remove_orphan(int directory, const char *name) {
    int fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_at(fd, directory, name))
        unlinkat(directory, name, 0);
    close(fd);
}

/* In the directory of `target`. A failure is none: the write itself will tell. */
static void remove_orphans(const char *target, const char place[PLACE_BYTES]) {
    char path[PATH_MAX] = ".";
    const char *slash = strrchr(target, '/');
    if (slash)
        snprintf(path, sizeof path, "%.*s", (int)(slash - target + 1), target);
    DIR *directory = opendir(path);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (is_ours(entry->d_name, place))
            remove_orphan(dirfd(directory), entry->d_name);
    closedir(directory);
}

/* A new file, with the mode of the one at `target` where it is going to replace one: what that
 * hides nobody else may open meanwhile either. */
static int open_as(const char *path, const char *target) {
    struct stat replaced;
    int is_there = stat(target, &replaced) == 0;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, is_there ? 0600 : 0666);
    if (fd >= 0 && is_there)
        (void)fchmod(fd, replaced.st_mode & 0777); /* not every file system has modes */
    return fd;
}

/* A new file with its lock, -1 with errno where there is none. EEXIST: another name is needed,
 * because another process looked for orphans between making and locking. File systems without
 * locks do without: nobody gets a lock there, and nothing is removed. */
static int open_locked(const char *path, const char *target) {
    int fd = open_as(path, target);
    if (fd < 0)
        return -1;
    int is_taken = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!is_taken && is_at(fd, AT_FDCWD, path))
        return fd;
    close(fd);
    errno = EEXIST;
    return -1;
}

/* Opens a new file beside the target in the slot and notes its name. */
static int open_new(int slot, const char *target, const char place[PLACE_BYTES]) {
    static unsigned counter;
    char *path = temporaries[slot].path;
    int fd;
    do {
        int length = snprintf(path, PATH_MAX, "%s%s%s-%ld-%u", target, mark, place, (long)getpid(),
                              counter++);
        if (length < 0 || length >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        /* Live before it exists: an interruption in between leaves nothing. The name holds this
         * process's number, so that nobody else's file is meant. */
        atomic_store(&temporaries[slot].is_live, 1);
        fd = open_locked(path, target);
        if (fd < 0)
            atomic_store(&temporaries[slot].is_live, 0);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

int dp_store_open_temporary(const char *target, int *slot) {
    char place[PLACE_BYTES];
    *slot = 0;
    while (*slot < MAX_TEMPORARIES && temporaries[*slot].is_taken)
        ++*slot;
    if (*slot == MAX_TEMPORARIES) {
        errno = EMFILE;
        return -1;
    }
    describe_place(place);
    remove_orphans(target, place);
    int fd = open_new(*slot, target, place);
    if (fd >= 0)
        temporaries[*slot].is_taken = 1;
    return fd;
}
