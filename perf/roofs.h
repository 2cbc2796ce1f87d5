/* What one core of this machine can do, and what the runtime takes for a task. Every figure is the
 * median of a few short runs, and every loop's result is checked. */
#ifndef DP_PERF_ROOFS_H
#define DP_PERF_ROOFS_H

#include "common.h"
#include "kernel/kernel.h"

/* Billions a second of what run does `count` of in a call. */
perf_figure perf_rate(void (*run)(void *argument), void *argument, double count);

/* The same of what `run` does `count` of in each of *repeats calls: *repeats, which it reads from
 * its argument, is set so that they take a few milliseconds. */
perf_figure perf_rate_of_calls(void (*run)(void *argument), void *argument, int64_t *repeats,
                               double count);

perf_figure perf_fma_peak(dp_isa isa, int is_single); /* GFlop/s */
perf_figure perf_rsqrt_rate(dp_isa isa);              /* billions of reciprocal roots a second */
const char *perf_rsqrt_name(dp_isa isa);
perf_figure perf_triad(void); /* a[i] = b[i] + 3 c[i] on 192 MB, GB/s */

/* The kernel's loops over pairs, in each precision: near pairs one-sided, or mutual, which compute
 * each pair once for both sides, and points with a surface (P2M, P2L to it; L2P, M2P from it). */
typedef enum perf_loop {
    PERF_ONE_SIDED = 0,                      /* + dp_precision */
    PERF_MUTUAL = DP_N_PRECISIONS,           /* + dp_precision */
    PERF_TO_SURFACE = 2 * DP_N_PRECISIONS,   /* + dp_precision */
    PERF_FROM_SURFACE = 3 * DP_N_PRECISIONS, /* + dp_precision */
    PERF_N_LOOPS = 4 * DP_N_PRECISIONS
} perf_loop;
const char *perf_loop_name(perf_loop loop);

/* These have no gradients. */
static inline int perf_is_to_surface(perf_loop loop) {
    return loop >= PERF_TO_SURFACE && loop < PERF_FROM_SURFACE;
}

/* n by n points in the first cache, or by a surface of PERF_SURFACE points (n at most
 * PERF_P2P_MAX_N): billions of pairs a second, where a pair that is computed for both sides counts
 * twice. */
enum { PERF_P2P_MAX_N = 250, PERF_SURFACE = 8 * 32 };
perf_figure perf_p2p_rate(const dp_kernel *kernel, dp_isa isa, perf_loop loop, int n,
                          int has_gradient);

perf_figure perf_surface_rate(const dp_kernel *kernel, dp_isa isa, perf_loop loop, int n,
                              int has_gradient); /* orbits.c: what perf_p2p_rate calls */

/* The best of it over sizes: the roof of every sum over pairs. */
double perf_p2p_roof(const dp_kernel *kernel, dp_isa isa, perf_loop loop, int has_gradient);

/* Microseconds to submit and run one task that does nothing, with so many accesses. *workers: how
 * many took part. */
perf_figure perf_task_cost(int threads, int n_access, int *workers); /* tasks.c */

#endif
