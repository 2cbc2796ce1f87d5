/* Near sums of Stokes, compiled once per instruction set and precision (meson.build).
 *
 * As in near_many_tmpl.c a tile of targets meets a strip of sources in two stages, of which the
 * first is for all vectors: here it makes inverse distances alone. The second takes one value, four
 * vectors, at a time. */
#include "kernel/pairs.h"

#include "kernel/ahead.h"
#include "kernel/flow.h"
#include "kernel/tile.h"

/* ---- stage 1 ---- */

typedef vec roots[DP_STRIP_MANY / VEC_WIDTH * N_TARGETS];

/* A tile of targets and the vector of sources that begins with j. ahead: NULL, or where what comes
 * first has been done, of which this is number ahead_at. */
VEC_INLINE void evaluate(pair_grade grade, const problem *p, broadcast *t, int j,
                         const ahead *ahead, int ahead_at, vec *root) {
    vec x = load(p->x + j), y = load(p->y + j), z = load(p->z + j);
#pragma GCC unroll 4
    for (int k = 0; k < N_TARGETS; k++) {
        vec r2 = ahead ? ahead->r2[ahead_at + k] : square(x - t[k].x, y - t[k].y, z - t[k].z);
        root[k] = inverse_of(grade, ahead ? NULL : &p->least, r2,
                             ahead ? ahead->guess[ahead_at + k] : vec_guess(r2), &t[k].far);
    }
}

/* The sources j ... n - 1; those before own_end are, among others, the targets themselves. */
VEC_INLINE void evaluate_all(close_fn *close, pair_grade grade, int is_mutual, const problem *p,
                             broadcast *t, int i, int j, int own_end, int n, vec *root) {
    for (; j < own_end; j += VEC_WIDTH, root += N_TARGETS) {
        evaluate(grade, p, t, j, NULL, 0, root);
        look_for_close(close, 1, 0, p->near, t, i, j);
    }
#if VEC_AHEAD
    for (ahead ahead; j < n;) {
        int ahead_at = 0, end = n - j > CHUNK ? j + CHUNK : n;
        look_ahead(p, t, j, end, &ahead);
        for (; j < end; j += VEC_WIDTH, ahead_at += N_TARGETS, root += N_TARGETS) {
            evaluate(grade, p, t, j, &ahead, ahead_at, root);
            look_for_close(close, 0, is_mutual, p->near, t, i, j);
        }
    }
#else
    for (; j < n; j += VEC_WIDTH, root += N_TARGETS) {
        evaluate(grade, p, t, j, NULL, 0, root);
        look_for_close(close, 0, is_mutual, p->near, t, i, j);
    }
#endif
}

/* ---- stage 2 ---- */

/* A value's rows in a strip, the first of its four vectors being v. */
typedef struct rows {
    real *first;
    int of_part, of_row; /* numbers between parts and between rows */
} rows;

static rows rows_of(const dp_strip *strip, real *first, int v) {
    return (rows){first + dp_strip_row(strip, 0, v), strip->row, dp_strip_row(strip, 1, 0)};
}

VEC_INLINE real *row_at(const rows *r, int k, int part) {
    return r->first + k * r->of_row + part * r->of_part;
}

/* What a value has in the strips, and the sources that a tile of targets meets: those before
 * own_end one-sidedly. */
typedef struct meeting {
    int begin, own_end, end;
    const real *x, *y, *z; /* of the sources */
    rows carried, target_carried, sums, target_sums;
} meeting;

/* Rows of what is carried that are read: kernel.h, dp_carried_of_flow. */
VEC_INLINE int is_carried(int has_dipoles, int k, int part) {
    return part == FLOW_SCALAR ? has_dipoles && k == 0 : k == 0 || has_dipoles;
}

VEC_INLINE flow load_carried(int has_dipoles, const rows *r, int j) {
    flow of;
#pragma GCC unroll 4
    for (int k = 0; k < DP_GRADIENT; k++)
#pragma GCC unroll 4
        for (int part = 0; part < DP_FLOW_PARTS; part++)
            if (is_carried(has_dipoles, k, part))
                of.of[k][part] = load(row_at(r, k, part) + j);
    return of;
}

VEC_INLINE flow splat_carried(int has_dipoles, const rows *r, int i) {
    flow of;
#pragma GCC unroll 4
    for (int k = 0; k < DP_GRADIENT; k++)
#pragma GCC unroll 4
        for (int part = 0; part < DP_FLOW_PARTS; part++)
            if (is_carried(has_dipoles, k, part))
                of.of[k][part] = vec_splat(row_at(r, k, part)[i]);
    return of;
}

VEC_INLINE flow load_sums(int has_gradient, int has_pressure, const rows *r, int j) {
    const int n_rows = has_gradient ? DP_GRADIENT : DP_POTENTIAL;
    const int n_parts = has_pressure ? DP_FLOW_PARTS : FLOW_SCALAR;
    flow of;
#pragma GCC unroll 4
    for (int k = 0; k < n_rows; k++)
#pragma GCC unroll 4
        for (int part = 0; part < n_parts; part++)
            of.of[k][part] = load(row_at(r, k, part) + j);
    return of;
}

VEC_INLINE void store_sums(int has_gradient, int has_pressure, const flow *of, const rows *r,
                           int j) {
    const int n_rows = has_gradient ? DP_GRADIENT : DP_POTENTIAL;
    const int n_parts = has_pressure ? DP_FLOW_PARTS : FLOW_SCALAR;
#pragma GCC unroll 4
    for (int k = 0; k < n_rows; k++)
#pragma GCC unroll 4
        for (int part = 0; part < n_parts; part++)
            memcpy(row_at(r, k, part) + j, &of->of[k][part], sizeof(vec));
}

