#include <stdio.h>
#include <string.h>

#include "platform/cpu.h"
#include "suite.h"

/* What the kernel says, in words surrounded by blanks; "" where it says nothing. */
static const char *cpu_flags(void) {
    static char line[16384];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "flags", 5) == 0) {
            fclose(file);
            line[strcspn(line, "\n")] = ' ';
            return line;
        }
    if (file)
        fclose(file);
    return "";
}

START_TEST(support_is_what_the_kernel_says) {
    const char *flags = cpu_flags();
    ck_assert_int_eq(dp_isa_is_supported(DP_ISA_PORTABLE), 1);
    if (!*flags)
        return;
    ck_assert_int_eq(dp_isa_is_supported(DP_ISA_AVX2),
                     strstr(flags, " avx2 ") && strstr(flags, " fma "));
#ifdef DP_AVX512_EMULATED
    ck_assert_int_eq(dp_isa_is_supported(DP_ISA_AVX512), dp_isa_is_supported(DP_ISA_AVX2));
#else
    ck_assert_int_eq(dp_isa_is_supported(DP_ISA_AVX512),
                     strstr(flags, " avx512f ") && strstr(flags, " avx512dq ") &&
                         strstr(flags, " avx512vl ") && strstr(flags, " avx512bw "));
#endif
}
END_TEST

START_TEST(best_is_the_highest_supported) {
    unsetenv("DAGPOLE_ISA");
    dp_isa best = dp_isa_best();
    ck_assert_int_eq(dp_isa_is_supported(best), 1);
    for (int isa = (int)best + 1; isa < DP_N_ISA; isa++)
        ck_assert_int_eq(dp_isa_is_supported((dp_isa)isa), 0);
}
END_TEST

START_TEST(environment_caps_the_best) {
    for (int isa = 0; isa < DP_N_ISA; isa++) {
        setenv("DAGPOLE_ISA", dp_isa_name((dp_isa)isa), 1);
        ck_assert_int_le(dp_isa_best(), isa);
        if (dp_isa_is_supported((dp_isa)isa))
            ck_assert_int_eq(dp_isa_best(), isa);
    }
    unsetenv("DAGPOLE_ISA");
    dp_isa best = dp_isa_best();
    setenv("DAGPOLE_ISA", "sse9", 1);
    ck_assert_int_eq(dp_isa_best(), best);
}
END_TEST

START_TEST(names) {
    ck_assert_str_eq(dp_isa_name(DP_ISA_PORTABLE), "portable");
    ck_assert_str_eq(dp_isa_name(DP_ISA_AVX2), "avx2");
    ck_assert_str_eq(dp_isa_name(DP_ISA_AVX512), "avx512");
    ck_assert_str_eq(dp_isa_name(DP_N_ISA), "unknown");
    ck_assert_str_eq(dp_isa_title(DP_ISA_PORTABLE), "portable");
    ck_assert_str_eq(dp_isa_title(DP_ISA_AVX2), "avx2");
#ifdef DP_AVX512_EMULATED
    ck_assert_str_eq(dp_isa_title(DP_ISA_AVX512), "avx512-emulated");
#else
    ck_assert_str_eq(dp_isa_title(DP_ISA_AVX512), "avx512");
#endif
}
END_TEST

SUITE_MAIN("cpu", 10, support_is_what_the_kernel_says, best_is_the_highest_supported,
           environment_caps_the_best, names)
