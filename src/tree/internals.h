/* The shape of an octree as the set of its internal boxes, level by level. A box exists where it
 * holds points and its parent is internal; it is a leaf where it is not internal itself. */
#ifndef DP_TREE_INTERNALS_H
#define DP_TREE_INTERNALS_H

#include "base/memory.h"
#include "geometry/morton.h"

typedef struct dp_keys {
    int64_t n, capacity;
    uint64_t *key; /* Morton keys at one level, ascending unless said otherwise */
} dp_keys;

/* Zero-initialise it. Boxes of DP_MAX_DEPTH are never internal. */
typedef struct dp_internals {
    dp_keys level[DP_MAX_DEPTH];
} dp_internals;

void dp_internals_free(dp_internals *internals);

/* Makes internal every box above max_depth that holds more than n_crit of the n point keys (at
 * DP_MAX_DEPTH, ascending). */
dagpole_status dp_internals_split(const dp_team *team, int64_t n, const uint64_t *key, int n_crit,
                                  int max_depth, dp_internals *internals);

/* Makes leaves again of the boxes of at most DP_FAR_LEAF of the n points (of sources and targets
 * together) around which no source lies. */
dagpole_status dp_internals_prune(const dp_team *team, int64_t n, const uint64_t *key,
                                  int64_t n_sources, const uint64_t *source_key,
                                  dp_internals *internals);

/* Makes internal the fewest further boxes such that no leaf touches a box, be it empty, whose
 * parent is internal and that is more than one level finer (balance.c). */
dagpole_status dp_internals_balance(const dp_team *team, int64_t n, const uint64_t *key,
                                    dp_internals *internals);

/* Key at `level` of the box that holds this point. */
static inline uint64_t dp_key_prefix(uint64_t point_key, int level) {
    return point_key >> 3 * (DP_MAX_DEPTH - level);
}

/* First point key inside the box, or just behind the box before it. */
static inline uint64_t dp_key_first(uint64_t box_key, int level) {
    return box_key << 3 * (DP_MAX_DEPTH - level);
}

/* Level of the smallest box that holds both points. */
static inline int dp_key_common_level(uint64_t a, uint64_t b) {
    return a == b ? DP_MAX_DEPTH : (__builtin_clzll(a ^ b) - 1) / 3;
}

/* First i in [begin, end) with key[i] >= bound, or end. Takes time logarithmic in i - begin. */
static inline int64_t dp_key_search(const uint64_t *key, int64_t begin, int64_t end,
                                    uint64_t bound) {
    int64_t step = 1;
    while (step <= end - begin && key[begin + step - 1] < bound) {
        begin += step;
        step *= 2;
    }
    if (step < end - begin)
        end = begin + step;
    while (begin < end) {
        int64_t middle = begin + (end - begin) / 2;
        if (key[middle] < bound)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static inline int dp_keys_contain(const dp_keys *keys, uint64_t key) {
    int64_t at = dp_key_search(keys->key, 0, keys->n, key);
    return at < keys->n && keys->key[at] == key;
}

/* Number of the n ascending point keys inside the box. */
int64_t dp_key_count(int64_t n, const uint64_t *key, int level, uint64_t box);

/* 1 where one of the n point keys lies in the box or in a box of its level that touches it. */
int dp_key_is_around(int64_t n, const uint64_t *key, int level, uint64_t box);

dagpole_status dp_keys_push(dp_keys *keys, uint64_t key);
dagpole_status dp_keys_append(dp_keys *keys, int64_t n, const uint64_t *key);

#endif
