/* What loops of near sums share: tiles of targets that meet vectors of sources. Include after
 * kernel/pairs.h and kernel/ahead.h. */
#ifndef DP_KERNEL_TILE_H
#define DP_KERNEL_TILE_H

#include "kernel/near.h"

#include "base/per_isa.h"

#include <string.h>

#define NEAR_NAME(loop, kernel) DP_PER_ISA(dp_##loop##_##kernel)

#ifdef SIMD_SINGLE
#define ROW(strip, name) ((strip)->name##_f)
#else
#define ROW(strip, name) ((strip)->name)
#endif

typedef struct sums {
    vec potential, gx, gy, gz;
} sums;

typedef struct broadcast {
    vec x, y, z, charge, minus;
    sums s;
    vec_mask far;
} broadcast;

/* Divides DP_STRIP_PAD. */
#define N_TARGETS 4

/* Whole vectors and whole tiles: what a tile meets one-sidedly in its own strip. */
#define GROUP (VEC_WIDTH > N_TARGETS ? VEC_WIDTH : N_TARGETS)

VEC_INLINE vec load(const real *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

VEC_INLINE void add_to(real *p, vec v) {
    v += load(p);
    memcpy(p, &v, sizeof v);
}

/* By which sums of value and of value times ratio (and the way from a target to a source) are
 * multiplied at targets (kernel/pairs.h). */
VEC_INLINE real potential_unit(pair_grade grade) {
    return pair_unit(grade);
}

VEC_INLINE real gradient_unit(pair_grade grade) {
    return pair_unit(grade) * pair_unit(grade) * pair_unit(grade);
}

typedef struct problem {
    const dp_near *near;
    vec_lambda unit_lambda;
    vec least, least_square;
    const real *x, *y, *z, *charge; /* of the sources */
    real *sums;                     /* of plain strips: potential, gradient, */
    int row;                        /* so many numbers apart */
} problem;

/* In single precision idle targets behind the last are moved away from idle sources, which lie
 * where they do. */
#ifdef SIMD_SINGLE
#define AWAY(x) (-(x))
#else
#define AWAY(x) (x)
#endif

VEC_INLINE broadcast load_target(const dp_strip *t, int i) {
    return (broadcast){.x = vec_splat(i < t->n ? ROW(t, x)[i] : AWAY(ROW(t, x)[i])),
                       .y = vec_splat(ROW(t, y)[i]),
                       .z = vec_splat(ROW(t, z)[i]),
                       .charge = vec_splat(ROW(t, carried)[i])};
}

/* What lambda and least are in the frame of the rows. */
static inline problem problem_of(const dp_near *near, real unit) {
#ifdef SIMD_SINGLE
    real least = (real)(near->least * near->least), least_square = least;
    dp_lambda lambda = near->lambda * near->sources->frame.half;
#else
    real least = DP_NEAREST, least_square = least * least;
    dp_lambda lambda = near->lambda;
#endif
    const dp_strip *s = near->sources;
    return (problem){near,
                     splat_lambda(lambda, unit),
                     vec_splat(least),
                     vec_splat(least_square),
                     ROW(s, x),
                     ROW(s, y),
                     ROW(s, z),
                     ROW(s, carried),
                     ROW(s, sums),
                     s->row};
}

#if VEC_AHEAD
/* Sources of a chunk. */
#define CHUNK (VEC_AHEAD / N_TARGETS * VEC_WIDTH)

/* A tile and the sources j ... end - 1, at most a chunk. */
VEC_INLINE void look_ahead(const problem *p, const broadcast *t, int j, int end, ahead *ahead) {
    ahead_range range = AHEAD_RANGE;
    int at = 0;
    for (; j < end; j += VEC_WIDTH) {
        vec x = load(p->x + j), y = load(p->y + j), z = load(p->z + j);
#pragma GCC unroll 4
        for (int k = 0; k < N_TARGETS; k++)
            ahead_put(ahead, at++, square(x - t[k].x, y - t[k].y, z - t[k].z), &range);
    }
    ahead_end(ahead, at, &range, p->least);
}
#endif

typedef CLOSE_FUNCTION(close_fn);

#ifdef SIMD_SINGLE
/* Pairs of a tile and a vector of sources that single precision left out, less each target itself.
 * Rare: out of the way of the loop. */
static __attribute__((noinline)) void sum_close(close_fn *close, int is_mutual, const dp_near *near,
                                                const vec_mask *far, int i, int j) {
    int is_own = near->targets == near->sources;
    for (int k = 0; k < N_TARGETS && i + k < near->targets->n; k++) {
        unsigned lanes = ~vec_lanes(far[k]) & ((1u << VEC_WIDTH) - 1);
        if (is_own && i + k >= j && i + k < j + VEC_WIDTH)
            lanes &= ~(1u << (i + k - j));
        if (lanes)
            close(near, is_mutual, i + k, j, lanes);
    }
}

/* is_same: the tile's targets are themselves among the sources; a constant. */
VEC_INLINE void look_for_close(close_fn *close, int is_same, int is_mutual, const dp_near *near,
                               const broadcast *t, int i, int j) {
    int is_none;
    if (is_same) {
        unsigned far = vec_lanes(t[0].far) | 1u << (i - j);
        for (int k = 1; k < N_TARGETS; k++)
            far &= vec_lanes(t[k].far) | 1u << (i + k - j);
        is_none = far == (1u << VEC_WIDTH) - 1;
    } else {
        vec_mask far = t[0].far;
        for (int k = 1; k < N_TARGETS; k++)
            far = vec_both(far, t[k].far);
        is_none = vec_is_all(far);
    }
    if (__builtin_expect(!is_none, 0)) {
        vec_mask far[N_TARGETS];
        for (int k = 0; k < N_TARGETS; k++)
            far[k] = t[k].far;
        sum_close(close, is_mutual, near, far, i, j);
    }
}
#else
#define look_for_close(close, is_same, is_mutual, near, t, i, j)                                   \
    ((void)(close), (void)(is_same), (void)(is_mutual), (void)(i))
#endif

/* The functions of one kind of loop, from its SUM_ALL(kernel, close, grade, near). */
#define DEFINE_ONE(loop, kernel, grade, close)                                                     \
    NEAR_FUNCTION(NEAR_NAME(loop, kernel)) {                                                       \
        SUM_ALL(kernel, close, grade, near)                                                        \
    }

#ifdef SIMD_SINGLE
#define DEFINE_OF(loop, kernel)                                                                    \
    DEFINE_ONE(loop##_single, kernel, EXACT, NEAR_NAME(close, kernel))                             \
    DEFINE_ONE(loop##_rough, kernel, REDUCED, NEAR_NAME(close, kernel))
#else
#define DEFINE_OF(loop, kernel)                                                                    \
    DEFINE_ONE(loop, kernel, EXACT, NULL)                                                          \
    DEFINE_ONE(loop##_reduced, kernel, REDUCED, NULL)
#endif

#endif
