#include "geometry/sort.h"

#include <string.h>

#include "base/memory.h"
#include "geometry/chunk.h"

#define DIGIT_BITS 8 /* 9 is as fast, 11 takes half as long again: too many streams to write to */
#define N_DIGITS   (1 << DIGIT_BITS)
#define GRAIN      16384

/* One least-significant-digit pass from one pair of arrays to the other. */
typedef struct pass {
    int64_t n, n_chunks;
    int shift;
    uint64_t *key, *key_to;
    int64_t *value, *value_to;
    int64_t (*place)[N_DIGITS]; /* per chunk: keys of each digit, then where the next one goes */
    uint64_t varying[DP_MAX_CHUNKS];
} pass;

static dagpole_status find_varying_bits(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    pass *p = argument;
    uint64_t varying = 0;
    for (int64_t i = begin; i < end; i++)
        varying |= p->key[i] ^ p->key[0];
    p->varying[chunk] = varying;
    return DAGPOLE_OK;
}

static dagpole_status count_digits(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    pass *p = argument;
    int64_t *count = p->place[chunk];
    memset(count, 0, sizeof p->place[chunk]);
    for (int64_t i = begin; i < end; i++)
        count[p->key[i] >> p->shift & (N_DIGITS - 1)]++;
    return DAGPOLE_OK;
}

/* Digit by digit, and within a digit chunk by chunk: this keeps the sort stable. */
static void counts_to_places(pass *p) {
    int64_t at = 0;
    for (int digit = 0; digit < N_DIGITS; digit++)
        for (int64_t chunk = 0; chunk < p->n_chunks; chunk++) {
            int64_t count = p->place[chunk][digit];
            p->place[chunk][digit] = at;
            at += count;
        }
}

static dagpole_status scatter(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    pass *p = argument;
    int64_t *place = p->place[chunk];
    for (int64_t i = begin; i < end; i++) {
        int64_t to = place[p->key[i] >> p->shift & (N_DIGITS - 1)]++;
        p->key_to[to] = p->key[i];
        p->value_to[to] = p->value[i];
    }
    return DAGPOLE_OK;
}

static dagpole_status run_passes(const dp_team *team, pass *p) {
    DP_TRY(dp_chunk_run(team, p->n, p->n_chunks, find_varying_bits, p));
    uint64_t varying = 0;
    for (int64_t chunk = 0; chunk < p->n_chunks; chunk++)
        varying |= p->varying[chunk];
    for (p->shift = 0; p->shift < 64; p->shift += DIGIT_BITS) {
        if (!(varying >> p->shift & (N_DIGITS - 1)))
            continue;
        DP_TRY(dp_chunk_run(team, p->n, p->n_chunks, count_digits, p));
        counts_to_places(p);
        DP_TRY(dp_chunk_run(team, p->n, p->n_chunks, scatter, p));
        uint64_t *key = p->key;
        int64_t *value = p->value;
        p->key = p->key_to, p->key_to = key;
        p->value = p->value_to, p->value_to = value;
    }
    return DAGPOLE_OK;
}

dagpole_status dp_sort_within(const dp_team *team, int64_t n, uint64_t *key, int64_t *value,
                              uint64_t *spare_key, int64_t *spare_value) {
    if (n < 2)
        return DAGPOLE_OK;
    pass p = {.n = n, .n_chunks = dp_chunk_count(team, n, GRAIN), .key = key, .value = value};
    p.key_to = spare_key;
    p.value_to = spare_value;
    p.place = dp_alloc((size_t)p.n_chunks, sizeof *p.place);
    if (!p.place)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = run_passes(team, &p);
    if (status == DAGPOLE_OK && p.key != key) {
        memcpy(key, p.key, (size_t)n * sizeof *key);
        memcpy(value, p.value, (size_t)n * sizeof *value);
    }
    dp_free(p.place);
    return status;
}

dagpole_status dp_sort(const dp_team *team, int64_t n, uint64_t *key, int64_t *value) {
    uint64_t *spare_key = dp_alloc((size_t)n, sizeof *key);
    int64_t *spare_value = dp_alloc((size_t)n, sizeof *value);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (spare_key && spare_value)
        status = dp_sort_within(team, n, key, value, spare_key, spare_value);
    dp_free(spare_key);
    dp_free(spare_value);
    return status;
}
