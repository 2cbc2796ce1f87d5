/* A directory of a test's own for its files, and small helpers to look at them. */
#ifndef DP_TESTS_PLATFORM_SCRATCH_H
#define DP_TESTS_PLATFORM_SCRATCH_H

#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct scratch {
    char directory[256], path[512];
} scratch;

static inline scratch scratch_make(const char *file) {
    scratch s;
    const char *base = getenv("TMPDIR");
    snprintf(s.directory, sizeof s.directory, "%s/dagpole-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(s.directory));
    snprintf(s.path, sizeof s.path, "%s/%s", s.directory, file);
    return s;
}

/* Directory entries besides . and .. */
static inline int scratch_count(const scratch *s) {
    DIR *directory = opendir(s->directory);
    ck_assert_ptr_nonnull(directory);
    int n = -2;
    while (readdir(directory))
        n++;
    closedir(directory);
    return n;
}

static inline void scratch_remove(const scratch *s) {
    DIR *directory = opendir(s->directory);
    ck_assert_ptr_nonnull(directory);
    char path[1024];
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", s->directory, entry->d_name);
        unlink(path);
    }
    closedir(directory);
    ck_assert_int_eq(rmdir(s->directory), 0);
}

static inline void scratch_write(const scratch *s, const char *text) {
    FILE *file = fopen(s->path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    ck_assert_int_eq(fclose(file), 0);
}

/* A full disk, as far as a write can tell: no file may grow beyond so many bytes. A negative number
 * lifts the limit; lift it before any assertion, Check itself writes to a file. */
static inline void scratch_limit_files(long bytes) {
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

#define assert_error_has(text)                                                                     \
    ck_assert_msg(strstr(dagpole_last_error(), text) != NULL, "'%s' is not in: %s", text,          \
                  dagpole_last_error())

#endif
