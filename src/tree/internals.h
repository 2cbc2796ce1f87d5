/* The shape of an octree as the set of its internal boxes, level by level. A box exists where it
 * holds points and its parent is internal; it is a leaf where it is not internal itself. */
#ifndef DP_TREE_INTERNALS_H
#define DP_TREE_INTERNALS_H

#include "base/memory.h"
#include "geometry/keys.h"

/* Targets around which no source lies, in boxes of their level, need no smaller boxes: up to so
 * many share a leaf, more are cut for the sake of tasks alone. */
#define DP_FAR_LEAF 512

typedef struct dp_keys {
    int64_t n, capacity;
    dp_key *key; /* Morton keys at one level, ascending unless said otherwise */
} dp_keys;

/* Zero-initialise it. Boxes of DP_MAX_DEPTH are never internal. */
typedef struct dp_internals {
    dp_keys level[DP_MAX_DEPTH];
} dp_internals;

void dp_internals_free(dp_internals *internals);

/* Makes internal every box above max_depth that holds more than n_crit of the n point keys (at
 * DP_MAX_DEPTH, ascending). */
dagpole_status dp_internals_split(const dp_team *team, int64_t n, const dp_key *key, int n_crit,
                                  int max_depth, dp_internals *internals);

/* Makes leaves again of the boxes of at most DP_FAR_LEAF of the n points (of sources and targets
 * together) around which no source lies. */
dagpole_status dp_internals_prune(const dp_team *team, int64_t n, const dp_key *key,
                                  int64_t n_sources, const dp_key *source_key,
                                  dp_internals *internals);

/* Makes internal the fewest further boxes such that no leaf touches a box, be it empty, whose
 * parent is internal and that is more than one level finer (balance.c). */
dagpole_status dp_internals_balance(const dp_team *team, int64_t n, const dp_key *key,
                                    dp_internals *internals);

static inline int dp_keys_contain(const dp_keys *keys, dp_key key) {
    int64_t at = dp_key_search(keys->key, 0, keys->n, key);
    return at < keys->n && keys->key[at] == key;
}

dagpole_status dp_keys_push(dp_keys *keys, dp_key key);
dagpole_status dp_keys_append(dp_keys *keys, int64_t n, const dp_key *key);

#endif
