#include "geometry/sort.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "geometry/chunk.h"

#define DIGIT_BITS 8 /* 9 is as fast, 11 takes half as long again: too many streams to write to */
#define N_DIGITS   (1 << DIGIT_BITS)
#define GRAIN      16384

#define N_SAMPLE 1024
#define MEAN_RUN 4  /* keys that may share their leading digits with another, by the sample */
#define MAX_RUN  64 /* steps of one insertion */

/* The state of a sort: passes go from one pair of arrays to the other. */
typedef struct sorting {
    int64_t n, n_chunks;
    int shift;
    uint64_t *key, *key_to, *key_out;
    int64_t *value, *value_to, *value_out;
    int64_t (*place)[N_DIGITS]; /* per chunk: keys of each digit, then where the next one goes */
    uint64_t varying[DP_MAX_CHUNKS];
    int64_t run_begin[DP_MAX_CHUNKS + 1];
    atomic_int is_long; /* a run of keys that leading digits do not tell apart */
} sorting;

static dagpole_status find_varying_bits(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    sorting *p = argument;
    uint64_t varying = 0;
    for (int64_t i = begin; i < end; i++)
        varying |= p->key[i] ^ p->key[0];
    p->varying[chunk] = varying;
    return DAGPOLE_OK;
}

static dagpole_status count_digits(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    sorting *p = argument;
    int64_t *count = p->place[chunk];
    memset(count, 0, sizeof p->place[chunk]);
    for (int64_t i = begin; i < end; i++)
        count[p->key[i] >> p->shift & (N_DIGITS - 1)]++;
    return DAGPOLE_OK;
}

/* Digit by digit, and within a digit chunk by chunk: this keeps the sort stable. */
static void counts_to_places(sorting *p) {
    int64_t at = 0;
    for (int digit = 0; digit < N_DIGITS; digit++)
        for (int64_t chunk = 0; chunk < p->n_chunks; chunk++) {
            int64_t count = p->place[chunk][digit];
            p->place[chunk][digit] = at;
            at += count;
        }
}

static dagpole_status scatter(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    sorting *p = argument;
    int64_t *place = p->place[chunk];
    for (int64_t i = begin; i < end; i++) {
        int64_t to = place[p->key[i] >> p->shift & (N_DIGITS - 1)]++;
        p->key_to[to] = p->key[i];
        p->value_to[to] = p->value[i];
    }
    return DAGPOLE_OK;
}

/* The digits in which keys differ, lowest first. */
static dagpole_status find_digits(const dp_team *team, sorting *p, int shifts[64 / DIGIT_BITS],
                                  int *n_shifts) {
    DP_TRY(dp_chunk_run(team, p->n, p->n_chunks, find_varying_bits, p));
    uint64_t varying = 0;
    for (int64_t chunk = 0; chunk < p->n_chunks; chunk++)
        varying |= p->varying[chunk];
    *n_shifts = 0;
    for (int shift = 0; shift < 64; shift += DIGIT_BITS)
        if (varying >> shift & (N_DIGITS - 1))
            shifts[(*n_shifts)++] = shift;
    return DAGPOLE_OK;
}

