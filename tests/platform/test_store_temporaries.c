/* Links at the place of a file to be written, and temporaries that killed processes left. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "platform/scratch.h"
#include "platform/store.h"
#include "suite.h"

static dagpole_status write_file(const char *path, double value) {
    dp_store *store;
    DP_TRY(dp_store_create(path, &store));
    dagpole_status status = dp_store_write(store, "x", 'd', 1, (int64_t[]){1}, &value);
    if (status == DAGPOLE_OK)
        return dp_store_commit(store);
    dp_store_close(store);
    return status;
}

static void assert_holds(const char *path, double value) {
    dp_store *store;
    double back;
    ck_assert_msg(dp_store_open(path, &store) == DAGPOLE_OK, "%s", dagpole_last_error());
    ck_assert_int_eq(dp_store_read(store, "x", 'd', 1, &back), DAGPOLE_OK);
    ck_assert(back == value);
    dp_store_close(store);
}

static void assert_link(const char *path, const char *value) {
    char found[512] = "";
    ck_assert_int_eq(readlink(path, found, sizeof found - 1), (ssize_t)strlen(value));
    ck_assert_str_eq(found, value);
}

/* The path of a file in the directory of s, in one of a few buffers. */
static const char *beside(const scratch *s, const char *name) {
    static char paths[4][1024];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", s->directory, name);
    return path;
}

/* Every kind of link: the link stays and its file is replaced, or made where it is missing. */
START_TEST(links_stay) {
    scratch s = scratch_make("link.h5"), t = scratch_make("a.h5");
    const char *const values[] = {"b.h5", t.path, "./next.h5", beside(&s, "next.h5")};
    ck_assert_int_eq(symlink("b.h5", beside(&s, "next.h5")), 0);
    for (int i = 0; i < 4; i++) {
        const char *file = i == 1 ? t.path : beside(&s, "b.h5");
        ck_assert_int_eq(symlink(values[i], s.path), 0);
        unlink(file);
        for (int k = 0; k < 2; k++) { /* nothing there, then the first */
            ck_assert_msg(write_file(s.path, i + k) == DAGPOLE_OK, "%s", dagpole_last_error());
            assert_link(s.path, values[i]);
            assert_holds(s.path, i + k);
            assert_holds(file, i + k);
        }
        struct stat info;
        ck_assert(lstat(file, &info) == 0 && S_ISREG(info.st_mode));
        unlink(s.path);
    }
    ck_assert_int_eq(scratch_count(&s), 2);
    ck_assert_int_eq(scratch_count(&t), 1);
    scratch_remove(&s);
    scratch_remove(&t);
}
END_TEST

START_TEST(links_that_lead_nowhere) {
    scratch s = scratch_make("link.h5");
    ck_assert_int_eq(symlink("link.h5", s.path), 0);
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_FILE);
    assert_error_has("symbolic links");
    unlink(s.path);
    ck_assert_int_eq(symlink("missing/a.h5", s.path), 0);
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_FILE);
    assert_error_has("link.h5");
    unlink(s.path);
    ck_assert_int_eq(symlink("/dev/null", s.path), 0);
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_FILE);
    assert_error_has("not a regular file");
    assert_link(s.path, "/dev/null");
    unlink(s.path);
    ck_assert_int_eq(symlink(".", s.path), 0);
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_FILE);
    assert_error_has("directory");
    ck_assert_int_eq(scratch_count(&s), 1);
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

/* A process that is writing path, until it is killed. */
static pid_t start_writer(const char *path) {
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t writer = fork();
    if (writer == 0) {
        dp_store *store;
        if (dp_store_create(path, &store) == DAGPOLE_OK && write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return writer;
}

static void kill_writer(pid_t writer) {
    kill(writer, SIGKILL);
    ck_assert_int_eq(waitpid(writer, NULL, 0), writer);
}

/* The name of the one temporary. */
static void find_temporary(const scratch *s, char name[256]) {
    DIR *directory = opendir(s->directory);
    name[0] = '\0';
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (strstr(entry->d_name, ".tmp-"))
            strcpy(name, entry->d_name);
    closedir(directory);
    ck_assert(*name);
}

static unsigned mode_of(const char *path) {
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    return info.st_mode & 07777u;
}

/* Also through a link, and whatever the umask: it is for files that are new. */
START_TEST(modes_stay) {
    static const unsigned modes[] = {0600, 0640, 0666, 0200};
    scratch s = scratch_make("a.h5");
    const char *link = beside(&s, "link.h5");
    ck_assert_int_eq(symlink("a.h5", link), 0);
    umask(022);
    ck_assert_int_eq(write_file(link, 0), DAGPOLE_OK);
    ck_assert_uint_eq(mode_of(s.path), 0644);
    for (int i = 0; i < 4; i++) {
        dp_store *store;
        char name[256];
        ck_assert_int_eq(chmod(s.path, modes[i]), 0);
        ck_assert_int_eq(dp_store_create(link, &store), DAGPOLE_OK);
        find_temporary(&s, name);
        ck_assert_uint_eq(mode_of(beside(&s, name)), modes[i]);
        dp_store_close(store);
        ck_assert_int_eq(write_file(link, i), DAGPOLE_OK);
        ck_assert_uint_eq(mode_of(s.path), modes[i]);
    }
    scratch_remove(&s);
}
END_TEST

/* Root may write all: it becomes somebody else for a moment. */
START_TEST(a_file_that_may_not_be_written_stays) {
    enum { NOBODY = 65534 };
    scratch s = scratch_make("a.h5");
    int is_root = geteuid() == 0;
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_OK);
    ck_assert_int_eq(chmod(s.path, 0444), 0);
    ck_assert_int_eq(chmod(s.directory, 0777), 0);
    ck_assert(!is_root || seteuid(NOBODY) == 0);
    dagpole_status status = write_file(s.path, 2);
    ck_assert(!is_root || seteuid(0) == 0);
    ck_assert_int_eq(status, DAGPOLE_FILE);
    assert_error_has("a.h5': it is there and may not be written (mode 0444): Permission denied");
    assert_holds(s.path, 1);
    ck_assert_int_eq(scratch_count(&s), 1);
    scratch_remove(&s);
}
END_TEST

START_TEST(what_killed_processes_left_is_removed) {
    scratch s = scratch_make("a.h5");
    pid_t writer = start_writer(s.path);
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_OK);
    ck_assert_int_eq(scratch_count(&s), 2); /* while it lives */
    kill_writer(writer);
    ck_assert_int_eq(scratch_count(&s), 2);
    ck_assert_int_eq(write_file(beside(&s, "b.h5"), 2), DAGPOLE_OK); /* any beside it */
    ck_assert_int_eq(scratch_count(&s), 2);
    kill_writer(start_writer(s.path));
    ck_assert_int_eq(scratch_count(&s), 3);
    ck_assert_int_eq(symlink(s.path, beside(&s, "link.h5")), 0);
    ck_assert_int_eq(write_file(beside(&s, "link.h5"), 3), DAGPOLE_OK);
    ck_assert_int_eq(scratch_count(&s), 3);
    assert_holds(s.path, 3);
    scratch_remove(&s);
}
END_TEST

