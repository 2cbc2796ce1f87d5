/* Near sums of several vectors of charges at once, compiled once per instruction set and precision
 * (meson.build).
 *
 * A tile of targets meets a whole strip of sources in two stages. The first computes what all
 * vectors share, the values of the pairs, into memory of the first cache: lanes are sources, as in
 * near_tmpl.c. The second goes through these values for one vector and one component of the sums
 * after the other: a multiply-add a pair and side. It knows neither kernel nor grade. */
#include "kernel/pairs.h"

#include "kernel/ahead.h"
#include "kernel/tile.h"

/* Vectors of pairs of a tile and a strip. */
#define MOST_PAIRS (DP_STRIP_MANY / VEC_WIDTH * N_TARGETS)

/* N_TARGETS vectors for each vector of sources: of the potential and of the three components of the
 * gradient, all in the units of kernel/pairs.h. */
typedef struct values {
    vec of[4][MOST_PAIRS];
} values;

/* ---- stage 1 ---- */

/* A tile of targets and the vector of sources that begins with j: number `at` of the values. ahead:
 * NULL, or where what comes first has been done, of which this is number ahead_at. */
VEC_INLINE void evaluate(pair_fn *kernel, int has_gradient, pair_grade grade, const problem *p,
                         broadcast *t, int j, const ahead *ahead, int ahead_at, values *to,
                         int at) {
    vec x = load(p->x + j), y = load(p->y + j), z = load(p->z + j);
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++) {
        vec dx = x - t[k].x, dy = y - t[k].y, dz = z - t[k].z;
        vec r2 = ahead ? ahead->r2[ahead_at + k] : square(dx, dy, dz);
        pair g = kernel(grade, p->unit_lambda, ahead ? NULL : &p->least, r2,
                        ahead ? ahead->guess[ahead_at + k] : vec_guess(r2));
        t[k].far = g.far;
        to->of[0][at + k] = g.value;
        if (has_gradient) {
            vec slope = g.value * g.ratio;
            to->of[1][at + k] = slope * dx;
            to->of[2][at + k] = slope * dy;
            to->of[3][at + k] = slope * dz;
        }
    }
}

/* The sources from j on; those before own_end are, among others, the targets themselves. */
VEC_INLINE void evaluate_all(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                             int is_mutual, const problem *p, broadcast *t, int i, int j,
                             int own_end, values *to) {
    int n = p->near->sources->n, at = 0;
    for (; j < own_end; j += VEC_WIDTH, at += N_TARGETS) {
        evaluate(kernel, has_gradient, grade, p, t, j, NULL, 0, to, at);
        look_for_close(close, 1, 0, p->near, t, i, j);
    }
#if VEC_AHEAD
    for (ahead ahead; j < n;) {
        int ahead_at = 0, end = n - j > CHUNK ? j + CHUNK : n;
        look_ahead(p, t, j, end, &ahead);
        for (; j < end; j += VEC_WIDTH, ahead_at += N_TARGETS, at += N_TARGETS) {
            evaluate(kernel, has_gradient, grade, p, t, j, &ahead, ahead_at, to, at);
            look_for_close(close, 0, is_mutual, p->near, t, i, j);
        }
    }
#else
    for (; j < n; j += VEC_WIDTH, at += N_TARGETS) {
        evaluate(kernel, has_gradient, grade, p, t, j, NULL, 0, to, at);
        look_for_close(close, 0, is_mutual, p->near, t, i, j);
    }
#endif
}

/* ---- stage 2 ---- */

/* One component of the sums, of potentials or gradients: rows of the first vector. */
typedef struct component {
    const vec *value;
    real *at_sources, *at_targets;
    real unit, unit_at_sources; /* by which sums of values are multiplied */
} component;

/* A tile of targets, the first being i, and the sources from begin on, those before own_end
 * one-sidedly. */
typedef struct tile {
    int i, begin, own_end, end;
    int row, target_row; /* numbers from one vector's row to the next */
    const real *charge, *target_charge;
    component of[4];
} tile;

