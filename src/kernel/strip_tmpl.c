/* Moving points into strips and sums out of them, compiled once per instruction set: strip_<isa>.c
 * defines STRIP_NAME and includes this file. Plain loops that the compiler vectorises. */
#include "kernel/near.h"

#include <math.h>

static void copy(int n, const double *restrict from, double *restrict to) {
    for (int i = 0; i < n; i++)
        to[i] = from[i];
}

/* The subtraction is in double, so that nothing is lost far from the origin. */
static void to_frame(int n, const double *restrict x, double centre, double inverse,
                     float *restrict x_f) {
    for (int i = 0; i < n; i++)
        x_f[i] = (float)((x[i] - centre) * inverse);
}

/* In two steps: the reciprocal of the smallest unit is infinite. */
static void to_charge_unit(int n, const double *restrict x, double unit, float *restrict x_f) {
    int exponent;
    frexp(unit, &exponent);
    double first = ldexp(1, -exponent / 2), second = 1 / (unit * first);
    for (int i = 0; i < n; i++)
        x_f[i] = (float)(x[i] * first * second);
}

void STRIP_NAME(dp_strip_pack)(dp_strip *s, const dp_strip_run *run) {
    const dp_strip_frame *f = &s->frame;
    const dp_soa *p = &run->points;
    int n = run->n, at = run->begin;
    if (s->is_single) {
        double inverse = 1 / f->half;
        to_frame(n, p->x, f->centre[0], inverse, s->x_f + at);
        to_frame(n, p->y, f->centre[1], inverse, s->y_f + at);
        to_frame(n, p->z, f->centre[2], inverse, s->z_f + at);
        to_charge_unit(n, run->charges, f->charge_unit, s->charge_f + at);
    } else {
        copy(n, p->x, s->x + at);
        copy(n, p->y, s->y + at);
        copy(n, p->z, s->z + at);
        copy(n, run->charges, s->charge + at);
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

void STRIP_NAME(dp_strip_take)(const dp_strip *s, const dp_strip_run *run) {
    double *to[] = {run->out.potential, run->out.gx, run->out.gy, run->out.gz};
    double inverse = 1 / s->frame.half, unit = s->frame.charge_unit;
    for (int k = 0; k < (s->has_gradient ? 4 : 1); k++) {
        size_t at = (size_t)((4 + k) * DP_STRIP_ROOM + run->begin);
        if (s->is_single)
            add_scaled(run->n, k ? inverse * inverse : inverse, unit, s->memory_f + at, to[k]);
        if (!s->is_single || s->has_close)
            add(run->n, s->memory + at, to[k]);
    }
}
