/* Suites that run once for each instruction set: Meson makes a test of each, whose first argument
 * is the set's name. Where the machine has no such set the test is skipped, and the count shows it.
 */
#ifndef DP_TESTS_ISA_H
#define DP_TESTS_ISA_H

#include <stdio.h>
#include <string.h>

#include "platform/cpu.h"
#include "suite.h"

static dp_isa suite_isa;

/* Takes the set from the arguments and makes it the library's choice as well; 0, or the exit code
 * of a program that shall not go on. */
static inline int suite_open_isa(int argc, char **argv) {
    while (suite_isa < DP_N_ISA && (argc < 2 || strcmp(argv[1], dp_isa_name(suite_isa)) != 0))
        suite_isa++;
    if (suite_isa == DP_N_ISA) {
        fprintf(stderr, "the first argument must be portable, avx2 or avx512\n");
        return EXIT_FAILURE;
    }
    if (!dp_isa_is_supported(suite_isa)) {
        printf("skipped: this machine has no %s\n", argv[1]);
        return SUITE_SKIPPED;
    }
    return setenv("DAGPOLE_ISA", argv[1], 1);
}

#define ISA_SUITE_MAIN(name, limit_s, ...)                                                         \
    int main(int argc, char **argv) {                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        int code = suite_open_isa(argc, argv);                                                     \
        if (code)                                                                                  \
            return code;                                                                           \
        return suite_main(name, limit_s, sizeof tests / sizeof tests[0], tests);                   \
    }

#endif
