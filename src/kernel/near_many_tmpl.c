/* Near sums of whatever sources carry, in any number of vectors, and of whatever sums are wanted;
 * compiled once per instruction set and precision (meson.build).
 *
 * A tile of targets meets a strip of sources in two stages. The first computes what all vectors
 * share, the pairs' derivatives up to an order, into memory of the first cache: lanes are sources,
 * as in near_tmpl.c. The second is a list of passes, each over the table of one derivative for what
 * one row of the sources does to one row of sums: a multiply-add a pair and side. It knows neither
 * kernel nor grade. */
#include "kernel/pairs.h"

#include "kernel/ahead.h"
#include "kernel/derivatives.h"
#include "kernel/tile.h"

/* Sources that a tile meets at once: with many derivatives fewer than a strip has, so that the
 * tables take 20 KiB at most. Complex kernels have tables for each of their two parts. */
#define MOST_SOURCES(order)                                                                        \
    ((order) < 2 ? DP_STRIP_MANY : ((order) == 2 ? 64 : 32) * (int)(sizeof(double) / sizeof(real)))
#define MOST_COMPLEX_SOURCES(order) (MOST_SOURCES(order) / 2)

/* Vectors of a derivative's table: N_TARGETS for each vector of sources. */
#define N_PAIRS(order) (MOST_SOURCES(order) / VEC_WIDTH * N_TARGETS)
#define N_WAVES(order) (MOST_COMPLEX_SOURCES(order) / VEC_WIDTH * N_TARGETS)

typedef struct tables {
    vec of[N_UP_TO(MOST_ORDER) * N_PAIRS(MOST_ORDER)];
} tables;

/* ---- stage 1 ---- */

/* A tile and a vector of sources. */
typedef struct met {
    pair pair[N_TARGETS];
    vec dx[N_TARGETS], dy[N_TARGETS], dz[N_TARGETS]; /* from target to source */
} met;

/* Third derivatives are made apart, by one function for all kernels: that halves the code without
 * slowing it down. */
static __attribute__((noinline)) void derive_third(pair_grade grade, const met *m, vec *to) {
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        derive(3, grade, &m->pair[k], m->dx[k], m->dy[k], m->dz[k], to + k, N_PAIRS(3));
}

/* Of a complex kernel: both parts of what target k has with a vector of sources. */
VEC_INLINE void put_waves(int order, pair_grade grade, const problem *p, broadcast *t, int k,
                          vec dx, vec dy, vec dz, const vec *least, vec r2, vec guess, tables *to,
                          int at) {
    waves w = waves_of(grade, p->unit_lambda, least, r2, guess);
    t[k].far = w.far;
    derive_waves(order, grade, &w, dx, dy, dz, to->of + at + k, N_WAVES(order),
                 N_UP_TO(order) * N_WAVES(order));
}

/* A tile of targets and the vector of sources that begins with j: number `at` of the tables. ahead:
 * NULL, or where what comes first has been done, of which this is number ahead_at. kernel: NULL for
 * the complex one. */
VEC_INLINE void evaluate(pair_fn *kernel, int order, pair_grade grade, const problem *p,
                         broadcast *t, int j, const ahead *ahead, int ahead_at, tables *to,
                         int at) {
    vec x = load(p->x + j), y = load(p->y + j), z = load(p->z + j);
    met m;
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++) {
        vec dx = m.dx[k] = x - t[k].x, dy = m.dy[k] = y - t[k].y, dz = m.dz[k] = z - t[k].z;
        vec r2 = ahead ? ahead->r2[ahead_at + k] : square(dx, dy, dz);
        vec guess = ahead ? ahead->guess[ahead_at + k] : vec_guess(r2);
        if (!kernel) {
            put_waves(order, grade, p, t, k, dx, dy, dz, ahead ? NULL : &p->least, r2, guess, to,
                      at);
            continue;
        }
        pair g = kernel(grade, p->unit_lambda, ahead ? NULL : &p->least, r2, guess);
        t[k].far = g.far;
        m.pair[k] = g;
        if (order < 3)
            derive(order, grade, &g, dx, dy, dz, to->of + at + k, N_PAIRS(order));
    }
    if (kernel && order == 3)
        derive_third(grade, &m, to->of + at);
}

