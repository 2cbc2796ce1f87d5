/* The unit that an evaluation counts charges in. */
#include <math.h>

#include "api/internal.h"
#include "geometry/chunk.h"

/* Largest charge in this unit: 2^64. Cubes of inverse distances reach 2^900 (DP_NEAREST), sums of
 * 2^40 charges at one place 2^104, so that nothing between charges and results overflows; charges
 * down to 2^-1086 of the largest are kept. */
#define LARGEST 64

/* Charges in a chunk. */
#define GRAIN 65536

/* Independent maxima, which the processor finds side by side. */
enum { LANES = 8 };

typedef struct search {
    const void *charges;
    int is_float;
    int64_t stride;
    double largest[DP_MAX_CHUNKS]; /* by size, of a chunk */
} search;

static inline double size_at(const search *s, int64_t i) {
    int64_t at = i * s->stride;
    return fabs(s->is_float ? (double)((const float *)s->charges)[at]
                            : ((const double *)s->charges)[at]);
}

/* NaN compares as smaller: GATHER finds it. */
static dagpole_status search_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    search *s = argument;
    double lane[LANES] = {0};
    int64_t i = begin;
    for (; i + LANES <= end; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double size = size_at(s, i + k);
            lane[k] = size > lane[k] ? size : lane[k];
        }
    for (; i < end; i++)
        lane[0] = size_at(s, i) > lane[0] ? size_at(s, i) : lane[0];
    for (int k = 1; k < LANES; k++)
        lane[0] = lane[k] > lane[0] ? lane[k] : lane[0];
    s->largest[chunk] = lane[0];
    return DAGPOLE_OK;
}

dagpole_status dp_charge_exponent(const dp_team *team, int64_t n, const void *charges, int is_float,
                                  int64_t stride, int *exponent) {
    search s = {.charges = charges, .is_float = is_float, .stride = stride};
    double largest = 0;
    DP_TRY(dp_chunk_for(team, n, GRAIN, search_chunk, &s));
    for (int chunk = 0; chunk < DP_MAX_CHUNKS; chunk++)
        largest = s.largest[chunk] > largest ? s.largest[chunk] : largest;
    *exponent = 0;
    if (largest > 0 && isfinite(largest)) {
        frexp(largest, exponent);
        *exponent -= LARGEST;
    }
    return DAGPOLE_OK;
}
