#include "tree/internals.h"

#include <string.h>

#include "geometry/chunk.h"

#define GRAIN       16384
#define PRUNE_GRAIN 512

static dagpole_status reserve(dp_keys *keys, int64_t n) {
    if (n <= keys->capacity)
        return DAGPOLE_OK;
    int64_t capacity = keys->capacity ? 2 * keys->capacity : 64;
    if (capacity < n)
        capacity = n;
    dp_key *grown = dp_realloc(keys->key, (size_t)keys->n, (size_t)capacity, sizeof *keys->key);
    if (!grown)
        return DAGPOLE_NO_MEMORY;
    keys->key = grown;
    keys->capacity = capacity;
    return DAGPOLE_OK;
}

dagpole_status dp_keys_push(dp_keys *keys, dp_key key) {
    if (keys->n == keys->capacity)
        DP_TRY(reserve(keys, keys->n + 1));
    keys->key[keys->n++] = key;
    return DAGPOLE_OK;
}

dagpole_status dp_keys_append(dp_keys *keys, int64_t n, const dp_key *key) {
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
    const dp_key *key;
    int n_crit, max_depth;
    dp_internals *found; /* one per chunk */
} split;

static int is_last(const dp_keys *keys, dp_key key) {
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
            dp_key box = dp_key_prefix(s->key[i], level);
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

dagpole_status dp_internals_split(const dp_team *team, int64_t n, const dp_key *key, int n_crit,
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

typedef struct prune {
    int64_t n, n_sources;
    const dp_key *key, *source_key;
    int level;
    const dp_keys *boxes;
    uint8_t *is_kept;
} prune;

static dagpole_status prune_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const prune *p = argument;
    (void)chunk;
    for (int64_t i = begin; i < end; i++) {
        dp_key box = p->boxes->key[i];
        p->is_kept[i] = (uint8_t)(dp_key_is_around(p->n_sources, p->source_key, p->level, box) ||
                                  dp_key_count(p->n, p->key, p->level, box) > DP_FAR_LEAF);
    }
    return DAGPOLE_OK;
}

static dagpole_status prune_level(const dp_team *team, prune *p, dp_keys *boxes) {
    p->boxes = boxes;
    p->is_kept = dp_alloc((size_t)boxes->n, sizeof *p->is_kept);
    if (!p->is_kept)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = dp_chunk_for(team, boxes->n, PRUNE_GRAIN, prune_chunk, p);
    int64_t n_kept = 0;
    for (int64_t i = 0; status == DAGPOLE_OK && i < boxes->n; i++)
        if (p->is_kept[i])
            boxes->key[n_kept++] = boxes->key[i];
    boxes->n = n_kept;
    dp_free(p->is_kept);
    return status;
}

/* What is kept below a box keeps it: it holds as many points, and a source around a child is around
 * its parent. */
dagpole_status dp_internals_prune(const dp_team *team, int64_t n, const dp_key *key,
                                  int64_t n_sources, const dp_key *source_key,
                                  dp_internals *internals) {
    prune p = {.n = n, .n_sources = n_sources, .key = key, .source_key = source_key};
    for (p.level = 0; p.level < DP_MAX_DEPTH; p.level++)
        if (internals->level[p.level].n > 0)
            DP_TRY(prune_level(team, &p, &internals->level[p.level]));
    return DAGPOLE_OK;
}
