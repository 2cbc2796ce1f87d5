/* How fast one core of this machine does the arithmetic of a plan where nothing comes between:
 * numbers stay in registers and in the first cache. */
#ifndef DP_TUNING_ROOF_H
#define DP_TUNING_ROOF_H

#include "tuning/pairs.h"

/* All per second. Pairs are those of the kernel in the precision asked for; one that is computed
 * for both sides counts twice. */
typedef struct dp_roof {
    double flops;        /* multiply-adds in double, two each */
    double near;         /* near pairs, mutual or one-sided */
    double to_surface;   /* points to a surface: P2M, P2L */
    double from_surface; /* a surface to points: L2P, M2P */
} dp_roof;

/* Runs the loops in the calling thread for about 50 ms, by CPU time; the best of a few runs and
 * sizes counts. NO_MEMORY, INTERNAL. */
dagpole_status dp_roof_measure(const dp_pairs_request *request, dp_roof *roof);

#endif