VEC_INLINE void add_at_targets(vec *at_targets, vec charge, const vec *value) {
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        at_targets[k] = vec_fma(charge, value[k], at_targets[k]);
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

/* Vector v of a component. */
VEC_INLINE void sum_mutual(const tile *t, const component *c, int v) {
    const real *charge = t->charge + v * t->row;
    const real *q = t->target_charge + v * t->target_row + t->i;
    real *at_sources = c->at_sources + v * t->row;
    const vec *value = c->value;
    vec at_targets[N_TARGETS] = ZEROS, target_charge[N_TARGETS];
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++)
        target_charge[k] = vec_splat(q[k] * c->unit_at_sources);
    int j = t->begin, own_end = t->own_end, end = t->end;
    for (; j < own_end; j += VEC_WIDTH, value += N_TARGETS)
        add_at_targets(at_targets, load(charge + j), value);
    for (; j < end; j += VEC_WIDTH, value += N_TARGETS) {
        vec sum = target_charge[0] * value[0];
        add_at_targets(at_targets, load(charge + j), value);
#pragma GCC unroll 4
        for (int k = 1; k < N_TARGETS; k++)
            sum = vec_fma(target_charge[k], value[k], sum);
        add_to(at_sources + j, sum);
    }
    store(at_targets, c->unit, c->at_targets + v * t->target_row + t->i);
}

VEC_INLINE void sum_one_sided(const tile *t, const component *c, int v) {
    const real *charge = t->charge + v * t->row;
    const vec *value = c->value;
    vec at_targets[N_TARGETS] = ZEROS;
    for (int j = 0; j < t->end; j += VEC_WIDTH, value += N_TARGETS)
        add_at_targets(at_targets, load(charge + j), value);
    store(at_targets, c->unit, c->at_targets + v * t->target_row + t->i);
}

/* The same of two vectors, v and the next, whose chains of sums run side by side. */
VEC_INLINE void sum_two_one_sided(const tile *t, const component *c, int v) {
    const real *charge = t->charge + v * t->row, *next_charge = charge + t->row;
    const vec *value = c->value;
    vec at_targets[N_TARGETS] = ZEROS, next[N_TARGETS] = ZEROS;
    for (int j = 0; j < t->end; j += VEC_WIDTH, value += N_TARGETS) {
        add_at_targets(at_targets, load(charge + j), value);
        add_at_targets(next, load(next_charge + j), value);
    }
    real *row = c->at_targets + v * t->target_row + t->i;
    store(at_targets, c->unit, row);
    store(next, c->unit, row + t->target_row);
}

static void sum_vectors(const tile *t, int is_mutual, int n_vectors, int n_sums) {
    for (const component *c = t->of; c < t->of + n_sums; c++) {
        int v = 0;
        for (; is_mutual && v < n_vectors; v++)
            sum_mutual(t, c, v);
        for (; v + 1 < n_vectors; v += 2)
            sum_two_one_sided(t, c, v);
        if (v < n_vectors)
            sum_one_sided(t, c, v);
    }
}

/* ---- both ---- */

/* values: not filled yet. */
static tile tile_of(const dp_near *near, values *values, pair_grade grade) {
    const dp_strip *t = near->targets, *s = near->sources;
    tile tile = {
        .end = s->n,
        .row = s->row,
        .target_row = t->row,
        .charge = ROW(s, carried),
        .target_charge = ROW(t, carried),
    };
    for (int k = 0; k < 4; k++) {
        real unit = k ? gradient_unit(grade) : potential_unit(grade);
        tile.of[k] = (component){values->of[k], ROW(s, sums) + dp_strip_row(s, k, 0),
                                 ROW(t, sums) + dp_strip_row(t, k, 0), unit, k ? -unit : unit};
    }
    return tile;
}

VEC_INLINE void sum_all(pair_fn *kernel, close_fn *close, int has_gradient, pair_grade grade,
                        const dp_near *near) {
    const problem p = problem_of(near, pair_unit(grade));
    int is_same = near->targets == near->sources, is_mutual = near->is_mutual || is_same;
    values values;
    tile tile = tile_of(near, &values, grade);
    for (int i = 0; i < near->targets->n; i += N_TARGETS) {
        broadcast t[N_TARGETS];
#pragma GCC unroll 4
        for (int k = 0; k < N_TARGETS; k++)
            t[k] = load_target(near->targets, i + k);
        tile.i = i;
        tile.begin = is_same ? i / GROUP * GROUP : 0;
        tile.own_end = is_same ? tile.begin + GROUP : 0;
        evaluate_all(kernel, close, has_gradient, grade, is_mutual, &p, t, i, tile.begin,
                     tile.own_end, &values);
        sum_vectors(&tile, is_mutual, near->sources->n_vectors, has_gradient ? 4 : 1);
    }
}

DEFINE_NEAR(near_many)
