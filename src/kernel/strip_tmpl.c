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

static void pack_one(dp_strip *s, const dp_strip_run *run, int i) {
    const dp_strip_frame *f = &s->frame;
    int at = run->begin + i;
    s->x_f[at] = (float)((run->points.x[i] - f->centre[0]) * s->inverse);
    s->y_f[at] = (float)((run->points.y[i] - f->centre[1]) * s->inverse);
    s->z_f[at] = (float)((run->points.z[i] - f->centre[2]) * s->inverse);
    s->charge_f[at] = (float)(run->charges[i] * s->to_unit[0][0] * s->to_unit[0][1]);
}

/* The last whole group overlaps the one before it, which costs less than what is left one by one.
 */
static int group_at(int i, int n) {
    return i + WHOLE <= n ? i : n - WHOLE;
}

/* Positions and charges of the first vector. */
static void pack_single(dp_strip *s, const dp_strip_run *run) {
    const dp_strip_frame *f = &s->frame;
    const double centre[] = {f->centre[0], f->centre[1], f->centre[2]}, inverse = s->inverse;
    const double to_unit[] = {s->to_unit[0][0], s->to_unit[0][1]};
    const double *x = run->points.x, *y = run->points.y, *z = run->points.z, *q = run->charges;
    const int n = run->n, begin = run->begin;
    float *x_f = s->x_f + begin, *y_f = s->y_f + begin, *z_f = s->z_f + begin;
    float *q_f = s->charge_f + begin;
    for (int i = 0; n < WHOLE && i < n; i++)
        pack_one(s, run, i);
    for (int i = 0; n >= WHOLE && i < n; i += WHOLE) {
        int at = group_at(i, n);
        shift(x + at, centre[0], inverse, x_f + at);
        shift(y + at, centre[1], inverse, y_f + at);
        shift(z + at, centre[2], inverse, z_f + at);
        scale(q + at, to_unit, q_f + at);
    }
}

/* Charges of another vector. */
static void pack_charges(dp_strip *s, const dp_strip_run *run, int v) {
    const double *q = run->charges + v * run->charge_stride;
    const double to_unit[] = {s->to_unit[v][0], s->to_unit[v][1]};
    const int n = run->n;
    float *q_f = s->charge_f + v * s->row + run->begin;
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
    int n = run->n, at = run->begin;
    if (s->is_single) {
        pack_single(s, run);
        for (int v = 1; v < s->n_vectors; v++)
            pack_charges(s, run, v);
    } else {
        copy(n, p->x, s->x + at);
        copy(n, p->y, s->y + at);
        copy(n, p->z, s->z + at);
        copy(n, run->charges, s->charge + at);
        for (int v = 1; v < s->n_vectors; v++)
            copy(n, run->charges + v * run->charge_stride, s->charge + v * s->row + at);
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
    double *to[] = {run->out.potential, run->out.gx, run->out.gy, run->out.gz};
    double inverse = s->inverse, unit = s->frame.charge_unit[v];
    size_t at = (size_t)(v * s->row + run->begin), step = (size_t)(s->most_vectors * s->row);
    for (int k = 0; k < (s->has_gradient ? 4 : 1); k++, at += step) {
        double *out = to[k] + v * run->out_stride;
        if (s->is_single)
            add_scaled(run->n, k ? inverse * inverse : inverse, unit, s->potential_f + at, out);
        if (!s->is_single || s->has_close)
            add(run->n, s->potential + at, out);
    }
}

void DP_PER_ISA(dp_strip_take)(const dp_strip *s, const dp_strip_run *run) {
    for (int v = 0; v < s->n_vectors; v++)
        take(s, run, v);
}
