/* The vectorised loops, one function per kernel, precision and instruction set. */
#ifndef DP_KERNEL_P2P_H
#define DP_KERNEL_P2P_H

#include "kernel/kernel.h"

/* Functions of type dp_p2p_fn. */
#define P2P_FUNCTION(name)                                                                         \
    void name(double lambda, int64_t n_targets, dp_soa targets, dp_sums out, int64_t n_sources,    \
              dp_soa sources, const double *charges)

#define DECLARE_LOOPS(kernel, isa)                                                                 \
    P2P_FUNCTION(dp_p2p_##kernel##_##isa);                                                         \
    P2P_FUNCTION(dp_p2p_reduced_##kernel##_##isa);                                                 \
    P2P_FUNCTION(dp_p2p_single_##kernel##_##isa);                                                  \
    P2P_FUNCTION(dp_p2p_rough_##kernel##_##isa);

DECLARE_LOOPS(laplace, portable)
DECLARE_LOOPS(laplace, avx2)
DECLARE_LOOPS(laplace, avx512)
DECLARE_LOOPS(yukawa, portable)
DECLARE_LOOPS(yukawa, avx2)
DECLARE_LOOPS(yukawa, avx512)

#endif
