/* Searches in ascending Morton keys of points (at DP_MAX_DEPTH), and the boxes that they lie in. */
#ifndef DP_GEOMETRY_KEYS_H
#define DP_GEOMETRY_KEYS_H

#include "geometry/morton.h"

/* Key at `level` of the box that holds this point. */
static inline dp_key dp_key_prefix(dp_key point_key, int level) {
    return point_key >> 3 * (DP_MAX_DEPTH - level);
}

/* First point key inside the box, or just behind the box before it. */
static inline dp_key dp_key_first(dp_key box_key, int level) {
    return box_key << 3 * (DP_MAX_DEPTH - level);
}

/* Level of the smallest box that holds both points. */
static inline int dp_key_common_level(dp_key a, dp_key b) {
    uint64_t high = (uint64_t)((a ^ b) >> 64), low = (uint64_t)(a ^ b);
    if (a == b)
        return DP_MAX_DEPTH;
    return ((high ? __builtin_clzll(high) : 64 + __builtin_clzll(low)) - 2) / 3;
}

/* First i in [begin, end) with key[i] >= bound, or end. Takes time logarithmic in i - begin. */
static inline int64_t dp_key_search(const dp_key *key, int64_t begin, int64_t end, dp_key bound) {
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

/* Number of the n ascending point keys inside the box. */
int64_t dp_key_count(int64_t n, const dp_key *key, int level, dp_key box);

/* 1 where one of the n point keys lies in the box or in a box of its level that touches it. */
int dp_key_is_around(int64_t n, const dp_key *key, int level, dp_key box);

/* Of two keys, for qsort. */
int dp_key_compare(const void *left, const void *right);

/* Sorts n keys of points, ascending. NO_MEMORY. */
dagpole_status dp_key_sort(int64_t n, dp_key *key);

#endif
