#include "kernel/near.h"

#include <math.h>
#include <string.h>

#include "base/per_isa.h"

static void (*const pack[DP_N_ISA])(dp_strip *,
                                    const dp_strip_run *) = DP_OF_EACH_ISA(dp_strip_pack);
static void (*const take[DP_N_ISA])(const dp_strip *,
                                    const dp_strip_run *) = DP_OF_EACH_ISA(dp_strip_take);

/* Where idle points lie in the frame: close to nothing. */
#define IDLE_F 1e6f

static int most_points(const dp_shape *shape) {
    return dp_strip_is_plain(shape) ? DP_STRIP : DP_STRIP_MANY;
}

/* Rows of numbers that are padded even where no point is missing do not lie a power of two apart,
 * in the same places of a cache. */
static int length_of_row(const dp_shape *shape) {
    return most_points(shape) + DP_STRIP_PAD;
}

/* Of either precision: coordinates, and for each vector what is carried and sums. */
static int64_t n_numbers(const dp_shape *shape) {
    int64_t rows_of_vector = dp_n_carried(shape) + shape->n_sums;
    return (3 + shape->n_vectors * rows_of_vector) * length_of_row(shape);
}

dagpole_status dp_strip_create(dp_isa isa, const dp_shape *shape, dp_strip *s) {
    *s = (dp_strip){.isa = isa,
                    .shape = *shape,
                    .most = most_points(shape),
                    .n_vectors = shape->n_vectors,
                    .row = length_of_row(shape)};
    s->memory = dp_alloc_apart((size_t)dp_strip_bytes(shape));
    if (!s->memory)
        return DAGPOLE_NO_MEMORY;
    s->memory_f = (float *)(s->memory + n_numbers(shape));
    double **rows[] = {&s->x, &s->y, &s->z, &s->carried, &s->sums};
    float **rows_f[] = {&s->x_f, &s->y_f, &s->z_f, &s->carried_f, &s->sums_f};
    const int n_rows[] = {1, 1, 1, shape->n_vectors * dp_n_carried(shape)};
    for (int k = 0, at = 0; k < 5; at += k < 4 ? n_rows[k] * s->row : 0, k++) {
        *rows[k] = s->memory + at;
        *rows_f[k] = s->memory_f + at;
    }
    return DAGPOLE_OK;
}

void dp_strip_free(dp_strip *s) {
    dp_free(s->memory);
    *s = (dp_strip){0};
}

int64_t dp_strip_bytes(const dp_shape *shape) {
    return n_numbers(shape) * (int64_t)(sizeof(double) + sizeof(float));
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
    if (is_single)
        s->inverse = 1 / frame->half;
    for (int v = 0; is_single && v < s->n_vectors; v++) {
        int exponent;
        frexp(frame->charge_unit[v], &exponent);
        s->to_unit[v][0] = ldexp(1, -exponent / 2);
        s->to_unit[v][1] = 1 / (frame->charge_unit[v] * s->to_unit[v][0]);
    }
}

void dp_strip_add(dp_strip *s, int n, dp_soa points, dp_carried carried, int64_t carried_stride,
                  dp_sums out, int64_t out_stride) {
    if (!carried.charge && !carried.dipole.x) {
        carried = (dp_carried){points.x, points};
        carried_stride = 0;
    }
    s->runs[s->n_runs++] =
        (dp_strip_run){s->n, n, points, carried, carried_stride, out_stride, out};
    pack[s->isa](s, &s->runs[s->n_runs - 1]);
    s->n += n;
}

static int padded(int n) {
    return (n + DP_STRIP_PAD - 1) / DP_STRIP_PAD * DP_STRIP_PAD;
}

static void zero_double(dp_strip *s) {
    for (int k = 0; k < s->n_sums; k++)
        for (int v = 0; v < s->n_vectors; v++)
            memset(s->sums + dp_strip_row(s, k, v), 0, (size_t)padded(s->n) * sizeof(double));
}

static void zero_single(dp_strip *s) {
    for (int k = 0; k < s->n_sums; k++)
        for (int v = 0; v < s->n_vectors; v++)
            memset(s->sums_f + dp_strip_row(s, k, v), 0, (size_t)padded(s->n) * sizeof(float));
}

/* Idle points lie where the last one does, so that they are next to no other; in single precision
 * apart from all, where nothing is close. */
static void place_idle(dp_strip *s, int i) {
    if (s->is_single) {
        s->x_f[i] = s->y_f[i] = s->z_f[i] = IDLE_F;
        return;
    }
    s->x[i] = s->x[s->n - 1];
    s->y[i] = s->y[s->n - 1];
    s->z[i] = s->z[s->n - 1];
}

void dp_strip_end(dp_strip *s, int n_sums) {
    int n_padded = padded(s->n);
    for (int i = s->n; i < n_padded; i++)
        place_idle(s, i);
    for (int k = 0; k < dp_n_carried(&s->shape); k++)
        for (int v = 0; v < s->n_vectors; v++)
            for (int i = s->n, row = dp_strip_row(s, k, v); i < n_padded; i++)
                s->carried[row + i] = s->carried_f[row + i] = 0;
    s->n_sums = n_sums;
    if (s->is_single)
        zero_single(s);
    else
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
