/* Near sums, compiled once per instruction set and precision (meson.build).
 *
 * Lanes are sources, which lie in rows one behind the other; targets are broadcast, N_TARGETS at a
 * time, and their sums stay in registers. What targets do to sources is added up over the tile
 * before it goes to memory. `kernel`, `has_gradient`, `grade` and `is_mutual` are constants in
 * each loop. */
#include "kernel/pairs.h"

#include "kernel/ahead.h"
#include "kernel/tile.h"

/* Single precision has pairs that are too close; chunks made ahead are looked through already. */
#if defined(SIMD_SINGLE) || VEC_AHEAD
#define CAN_BE_APART 0
#else
#define CAN_BE_APART 1
#endif

/* Of a vector of pairs: the way from the target, its square and where its root starts from. */
typedef struct difference {
    vec dx, dy, dz, r2, guess;
} difference;

/* ahead: NULL, or where what comes first has been done, of which this is number `at`. */
VEC_INLINE difference difference_of(const broadcast *t, const broadcast *source, const ahead *ahead,
                                    int at) {
    difference d = {.dx = source->x - t->x, .dy = source->y - t->y, .dz = source->z - t->z};
    d.r2 = ahead ? ahead->r2[at] : square(d.dx, d.dy, d.dz);
    d.guess = ahead ? ahead->guess[at] : vec_guess(d.r2);
    return d;
}

/* One target and a vector of sources: adds to the target's sums and to at_sources. least: NULL
 * where no pair is to be left out. */
VEC_INLINE void add_pairs(pair_fn *kernel, int has_gradient, pair_grade grade, int is_mutual,
                          const problem *p, broadcast *t, const broadcast *source, sums *at_sources,
                          const difference *d, const vec *least) {
    pair g = kernel(grade, p->unit_lambda, least, d->r2, d->guess);
    t->far = g.far;
    t->s.potential = vec_fma(source->charge, g.value, t->s.potential);
    if (is_mutual)
        at_sources->potential = vec_fma(t->charge, g.value, at_sources->potential);
    if (!has_gradient)
        return;
    vec slope = g.value * g.ratio, at_target = source->charge * slope;
    t->s.gx = vec_fma(at_target, d->dx, t->s.gx);
    t->s.gy = vec_fma(at_target, d->dy, t->s.gy);
    t->s.gz = vec_fma(at_target, d->dz, t->s.gz);
    if (is_mutual) {
        vec minus = t->minus * slope;
        at_sources->gx = vec_fma(minus, d->dx, at_sources->gx);
        at_sources->gy = vec_fma(minus, d->dy, at_sources->gy);
        at_sources->gz = vec_fma(minus, d->dz, at_sources->gz);
    }
}

VEC_INLINE void add_tile(pair_fn *kernel, int has_gradient, pair_grade grade, int is_mutual,
                         const problem *p, broadcast *t, const broadcast *source, sums *at_sources,
                         const difference *d, const vec *least) {
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        add_pairs(kernel, has_gradient, grade, is_mutual, p, &t[k], source, at_sources, &d[k],
                  least);
}

/* Whether no pair of a tile is to be left out: one comparison for all of them, and minima, which
 * take turns with additions where the processor multiplies. */
VEC_INLINE int is_tile_apart(const difference d[N_TARGETS], vec least) {
    vec nearest = vec_min(vec_min(d[0].r2, d[1].r2), vec_min(d[2].r2, d[3].r2));
    return vec_is_above(nearest, least);
}

/* A tile of targets, the first being i, and the vector of sources that begins with j. is_apart: no
 * pair is to be left out. */
VEC_INLINE void meet(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                     int is_same, int is_mutual, int is_apart, const problem *p, broadcast *t,
                     int i, int j, const ahead *ahead, int at) {
    broadcast source = {.x = load(p->x + j),
                        .y = load(p->y + j),
                        .z = load(p->z + j),
                        .charge = load(p->charge + j)};
    sums at_sources = {0};
    difference d[N_TARGETS];
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        d[k] = difference_of(&t[k], &source, ahead, at + k);
    if (is_apart || (!is_same && __builtin_expect(is_tile_apart(d, p->least_square), 1))) {
        add_tile(kernel, has_gradient, grade, is_mutual, p, t, &source, &at_sources, d, NULL);
    } else {
        add_tile(kernel, has_gradient, grade, is_mutual, p, t, &source, &at_sources, d, &p->least);
        look_for_close(close, is_same, is_mutual, p->near, t, i, j);
    }
    if (is_mutual) {
        real *sums = p->sums + j;
        add_to(sums, at_sources.potential);
        if (has_gradient) {
            add_to(sums + p->row, at_sources.gx);
            add_to(sums + 2 * p->row, at_sources.gy);
            add_to(sums + 3 * p->row, at_sources.gz);
        }
    }
}

