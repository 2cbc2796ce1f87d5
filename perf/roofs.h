/* What one core of this machine can do, and what the runtime takes for a task. Every figure is the
 * median of a few short runs, and every loop's result is checked. */
#ifndef DP_PERF_ROOFS_H
#define DP_PERF_ROOFS_H

#include "common.h"
#include "kernel/kernel.h"

perf_figure perf_fma_peak(dp_isa isa, int is_single); /* GFlop/s */
perf_figure perf_rsqrt_rate(dp_isa isa);              /* billions of reciprocal roots a second */
const char *perf_rsqrt_name(dp_isa isa);
perf_figure perf_triad(void); /* a[i] = b[i] + 3 c[i] on 192 MB, GB/s */

/* The kernel's loop over n targets and n sources that lie in the first cache, billions of pairs a
 * second; n at most PERF_P2P_MAX_N. */
enum { PERF_P2P_MAX_N = 250 };
perf_figure perf_p2p_rate(const dp_kernel *kernel, dp_isa isa, int n, int has_gradient);

/* The best of it over sizes: the roof of every sum over pairs. */
double perf_p2p_roof(const dp_kernel *kernel, dp_isa isa, int has_gradient);

/* Microseconds to submit and run one task that does nothing, with so many accesses. *workers: how
 * many took part. */
perf_figure perf_task_cost(int threads, int n_access, int *workers); /* tasks.c */

#endif
