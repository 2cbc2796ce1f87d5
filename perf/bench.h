/* What the commands of bench know of one another. */
#ifndef DP_PERF_BENCH_H
#define DP_PERF_BENCH_H

#include "perf.h"

/* Billions a second of the first loop of the registry (loops.c) with this in its name, in double,
 * at its best size: "peak FMA", "peak triad". */
double bench_best(const char *name, dp_isa isa);

const char *bench_precision_name(dp_precision precision);

/* The commands, each in a file of its own. */
int bench_loops(const perf_choice *chosen, perf_table *table);
int bench_operators(const perf_choice *chosen, perf_table *table);
int bench_stages(const perf_choice *chosen, perf_table *table);
int bench_tasks(const perf_choice *chosen, perf_table *table);

#endif
