#include "base/timing.h"

#include "suite.h"

START_TEST(figures_are_median_least_and_spread) {
    double odd[] = {3, 1, 8}, even[] = {4, 2, 1, 8};
    dp_figure figure = dp_figure_of(3, odd);
    ck_assert(figure.median == 3 && figure.least == 1 && figure.spread == 7. / 3);
    figure = dp_figure_of(4, even);
    ck_assert(figure.median == 3 && figure.least == 1 && figure.spread == 7. / 3);
    figure = dp_figure_of(0, odd);
    ck_assert(figure.median == 0 && figure.least == 0 && figure.spread == 0);
}
END_TEST

/* A clock that the work below moves. */
static double now_s;

static double clock_of_test(void) {
    return now_s;
}

static dp_passes run(int least, int most, double enough_s, double pass_s) {
    dp_passes passes = {.clock = clock_of_test, .least = least, .most = most, .enough_s = enough_s};
    now_s = 5;
    while (dp_passes_next(&passes))
        now_s += pass_s * passes.n;
    return passes;
}

START_TEST(passes_end_when_they_took_long_enough) {
    dp_passes passes = run(2, 10, 6, 1); /* of 1, 2, 3, ... seconds */
    ck_assert_int_eq(passes.n, 3);
    ck_assert(passes.seconds[0] == 1 && passes.seconds[1] == 2 && passes.seconds[2] == 3);
    ck_assert(dp_passes_figure(&passes).median == 2);
    ck_assert_int_eq(run(2, 10, 0, 1).n, 2);
    ck_assert_int_eq(run(2, 10, 1000, 1).n, 10);
    ck_assert_int_eq(run(0, 10, 0, 1).n, 0);
}
END_TEST

static void work(void *argument, int64_t repeats) {
    double *sum = argument;
    for (int64_t i = 0; i < repeats * 1000; i++)
        *sum += 1 / (1 + *sum);
}

/* Times are not judged: only that one is told, and that the work is done more than once. */
START_TEST(loops_are_repeated) {
    double sum = 0;
    dp_figure figure = dp_loop_seconds(work, &sum, 1e-4, 3);
    ck_assert(sum > 1 && figure.least > 0 && figure.least <= figure.median);
}
END_TEST

SUITE_MAIN("timing", 10, figures_are_median_least_and_spread, passes_end_when_they_took_long_enough,
           loops_are_repeated)