/* Stable by these digits, lowest first. */
static dagpole_status run_passes(const dp_team *team, sorting *p, const int *shifts, int n_shifts) {
    for (int i = 0; i < n_shifts; i++) {
        p->shift = shifts[i];
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

static int compare_keys(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Pairs of neighbours in order, and not so close ones, that share what is above shift. */
static int64_t count_sharing(const uint64_t *key, int64_t n, int shift) {
    int64_t n_pairs = 0, begin = 0;
    for (int64_t i = 1; i < n; i++) {
        if (key[i] >> shift != key[begin] >> shift)
            begin = i;
        n_pairs += i - begin;
    }
    return n_pairs;
}

/* How many leading digits leave a key with MEAN_RUN others that share them, by a sample. */
static int count_leading(const sorting *p, const int *shifts, int n_shifts) {
    uint64_t sample[N_SAMPLE];
    int64_t m = p->n < N_SAMPLE ? p->n : N_SAMPLE;
    for (int64_t i = 0; i < m; i++)
        sample[i] = p->key[p->n * i / m];
    qsort(sample, (size_t)m, sizeof *sample, compare_keys);
    double most = MEAN_RUN * 0.5 * (double)m * (double)(m - 1) / (double)p->n;
    int n_leading = 1;
    while (n_leading < n_shifts &&
           (double)count_sharing(sample, m, shifts[n_shifts - n_leading]) > most)
        n_leading++;
    return n_leading;
}

/* Where chunks begin that hold whole runs of keys with the same leading digits. No key is looked at
 * twice: a run may be longer than many chunks. */
static void find_runs(sorting *p) {
    p->run_begin[0] = 0;
    for (int64_t chunk = 1; chunk <= p->n_chunks; chunk++) {
        int64_t i = p->n * chunk / p->n_chunks, before = p->run_begin[chunk - 1];
        i = i < before ? before : i;
        while (i < p->n && i > before && p->key[i] >> p->shift == p->key[i - 1] >> p->shift)
            i++;
        p->run_begin[chunk] = i;
    }
}

/* Insertion: where keys are in order up to short runs, that is all there is to do. A run that is
 * too long leaves is_long set and order to somebody else. */
static void order_runs(sorting *p, uint64_t *key, int64_t *value, int64_t n) {
    for (int64_t i = 1; i < n; i++) {
        uint64_t moved_key = key[i];
        int64_t moved_value = value[i], to = i;
        for (; to > 0 && key[to - 1] > moved_key && i - to < MAX_RUN; to--) {
            key[to] = key[to - 1];
            value[to] = value[to - 1];
        }
        key[to] = moved_key;
        value[to] = moved_value;
        if (i - to == MAX_RUN) {
            atomic_store(&p->is_long, 1);
            return;
        }
    }
}

/* To where the caller wants it, and in order. */
static dagpole_status finish(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    sorting *p = argument;
    begin = p->run_begin[chunk];
    size_t n = (size_t)(p->run_begin[chunk + 1] - begin);
    (void)end;
    if (p->key != p->key_out && n > 0) {
        memcpy(p->key_out + begin, p->key + begin, n * sizeof *p->key);
        memcpy(p->value_out + begin, p->value + begin, n * sizeof *p->value);
    }
    if (p->shift > 0)
        order_runs(p, p->key_out + begin, p->value_out + begin, (int64_t)n);
    return DAGPOLE_OK;
}

/* Stable by the n_used leading ones of these digits, then by the whole key as far as insertions
 * reach. */
static dagpole_status sort_by(const dp_team *team, sorting *p, const int *shifts, int n_shifts,
                              int n_used) {
    DP_TRY(run_passes(team, p, shifts + n_shifts - n_used, n_used));
    p->shift = n_used < n_shifts ? shifts[n_shifts - n_used] : 0;
    find_runs(p);
    DP_TRY(dp_chunk_run(team, p->n, p->n_chunks, finish, p));
    if (p->key != p->key_out) {
        p->key_to = p->key, p->key = p->key_out;
        p->value_to = p->value, p->value = p->value_out;
    }
    return DAGPOLE_OK;
}

/* The leading digits leave little to be done; where they leave too much, all digits follow. That
 * finds equal keys in their first order: an insertion, the last one too, only moves a key past
 * larger ones. */
static dagpole_status sort_all(const dp_team *team, sorting *p) {
    int shifts[64 / DIGIT_BITS], n_shifts;
    DP_TRY(find_digits(team, p, shifts, &n_shifts));
    if (n_shifts == 0)
        return DAGPOLE_OK;
    DP_TRY(sort_by(team, p, shifts, n_shifts, count_leading(p, shifts, n_shifts)));
    return atomic_load(&p->is_long) ? sort_by(team, p, shifts, n_shifts, n_shifts) : DAGPOLE_OK;
}

dagpole_status dp_sort_within(const dp_team *team, int64_t n, uint64_t *key, int64_t *value,
                              uint64_t *spare_key, int64_t *spare_value) {
    if (n < 2)
        return DAGPOLE_OK;
    sorting p = {.n = n,
                 .n_chunks = dp_chunk_count(team, n, GRAIN),
                 .key = key,
                 .key_to = spare_key,
                 .key_out = key,
                 .value = value,
                 .value_to = spare_value,
                 .value_out = value};
    p.place = dp_alloc((size_t)p.n_chunks, sizeof *p.place);
    if (!p.place)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = sort_all(team, &p);
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
