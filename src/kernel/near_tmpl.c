/* Near sums, compiled once per instruction set and precision (meson.build).
 *
 * Lanes are sources, which lie in rows one behind the other; targets are broadcast, N_TARGETS at a
 * time, and their sums stay in registers. What targets do to sources is added up over the tile
 * before it goes to memory. `kernel`, `has_gradient`, `grade` and `is_mutual` are constants in
 * each loop. */
#include "kernel/near.h"
#include "kernel/pairs.h"

#include "base/per_isa.h"

#include "kernel/ahead.h"

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
    vec x, y, z, charge;
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
    vec unit_lambda, least;
    const real *x, *y, *z, *charge; /* of the sources */
    real *potential, *gx, *gy, *gz;
} problem;

/* One target and a vector of sources: adds to the target's sums and to at_sources. ahead: NULL, or
 * where what comes first has been done, of which this is number `at`. */
VEC_INLINE void add_pairs(pair_fn *kernel, int has_gradient, pair_grade grade, int is_mutual,
                          const problem *p, broadcast *t, const broadcast *source, sums *at_sources,
                          const ahead *ahead, int at) {
    vec dx = source->x - t->x, dy = source->y - t->y, dz = source->z - t->z;
    vec r2 = ahead ? ahead->r2[at] : square(dx, dy, dz);
    pair g = kernel(grade, p->unit_lambda, ahead ? NULL : &p->least, r2,
                    ahead ? ahead->guess[at] : vec_guess(r2));
    t->far = g.far;
    t->s.potential = vec_fma(source->charge, g.value, t->s.potential);
    if (is_mutual)
        at_sources->potential = vec_fma(t->charge, g.value, at_sources->potential);
    if (!has_gradient)
        return;
    vec slope = g.value * g.ratio, at_target = source->charge * slope;
    t->s.gx = vec_fma(at_target, dx, t->s.gx);
    t->s.gy = vec_fma(at_target, dy, t->s.gy);
    t->s.gz = vec_fma(at_target, dz, t->s.gz);
    if (is_mutual) {
        vec minus = t->charge * slope;
        at_sources->gx = vec_fma(minus, dx, at_sources->gx);
        at_sources->gy = vec_fma(minus, dy, at_sources->gy);
        at_sources->gz = vec_fma(minus, dz, at_sources->gz);
    }
}

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
    ((void)(close), (void)(is_same), (void)(i))
#endif