/* Two stores of one process, and what the first one's end must not break. */
START_TEST(writers_leave_each_other_alone) {
    scratch s = scratch_make("a.h5");
    dp_store *one, *two;
    double value = 5;
    ck_assert_int_eq(dp_store_create(s.path, &one), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_create(s.path, &two), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_write(two, "x", 'd', 1, (int64_t[]){1}, &value), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_commit(one), DAGPOLE_OK);
    ck_assert_int_eq(write_file(s.path, 4), DAGPOLE_OK);
    ck_assert_msg(dp_store_commit(two) == DAGPOLE_OK, "%s", dagpole_last_error());
    assert_holds(s.path, 5);
    ck_assert_int_eq(scratch_count(&s), 1);
    scratch_remove(&s);
}
END_TEST

/* A process number that another process has now does not keep a file; another host, a lock and any
 * other name do. */
START_TEST(the_lock_and_the_host_decide) {
    scratch s = scratch_make("a.h5");
    char name[256], other[512];
    kill_writer(start_writer(s.path));
    find_temporary(&s, name);
    char *host = strstr(name, ".tmp-") + 5;
    snprintf(other, sizeof other, "%.*s-%ld-0", (int)(host + 17 - name), name, (long)getppid());
    ck_assert_int_eq(rename(beside(&s, name), beside(&s, other)), 0);
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_OK);
    ck_assert_int_eq(scratch_count(&s), 1);

    static const char *const kept[] = {"%.*sxxxxxxxx-xxxxxxxx-1-0", "%.*s00000000-00000000-1-0",
                                       "%.*s1-0", "%.*s", "%.*s00000000-00000000-1-0.h5"};
    for (int i = 0; i < 5; i++) {
        snprintf(other, sizeof other, kept[i], (int)(host - name), name);
        close(open(beside(&s, other), O_CREAT | O_WRONLY, 0666));
    }
    int fd = open(beside(&s, name), O_CREAT | O_WRONLY, 0666);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_OK);
    ck_assert_int_eq(scratch_count(&s), 7);
    close(fd);
    ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_OK);
    ck_assert_int_eq(scratch_count(&s), 6);
    for (int i = 0; i < 2; i++) { /* either half of the place is enough */
        strcpy(other, name);
        memset(other + (host - name) + 9 * i, '0', 8);
        close(open(beside(&s, other), O_CREAT | O_WRONLY, 0666));
        ck_assert_int_eq(scratch_count(&s), 7);
        ck_assert_int_eq(write_file(s.path, 1), DAGPOLE_OK);
        ck_assert_int_eq(scratch_count(&s), 6);
    }
    scratch_remove(&s);
}
END_TEST

/* Processes that write one file at once, each looking for orphans as the others make theirs. */
START_TEST(many_processes_write_at_once) {
    enum { N_PROCESSES = 6, N_FILES = 40 };
    scratch s = scratch_make("a.h5");
    pid_t writers[N_PROCESSES];
    for (int i = 0; i < N_PROCESSES; i++) {
        writers[i] = fork();
        if (writers[i] == 0) {
            int n_failed = 0;
            for (int k = 0; k < N_FILES; k++)
                n_failed += write_file(s.path, i) != DAGPOLE_OK;
            _exit(n_failed);
        }
    }
    for (int i = 0; i < N_PROCESSES; i++) {
        int how;
        ck_assert_int_eq(waitpid(writers[i], &how, 0), writers[i]);
        ck_assert_msg(WIFEXITED(how) && WEXITSTATUS(how) == 0, "writer %d: %d", i, how);
    }
    ck_assert_int_eq(scratch_count(&s), 1);
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("store_temporaries", 20, links_stay, links_that_lead_nowhere, modes_stay,
           a_file_that_may_not_be_written_stays, what_killed_processes_left_is_removed,
           writers_leave_each_other_alone, the_lock_and_the_host_decide,
           many_processes_write_at_once)
