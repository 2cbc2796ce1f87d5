/* The temporary directory of StarPU's files goes at a signal, whenever that comes. */
#include <sys/time.h>
#include <sys/wait.h>

#include "platform/scratch.h"
#include "platform/temporary_directory.h"
#include "suite.h"

enum { N_CHILDREN = 200 };

static void on_signal(int number) {
    (void)number;
    dp_temporary_directory_remove();
    _exit(0);
}

/* Makes one after the other until the signal comes. */
static void make_until(const char *parent, int delay_us) {
    char path[256];
    struct itimerval timer = {.it_value.tv_usec = delay_us};
    signal(SIGALRM, on_signal);
    setitimer(ITIMER_REAL, &timer, NULL);
    while (dp_temporary_directory_make(parent, path, sizeof path) == DAGPOLE_OK) {
        rmdir(path);
        dp_temporary_directory_forget();
    }
    _exit(1);
}

START_TEST(none_is_left_by_a_signal) {
    scratch s = scratch_make("");
    uint64_t state = 1;
    for (int i = 0; i < N_CHILDREN; i++) {
        int status, delay_us = 200 + (int)(1000 * suite_uniform(&state));
        pid_t child = fork();
        if (child == 0)
            make_until(s.directory, delay_us);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    ck_assert_int_eq(scratch_count(&s), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(a_parent_that_is_missing) {
    char path[256];
    ck_assert_int_eq(dp_temporary_directory_make("/nonexistent", path, sizeof path), DAGPOLE_FILE);
    dp_temporary_directory_remove(); /* of nothing */
}
END_TEST

SUITE_MAIN("temporary_directory", 60, none_is_left_by_a_signal, a_parent_that_is_missing)
