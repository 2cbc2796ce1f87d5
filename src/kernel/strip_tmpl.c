/* Moving points into strips and sums out of them, compiled once per instruction set
 * (meson.build). */
#include "kernel/near.h"

#include "base/per_isa.h"

/* Points that are moved together: what AVX2 converts at once. GCC 12 makes wider vectors of a
 * scalar in memory, which took a third longer. */
#define WHOLE 4
typedef double doubles __attribute__((vector_size(8 * WHOLE), aligned(8), may_alias));
typedef float floats __attribute__((vector_size(4 * WHOLE), aligned(4), may_alias));

/* The subtraction is in double, so that nothing is lost far from the origin. */
static inline void shift(const double *x, double centre, double inverse, float *x_f) {
    *(floats *)x_f = __builtin_convertvector((*(const doubles *)x - centre) * inverse, floats);
}

static inline void scale(const double *x, const double factor[2], float *x_f) {
    *(floats *)x_f = __builtin_convertvector(*(const doubles *)x * factor[0] * factor[1], floats);
}

/* Row k of what a run's points carry in vector v. */
static const double *carried_of(const dp_strip *s, const dp_strip_run *run, int k, int v) {
    const dp_carried *c = &run->carried;
    const double *const rows[] = {c->charge, c->dipole.x, c->dipole.y, c->dipole.z};
    return rows[dp_first_carried(&s->shape) + k] + v * run->carried_stride;
}

/* Vector v is of a part of flow whose charges count like dipoles' components and whose sums like
 * first derivatives of the others. */
static int is_higher(const dp_strip *s, int v) {
    return dp_is_flow(&s->shape) && v % DP_FLOW_PARTS == DP_FLOW_PARTS - 1;
}

/* By which row k is multiplied in single precision, one factor after the other. */
static void factors_of(const dp_strip *s, int k, int v, double factor[2]) {
    int is_charge = k < s->shape.has_charges && !is_higher(s, v);
    factor[0] = is_charge ? s->to_unit[v][0] : s->to_unit[v][0] * s->inverse;
    factor[1] = s->to_unit[v][1];
}

static void pack_one(dp_strip *s, const dp_strip_run *run, int i, const double *q,
                     const double factor[2]) {
    const dp_strip_frame *f = &s->frame;
    int at = run->begin + i;
    s->x_f[at] = (float)((run->points.x[i] - f->centre[0]) * s->inverse);
    s->y_f[at] = (float)((run->points.y[i] - f->centre[1]) * s->inverse);
    s->z_f[at] = (float)((run->points.z[i] - f->centre[2]) * s->inverse);
    s->carried_f[at] = (float)(q[i] * factor[0] * factor[1]);
}

/* The last whole group overlaps the one before it, which costs less than what is left one by one.
 */
static int group_at(int i, int n) {
    return i + WHOLE <= n ? i : n - WHOLE;
}

/* Positions, and the first row of what the first vector's points carry. */
static void pack_single(dp_strip *s, const dp_strip_run *run) {
    const dp_strip_frame *f = &s->frame;
    const double centre[] = {f->centre[0], f->centre[1], f->centre[2]}, inverse = s->inverse;
    const double *x = run->points.x, *y = run->points.y, *z = run->points.z;
    const double *q = carried_of(s, run, 0, 0);
    double factor[2];
    factors_of(s, 0, 0, factor);
    const double to_unit[] = {factor[0], factor[1]};
    const int n = run->n, begin = run->begin;
    float *x_f = s->x_f + begin, *y_f = s->y_f + begin, *z_f = s->z_f + begin;
    float *q_f = s->carried_f + begin;
    for (int i = 0; n < WHOLE && i < n; i++)
        pack_one(s, run, i, q, to_unit);
    for (int i = 0; n >= WHOLE && i < n; i += WHOLE) {
        int at = group_at(i, n);
        shift(x + at, centre[0], inverse, x_f + at);
        shift(y + at, centre[1], inverse, y_f + at);
        shift(z + at, centre[2], inverse, z_f + at);
        scale(q + at, to_unit, q_f + at);
    }
}

/* Another row. */
static void pack_row(dp_strip *s, const dp_strip_run *run, int k, int v) {
    const double *q = carried_of(s, run, k, v);
    double factor[2];
    factors_of(s, k, v, factor);
    const double to_unit[] = {factor[0], factor[1]};
    const int n = run->n;
    float *q_f = s->carried_f + dp_strip_row(s, k, v) + run->begin;
    for (int i = 0; n < WHOLE && i < n; i++)
        q_f[i] = (float)(q[i] * to_unit[0] * to_unit[1]);
    for (int i = 0; n >= WHOLE && i < n; i += WHOLE)
        scale(q + group_at(i, n), to_unit, q_f + group_at(i, n));
}

static void copy(int n, const double *restrict from, double *restrict to) {
    for (int i = 0; i < n; i++)
        to[i] = from[i];
}

void DP_PER_ISA(dp_strip_pack)(dp_strip *s, const dp_strip_run *run) {
    const dp_soa *p = &run->points;
    int n = run->n, at = run->begin, n_carried = dp_n_carried(&s->shape);
    if (s->is_single) {
        pack_single(s, run);
        for (int k = 0; k < n_carried; k++)
            for (int v = k ? 0 : 1; v < s->n_vectors; v++)
                pack_row(s, run, k, v);
    } else {
        copy(n, p->x, s->x + at);
        copy(n, p->y, s->y + at);
        copy(n, p->z, s->z + at);
        for (int k = 0; k < n_carried; k++)
            for (int v = 0; v < s->n_vectors; v++)
                copy(n, carried_of(s, run, k, v), s->carried + dp_strip_row(s, k, v) + at);
    }
}

static void add(int n, const double *restrict sums, double *restrict out) {
    for (int i = 0; i < n; i++)
        out[i] += sums[i];
}

/* Two factors: their product may overflow where the results do not. */
static void add_scaled(int n, double scale, double unit, const float *restrict sums,
                       double *restrict out) {
    for (int i = 0; i < n; i++)
        out[i] += scale * (double)sums[i] * unit;
}

static void take(const dp_strip *s, const dp_strip_run *run, int v) {
    double inverse = s->inverse, unit = s->frame.charge_unit[v], square = inverse * inverse;
    for (int k = 0; k < s->n_sums; k++) {
        double *out = dp_sums_row(&run->out, k) + v * run->out_stride;
        int order = (k >= DP_POTENTIAL) + (k >= DP_GRADIENT) + is_higher(s, v);
        double scale = order == 0 ? inverse : order == 1 ? square : square * inverse;
        int at = dp_strip_row(s, k, v) + run->begin;
        if (s->is_single)
            add_scaled(run->n, scale, unit, s->sums_f + at, out);
        if (!s->is_single || s->has_close)
            add(run->n, s->sums + at, out);
    }
}

void DP_PER_ISA(dp_strip_take)(const dp_strip *s, const dp_strip_run *run) {
    for (int v = 0; v < s->n_vectors; v++)
        take(s, run, v);
}
