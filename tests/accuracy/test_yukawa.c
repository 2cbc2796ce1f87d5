/* Yukawa, and what real kernels have a lambda like it, on the four generated distributions, from
 * nearly Laplace to a range of a few leaves. */
#include "accuracy.h"

#include "kernel/kernel.h"

/* Each case has operators of its own on every level, which take seconds to be built at 12 digits:
 * one case stands for all there, three at 9. */
static const struct {
    const char *distribution;
    double lambda;
    int most_digits;
} cases[] = {{"cube", 5, 12}, {"sphere", 30, 9}, {"cube", 1, 9},      {"plummer", 1, 6},
             {"cube", 30, 6}, {"sphere", 1, 6},  {"ellipsoid", 2, 6}, {"sphere", 5, 6}};

enum { N = 4000 };

static void check_digits(int digits) {
    dagpole_context *context = open_context();
    int n_bad = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (digits > cases[i].most_digits)
            continue;
        dagpole_cloud cloud = make_cloud(cases[i].distribution, N, "unit");
        for (int k = 0; k < DP_N_REAL_KERNELS; k++)
            if (dp_kernel_number(k)->lambda)
                n_bad += n_exceeded_charges(context, (problem){.name = cases[i].distribution,
                                                               .kernel = dp_kernel_number(k)->id,
                                                               .lambda = cases[i].lambda,
                                                               .digits = digits,
                                                               .n_sources = cloud.n_sources,
                                                               .sources = cloud.sources});
        dagpole_cloud_free(&cloud);
    }
    dagpole_context_destroy(context);
    ck_assert_int_eq(n_bad, 0);
}

START_TEST(three_digits) {
    check_digits(3);
}
END_TEST

START_TEST(six_digits) {
    check_digits(6);
}
END_TEST

START_TEST(nine_digits) {
    check_digits(9);
}
END_TEST

START_TEST(twelve_digits) {
    check_digits(12);
}
END_TEST

SUITE_MAIN("yukawa", 200, three_digits, six_digits, nine_digits, twelve_digits)
