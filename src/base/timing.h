/* Timing of repeated work: how often it is done and what counts of it. dagpole_tune and perf/
 * measure with this. */
#ifndef DP_BASE_TIMING_H
#define DP_BASE_TIMING_H

#include <stdint.h>

#include "base/clock.h"

/* Of several values of one thing. */
typedef struct dp_figure {
    double median, least;
    double spread; /* (largest - least) / median */
} dp_figure;

/* Sorts the values. All members are 0 where there are no values. */
dp_figure dp_figure_of(int n, double *value);

enum { DP_MOST_PASSES = 100 };

/* Passes of some work, each timed by `clock`: dp_thread_clock for work that never waits, so that
 * other processes do not count, and dp_clock for all other. `least` passes are made, then more
 * until enough_s have gone or there are `most`. Both numbers are at most DP_MOST_PASSES. */
typedef struct dp_passes {
    double (*clock)(void);
    int least, most;
    double enough_s;
    int n;                          /* begun; in the end also done */
    double sum_s, begin;            /* of those that are done; of the one that runs */
    double seconds[DP_MOST_PASSES]; /* of each */
} dp_passes;

/* 1 where there is to be another pass: while (dp_passes_next(&passes)) work(); */
int dp_passes_next(dp_passes *passes);

static inline dp_figure dp_passes_figure(dp_passes *passes) {
    return dp_figure_of(passes->n, passes->seconds);
}

/* Seconds of one call's work for loops that never wait, which take `repeats` and do it so many
 * times: of `n_runs` runs of about run_s, by the thread's own time, after shorter ones that tell
 * how many repeats that is. */
dp_figure dp_loop_seconds(void (*loop)(void *argument, int64_t repeats), void *argument,
                          double run_s, int n_runs);

#endif
