#include "base/timing.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

dp_figure dp_figure_of(int n, double *value) {
    if (n == 0)
        return (dp_figure){0};
    qsort(value, (size_t)n, sizeof *value, by_value);
    double median = 0.5 * (value[(n - 1) / 2] + value[n / 2]);
    double width = value[n - 1] - value[0];
    return (dp_figure){
        .median = median, .least = value[0], .spread = median > 0 ? width / median : 0};
}

int dp_passes_next(dp_passes *p) {
    double now = p->clock();
    if (p->n > 0) {
        p->seconds[p->n - 1] = now - p->begin;
        p->sum_s += now - p->begin;
    }
    if (p->n >= p->least && (p->n >= p->most || p->sum_s >= p->enough_s))
        return 0;
    p->n++;
    p->begin = p->clock();
    return 1;
}

enum { N_TRIALS = 4 };
#define SHORTEST 1e-7 /* that a clock tells from nothing */

dp_figure dp_loop_seconds(void (*loop)(void *argument, int64_t repeats), void *argument,
                          double run_s, int n_runs) {
    dp_passes trials = {.clock = dp_thread_clock, .least = 2}; /* the first warms */
    dp_passes runs = {.clock = dp_thread_clock, .least = n_runs};
    while (dp_passes_next(&trials))
        loop(argument, N_TRIALS);
    double trial_s = trials.seconds[1] > SHORTEST ? trials.seconds[1] : SHORTEST;
    int64_t repeats = 1 + (int64_t)(run_s * N_TRIALS / trial_s);
    while (dp_passes_next(&runs))
        loop(argument, repeats);
    for (int i = 0; i < runs.n; i++)
        runs.seconds[i] /= (double)repeats;
    return dp_passes_figure(&runs);
}
