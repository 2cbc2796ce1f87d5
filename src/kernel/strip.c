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
    s->n = 0;
    s->frame = *frame;
}

/* By a quotient: the reciprocal of the smallest unit is infinite. */
static void to_charge_unit(int n, const double *restrict x, double unit, float *restrict x_f) {
    for (int i = 0; i < n; i++)
        x_f[i] = (float)(x[i] / unit);
}

/* The subtraction is in double, so that nothing is lost far from the origin. */
static void to_frame(int n, const double *restrict x, double centre, double inverse,
                     float *restrict x_f) {
    for (int i = 0; i < n; i++)
        x_f[i] = (float)((x[i] - centre) * inverse);
}


void dp_strip_add(dp_strip *s, int n, dp_soa points, const double *charges) {
    const double *from[] = {points.x, points.y, points.z, charges};
    double *to[] = {s->x, s->y, s->z, s->charge};
    for (int k = 0; k < 4; k++)
        memcpy(to[k] + s->n, from[k], (size_t)n * sizeof(double));
    if (s->is_single) {
        const dp_strip_frame *f = &s->frame;
        double inverse = 1 / f->half;
        to_frame(n, points.x, f->centre[0], inverse, s->x_f + s->n);
        to_frame(n, points.y, f->centre[1], inverse, s->y_f + s->n);
        to_frame(n, points.z, f->centre[2], inverse, s->z_f + s->n);
        to_charge_unit(n, charges, f->charge_unit, s->charge_f + s->n);
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

void dp_strip_take(const dp_strip *s, int begin, int n, dp_sums out) {
    double *to[] = {out.potential, out.gx, out.gy, out.gz};
    double inverse = 1 / s->frame.half, unit = s->frame.charge_unit;
    for (int k = 0; k < 4 && to[k]; k++) {
        if (s->is_single)
            add_scaled(n, k ? inverse * inverse : inverse, unit,
                       s->memory_f + (4 + k) * ROOM + begin, to[k]);
        if (!s->is_single || s->has_close)
            add(n, s->memory + (4 + k) * ROOM + begin, to[k]);
    }
}
