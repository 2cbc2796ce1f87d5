/* The units that an evaluation counts charges in, one for each vector. */
#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "geometry/chunk.h"

/* Largest charge in this unit: 2^64. Cubes of inverse distances reach 2^900 (DP_NEAREST), sums of
 * 2^40 charges at one place 2^104, so that nothing between charges and results overflows; charges
 * down to 2^-1086 of the largest are kept. */
#define LARGEST 64

/* Charges in a chunk, and those of a chunk that all vectors are searched for before the next. */
#define GRAIN 65536
#define PIECE 512

/* Independent maxima, which the processor finds side by side. */
enum { LANES = 8 };

typedef struct search {
    const dp_charges *charges;
    double *largest; /* by size: per chunk and vector */
} search;

static inline double size_at(const dp_charges *c, int64_t at) {
    return fabs(c->is_float ? (double)((const float *)c->values)[at]
                            : ((const double *)c->values)[at]);
}

/* Of n charges that are `stride` apart. NaN compares as smaller: GATHER finds it. */
static inline double largest_of(const dp_charges *c, int64_t first, int64_t n, int64_t stride) {
    double lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double size = size_at(c, first + (i + k) * stride);
            lane[k] = size > lane[k] ? size : lane[k];
        }
    for (; i < n; i++) {
        double size = size_at(c, first + i * stride);
        lane[0] = size > lane[0] ? size : lane[0];
    }
    for (int k = 1; k < LANES; k++)
        lane[0] = lane[k] > lane[0] ? lane[k] : lane[0];
    return lane[0];
}

static dagpole_status search_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const search *s = argument;
    const dp_charges *c = s->charges;
    double *largest = s->largest + chunk * c->n_vectors;
    for (int64_t i = begin; i < end; i += PIECE)
        for (int v = 0; v < c->n_vectors; v++) {
            int64_t n = end - i < PIECE ? end - i : PIECE, first = v * c->vector + i * c->point;
            double here =
                c->point == 1 ? largest_of(c, first, n, 1) : largest_of(c, first, n, c->point);
            largest[v] = here > largest[v] ? here : largest[v];
        }
    return DAGPOLE_OK;
}

dagpole_status dp_charge_exponents(const dp_team *team, const dp_charges *charges, double *work,
                                   int *exponent) {
    int n_vectors = charges->n_vectors;
    memset(work, 0, (size_t)(DP_MAX_CHUNKS * n_vectors) * sizeof *work);
    DP_TRY(dp_chunk_for(team, charges->n, GRAIN, search_chunk, &(search){charges, work}));
    for (int v = 0; v < n_vectors; v++) {
        double largest = 0;
        for (int chunk = 0; chunk < DP_MAX_CHUNKS; chunk++)
            largest = fmax(largest, work[chunk * n_vectors + v]);
        exponent[v] = 0;
        if (largest > 0 && isfinite(largest)) {
            frexp(largest, &exponent[v]);
            exponent[v] -= LARGEST;
        }
    }
    return DAGPOLE_OK;
}

dagpole_status dp_charge_exponent(int64_t n, const double *charges, int *exponent) {
    double work[DP_MAX_CHUNKS];
    dp_charges all = {.n = n, .values = charges, .n_vectors = 1, .point = 1};
    return dp_charge_exponents(&dp_team_serial, &all, work, exponent);
}