/* Targets that meet the sources together (measured against 1 and 4). */
#define AT_ONCE 2

/* AT_ONCE targets from i on and all sources. Behind the last target idle ones carry nothing, and
 * their sums are in rows' padding. */
VEC_INLINE void sum_at(int has_dipoles, int has_gradient, int has_pressure, const meeting *m,
                       const broadcast *t, int i, const vec *root) {
    flow of_target[AT_ONCE], at[AT_ONCE];
#pragma GCC unroll 4
    for (int k = 0; k < AT_ONCE; k++) {
        of_target[k] = splat_carried(has_dipoles, &m->target_carried, i + k);
        at[k] = (flow){0};
    }
    for (int j = m->begin; j < m->end; j += VEC_WIDTH, root += N_TARGETS) {
        vec n[AT_ONCE][3], x = load(m->x + j), y = load(m->y + j), z = load(m->z + j);
        const flow from = load_carried(has_dipoles, &m->carried, j);
#pragma GCC unroll 4
        for (int k = 0; k < AT_ONCE; k++) {
            n[k][0] = (t[k].x - x) * root[k];
            n[k][1] = (t[k].y - y) * root[k];
            n[k][2] = (t[k].z - z) * root[k];
            add_flow(has_dipoles, has_gradient, has_pressure, 1, n[k], root[k], &from, &at[k]);
        }
        if (j < m->own_end)
            continue;
        flow at_sources = load_sums(has_gradient, has_pressure, &m->sums, j);
#pragma GCC unroll 4
        for (int k = 0; k < AT_ONCE; k++)
            add_flow(has_dipoles, has_gradient, has_pressure, -1, n[k], root[k], &of_target[k],
                     &at_sources);
        store_sums(has_gradient, has_pressure, &at_sources, &m->sums, j);
    }
    for (int k = 0; k < AT_ONCE; k++)
        for (int row = 0; row < (has_gradient ? DP_GRADIENT : DP_POTENTIAL); row++) {
            real sums[DP_FLOW_PARTS];
            vec_sum_four(at[k].of[row], sums);
            for (int part = 0; part < DP_FLOW_PARTS; part++)
                row_at(&m->target_sums, row, part)[i + k] += sums[part];
        }
}

/* The targets of a tile. */
typedef void sum_at_fn(const meeting *m, const broadcast *t, int i, const vec *root);

#define DEFINE_SUM_AT(name, has_dipoles, has_gradient, has_pressure)                               \
    static void name(const meeting *m, const broadcast *t, int i, const vec *root) {               \
        for (int k = 0; k < N_TARGETS; k += AT_ONCE)                                               \
            sum_at(has_dipoles, has_gradient, has_pressure, m, t + k, i + k, root + k);            \
    }

DEFINE_SUM_AT(velocity_of_forces, 0, 0, 0)
DEFINE_SUM_AT(gradient_of_forces, 0, 1, 0)
DEFINE_SUM_AT(velocity_and_pressure_of_forces, 0, 0, 1)
DEFINE_SUM_AT(gradient_and_pressure_of_forces, 0, 1, 1)
DEFINE_SUM_AT(velocity_and_pressure_of_dipoles, 1, 0, 1)
DEFINE_SUM_AT(gradient_and_pressure_of_dipoles, 1, 1, 1)

/* ---- both ---- */

static meeting meeting_of(const dp_near *near, int v) {
    dp_strip *t = near->targets, *s = near->sources;
    return (meeting){.x = ROW(s, x),
                     .y = ROW(s, y),
                     .z = ROW(s, z),
                     .carried = rows_of(s, ROW(s, carried), v),
                     .target_carried = rows_of(t, ROW(t, carried), v),
                     .sums = rows_of(s, ROW(s, sums), v),
                     .target_sums = rows_of(t, ROW(t, sums), v)};
}

static void sum_values(const dp_near *near, const broadcast *t, int i, int begin, int own_end,
                       const vec *root) {
    /* Beside what dipoles take the pressure is little. */
    static sum_at_fn *const of_dipoles[] = {velocity_and_pressure_of_dipoles,
                                            gradient_and_pressure_of_dipoles};
    static sum_at_fn *const of_forces[][2] = {
        {velocity_of_forces, gradient_of_forces},
        {velocity_and_pressure_of_forces, gradient_and_pressure_of_forces}};
    const int has_gradient = near->n_sums > DP_POTENTIAL;
    sum_at_fn *sum = near->sources->shape.has_dipoles
                         ? of_dipoles[has_gradient]
                         : of_forces[near->has_pressure != 0][has_gradient];
    for (int v = 0; v < near->sources->n_vectors; v += DP_FLOW_PARTS) {
        meeting m = meeting_of(near, v);
        m.begin = begin;
        m.own_end = own_end;
        m.end = near->sources->n;
        sum(&m, t, i, root);
    }
}

VEC_INLINE void sum_all(close_fn *close, pair_grade grade, const dp_near *near) {
    const problem p = problem_of(near, pair_unit(grade));
    int is_same = near->targets == near->sources, is_mutual = near->is_mutual || is_same;
    int n = near->sources->n;
    roots root;
    for (int i = 0; i < near->targets->n; i += N_TARGETS) {
        int begin = is_same ? i / GROUP * GROUP : 0, own_end = is_same ? begin + GROUP : 0;
        broadcast t[N_TARGETS];
#pragma GCC unroll 4
        for (int k = 0; k < N_TARGETS; k++)
            t[k] = load_target(near->targets, i + k);
        evaluate_all(close, grade, is_mutual, &p, t, i, begin, own_end, n, root);
        sum_values(near, t, i, begin, is_mutual ? own_end : n, root);
    }
}

#define SUM_ALL(kernel, close, grade, near) sum_all(close, grade, near);

DEFINE_OF(near_many, flow)
