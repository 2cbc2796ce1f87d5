/* The loops of near sums, one function per kernel, precision and instruction set. */
#ifndef DP_KERNEL_NEAR_H
#define DP_KERNEL_NEAR_H

#include "kernel/strip.h"

#define NEAR_FUNCTION(name) void name(const dp_near *near)

/* Sums in double what the sources of a vector, those with a bit in `lanes`, do to one target, and
 * where is_mutual it to them: pairs that are too close for single precision. */
#define CLOSE_FUNCTION(name)                                                                       \
    void name(const dp_near *near, int is_mutual, int target, int source, unsigned lanes)

#define DECLARE_LOOPS(loop, kernel, isa)                                                           \
    NEAR_FUNCTION(loop##_##kernel##_##isa);                                                        \
    NEAR_FUNCTION(loop##_reduced_##kernel##_##isa);                                                \
    NEAR_FUNCTION(loop##_single_##kernel##_##isa);                                                 \
    NEAR_FUNCTION(loop##_rough_##kernel##_##isa);

/* Of a kernel whose sums are always of several rows. */
#define DECLARE_NEAR_MANY(kernel, isa)                                                             \
    DECLARE_LOOPS(dp_near_many, kernel, isa)                                                       \
    CLOSE_FUNCTION(dp_close_##kernel##_##isa);

#define DECLARE_NEAR(kernel, isa)                                                                  \
    DECLARE_LOOPS(dp_near, kernel, isa)                                                            \
    DECLARE_NEAR_MANY(kernel, isa)

/* Of every instruction set. */
#define DECLARE_REAL_NEAR(id, number, kernel, order)                                               \
    DECLARE_NEAR(kernel, portable)                                                                 \
    DECLARE_NEAR(kernel, avx2)                                                                     \
    DECLARE_NEAR(kernel, avx512)

/* Of a strip (kernel/strip.h): fills the rows of a run, and adds its sums to where they go. */
#define DECLARE_STRIP(isa)                                                                         \
    void dp_strip_pack_##isa(dp_strip *strip, const dp_strip_run *run);                            \
    void dp_strip_take_##isa(const dp_strip *strip, const dp_strip_run *run);

DECLARE_STRIP(portable)
DECLARE_STRIP(avx2)
DECLARE_STRIP(avx512)

DP_EACH_REAL_KERNEL(DECLARE_REAL_NEAR)

DECLARE_NEAR_MANY(helmholtz, portable)
DECLARE_NEAR_MANY(helmholtz, avx2)
DECLARE_NEAR_MANY(helmholtz, avx512)

DECLARE_NEAR_MANY(flow, portable)
DECLARE_NEAR_MANY(flow, avx2)
DECLARE_NEAR_MANY(flow, avx512)

#endif
