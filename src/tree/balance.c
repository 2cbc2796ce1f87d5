/* 2:1 balance, from the deepest level upwards.
 *
 * Let p be internal at level l. Its children, those without points included, touch the 26 boxes
 * around p; none of these may lie inside a leaf of level l - 1 or less. So their parents (which lie
 * around p's parent, at level l - 1) must be internal where they hold points. Counting the empty
 * children too makes this the 2:1 balance of the complete octree as the literature means it, on
 * which the bounds of the lists rest: a box that touches a coarser leaf is itself a leaf.
 *
 * Each level adds to the one above it alone. A coarser leaf around p also lies around an ancestor
 * of p, which finds it when its level's turn comes; and so for the ancestors of what is added. */
#include <stdlib.h>

#include "geometry/chunk.h"
#include "tree/internals.h"

#define GRAIN 512

typedef struct balance {
    int64_t n;
    const dp_key *key;
    const dp_internals *internals;
    int level;           /* of the boxes that demand */
    uint32_t towards[8]; /* neighbours of the parent that a child in this octant is next to: bits in
                            the order of direction_offset */
    dp_keys *wanted;     /* one per chunk, of the level above; neither sorted nor unique */
} balance;

static void direction_offset(int direction, int offset[3]) {
    offset[0] = direction / 9 - 1;
    offset[1] = direction / 3 % 3 - 1;
    offset[2] = direction % 3 - 1;
}

static int octant_is_next_to(int octant, const int offset[3]) {
    for (int d = 0; d < 3; d++) {
        int side = octant >> (2 - d) & 1 ? 1 : -1;
        if (offset[d] != 0 && offset[d] != side)
            return 0;
    }
    return 1;
}

static void fill_towards(uint32_t towards[8]) {
    for (int octant = 0; octant < 8; octant++) {
        towards[octant] = 0;
        for (int direction = 0; direction < 27; direction++) {
            int offset[3];
            direction_offset(direction, offset);
            if (direction != 13 && octant_is_next_to(octant, offset))
                towards[octant] |= 1u << direction;
        }
    }
}

static int has_points(const balance *b, int level, dp_key box) {
    int64_t at = dp_key_search(b->key, 0, b->n, dp_key_first(box, level));
    return at < b->n && dp_key_prefix(b->key[at], level) == box;
}

static dagpole_status want_around(const balance *b, dp_key parent, uint32_t directions,
                                  dp_keys *wanted) {
    int level = b->level - 1;
    for (; directions; directions &= directions - 1) {
        int offset[3];
        dp_key box;
        direction_offset(__builtin_ctz(directions), offset);
        if (dp_morton_neighbour(level, parent, offset, &box) &&
            !dp_keys_contain(&b->internals->level[level], box) && has_points(b, level, box))
            DP_TRY(dp_keys_push(wanted, box));
    }
    return DAGPOLE_OK;
}

static dagpole_status want_chunk(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const balance *b = argument;
    const dp_keys *boxes = &b->internals->level[b->level];
    while (begin < end) {
        dp_key parent = boxes->key[begin] >> 3;
        uint32_t directions = 0;
        for (; begin < end && boxes->key[begin] >> 3 == parent; begin++)
            directions |= b->towards[boxes->key[begin] & 7];
        DP_TRY(want_around(b, parent, directions, &b->wanted[chunk]));
    }
    return DAGPOLE_OK;
}

static void sort_unique(dp_keys *keys) {
    if (keys->n == 0)
        return;
    qsort(keys->key, (size_t)keys->n, sizeof *keys->key, dp_key_compare);
    int64_t n = 1;
    for (int64_t i = 1; i < keys->n; i++)
        if (keys->key[i] != keys->key[n - 1])
            keys->key[n++] = keys->key[i];
    keys->n = n;
}

/* Merges sorted, disjoint `more` into keys. */
static dagpole_status merge(dp_keys *keys, const dp_keys *more) {
    dp_keys merged = {.capacity = keys->n + more->n};
    merged.key = dp_alloc((size_t)merged.capacity, sizeof *merged.key);
    if (!merged.key)
        return DAGPOLE_NO_MEMORY;
    int64_t i = 0, j = 0;
    while (i < keys->n || j < more->n) {
        int from_keys = j == more->n || (i < keys->n && keys->key[i] < more->key[j]);
        merged.key[merged.n++] = from_keys ? keys->key[i++] : more->key[j++];
    }
    dp_free(keys->key);
    *keys = merged;
    return DAGPOLE_OK;
}

static dagpole_status add_wanted(dp_keys *keys, dp_keys *wanted) {
    sort_unique(wanted);
    return wanted->n > 0 ? merge(keys, wanted) : DAGPOLE_OK;
}

/* What the internal boxes of one level demand of the level above. */
static dagpole_status balance_level(const dp_team *team, balance *b, dp_internals *internals) {
    int64_t n = internals->level[b->level].n, n_chunks = dp_chunk_count(team, n, GRAIN);
    b->wanted = dp_alloc_zero((size_t)n_chunks, sizeof *b->wanted);
    if (!b->wanted)
        return DAGPOLE_NO_MEMORY;
    dp_keys all = {0};
    dagpole_status status = dp_chunk_run(team, n, n_chunks, want_chunk, b);
    for (int64_t chunk = 0; chunk < n_chunks; chunk++) {
        if (status == DAGPOLE_OK)
            status = dp_keys_append(&all, b->wanted[chunk].n, b->wanted[chunk].key);
        dp_free(b->wanted[chunk].key);
    }
    if (status == DAGPOLE_OK)
        status = add_wanted(&internals->level[b->level - 1], &all);
    dp_free(all.key);
    dp_free(b->wanted);
    return status;
}

dagpole_status dp_internals_balance(const dp_team *team, int64_t n, const dp_key *key,
                                    dp_internals *internals) {
    balance b = {.n = n, .key = key, .internals = internals};
    fill_towards(b.towards);
    for (b.level = DP_MAX_DEPTH - 1; b.level >= 2; b.level--)
        if (internals->level[b.level].n > 0)
            DP_TRY(balance_level(team, &b, internals));
    return DAGPOLE_OK;
}
