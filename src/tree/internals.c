#include "tree/internals.h"

#include <string.h>

#include "geometry/chunk.h"

#define GRAIN 16384

static dagpole_status reserve(dp_keys *keys, int64_t n) {
    if (n <= keys->capacity)
        return DAGPOLE_OK;
    int64_t capacity = keys->capacity ? 2 * keys->capacity : 64;
    if (capacity < n)
        capacity = n;
    uint64_t *grown = dp_realloc(keys->key, (size_t)keys->n, (size_t)capacity, sizeof *keys->key);
    if (!grown)
        return DAGPOLE_NO_MEMORY;
    keys->key = grown;
    keys->capacity = capacity;
    return DAGPOLE_OK;
}

dagpole_status dp_keys_push(dp_keys *keys, uint64_t key) {
    if (keys->n == keys->capacity)
        DP_TRY(reserve(keys, keys->n + 1));
    keys->key[keys->n++] = key;
    return DAGPOLE_OK;
}

dagpole_status dp_keys_append(dp_keys *keys, int64_t n, const uint64_t *key) {
    if (n == 0)
        return DAGPOLE_OK;
    DP_TRY(reserve(keys, keys->n + n));
    memcpy(keys->key + keys->n, key, (size_t)n * sizeof *key);
    keys->n += n;
    return DAGPOLE_OK;
}

void dp_internals_free(dp_internals *internals) {
    for (int level = 0; level < DP_MAX_DEPTH; level++)
        dp_free(internals->level[level].key);
    *internals = (dp_internals){0};
}

typedef struct split {
    int64_t n;
    const uint64_t *key;
    int n_crit, max_depth;
    dp_internals *found; /* one per chunk */
} split;

static int is_last(const dp_keys *keys, uint64_t key) {
    return keys->n > 0 && keys->key[keys->n - 1] == key;
}

/* Points i and i + n_crit lie in one box if and only if it holds more than n_crit points. Once a
 * box has been recorded so have its ancestors. */
static dagpole_status split_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const split *s = argument;
    dp_keys *found = s->found[chunk].level;
    for (int64_t i = begin; i < end; i++) {
        int level = dp_key_common_level(s->key[i], s->key[i + s->n_crit]);
        if (level >= s->max_depth)
            level = s->max_depth - 1;
        for (; level >= 0; level--) {
            uint64_t box = dp_key_prefix(s->key[i], level);
            if (is_last(&found[level], box))
                break;
            DP_TRY(dp_keys_push(&found[level], box));
        }
    }
    return DAGPOLE_OK;
}

/* A box that two chunks share is the last of one and the first of the next. */
static dagpole_status join(dp_internals *internals, const dp_internals *found) {
    for (int level = 0; level < DP_MAX_DEPTH; level++) {
        dp_keys *to = &internals->level[level];
        const dp_keys *from = &found->level[level];
        int64_t first = from->n > 0 && is_last(to, from->key[0]);
        DP_TRY(dp_keys_append(to, from->n - first, from->key + first));
    }
    return DAGPOLE_OK;
}

dagpole_status dp_internals_split(const dp_team *team, int64_t n, const uint64_t *key, int n_crit,
                                  int max_depth, dp_internals *internals) {
    int64_t n_starts = n > n_crit ? n - n_crit : 0;
    int64_t n_chunks = dp_chunk_count(team, n_starts, GRAIN);
    split s = {n, key, n_crit, max_depth, dp_alloc_zero((size_t)n_chunks, sizeof(dp_internals))};
    if (!s.found)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = dp_chunk_run(team, n_starts, n_chunks, split_chunk, &s);
    for (int64_t chunk = 0; chunk < n_chunks; chunk++) {
        if (status == DAGPOLE_OK)
            status = join(internals, &s.found[chunk]);
        dp_internals_free(&s.found[chunk]);
    }
    dp_free(s.found);
    return status;
}
