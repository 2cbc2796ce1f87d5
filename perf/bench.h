/* What the commands of bench know of one another. */
#ifndef DP_PERF_BENCH_H
#define DP_PERF_BENCH_H

#include "perf.h"

/* Billions a second of what a loop does `count` of in each repeat, in this thread's time. */
dp_figure bench_rate(void (*loop)(void *argument, int64_t repeats), void *argument, double count);

dp_figure bench_fma_peak(dp_isa isa); /* GFlop/s */
dp_figure bench_triad(void);          /* a[i] = b[i] + x c[i] on 192 MB, GB/s */

const char *bench_precision_name(dp_precision precision);

/* The commands, each in a file of its own. */
int bench_roof(const perf_choice *chosen, perf_table *table);
int bench_loops(const perf_choice *chosen, perf_table *table);
int bench_operators(const perf_choice *chosen, perf_table *table);
int bench_stages(const perf_choice *chosen, perf_table *table);
int bench_tasks(const perf_choice *chosen, perf_table *table);

#endif
