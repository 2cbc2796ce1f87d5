/* Moving points into strips and sums out of them, compiled once per instruction set
 * (meson.build). */
#include "kernel/near.h"

#include "base/per_isa.h"

/* Points that are moved together. */
#define WHOLE 8
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
}

static void pack_charges(dp_strip *s, const dp_strip_run *run, int v) {
    const double *q = run->charges + v * run->charge_stride;
    const double to_unit[] = {s->to_unit[v][0], s->to_unit[v][1]};
    const int n = run->n;
    float *q_f = s->charge_f + v * s->row + run->begin;
    for (int i = 0; n < WHOLE && i < n; i++)
        q_f[i] = (float)(q[i] * to_unit[0] * to_unit[1]);
    for (int i = 0; n >= WHOLE && i < n; i += WHOLE) {
        int at = i + WHOLE <= n ? i : n - WHOLE;
        scale(q + at, to_unit, q_f + at);
    }
}

/* The last whole group overlaps the one before it, which costs less than what is left one by one.
 */
static void pack_single(dp_strip *s, const dp_strip_run *run) {
    const dp_strip_frame f = s->frame;
    const double *x = run->points.x, *y = run->points.y, *z = run->points.z;
    const double inverse = s->inverse;
    const int n = run->n, begin = run->begin;
    float *x_f = s->x_f + begin, *y_f = s->y_f + begin, *z_f = s->z_f + begin;
    for (int i = 0; n < WHOLE && i < n; i++)
        pack_one(s, run, i);
    for (int i = 0; n >= WHOLE && i < n; i += WHOLE) {
        int at = i + WHOLE <= n ? i : n - WHOLE;
        shift(x + at, f.centre[0], inverse, x_f + at);
        shift(y + at, f.centre[1], inverse, y_f + at);
        shift(z + at, f.centre[2], inverse, z_f + at);
    }
    for (int v = 0; v < s->n_vectors; v++)
        pack_charges(s, run, v);
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
    } else {
        copy(n, p->x, s->x + at);
        copy(n, p->y, s->y + at);
        copy(n, p->z, s->z + at);
        for (int v = 0; v < s->n_vectors; v++)
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

static void take(const dp_strip *s, const dp_strip_run *run, int v, double scale,
                 const double *sums, const float *sums_f, double *out) {
    int at = v * s->row + run->begin;
    if (s->is_single)
        add_scaled(run->n, scale, s->frame.charge_unit[v], sums_f + at, out + v * run->out_stride);
    if (!s->is_single || s->has_close)
        add(run->n, sums + at, out + v * run->out_stride);
}

void DP_PER_ISA(dp_strip_take)(const dp_strip *s, const dp_strip_run *run) {
    double inverse = s->inverse, square = inverse * inverse;
    for (int v = 0; v < s->n_vectors; v++) {
        take(s, run, v, inverse, s->potential, s->potential_f, run->out.potential);
        if (s->has_gradient) {
            take(s, run, v, square, s->gx, s->gx_f, run->out.gx);
            take(s, run, v, square, s->gy, s->gy_f, run->out.gy);
            take(s, run, v, square, s->gz, s->gz_f, run->out.gz);
        }
    }
}
