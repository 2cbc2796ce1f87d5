#include "kernel/strip.h"

#include <math.h>
#include <string.h>

#define ROOM (DP_STRIP + DP_STRIP_PAD)

/* Where idle points lie in the frame: close to nothing. */
#define IDLE_F 1e6f

dagpole_status dp_strip_create(dp_strip *s) {
    *s = (dp_strip){0};
    s->memory = dp_alloc(DP_STRIP_ROWS * ROOM, sizeof *s->memory);
    s->memory_f = dp_alloc(DP_STRIP_ROWS * ROOM, sizeof *s->memory_f);
    if (!s->memory || !s->memory_f) {
        dp_strip_free(s);
        return DAGPOLE_NO_MEMORY;
    }
    double **row[] = {&s->x, &s->y, &s->z, &s->charge, &s->potential, &s->gx, &s->gy, &s->gz};
    float **row_f[] = {&s->x_f,         &s->y_f,  &s->z_f,  &s->charge_f,
                       &s->potential_f, &s->gx_f, &s->gy_f, &s->gz_f};
    for (int k = 0; k < DP_STRIP_ROWS; k++) {
        *row[k] = s->memory + k * ROOM;
        *row_f[k] = s->memory_f + k * ROOM;
    }
    return DAGPOLE_OK;
}

void dp_strip_free(dp_strip *s) {
    dp_free(s->memory_f);
    dp_free(s->memory);
    *s = (dp_strip){0};
}

int64_t dp_strip_bytes(void) {
    return DP_STRIP_ROWS * ROOM * (int64_t)(sizeof(double) + sizeof(float));
}

double dp_strip_charge_unit(double largest) {
    int exponent;
    frexp(largest, &exponent);
    return largest > 0 ? ldexp(1, exponent) : 1;
}

void dp_strip_begin(dp_strip *s, int is_single, const dp_strip_frame *frame) {
    s->is_single = is_single;
    s->has_close = 0;
    s->n = s->n_runs = 0;
    s->frame = *frame;
}

/* In two steps: the reciprocal of the smallest unit is infinite. */
static void to_charge_unit(int n, const double *restrict x, double unit, float *restrict x_f) {
    int exponent;
    frexp(unit, &exponent);
    double first = ldexp(1, -exponent / 2), second = 1 / (unit * first);
    for (int i = 0; i < n; i++)
        x_f[i] = (float)(x[i] * first * second);
}

/* The subtraction is in double, so that nothing is lost far from the origin. */
static void to_frame(int n, const double *restrict x, double centre, double inverse,
                     float *restrict x_f) {
    for (int i = 0; i < n; i++)
        x_f[i] = (float)((x[i] - centre) * inverse);
}

static void pack(int n, const double *restrict from, double *restrict to) {
    for (int i = 0; i < n; i++)
        to[i] = from[i];
}

void dp_strip_add(dp_strip *s, int n, dp_soa points, const double *charges, dp_sums out) {
    const dp_strip_frame *f = &s->frame;
    s->runs[s->n_runs++] = (dp_strip_run){s->n, n, points, charges, out};
    if (s->is_single) {
        double inverse = 1 / f->half;
        to_frame(n, points.x, f->centre[0], inverse, s->x_f + s->n);
        to_frame(n, points.y, f->centre[1], inverse, s->y_f + s->n);
        to_frame(n, points.z, f->centre[2], inverse, s->z_f + s->n);
        to_charge_unit(n, charges, f->charge_unit, s->charge_f + s->n);
    } else {
        pack(n, points.x, s->x + s->n);
        pack(n, points.y, s->y + s->n);
        pack(n, points.z, s->z + s->n);
        pack(n, charges, s->charge + s->n);
    }
    s->n += n;
}

static int padded(int n) {
    return (n + DP_STRIP_PAD - 1) / DP_STRIP_PAD * DP_STRIP_PAD;
}

static void zero_double(dp_strip *s) {
    for (int k = 4; k < (s->has_gradient ? 8 : 5); k++)
        memset(s->memory + k * ROOM, 0, (size_t)padded(s->n) * sizeof(double));
}

void dp_strip_end(dp_strip *s, int has_gradient) {
    int n_padded = padded(s->n);
    for (int i = s->n; i < n_padded; i++) {
        s->x[i] = s->y[i] = s->z[i] = s->charge[i] = 0;
        s->x_f[i] = s->y_f[i] = s->z_f[i] = IDLE_F;
        s->charge_f[i] = 0;
    }
    s->has_gradient = has_gradient;
    for (int k = 4; s->is_single && k < (has_gradient ? 8 : 5); k++)
        memset(s->memory_f + k * ROOM, 0, (size_t)n_padded * sizeof(float));
    if (!s->is_single)
        zero_double(s);
}

void dp_strip_use_close(dp_strip *s) {
    if (!s->has_close)
        zero_double(s);
    s->has_close = 1;
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

static void take_run(const dp_strip *s, const dp_strip_run *run) {
    double *to[] = {run->out.potential, run->out.gx, run->out.gy, run->out.gz};
    double inverse = 1 / s->frame.half, unit = s->frame.charge_unit;
    for (int k = 0; k < (s->has_gradient ? 4 : 1); k++) {
        if (s->is_single)
            add_scaled(run->n, k ? inverse * inverse : inverse, unit,
                       s->memory_f + (4 + k) * ROOM + run->begin, to[k]);
        if (!s->is_single || s->has_close)
            add(run->n, s->memory + (4 + k) * ROOM + run->begin, to[k]);
    }
}

void dp_strip_take(const dp_strip *s) {
    for (int r = 0; r < s->n_runs; r++)
        if (s->runs[r].out.potential)
            take_run(s, &s->runs[r]);
}
