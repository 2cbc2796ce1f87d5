#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/env.h"
#include "suite.h"

START_TEST(unset_or_empty_is_null) {
    const char *(*const readers[])(void) = {dp_env_starpu_sched, dp_env_starpu_ncpu, dp_env_isa,
                                            dp_env_executor, dp_env_handles};
    const char *const variables[] = {"STARPU_SCHED", "STARPU_NCPU", "DAGPOLE_ISA",
                                     "DAGPOLE_EXECUTOR", "DAGPOLE_HANDLES"};
    for (int i = 0; i < 5; i++) {
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

START_TEST(starpus_directory) {
    char path[64], small[7];
    const char *const homes[] = {"TMP", "TEMP", "TMPDIR", "HOME", "STARPU_HOME", "XDG_CACHE_HOME"};
    unsetenv("STARPU_PERF_MODEL_DIR");
    for (int i = 0; i < 6; i++)
        unsetenv(homes[i]);
    dp_env_starpu_directory(path, sizeof path);
    ck_assert_str_eq(path, "/tmp/.starpu/sampling");
    for (int i = 0; i < 6; i++) { /* each wins over those before it */
        char home[16], expected[64];
        snprintf(home, i == 3 ? 1 : sizeof home, "/home-%d", i);
        snprintf(expected, sizeof expected, "%s/.starpu/sampling", home);
        setenv(homes[i], home, 1);
        dp_env_starpu_directory(path, sizeof path);
        ck_assert_str_eq(path, expected);
    }
    setenv("STARPU_PERF_MODEL_DIR", "/models", 1);
    dp_env_starpu_directory(path, sizeof path);
    ck_assert_str_eq(path, "/models");
    dp_env_starpu_directory(small, sizeof small);
    ck_assert_str_eq(small, "");
}
END_TEST

START_TEST(variables_for_a_moment) {
    char first[] = "DAGPOLE_ISA=avx2", second[] = "STARPU_SCHED=prio";
    char *const settings[] = {first, second};
    setenv("STARPU_SCHED", "eager", 1);
    unsetenv("DAGPOLE_ISA");
    char **found = environ;
    for (int k = 0; k < 3; k++) {
        ck_assert(dp_env_push(2, settings));
        ck_assert_str_eq(dp_env_isa(), "avx2");
        ck_assert_str_eq(dp_env_starpu_sched(), "prio");
        ck_assert_ptr_nonnull(getenv("HOME"));
        dp_env_pop(settings);
        dp_env_pop(settings);
        ck_assert_ptr_eq(environ, found);
        ck_assert_ptr_null(dp_env_isa());
        ck_assert_str_eq(dp_env_starpu_sched(), "eager");
    }
}
END_TEST

/* What the host sets and unsets between the two is kept. _i: a new variable; one that was there;
 * one of those that were added; one taken away. */
START_TEST(variables_set_meanwhile_are_kept) {
    char first[] = "DAGPOLE_ISA=avx2", second[] = "STARPU_SCHED=prio";
    char *const settings[] = {first, second};
    const char *const names[] = {"DAGPOLE_TEST_NEW", "HOME", "DAGPOLE_ISA", "HOME"};
    setenv("HOME", "/before", 1);
    unsetenv("STARPU_SCHED");
    unsetenv("DAGPOLE_ISA");
    for (int k = 0; k < 3; k++) {
        char value[16];
        snprintf(value, sizeof value, "value-%d", k);
        ck_assert(dp_env_push(2, settings));
        if (_i == 3)
            unsetenv(names[_i]);
        else
            setenv(names[_i], value, 1);
        ck_assert_str_eq(dp_env_starpu_sched(), "prio");
        dp_env_pop(settings);
        ck_assert_ptr_null(dp_env_starpu_sched());
        if (_i != 2)
            ck_assert_ptr_null(dp_env_isa());
        if (_i == 3)
            ck_assert_ptr_null(getenv(names[_i]));
        else
            ck_assert_str_eq(getenv(names[_i]), value);
        ck_assert_ptr_nonnull(getenv("PATH"));
    }
    setenv("DAGPOLE_TEST_AFTER", "1", 1);
    ck_assert_str_eq(getenv("DAGPOLE_TEST_AFTER"), "1");
}
END_TEST

START_TEST(an_environment_without_an_end) {
    static char *many[5001], setting[] = "DAGPOLE_ISA=avx2";
    char *const settings[] = {setting};
    char **found = environ;
    for (int i = 0; i < 5000; i++)
        many[i] = setting;
    environ = many;
    ck_assert(!dp_env_push(1, settings));
    ck_assert_ptr_eq(environ, many);
    dp_env_pop(settings);
    environ = NULL;
    ck_assert(dp_env_push(1, settings));
    ck_assert_str_eq(dp_env_isa(), "avx2");
    dp_env_pop(settings);
    ck_assert_ptr_null(environ);
    environ = found;
}
END_TEST

int main(void) {
    Suite *suite = suite_create("env");
    TCase *tcase = tcase_create("env");
    tcase_add_test(tcase, unset_or_empty_is_null);
    tcase_add_test(tcase, cache_directory);
    tcase_add_test(tcase, a_path_that_does_not_fit_is_none);
    tcase_add_test(tcase, starpus_directory);
    tcase_add_test(tcase, variables_for_a_moment);
    tcase_add_loop_test(tcase, variables_set_meanwhile_are_kept, 0, 4);
    tcase_add_test(tcase, an_environment_without_an_end);
    return suite_run(suite, tcase);
}
