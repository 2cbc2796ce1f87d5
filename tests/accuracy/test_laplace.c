/* Laplace, and what real kernels have no lambda, on the four generated distributions. */
#include "accuracy.h"

#include "kernel/kernel.h"

static void check_digits(int digits) {
    static const char *const distributions[] = {"cube", "sphere", "plummer", "ellipsoid"};
    dagpole_context *context = open_context();
    int n_bad = 0;
    for (int d = 0; d < 4; d++) {
        dagpole_cloud cloud = make_cloud(distributions[d], 20000, "unit");
        for (int k = 0; k < DP_N_REAL_KERNELS; k++)
            if (!dp_kernel_number(k)->lambda)
                n_bad += n_exceeded_charges(context, (problem){.name = distributions[d],
                                                               .kernel = dp_kernel_number(k)->id,
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

SUITE_MAIN("laplace", 120, three_digits, six_digits, nine_digits, twelve_digits)
