/* Yukawa on the four generated distributions, from nearly Laplace to a range of a few leaves. */
#include "accuracy.h"

static const struct {
    const char *distribution;
    double lambda;
} cases[] = {{"cube", 1},   {"cube", 5},    {"cube", 30},   {"sphere", 1},
             {"sphere", 5}, {"sphere", 30}, {"plummer", 1}, {"ellipsoid", 2}};

static void check_digits(int digits) {
    dagpole_context *context = open_context();
    int n_bad = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dagpole_cloud cloud = make_cloud(cases[i].distribution, 20000, "unit");
        n_bad += n_exceeded_charges(context, (problem){.name = cases[i].distribution,
                                                       .kernel = DAGPOLE_YUKAWA,
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

SUITE_MAIN("yukawa", 240, three_digits, six_digits, nine_digits, twelve_digits)
