/* StarPU's files: where they may be, what StarPU can read, and who removes them. */
#include <sched.h>
#include <starpu.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "homes.h"

/* ---- a home that cannot be written -----------------------------------------------------------
 */

static char message[1024], temporary[256];

/* Keeps the line and the directory that it ends with. */
static void keep_log(void *user, const char *text) {
    (void)user;
    snprintf(message, sizeof message, "%s", text);
    const char *at = strstr(text, " in /"), *end = strstr(text, " for now");
    if (at && end)
        snprintf(temporary, sizeof temporary, "%.*s", (int)(end - at - 4), at + 4);
}

static void check_fallback(const char *named) {
    char **environment = environ;
    message[0] = temporary[0] = '\0';
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2, .log = keep_log});
    ck_assert_msg(strstr(message, named) != NULL, "'%s' is not in: %s", named, message);
    ck_assert_msg(access(temporary, W_OK) == 0, "no directory '%s' in: %s", temporary, message);
    check_works(runtime);
    dp_runtime_destroy(runtime);
    ck_assert_int_ne(access(temporary, F_OK), 0);
    ck_assert_ptr_eq(environ, environment);
}

START_TEST(a_home_that_cannot_be_written) {
    char path[256], longest[1024];
    setenv("TMPDIR", test_home, 1);
    setenv("XDG_CACHE_HOME", "/dev/null/x", 1);
    check_fallback("/dev/null/x");
    setenv("XDG_CACHE_HOME", "/proc/none", 1);
    check_fallback("/proc/none");
    snprintf(path, sizeof path, "%s/home/.starpu/sampling/bus", test_home);
    snprintf(longest, sizeof longest, "mkdir -p %s/home/.starpu/sampling && touch %s", test_home,
             path);
    ck_assert_int_eq(system(longest), 0);
    path[strlen(path) - strlen("/.starpu/sampling/bus")] = '\0';
    setenv("XDG_CACHE_HOME", path, 1);
    check_fallback("sampling/bus");
    setenv("STARPU_PERF_MODEL_DIR", "/dev/null/models", 1);
    check_fallback("/dev/null/models");
    unsetenv("STARPU_PERF_MODEL_DIR");
    snprintf(longest, sizeof longest, "%s/%0300d", test_home, 0); /* StarPU would cut it */
    setenv("XDG_CACHE_HOME", longest, 1);
    check_fallback("bytes");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("STARPU_HOME");
    setenv("HOME", "/dev/null", 1);
    check_fallback("/dev/null");
}
END_TEST

/* As a signal handler does it, with all that StarPU may put there; a child's handler leaves the
 * parent's directory alone. */
START_TEST(the_temporary_directory_goes_at_a_signal) {
    char command[1024];
    int status;
    setenv("TMPDIR", test_home, 1);
    setenv("XDG_CACHE_HOME", "/dev/null/x", 1);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2, .log = keep_log});
    snprintf(command, sizeof command,
             "cd %s && mkdir -p a/b/c && touch a/b/c/file a/.hidden && ln -s / root && "
             "for i in $(seq 200); do : >bus/$i; done",
             temporary);
    ck_assert_int_eq(system(command), 0);
    pid_t child = fork();
    if (child == 0) {
        dagpole_remove_temporaries();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(access(temporary, W_OK), 0);
    dagpole_remove_temporaries();
    ck_assert_int_ne(access(temporary, F_OK), 0);
    dp_runtime_destroy(runtime);
}
END_TEST

/* ---- files that others are writing, or have not written to their end --------------------------
 */

enum { N_PROCESSES = 8, N_HOMES = 12 };

/* Programs that start at once on a machine of which StarPU knows nothing yet. */
START_TEST(processes_start_at_once) {
    for (int round = 0; round < N_HOMES; round++) {
        int gate[2], n_good = 0, status;
        pid_t child[N_PROCESSES];
        char byte;
        fresh_home();
        ck_assert_int_eq(pipe(gate), 0);
        for (int i = 0; i < N_PROCESSES; i++)
            if ((child[i] = fork()) == 0) {
                close(gate[1]);
                (void)!read(gate[0], &byte, 1); /* ends when the parent closes it */
                dp_runtime_destroy(open_runtime((dp_runtime_options){.threads = 2}));
                _exit(0);
            }
        close(gate[0]);
        close(gate[1]);
        for (int i = 0; i < N_PROCESSES; i++)
            n_good += waitpid(child[i], &status, 0) == child[i] && status == 0;
        ck_assert_int_eq(n_good, N_PROCESSES);
    }
}
END_TEST

/* As a process leaves them that is killed meanwhile, or a disk that is full. A StarPU without GPUs
 * may write no affinities. */
START_TEST(files_that_end_early) {
    static const char *const kinds[] = {"bandwidth", "config", "latency", "affinity"};
    char command[512];
    const char *home = fresh_home();
    for (int bytes = 0; bytes <= 10; bytes += 10)
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            run_once();
            snprintf(command, sizeof command, "ls %s/.starpu/sampling/bus/*.affinity >%s/ls 2>&1",
                     home, home);
            if (strcmp(kinds[i], "affinity") == 0 && system(command) != 0)
                continue;
            snprintf(command, sizeof command,
                     "test -s %s/.starpu/sampling/bus/*.%s && "
                     "truncate -s %d %s/.starpu/sampling/bus/*.%s",
                     home, kinds[i], bytes, home, kinds[i]);
            ck_assert_int_eq(system(command), 0);
            run_once();
        }
}
END_TEST