/* The sources j ... n - 1; those before own_end are, among others, the targets themselves. */
VEC_INLINE void evaluate_all(pair_fn *kernel, close_fn *close, int order, pair_grade grade,
                             int is_mutual, const problem *p, broadcast *t, int i, int j,
                             int own_end, int n, tables *to) {
    int at = 0;
    for (; j < own_end; j += VEC_WIDTH, at += N_TARGETS) {
        evaluate(kernel, order, grade, p, t, j, NULL, 0, to, at);
        look_for_close(close, 1, 0, p->near, t, i, j);
    }
#if VEC_AHEAD
    for (ahead ahead; j < n;) {
        int ahead_at = 0, end = n - j > CHUNK ? j + CHUNK : n;
        look_ahead(p, t, j, end, &ahead);
        for (; j < end; j += VEC_WIDTH, ahead_at += N_TARGETS, at += N_TARGETS) {
            evaluate(kernel, order, grade, p, t, j, &ahead, ahead_at, to, at);
            look_for_close(close, 0, is_mutual, p->near, t, i, j);
        }
    }
#else
    for (; j < n; j += VEC_WIDTH, at += N_TARGETS) {
        evaluate(kernel, order, grade, p, t, j, NULL, 0, to, at);
        look_for_close(close, 0, is_mutual, p->near, t, i, j);
    }
#endif
}

/* ---- stage 2 ---- */

/* What one row of the sources does to one row of sums: rows of the first vector. */
typedef struct pass {
    const vec *value;                     /* the table */
    const real *carried, *target_carried; /* rows of sources and of targets */
    real *at_sources, *at_targets;        /* sums */
    real unit, unit_at_sources;           /* by which sums are multiplied */
} pass;

/* A complex kernel, whose parts mix real and imaginary rows in four ways, has no second derivatives
 * among its sums. */
enum { MOST_PASSES = 4 * 4 * DP_GRADIENT };

/* A tile of targets, the first being i, and the sources from begin on, those before own_end
 * one-sidedly. */
typedef struct tile {
    int i, begin, own_end, end;
    int row, target_row; /* numbers from one vector's row to the next */
    int n_passes;
    pass pass[MOST_PASSES];
} tile;

VEC_INLINE void add_at_targets(vec *at_targets, vec carried, const vec *value) {
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        at_targets[k] = vec_fma(carried, value[k], at_targets[k]);
}

typedef real of_tile
    __attribute__((vector_size(N_TARGETS * sizeof(real)), aligned(sizeof(real)), may_alias));

VEC_INLINE void store(const vec *at_targets, real unit, real *row) {
    of_tile sums;
    vec_sum_four(at_targets, (real *)&sums);
    *(of_tile *)row += sums * unit;
}

#define ZEROS                                                                                      \
    { vec_splat(0), vec_splat(0), vec_splat(0), vec_splat(0) }

/* Vector v of a pass. */
VEC_INLINE void sum_mutual(const tile *t, const pass *p, int v) {
    const real *carried = p->carried + v * t->row;
    const real *q = p->target_carried + v * t->target_row + t->i;
    real *at_sources = p->at_sources + v * t->row;
    const vec *value = p->value;
    vec at_targets[N_TARGETS] = ZEROS, of_target[N_TARGETS];
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        of_target[k] = vec_splat(q[k] * p->unit_at_sources);
    int j = t->begin, own_end = t->own_end, end = t->end;
    for (; j < own_end; j += VEC_WIDTH, value += N_TARGETS)
        add_at_targets(at_targets, load(carried + j), value);
    for (; j < end; j += VEC_WIDTH, value += N_TARGETS) {
        vec sum = of_target[0] * value[0];
        add_at_targets(at_targets, load(carried + j), value);
#pragma GCC unroll 4
        for (int k = 1; k < N_TARGETS; k++)
            sum = vec_fma(of_target[k], value[k], sum);
        add_to(at_sources + j, sum);
    }
    store(at_targets, p->unit, p->at_targets + v * t->target_row + t->i);
}

