/* The loops between points and orbits (kernel/kernel.h), one function per kernel, precision and
 * instruction set. */
#ifndef DP_KERNEL_ORBITS_H
#define DP_KERNEL_ORBITS_H

#include "kernel/kernel.h"

/* Functions of types dp_to_orbits_fn, dp_from_orbits_fn and, for many vectors, their like. */
#define TO_ORBITS_FUNCTION(name)                                                                   \
    void name(dp_lambda lambda, const dp_orbits *orbits, double *potential, int ld,                \
              const dp_frame *frame, int64_t n, dp_soa points, const double *charges)
#define FROM_ORBITS_FUNCTION(name)                                                                 \
    void name(dp_lambda lambda, const dp_orbits *orbits, const double *density, int ld,            \
              const dp_frame *frame, int64_t n, dp_soa points, dp_sums out)
#define TO_ORBITS_MANY_FUNCTION(name)                                                              \
    void name(dp_lambda lambda, const dp_orbits *orbits, int n_vectors, double *potential,         \
              int64_t vector_ld, int ld, const dp_frame *frame, int64_t n, dp_soa points,          \
              dp_carried carried, int64_t carried_stride)
#define FROM_ORBITS_MANY_FUNCTION(name)                                                            \
    void name(dp_lambda lambda, const dp_orbits *orbits, int n_vectors, const double *density,     \
              int64_t vector_ld, int ld, const dp_frame *frame, int64_t n, dp_soa points,          \
              dp_sums out, int64_t out_stride)

/* A complex kernel has these alone. */
#define DECLARE_ORBITS_MANY(kernel, isa)                                                           \
    TO_ORBITS_MANY_FUNCTION(dp_to_orbits_many_##kernel##_##isa);                                   \
    TO_ORBITS_MANY_FUNCTION(dp_to_orbits_many_reduced_##kernel##_##isa);                           \
    TO_ORBITS_MANY_FUNCTION(dp_to_orbits_many_single_##kernel##_##isa);                            \
    TO_ORBITS_MANY_FUNCTION(dp_to_orbits_many_rough_##kernel##_##isa);                             \
    FROM_ORBITS_MANY_FUNCTION(dp_from_orbits_many_##kernel##_##isa);                               \
    FROM_ORBITS_MANY_FUNCTION(dp_from_orbits_many_reduced_##kernel##_##isa);                       \
    FROM_ORBITS_MANY_FUNCTION(dp_from_orbits_many_single_##kernel##_##isa);                        \
    FROM_ORBITS_MANY_FUNCTION(dp_from_orbits_many_rough_##kernel##_##isa);

#define DECLARE_ORBITS(kernel, isa)                                                                \
    TO_ORBITS_FUNCTION(dp_to_orbits_##kernel##_##isa);                                             \
    TO_ORBITS_FUNCTION(dp_to_orbits_reduced_##kernel##_##isa);                                     \
    TO_ORBITS_FUNCTION(dp_to_orbits_single_##kernel##_##isa);                                      \
    TO_ORBITS_FUNCTION(dp_to_orbits_rough_##kernel##_##isa);                                       \
    FROM_ORBITS_FUNCTION(dp_from_orbits_##kernel##_##isa);                                         \
    FROM_ORBITS_FUNCTION(dp_from_orbits_reduced_##kernel##_##isa);                                 \
    FROM_ORBITS_FUNCTION(dp_from_orbits_single_##kernel##_##isa);                                  \
    FROM_ORBITS_FUNCTION(dp_from_orbits_rough_##kernel##_##isa);                                   \
    DECLARE_ORBITS_MANY(kernel, isa)

#define DECLARE_REAL_ORBITS(id, number, kernel, order)                                             \
    DECLARE_ORBITS(kernel, portable)                                                               \
    DECLARE_ORBITS(kernel, avx2)                                                                   \
    DECLARE_ORBITS(kernel, avx512)

DP_EACH_REAL_KERNEL(DECLARE_REAL_ORBITS)

DECLARE_ORBITS_MANY(helmholtz, portable)
DECLARE_ORBITS_MANY(helmholtz, avx2)
DECLARE_ORBITS_MANY(helmholtz, avx512)

#endif