static struct stat look_at_bus(const char *home, const char *kind, char path[256]) {
    char name[65] = "";
    struct stat info;
    gethostname(name, sizeof name - 1);
    snprintf(path, 256, "%s/.starpu/sampling/bus/%.*s.%s", home, (int)strcspn(name, "."), name,
             kind);
    if (stat(path, &info))
        info.st_mtim = (struct timespec){0};
    return info;
}

/* Files that end with a line, and are not what StarPU would write: cut there, or by somebody else.
 * A device in `config` is no device in `affinity`. */
START_TEST(files_that_starpu_cannot_read) {
    static const char *const contents[] = {"# Current configuration\n2 # Number of CPUs\n",
                                           "garbage\n", "1\n", "# G\n", "2\n1\n1\n0\n"};
    static const char *const kinds[] = {"config", "affinity", "latency", "bandwidth"};
    char path[256];
    const char *home = fresh_home();
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            run_once();
            look_at_bus(home, kinds[k], path);
            FILE *file = fopen(path, "r+");
            if (!file && strcmp(kinds[k], "affinity") == 0)
                continue;
            ck_assert_ptr_nonnull(file);
            ck_assert_int_eq(ftruncate(fileno(file), 0), 0);
            fputs(contents[i], file);
            fclose(file);
            run_once();
        }
}
END_TEST

/* What StarPU has written is whole. */
START_TEST(measures_once) {
    static const char *const kinds[] = {"config", "latency", "bandwidth"};
    const char *home = fresh_home();
    char path[256];
    run_once();
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct timespec before = look_at_bus(home, kinds[k], path).st_mtim;
        run_once();
        struct timespec after = look_at_bus(home, kinds[k], path).st_mtim;
        ck_assert_int_gt(before.tv_sec, 0);
        ck_assert(before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec);
    }
}
END_TEST

/* As a full disk, but the temporary directory has no more room. Files that are there need none. The
 * limit is lifted before any assertion: Check itself writes to a file. */
START_TEST(files_may_not_grow) {
    struct rlimit limit, before;
    dp_runtime *runtime;
    dagpole_status status[2];
    fresh_home();
    for (int k = 0; k < 2; k++) {
        getrlimit(RLIMIT_FSIZE, &before);
        limit = (struct rlimit){k ? 1 : 1024, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
        status[k] = dp_runtime_create(&(dp_runtime_options){.threads = 2}, &runtime);
        setrlimit(RLIMIT_FSIZE, &before);
        dp_runtime_destroy(runtime);
        if (k == 0) {
            ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "at most 1024 bytes"));
            ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "STARPU_PERF_MODEL_DIR"));
            run_once();
        }
    }
    ck_assert_int_eq(status[0], DAGPOLE_RUNTIME);
    ck_assert_int_eq(status[1], DAGPOLE_OK);
}
END_TEST

/* 0 where only root of a machine could make it. */
static int mount_full_disk(const char *at, const char *room) {
    char options[64];
    snprintf(options, sizeof options, "size=1m,%s", room);
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", at, "tmpfs", 0, options))
        return 0;
    char command[512];
    snprintf(command, sizeof command, "head -c 9999999 /dev/zero >%s/fill 2>/dev/null", at);
    (void)!system(command);
    return 1;
}

/* Disks without room for bytes, or for files. */
START_TEST(a_full_disk) {
    static const char *const rooms[] = {"nr_inodes=100", "nr_inodes=4", "nr_inodes=9"};
    setenv("TMPDIR", test_home, 1);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        const char *home = fresh_home();
        if (!mount_full_disk(home, rooms[i])) {
            fprintf(stderr, "a_full_disk: not tried, since nothing can be mounted here\n");
            return;
        }
        check_fallback(home);
    }
}
END_TEST

START_TEST(no_place_at_all) {
    dp_runtime *runtime;
    setenv("XDG_CACHE_HOME", "/dev/null/x", 1);
    setenv("TMPDIR", "/dev/null/y", 1);
    ck_assert_int_eq(dp_runtime_create(&(dp_runtime_options){0}, &runtime), DAGPOLE_RUNTIME);
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "/dev/null/x"));
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "/dev/null/y"));
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "STARPU_PERF_MODEL_DIR"));
    ck_assert(!starpu_is_initialized());
    runtime = open_runtime((dp_runtime_options){.serial = 1});
    dp_runtime_destroy(runtime);
}
END_TEST

int main(void) {
    suite_own_schedulers();
    const TTest *const tests[] = {a_home_that_cannot_be_written,
                                  the_temporary_directory_goes_at_a_signal,
                                  processes_start_at_once,
                                  files_that_end_early,
                                  files_that_starpu_cannot_read,
                                  measures_once,
                                  files_may_not_grow,
                                  a_full_disk,
                                  no_place_at_all};
    return runtime_suite_main("files", sizeof tests / sizeof tests[0], tests, 0, 0, NULL);
}
