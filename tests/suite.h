/* One Check suite per test program: START_TEST(name) ... END_TEST functions, then
 *     SUITE_MAIN("morton", 60, encode_matches_ref, decode_inverts)
 * The number is the time limit of one test in seconds: ten times what a quick core needs and more.
 */
#ifndef DP_TESTS_SUITE_H
#define DP_TESTS_SUITE_H

#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/sanitizers.h"

/* Check writes the place of every assertion that holds to a file, for what it says of a test that
 * crashes or hangs. In loops that took up to half of a test's time, so that it learns of each line
 * once. */
static inline void suite_mark_once(const char *file, int line) {
    enum { N = 1 << 12 };
    static atomic_char is_marked[N];
    if (atomic_load_explicit(&is_marked[line % N], memory_order_relaxed))
        return;
    atomic_store_explicit(&is_marked[line % N], 1, memory_order_relaxed);
    _mark_point(file, line);
}
#define _mark_point suite_mark_once

/* What main returns to say that nothing was tested: Meson and tests/run.sh count it as skipped. */
enum { SUITE_SKIPPED = 77 };

/* Under the thread sanitizer loops take up to 150 times as long, so that no measured coefficient
 * would be believed, and a forked child keeps the sanitizer's record of threads that it does not
 * have. */
enum { SUITE_IS_THREAD_SANITIZED = DP_THREAD_SANITIZER };

/* Sanitized tests take a sample of long rows of like cases: the plain build takes them all. */
enum { SUITE_IS_SANITIZED = DP_ADDRESS_SANITIZER || DP_THREAD_SANITIZER };

/* Runs the suite of one case and frees it: what main returns. */
static inline int suite_run(Suite *suite, TCase *tcase) {
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int suite_main(const char *name, double limit_s, int n, const TTest *const *tests) {
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, limit_s);
    for (int i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
    return suite_run(suite, tcase);
}

#define SUITE_MAIN(name, limit_s, ...)                                                             \
    int main(void) {                                                                               \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return suite_main(name, limit_s, sizeof tests / sizeof tests[0], tests);                   \
    }

/* The scheduler that tests/schedulers.sh names for whatever leaves the choice open, or NULL. */
static inline const char *suite_scheduler(void) {
    return getenv("STARPU_SCHED");
}

/* For tests that name schedulers themselves: STARPU_SCHED would win over them. */
static inline void suite_own_schedulers(void) {
    unsetenv("STARPU_SCHED");
}

/* A small deterministic generator: uniform in [0, 1). */
static inline double suite_uniform(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

#endif
