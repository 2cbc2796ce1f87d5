#include <string.h>

#include "platform/env.h"
#include "suite.h"

START_TEST(unset_or_empty_is_null) {
    const char *(*const readers[])(void) = {dp_env_starpu_sched, dp_env_starpu_ncpu, dp_env_isa};
    const char *const variables[] = {"STARPU_SCHED", "STARPU_NCPU", "DAGPOLE_ISA"};
    for (int i = 0; i < 3; i++) {
        unsetenv(variables[i]);
        ck_assert_ptr_null(readers[i]());
        setenv(variables[i], "", 1);
        ck_assert_ptr_null(readers[i]());
        setenv(variables[i], "7 x", 1);
        ck_assert_str_eq(readers[i](), "7 x");
    }
}
END_TEST

static const char *cache(const char *xdg, const char *home) {
    static char path[64];
    xdg ? setenv("XDG_CACHE_HOME", xdg, 1) : unsetenv("XDG_CACHE_HOME");
    home ? setenv("HOME", home, 1) : unsetenv("HOME");
    memset(path, 'x', sizeof path);
    dp_env_cache_dir(path, sizeof path);
    return path;
}

START_TEST(cache_directory) {
    ck_assert_str_eq(cache("/c", "/h"), "/c/dagpole");
    ck_assert_str_eq(cache(NULL, "/h"), "/h/.cache/dagpole");
    ck_assert_str_eq(cache("", "/h"), "/h/.cache/dagpole");
    ck_assert_str_eq(cache("relative", "/h"), "/h/.cache/dagpole");
    ck_assert_str_eq(cache(NULL, NULL), "");
    ck_assert_str_eq(cache("", ""), "");
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_none) {
    char path[16] = "before";
    setenv("XDG_CACHE_HOME", "/1234567", 1);
    dp_env_cache_dir(path, sizeof path);
    ck_assert_str_eq(path, "");
    setenv("XDG_CACHE_HOME", "/123456", 1);
    dp_env_cache_dir(path, sizeof path);
    ck_assert_str_eq(path, "/123456/dagpole");
    dp_env_cache_dir(NULL, 0);
}
END_TEST

SUITE_MAIN("env", 10, unset_or_empty_is_null, cache_directory, a_path_that_does_not_fit_is_none)