/* A tile of targets, the first being i, and the vector of sources that begins with j. */
VEC_INLINE void meet(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                     int is_same, int is_mutual, const problem *p, broadcast *t, int i, int j,
                     const ahead *ahead, int at) {
    broadcast source = {.x = load(p->x + j),
                        .y = load(p->y + j),
                        .z = load(p->z + j),
                        .charge = load(p->charge + j)};
    sums at_sources = {0};
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        add_pairs(kernel, has_gradient, grade, is_mutual, p, &t[k], &source, &at_sources, ahead,
                  at + k);
    if (is_mutual) {
        add_to(p->potential + j, at_sources.potential * potential_unit(grade));
        if (has_gradient) {
            add_to(p->gx + j, at_sources.gx * -gradient_unit(grade));
            add_to(p->gy + j, at_sources.gy * -gradient_unit(grade));
            add_to(p->gz + j, at_sources.gz * -gradient_unit(grade));
        }
    }
    look_for_close(close, is_same, is_mutual, p->near, t, i, j);
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

/* A tile and the sources from j on. */
VEC_INLINE void meet_all(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                         int is_mutual, const problem *p, broadcast *t, int i, int j) {
    int n = p->near->sources->n;
#if VEC_AHEAD
    for (ahead ahead; j < n;) {
        int at = 0, end = n - j > CHUNK ? j + CHUNK : n;
        look_ahead(p, t, j, end, &ahead);
        for (; j < end; j += VEC_WIDTH, at += N_TARGETS)
            meet(kernel, close, has_gradient, grade, 0, is_mutual, p, t, i, j, &ahead, at);
    }
#else
    for (; j < n; j += VEC_WIDTH)
        meet(kernel, close, has_gradient, grade, 0, is_mutual, p, t, i, j, NULL, 0);
#endif
}

/* Idle targets behind the last are moved away from idle sources: their distance would be zero. */
VEC_INLINE broadcast load_target(const dp_strip *t, int i) {
    return (broadcast){.x = vec_splat(i < t->n ? ROW(t, x)[i] : -ROW(t, x)[i]),
                       .y = vec_splat(ROW(t, y)[i]),
                       .z = vec_splat(ROW(t, z)[i]),
                       .charge = vec_splat(ROW(t, charge)[i])};
}

VEC_INLINE void store_target(int has_gradient, pair_grade grade, const sums *s, dp_strip *t,
                             int i) {
    ROW(t, potential)[i] += vec_sum(s->potential) * potential_unit(grade);
    if (has_gradient) {
        ROW(t, gx)[i] += vec_sum(s->gx) * gradient_unit(grade);
        ROW(t, gy)[i] += vec_sum(s->gy) * gradient_unit(grade);
        ROW(t, gz)[i] += vec_sum(s->gz) * gradient_unit(grade);
    }
}

/* What lambda and least are in the frame of the rows. */
static problem problem_of(const dp_near *near, real unit) {
#ifdef SIMD_SINGLE
    real least = (real)(near->least * near->least);
    real lambda = (real)(near->lambda * near->sources->frame.half);
#else
    real least = DP_NEAREST, lambda = near->lambda;
#endif
    dp_strip *s = near->sources;
    return (problem){near,      vec_splat(lambda * unit), vec_splat(least),  ROW(s, x),  ROW(s, y),
                     ROW(s, z), ROW(s, charge),           ROW(s, potential), ROW(s, gx), ROW(s, gy),
                     ROW(s, gz)};
}

/* The targets from i on. Within one strip, the group of sources that they themselves lie in is
 * summed for them alone: each of its points is a target in its turn. Those behind it are mutual. */
VEC_INLINE void sum_tile(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                         int is_mutual, const problem *p, int i) {
    broadcast t[N_TARGETS];
    const dp_near *near = p->near;
    int j = 0;
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        t[k] = load_target(near->targets, i + k);
    if (near->targets == near->sources) {
        int end = (j = i / GROUP * GROUP) + GROUP;
        for (; j < end; j += VEC_WIDTH)
            meet(kernel, close, has_gradient, grade, 1, 0, p, t, i, j, NULL, 0);
    }
    meet_all(kernel, close, has_gradient, grade, is_mutual, p, t, i, j);
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        store_target(has_gradient, grade, &t[k].s, near->targets, i + k);
}

VEC_INLINE void sum_all(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                        const dp_near *near) {
    const problem p = problem_of(near, pair_unit(grade));
    if (near->is_mutual || near->targets == near->sources)
        for (int i = 0; i < near->targets->n; i += N_TARGETS)
            sum_tile(kernel, close, has_gradient, grade, 1, &p, i);
    else
        for (int i = 0; i < near->targets->n; i += N_TARGETS)
            sum_tile(kernel, close, has_gradient, grade, 0, &p, i);
}

#define DEFINE_NEAR(loop, kernel, grade, close)                                                    \
    NEAR_FUNCTION(NEAR_NAME(loop, kernel)) {                                                       \
        if (near->has_gradient)                                                                    \
            sum_all(kernel, close, 1, grade, near);                                                \
        else                                                                                       \
            sum_all(kernel, close, 0, grade, near);                                                \
    }

#ifdef SIMD_SINGLE
DEFINE_NEAR(near_single, laplace, EXACT, NEAR_NAME(close, laplace))
DEFINE_NEAR(near_single, yukawa, EXACT, NEAR_NAME(close, yukawa))
DEFINE_NEAR(near_rough, laplace, REDUCED, NEAR_NAME(close, laplace))
DEFINE_NEAR(near_rough, yukawa, REDUCED, NEAR_NAME(close, yukawa))
#else
DEFINE_NEAR(near, laplace, EXACT, NULL)
DEFINE_NEAR(near, yukawa, EXACT, NULL)
DEFINE_NEAR(near_reduced, laplace, REDUCED, NULL)
DEFINE_NEAR(near_reduced, yukawa, REDUCED, NULL)

/* ---- close pairs, for the loops in single precision ---- */

/* Vectors of single precision are twice as wide. */
#define CLOSE_WIDTH (2 * VEC_WIDTH)

typedef struct close_pairs {
    double charge[CLOSE_WIDTH]; /* of the sources */
    double dx[CLOSE_WIDTH], dy[CLOSE_WIDTH], dz[CLOSE_WIDTH];
    double value[CLOSE_WIDTH], slope[CLOSE_WIDTH];
} close_pairs;

/* The run of point i, searched from *run on; points are asked for in order. */
static const dp_strip_run *run_of(const dp_strip_run *run, int i) {
    while (i >= run->begin + run->n)
        run++;
    return run;
}

/* Differences of positions where a lane is asked for, and 0 where not: a pair that adds nothing. */
static void subtract(const dp_strip_run *from, int target, const dp_strip *s, int j, unsigned lanes,
                     close_pairs *c) {
    const dp_strip_run *run = s->runs;
    const dp_soa *t = &from->points;
    for (int k = 0; k < CLOSE_WIDTH; k++) {
        c->dx[k] = c->dy[k] = c->dz[k] = c->charge[k] = 0;
        if (!(lanes >> k & 1))
            continue;
        run = run_of(run, j + k);
        int i = j + k - run->begin;
        c->dx[k] = t->x[target] - run->points.x[i];
        c->dy[k] = t->y[target] - run->points.y[i];
        c->dz[k] = t->z[target] - run->points.z[i];
        c->charge[k] = run->charges[i];
    }
}

VEC_INLINE void make_close(pair_fn *kernel, double lambda, close_pairs *c) {
    vec unit_lambda = vec_splat(lambda * pair_unit(EXACT)), least = vec_splat(DP_NEAREST);
    for (int k = 0; k < CLOSE_WIDTH; k += VEC_WIDTH) {
        vec dx = load(c->dx + k), dy = load(c->dy + k), dz = load(c->dz + k);
        vec r2 = square(dx, dy, dz);
        pair g = kernel(EXACT, unit_lambda, &least, r2, vec_guess(r2));
        vec value = g.value * potential_unit(EXACT);
        vec slope = g.value * g.ratio * -gradient_unit(EXACT);
        memcpy(c->value + k, &value, sizeof value);
        memcpy(c->slope + k, &slope, sizeof slope);
    }
}

/* Pair k of c to one side; sign: of its differences as seen from there. */
static void add_close(dp_strip *strip, int i, double charge, const close_pairs *c, int k,
                      double sign) {
    strip->potential[i] += charge * c->value[k];
    if (strip->has_gradient) {
        double weight = sign * charge * c->slope[k];
        strip->gx[i] += weight * c->dx[k];
        strip->gy[i] += weight * c->dy[k];
        strip->gz[i] += weight * c->dz[k];
    }
}

VEC_INLINE void sum_close(pair_fn *kernel, const dp_near *near, int is_mutual, int i, int j,
                          unsigned lanes) {
    dp_strip *t = near->targets, *s = near->sources;
    const dp_strip_run *run = run_of(t->runs, i);
    close_pairs c;
    subtract(run, i - run->begin, s, j, lanes, &c);
    make_close(kernel, near->lambda, &c);
    dp_strip_use_close(t);
    if (is_mutual)
        dp_strip_use_close(s);
    for (int k = 0; k < CLOSE_WIDTH; k++) {
        if (!(lanes >> k & 1))
            continue;
        add_close(t, i, c.charge[k], &c, k, 1);
        if (is_mutual)
            add_close(s, j + k, run->charges[i - run->begin], &c, k, -1);
    }
}

CLOSE_FUNCTION(NEAR_NAME(close, laplace)) {
    sum_close(laplace, near, is_mutual, target, source, lanes);
}

CLOSE_FUNCTION(NEAR_NAME(close, yukawa)) {
    sum_close(yukawa, near, is_mutual, target, source, lanes);
}
#endif
