#ifndef DP_PERF_PANELS_H
#define DP_PERF_PANELS_H

#include "common.h"
#include "operators/apply.h"

/* GFlop/s of M2L, M2M and L2L with full batches of columns and matrices that stay in the cache:
 * what evaluation loses against it, it loses to memory and to batches that are not full. */
typedef struct perf_panels {
    perf_figure m2l, m2m, l2l;
} perf_panels;

/* level: of a box with children that carry expansions as well. */
perf_panels perf_panels_measure(const dp_operators *operators, int level);

#endif
