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

P2P_FUNCTION(dp_p2p_laplace_portable);
P2P_FUNCTION(dp_p2p_squares_laplace_portable);
P2P_FUNCTION(dp_p2p_laplace_avx2);
P2P_FUNCTION(dp_p2p_squares_laplace_avx2);
P2P_FUNCTION(dp_p2p_laplace_avx512);
P2P_FUNCTION(dp_p2p_squares_laplace_avx512);
P2P_FUNCTION(dp_p2p_yukawa_portable);
P2P_FUNCTION(dp_p2p_squares_yukawa_portable);
P2P_FUNCTION(dp_p2p_yukawa_avx2);
P2P_FUNCTION(dp_p2p_squares_yukawa_avx2);
P2P_FUNCTION(dp_p2p_yukawa_avx512);
P2P_FUNCTION(dp_p2p_squares_yukawa_avx512);

P2P_FUNCTION(dp_p2p_helmholtz_real_portable);
P2P_FUNCTION(dp_p2p_squares_helmholtz_real_portable);
P2P_FUNCTION(dp_p2p_helmholtz_real_avx2);
P2P_FUNCTION(dp_p2p_squares_helmholtz_real_avx2);
P2P_FUNCTION(dp_p2p_helmholtz_real_avx512);
P2P_FUNCTION(dp_p2p_squares_helmholtz_real_avx512);
P2P_FUNCTION(dp_p2p_helmholtz_imaginary_portable);
P2P_FUNCTION(dp_p2p_squares_helmholtz_imaginary_portable);
P2P_FUNCTION(dp_p2p_helmholtz_imaginary_avx2);
P2P_FUNCTION(dp_p2p_squares_helmholtz_imaginary_avx2);
P2P_FUNCTION(dp_p2p_helmholtz_imaginary_avx512);
P2P_FUNCTION(dp_p2p_squares_helmholtz_imaginary_avx512);

P2P_PARTS_FUNCTION(dp_p2p_flow_portable);
P2P_PARTS_FUNCTION(dp_p2p_squares_flow_portable);
P2P_PARTS_FUNCTION(dp_p2p_flow_avx2);
P2P_PARTS_FUNCTION(dp_p2p_squares_flow_avx2);
P2P_PARTS_FUNCTION(dp_p2p_flow_avx512);
P2P_PARTS_FUNCTION(dp_p2p_squares_flow_avx512);

#endif
