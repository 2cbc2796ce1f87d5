#ifndef DP_BASE_CLOCK_H
#define DP_BASE_CLOCK_H

#include <time.h>

/* Seconds of a clock that only goes forward. */
static inline double dp_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds that this thread has been on a core, so that other processes do not count. */
static inline double dp_thread_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
