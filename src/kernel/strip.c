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

static int most_points(int n_vectors) {
    return n_vectors > 1 ? DP_STRIP_MANY : DP_STRIP;
}

/* Rows of numbers that are padded even where no point is missing do not lie a power of two apart,
 * in the same places of a cache. */
static int length_of_row(int n_vectors) {
    return most_points(n_vectors) + DP_STRIP_PAD;
}

/* Of either precision: coordinates, and for each vector charges and sums. */
static int64_t n_numbers(int n_vectors) {
    return (3 + 5 * (int64_t)n_vectors) * length_of_row(n_vectors);
}

dagpole_status dp_strip_create(dp_isa isa, int n_vectors, dp_strip *s) {
    *s = (dp_strip){.isa = isa,
                    .most = most_points(n_vectors),
                    .most_vectors = n_vectors,
                    .n_vectors = n_vectors,
                    .row = length_of_row(n_vectors)};
    s->memory = dp_alloc_apart((size_t)dp_strip_bytes(n_vectors));
    if (!s->memory)
        return DAGPOLE_NO_MEMORY;
    s->memory_f = (float *)(s->memory + n_numbers(n_vectors));
    double **row[] = {&s->x, &s->y, &s->z, &s->charge, &s->potential, &s->gx, &s->gy, &s->gz};
    float **row_f[] = {&s->x_f,         &s->y_f,  &s->z_f,  &s->charge_f,
                       &s->potential_f, &s->gx_f, &s->gy_f, &s->gz_f};
    for (int k = 0, at = 0; k < 8; k++) {
        *row[k] = s->memory + at;
        *row_f[k] = s->memory_f + at;
        at += (k < 3 ? 1 : n_vectors) * s->row;
    }
    return DAGPOLE_OK;
}

void dp_strip_free(dp_strip *s) {
    dp_free(s->memory);
    *s = (dp_strip){0};
}

int64_t dp_strip_bytes(int n_vectors) {
    return n_numbers(n_vectors) * (int64_t)(sizeof(double) + sizeof(float));
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

void dp_strip_add(dp_strip *s, int n, dp_soa points, const double *charges, int64_t charge_stride,
                  dp_sums out, int64_t out_stride) {
    s->runs[s->n_runs++] = (dp_strip_run){s->n, n, points, charges, charge_stride, out_stride, out};
    pack[s->isa](s, &s->runs[s->n_runs - 1]);
    s->n += n;
}

static int padded(int n) {
    return (n + DP_STRIP_PAD - 1) / DP_STRIP_PAD * DP_STRIP_PAD;
}

static void zero_double(dp_strip *s) {
    double *row[] = {s->potential, s->gx, s->gy, s->gz};
    for (int k = 0; k < (s->has_gradient ? 4 : 1); k++)
        for (int v = 0; v < s->n_vectors; v++)
            memset(row[k] + v * s->row, 0, (size_t)padded(s->n) * sizeof(double));
}

static void zero_single(dp_strip *s) {
    float *row[] = {s->potential_f, s->gx_f, s->gy_f, s->gz_f};
    for (int k = 0; k < (s->has_gradient ? 4 : 1); k++)
        for (int v = 0; v < s->n_vectors; v++)
            memset(row[k] + v * s->row, 0, (size_t)padded(s->n) * sizeof(float));
}

void dp_strip_end(dp_strip *s, int has_gradient) {
    int n_padded = padded(s->n);
    for (int i = s->n; i < n_padded; i++) {
        s->x[i] = s->y[i] = s->z[i] = 0;
        s->x_f[i] = s->y_f[i] = s->z_f[i] = IDLE_F;
    }
    for (int v = 0; v < s->n_vectors; v++)
        for (int i = s->n; i < n_padded; i++) {
            s->charge[v * s->row + i] = 0;
            s->charge_f[v * s->row + i] = 0;
        }
    s->has_gradient = has_gradient;
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