/* A tile and the sources from j on. */
VEC_INLINE void meet_all(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                         int is_mutual, int is_apart, const problem *p, broadcast *t, int i,
                         int j) {
    int n = p->near->sources->n;
#if VEC_AHEAD
    (void)is_apart;
    for (ahead ahead; j < n;) {
        int at = 0, end = n - j > CHUNK ? j + CHUNK : n;
        look_ahead(p, t, j, end, &ahead);
        for (; j < end; j += VEC_WIDTH, at += N_TARGETS)
            meet(kernel, close, has_gradient, grade, 0, is_mutual, 1, p, t, i, j, &ahead, at);
    }
#else
    for (; j < n; j += VEC_WIDTH)
        meet(kernel, close, has_gradient, grade, 0, is_mutual, is_apart, p, t, i, j, NULL, 0);
#endif
}

VEC_INLINE void store_target(int has_gradient, pair_grade grade, const sums *s, dp_strip *t,
                             int i) {
    real *sums = ROW(t, sums) + i;
    sums[0] += vec_sum(s->potential) * potential_unit(grade);
    if (has_gradient) {
        sums[t->row] += vec_sum(s->gx) * gradient_unit(grade);
        sums[2 * t->row] += vec_sum(s->gy) * gradient_unit(grade);
        sums[3 * t->row] += vec_sum(s->gz) * gradient_unit(grade);
    }
}

/* A target with what it does to sources, in the unit of their sums. */
VEC_INLINE broadcast load_mutual_target(pair_grade grade, const dp_strip *strip, int i) {
    broadcast t = load_target(strip, i);
    t.minus = t.charge * -gradient_unit(grade);
    t.charge *= potential_unit(grade);
    return t;
}

/* The targets from i on. Within one strip, the group of sources that they themselves lie in is
 * summed for them alone: each of its points is a target in its turn. Those behind it are mutual. */
VEC_INLINE void sum_tile(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                         int is_mutual, int is_apart, const problem *p, int i) {
    broadcast t[N_TARGETS];
    const dp_near *near = p->near;
    int j = 0;
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        t[k] = load_mutual_target(grade, near->targets, i + k);
    if (near->targets == near->sources) {
        int end = (j = i / GROUP * GROUP) + GROUP;
        for (; j < end; j += VEC_WIDTH)
            meet(kernel, close, has_gradient, grade, 1, 0, 0, p, t, i, j, NULL, 0);
    }
    meet_all(kernel, close, has_gradient, grade, is_mutual, is_apart, p, t, i, j);
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        store_target(has_gradient, grade, &t[k].s, near->targets, i + k);
}

VEC_INLINE void sum_all(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                        const dp_near *near) {
    const problem p = problem_of(near, pair_unit(grade));
    if (CAN_BE_APART && near->is_apart)
        for (int i = 0; i < near->targets->n; i += N_TARGETS)
            sum_tile(kernel, close, has_gradient, grade, 1, 1, &p, i);
    else if (near->is_mutual || near->targets == near->sources)
        for (int i = 0; i < near->targets->n; i += N_TARGETS)
            sum_tile(kernel, close, has_gradient, grade, 1, 0, &p, i);
    else
        for (int i = 0; i < near->targets->n; i += N_TARGETS)
            sum_tile(kernel, close, has_gradient, grade, 0, 0, &p, i);
}

#define SUM_ALL(kernel, close, grade, near)                                                        \
    if ((near)->n_sums > DP_POTENTIAL)                                                             \
        sum_all(kernel, close, 1, grade, near);                                                    \
    else                                                                                           \
        sum_all(kernel, close, 0, grade, near);

#define DEFINE_NEAR(id, number, kernel, order) DEFINE_OF(near, kernel)
DP_EACH_REAL_KERNEL(DEFINE_NEAR)
