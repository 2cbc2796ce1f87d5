/* The units that an evaluation counts charges in, one for each vector. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "geometry/chunk.h"
#include "kernel/values.h"

/* Largest charge in this unit: 2^64. Cubes of inverse distances reach 2^900 (DP_NEAREST), sums of
 * 2^40 charges at one place 2^104, so that nothing between charges and results overflows; charges
 * down to 2^-1086 of the largest are kept. */
#define LARGEST 64

/* Numbers in a chunk, and those of a chunk that all vectors are searched for before the next. */
#define GRAIN 65536
#define PIECE 512

/* Independent maxima, which the processor finds side by side. */
enum { LANES = 8 };

/* Numbers that are searched: those of vector v are at v vector + i point, of n. */
typedef struct search {
    const void *values;
    int is_float, n_vectors;
    int64_t n, vector, point;
    double *largest; /* by size: per chunk and vector */
} search;

static inline double size_at(const search *s, int64_t at) {
    return fabs(s->is_float ? (double)((const float *)s->values)[at]
                            : ((const double *)s->values)[at]);
}

/* Of n numbers that are `stride` apart. NaN compares as smaller: GATHER finds it. */
static inline double largest_of(const search *s, int64_t first, int64_t n, int64_t stride) {
    double lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double size = size_at(s, first + (i + k) * stride);
            lane[k] = size > lane[k] ? size : lane[k];
        }
    for (; i < n; i++) {
        double size = size_at(s, first + i * stride);
        lane[0] = size > lane[0] ? size : lane[0];
    }
    for (int k = 1; k < LANES; k++)
        lane[0] = lane[k] > lane[0] ? lane[k] : lane[0];
    return lane[0];
}

static dagpole_status search_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const search *s = argument;
    double *largest = s->largest + chunk * s->n_vectors;
    for (int64_t i = begin; i < end; i += PIECE)
        for (int v = 0; v < s->n_vectors; v++) {
            int64_t n = end - i < PIECE ? end - i : PIECE, first = v * s->vector + i * s->point;
            double here =
                s->point == 1 ? largest_of(s, first, n, 1) : largest_of(s, first, n, s->point);
            largest[v] = here > largest[v] ? here : largest[v];
        }
    return DAGPOLE_OK;
}

/* Of what has not all been zero so far. */
#define NONE INT_MIN

/* A stresslet is as large as its normal times its density: exponents, NONE where all are 0. */
static dagpole_status search_stresslets(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const search *s = argument;
    double *largest = s->largest + chunk * s->n_vectors;
    for (int v = 0; v < s->n_vectors; v++)
        for (int64_t i = begin; i < end; i++) {
            double size[6];
            for (int k = 0; k < 6; k++)
                size[k] = size_at(s, 6 * (v * s->vector + i * s->point) + k);
            double normal = fmax(size[0], fmax(size[1], size[2])),
                   density = fmax(size[3], fmax(size[4], size[5]));
            double exponent = dp_exponent_of(size) + dp_exponent_of(size + 3);
            if (normal > 0 && density > 0 && isfinite(normal) && isfinite(density))
                largest[v] = fmax(largest[v], exponent);
        }
    return DAGPOLE_OK;
}

static dagpole_status raise_by_stresslets(const dp_team *team, const dp_given *g, int length,
                                          double *work, int *exponent) {
    search s = {g->dipoles, g->is_float, g->n_vectors, g->n, g->vector, g->point, work};
    for (int i = 0; i < DP_MAX_CHUNKS * g->n_vectors; i++)
        work[i] = NONE;
    DP_TRY(dp_chunk_for(team, g->n, GRAIN, search_stresslets, &s));
    for (int i = 0; i < DP_MAX_CHUNKS * g->n_vectors; i++) {
        int *of_vector = &exponent[i % g->n_vectors];
        if (work[i] > NONE && work[i] - length > *of_vector)
            *of_vector = (int)work[i] - length;
    }
    return DAGPOLE_OK;
}

/* Raises the exponents to those of the largest numbers, less `length`. */
static dagpole_status raise_exponents(const dp_team *team, const search *s, int length,
                                      int *exponent) {
    memset(s->largest, 0, (size_t)(DP_MAX_CHUNKS * s->n_vectors) * sizeof *s->largest);
    DP_TRY(dp_chunk_for(team, s->n, GRAIN, search_chunk, (void *)s));
    for (int v = 0; v < s->n_vectors; v++) {
        double largest = 0;
        int here;
        for (int chunk = 0; chunk < DP_MAX_CHUNKS; chunk++)
            largest = fmax(largest, s->largest[chunk * s->n_vectors + v]);
        if (!(largest > 0 && isfinite(largest)))
            continue;
        frexp(largest, &here);
        here -= length;
        exponent[v] = here > exponent[v] ? here : exponent[v];
    }
    return DAGPOLE_OK;
}

/* Of values of so many numbers each: where one follows another they are searched as one array. */
static dagpole_status raise_by(const dp_team *team, const dp_given *g, const void *values,
                               int64_t width, int length, double *work, int *exponent) {
    int is_dense = g->point == 1;
    const size_t size = g->is_float ? sizeof(float) : sizeof(double);
    search s = {.is_float = g->is_float,
                .n_vectors = g->n_vectors,
                .n = is_dense ? width * g->n : g->n,
                .vector = width * g->vector,
                .point = is_dense ? 1 : width * g->point,
                .largest = work};
    for (int64_t d = 0; d < (is_dense ? 1 : width); d++) {
        s.values = (const char *)values + (size_t)d * size;
        DP_TRY(raise_exponents(team, &s, length, exponent));
    }
    return DAGPOLE_OK;
}

dagpole_status dp_charge_exponents(const dp_team *team, const dp_given *g, int length, double *work,
                                   int *exponent) {
    const int n_parts = g->widths->n_parts, charge = g->widths->charge, dipole = g->widths->dipole;
    for (int v = 0; v < g->n_vectors; v++)
        exponent[v] = NONE;
    if (g->charges)
        DP_TRY(raise_by(team, g, g->charges, charge, 0, work, exponent));
    if (g->dipoles && n_parts == DP_FLOW_PARTS)
        DP_TRY(raise_by_stresslets(team, g, length, work, exponent));
    else if (g->dipoles)
        DP_TRY(raise_by(team, g, g->dipoles, dipole, length, work, exponent));
    for (int v = n_parts * g->n_vectors - 1; v >= 0; v--) {
        int of_value = exponent[v / n_parts];
        exponent[v] = of_value == NONE ? 0 : of_value - LARGEST;
    }
    return DAGPOLE_OK;
}

dagpole_status dp_charge_exponent(int64_t n, const double *charges, int *exponent) {
    double work[DP_MAX_CHUNKS];
    dp_given all = {.n = n,
                    .charges = charges,
                    .widths = dp_kernel_widths(DAGPOLE_LAPLACE),
                    .n_vectors = 1,
                    .point = 1};
    return dp_charge_exponents(&dp_team_serial, &all, 0, work, exponent);
}