VEC_INLINE void sum_one_sided(const tile *t, const pass *p, int v) {
    const real *carried = p->carried + v * t->row;
    const vec *value = p->value;
    vec at_targets[N_TARGETS] = ZEROS;
    for (int j = t->begin; j < t->end; j += VEC_WIDTH, value += N_TARGETS)
        add_at_targets(at_targets, load(carried + j), value);
    store(at_targets, p->unit, p->at_targets + v * t->target_row + t->i);
}

/* The same of two vectors, v and the next, whose chains of sums run side by side. */
VEC_INLINE void sum_two_one_sided(const tile *t, const pass *p, int v) {
    const real *carried = p->carried + v * t->row, *next_carried = carried + t->row;
    const vec *value = p->value;
    vec at_targets[N_TARGETS] = ZEROS, next[N_TARGETS] = ZEROS;
    for (int j = t->begin; j < t->end; j += VEC_WIDTH, value += N_TARGETS) {
        add_at_targets(at_targets, load(carried + j), value);
        add_at_targets(next, load(next_carried + j), value);
    }
    real *row = p->at_targets + v * t->target_row + t->i;
    store(at_targets, p->unit, row);
    store(next, p->unit, row + t->target_row);
}

static void sum_vectors(const tile *t, int is_mutual, int n_vectors) {
    for (const pass *p = t->pass; p < t->pass + t->n_passes; p++) {
        int v = 0;
        for (; is_mutual && v < n_vectors; v++)
            sum_mutual(t, p, v);
        for (; v + 1 < n_vectors; v += 2)
            sum_two_one_sided(t, p, v);
        if (v < n_vectors)
            sum_one_sided(t, p, v);
    }
}

/* ---- both ---- */

/* Row k of what is carried to row a of the sums; value: the first of the tables, n_pairs apart. */
static pass pass_of(const dp_near *near, const vec *value, int n_pairs, pair_grade grade, int a,
                    int k) {
    const dp_strip *t = near->targets, *s = near->sources;
    int b = dp_first_carried(&s->shape) + k, place = place_of(a, b);
    real unit = place ? gradient_unit(grade) : potential_unit(grade);
    return (pass){.value = value + place * n_pairs,
                  .carried = ROW(s, carried) + dp_strip_row(s, k, 0),
                  .target_carried = ROW(t, carried) + dp_strip_row(t, k, 0),
                  .at_sources = ROW(s, sums) + dp_strip_row(s, a, 0),
                  .at_targets = ROW(t, sums) + dp_strip_row(t, a, 0),
                  .unit = unit * (real)sign_of(b),
                  .unit_at_sources = unit * (real)sign_of(a)};
}

/* One of the products of a complex kernel's two parts with real and imaginary rows, which lie one
 * behind the other. n_values: between the tables of the parts. */
static pass pass_of_part(const dp_near *near, pass p, int is_imaginary, int from, int n_values) {
    int source_row = near->sources->row, target_row = near->targets->row, to = is_imaginary ^ from;
    real sign = is_imaginary && from ? -1 : 1;
    p.value += is_imaginary * n_values;
    p.carried += from * source_row;
    p.target_carried += from * target_row;
    p.at_sources += to * source_row;
    p.at_targets += to * target_row;
    p.unit *= sign;
    p.unit_at_sources *= sign;
    return p;
}

