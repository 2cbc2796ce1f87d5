#include "kernel/strip.h"

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

void dp_strip_begin(dp_strip *s, int is_single, const double centre[3], double half) {
    s->is_single = is_single;
    s->n = 0;
    s->half = half;
    memcpy(s->centre, centre, sizeof s->centre);
}

/* The subtraction is in double, so that nothing is lost far from the origin. */
static void to_frame(int n, const double *restrict x, double centre, double inverse,
                     float *restrict x_f) {
    for (int i = 0; i < n; i++)
        x_f[i] = (float)((x[i] - centre) * inverse);
}

static void to_single(int n, const double *restrict x, float *restrict x_f) {
    for (int i = 0; i < n; i++)
        x_f[i] = (float)x[i];
}

void dp_strip_add(dp_strip *s, int n, dp_soa points, const double *charges) {
    const double *from[] = {points.x, points.y, points.z, charges};
    double *to[] = {s->x, s->y, s->z, s->charge};
    for (int k = 0; k < 4; k++)
        memcpy(to[k] + s->n, from[k], (size_t)n * sizeof(double));
    if (s->is_single) {
        double inverse = 1 / s->half;
        to_frame(n, points.x, s->centre[0], inverse, s->x_f + s->n);
        to_frame(n, points.y, s->centre[1], inverse, s->y_f + s->n);
        to_frame(n, points.z, s->centre[2], inverse, s->z_f + s->n);
        to_single(n, charges, s->charge_f + s->n);
    }
    s->n += n;
}

void dp_strip_end(dp_strip *s, int has_gradient) {
    int n_padded = (s->n + DP_STRIP_PAD - 1) / DP_STRIP_PAD * DP_STRIP_PAD;
    for (int i = s->n; i < n_padded; i++) {
        s->x[i] = s->y[i] = s->z[i] = s->charge[i] = 0;
        s->x_f[i] = s->y_f[i] = s->z_f[i] = IDLE_F;
        s->charge_f[i] = 0;
    }
    for (int k = 4; k < (has_gradient ? 8 : 5); k++)
        if (s->is_single)
            memset(s->memory_f + k * ROOM, 0, (size_t)n_padded * sizeof(float));
        else
            memset(s->memory + k * ROOM, 0, (size_t)n_padded * sizeof(double));
}

static void add(int n, const double *restrict sums, double *restrict out) {
    for (int i = 0; i < n; i++)
        out[i] += sums[i];
}

static void add_scaled(int n, double scale, const float *restrict sums, double *restrict out) {
    for (int i = 0; i < n; i++)
        out[i] += scale * (double)sums[i];
}

void dp_strip_take(const dp_strip *s, int begin, int n, dp_sums out) {
    double *to[] = {out.potential, out.gx, out.gy, out.gz};
    double scale = 1 / s->half;
    for (int k = 0; k < 4 && to[k]; k++)
        if (s->is_single)
            add_scaled(n, k ? scale * scale : scale, s->memory_f + (4 + k) * ROOM + begin, to[k]);
        else
            add(n, s->memory + (4 + k) * ROOM + begin, to[k]);
}
