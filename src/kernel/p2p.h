/* The loops from points to points, one function per kernel and instruction set. */
#ifndef DP_KERNEL_P2P_H
#define DP_KERNEL_P2P_H

#include "kernel/kernel.h"

/* Functions of type dp_p2p_fn. */
#define P2P_FUNCTION(name)                                                                         \
    void name(dp_lambda lambda, int64_t n_targets, dp_soa targets, dp_sums out, int64_t n_sources, \
              dp_soa sources, dp_carried carried)

/* Functions of type dp_p2p_parts_fn. */
#define P2P_PARTS_FUNCTION(name)                                                                   \
    void name(dp_lambda lambda, int64_t n_targets, dp_soa targets, dp_sums out,                    \
              int64_t out_stride, int64_t n_sources, dp_soa sources, dp_carried carried,           \
              int64_t carried_stride)

#define DECLARE_P2P(kernel, isa)                                                                   \
    P2P_FUNCTION(dp_p2p_##kernel##_##isa);                                                         \
    P2P_FUNCTION(dp_p2p_squares_##kernel##_##isa);

#define DECLARE_REAL_P2P(id, number, kernel, order)                                                \
    DECLARE_P2P(kernel, portable)                                                                  \
    DECLARE_P2P(kernel, avx2)                                                                      \
    DECLARE_P2P(kernel, avx512)

DP_EACH_REAL_KERNEL(DECLARE_REAL_P2P)

/* Each part of a complex kernel by itself. */
DECLARE_P2P(helmholtz_real, portable)
DECLARE_P2P(helmholtz_real, avx2)
DECLARE_P2P(helmholtz_real, avx512)
DECLARE_P2P(helmholtz_imaginary, portable)
DECLARE_P2P(helmholtz_imaginary, avx2)
DECLARE_P2P(helmholtz_imaginary, avx512)

P2P_PARTS_FUNCTION(dp_p2p_flow_portable);
P2P_PARTS_FUNCTION(dp_p2p_squares_flow_portable);
P2P_PARTS_FUNCTION(dp_p2p_flow_avx2);
P2P_PARTS_FUNCTION(dp_p2p_squares_flow_avx2);
P2P_PARTS_FUNCTION(dp_p2p_flow_avx512);
P2P_PARTS_FUNCTION(dp_p2p_squares_flow_avx512);

#endif
