/* Starts where the process may have few threads, or has little room for their stacks. */
#include <starpu.h>
#include <sys/resource.h>
#include <unistd.h>

#include "streams.h"

static void check_refused(int resource, rlim_t most) {
    struct rlimit limit, before;
    dp_runtime *runtime;
    getrlimit(resource, &before);
    limit = (struct rlimit){most, before.rlim_max};
    ck_assert_int_eq(setrlimit(resource, &limit), 0);
    dagpole_status status = dp_runtime_create(&(dp_runtime_options){.threads = 2}, &runtime);
    setrlimit(resource, &before);
    ck_assert_int_eq(status, DAGPOLE_RUNTIME);
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "2 threads"));
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "serially"));
    ck_assert(!starpu_is_initialized());
}

static void check_starts(void) {
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    dp_runtime_destroy(runtime);
}

/* The limit is a user's and none for root, who becomes another user here. */
START_TEST(few_threads) {
    if (geteuid() == 0)
        ck_assert_int_eq(setresuid(65534, 65534, 0), 0);
    check_refused(RLIMIT_NPROC, 1);
    if (getuid() == 65534)
        ck_assert_int_eq(setresuid(0, 0, 0), 0);
    check_starts();
}
END_TEST

static rlim_t address_space(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        (void)!fscanf(file, "%lu", &pages);
        fclose(file);
    }
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* From no room at all to room for the first thread. */
START_TEST(no_room_for_stacks) {
    struct rlimit stack = {8 << 20, 8 << 20};
    ck_assert_int_eq(setrlimit(RLIMIT_STACK, &stack), 0);
    for (rlim_t mib = 1; mib < 16; mib += 7)
        check_refused(RLIMIT_AS, address_space() + (mib << 20));
    check_starts();
}
END_TEST

int main(void) {
    if (SUITE_IS_SANITIZED) /* the sanitizers themselves need threads and address space */
        return SUITE_SKIPPED;
    const TTest *const tests[] = {few_threads, no_room_for_stacks};
    return runtime_suite_main("scarce", sizeof tests / sizeof tests[0], tests, 0, 0, NULL);
}
