#include "kernel/near.h"

#include <math.h>
#include <string.h>

#include "base/per_isa.h"

#define ROOM DP_STRIP_ROOM

static void (*const pack[DP_N_ISA])(dp_strip *,
                                    const dp_strip_run *) = DP_OF_EACH_ISA(dp_strip_pack);
static void (*const take[DP_N_ISA])(const dp_strip *,
                                    const dp_strip_run *) = DP_OF_EACH_ISA(dp_strip_take);

/* Where idle points lie in the frame: close to nothing. */
#define IDLE_F 1e6f

dagpole_status dp_strip_create(dp_isa isa, dp_strip *s) {
    *s = (dp_strip){.isa = isa};
    s->memory = dp_alloc_apart((size_t)dp_strip_bytes());
    if (!s->memory)
        return DAGPOLE_NO_MEMORY;
    s->memory_f = (float *)(s->memory + DP_STRIP_ROWS * ROOM);
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
    dp_free(s->memory);
    *s = (dp_strip){0};
}

int64_t dp_strip_bytes(void) {
    return DP_STRIP_ROWS * ROOM * (int64_t)(sizeof(double) + sizeof(float));
}

double dp_strip_charge_unit(double largest) {
    int exponent;
    frexp(largest, &exponent);
    return largest > 0 ? ldexp(1, exponent - 1) : 1;
}

void dp_strip_begin(dp_strip *s, int is_single, const dp_strip_frame *frame) {
    s->is_single = is_single;
    s->has_close = 0;
    s->n = s->n_runs = 0;
    s->frame = *frame;
    if (is_single) {
        int exponent;
        frexp(frame->charge_unit, &exponent);
        s->inverse = 1 / frame->half;
        s->to_unit[0] = ldexp(1, -exponent / 2);
        s->to_unit[1] = 1 / (frame->charge_unit * s->to_unit[0]);
    }
}

void dp_strip_add(dp_strip *s, int n, dp_soa points, const double *charges, dp_sums out) {
    s->runs[s->n_runs++] = (dp_strip_run){s->n, n, points, charges, out};
    pack[s->isa](s, &s->runs[s->n_runs - 1]);
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

void dp_strip_take(const dp_strip *s) {
    for (int r = 0; r < s->n_runs; r++)
        if (s->runs[r].out.potential)
            take[s->isa](s, &s->runs[r]);
}