/* The tables are not filled yet. */
static void make_passes(const dp_near *near, int is_complex, tables *tables, int order, int n_pairs,
                        pair_grade grade, tile *tile) {
    int n_parts = is_complex ? 2 : 1;
    tile->row = n_parts * near->sources->row;
    tile->target_row = n_parts * near->targets->row;
    tile->n_passes = 0;
    for (int a = 0; a < near->n_sums; a++)
        for (int k = 0; k < dp_n_carried(&near->sources->shape); k++) {
            pass p = pass_of(near, tables->of, n_pairs, grade, a, k);
            for (int i = 0; i < n_parts * n_parts; i++)
                tile->pass[tile->n_passes++] =
                    pass_of_part(near, p, i / 2, i % 2, N_UP_TO(order) * n_pairs);
        }
}

VEC_INLINE void sum_all(pair_fn *kernel, close_fn *close, int order, pair_grade grade,
                        const dp_near *near) {
    const problem p = problem_of(near, pair_unit(grade));
    int is_same = near->targets == near->sources, is_mutual = near->is_mutual || is_same;
    int n = near->sources->n, step = kernel ? MOST_SOURCES(order) : MOST_COMPLEX_SOURCES(order);
    int n_vectors = near->sources->n_vectors / (kernel ? 1 : 2);
    tables tables;
    tile tile;
    make_passes(near, !kernel, &tables, order, kernel ? N_PAIRS(order) : N_WAVES(order), grade,
                &tile);
    for (int i = 0; i < near->targets->n; i += N_TARGETS) {
        broadcast t[N_TARGETS];
#pragma GCC unroll 4
        for (int k = 0; k < N_TARGETS; k++)
            t[k] = load_target(near->targets, i + k);
        tile.i = i;
        tile.begin = is_same ? i / GROUP * GROUP : 0;
        tile.own_end = is_same ? tile.begin + GROUP : 0;
        for (; tile.begin < n; tile.begin += step) {
            tile.end = n - tile.begin > step ? tile.begin + step : n;
            evaluate_all(kernel, close, order, grade, is_mutual, &p, t, i, tile.begin, tile.own_end,
                         tile.end, &tables);
            sum_vectors(&tile, is_mutual, n_vectors);
        }
    }
}

/* Derivatives that a dipole needs are one order above those of a charge. */
static int order_of(const dp_near *near) {
    return derivatives[near->n_sums - 1].order + near->sources->shape.has_dipoles;
}

/* Order 3 is of second derivatives of dipoles, where the kernel has second derivatives. */
#define SUM_ALL(kernel, close, grade, near)                                                        \
    switch (order_of(near)) {                                                                      \
    case 0:                                                                                        \
        sum_all(kernel, close, 0, grade, near);                                                    \
        break;                                                                                     \
    case 1:                                                                                        \
        sum_all(kernel, close, 1, grade, near);                                                    \
        break;                                                                                     \
    case 2:                                                                                        \
        sum_all(kernel, close, 2, grade, near);                                                    \
        break;                                                                                     \
    default:                                                                                       \
        if (DP_ORDER_##kernel == 2)                                                                \
            sum_all(kernel, close, 3, grade, near);                                                \
    }

#define DEFINE_NEAR_MANY(id, number, kernel, order) DEFINE_OF(near_many, kernel)
DP_EACH_REAL_KERNEL(DEFINE_NEAR_MANY)

#undef SUM_ALL
#define SUM_ALL(kernel, close, grade, near)                                                        \
    switch (order_of(near)) {                                                                      \
    case 0:                                                                                        \
        sum_all(NULL, close, 0, grade, near);                                                      \
        break;                                                                                     \
    case 1:                                                                                        \
        sum_all(NULL, close, 1, grade, near);                                                      \
        break;                                                                                     \
    default:                                                                                       \
        sum_all(NULL, close, 2, grade, near);                                                      \
    }

DEFINE_OF(near_many, helmholtz)
