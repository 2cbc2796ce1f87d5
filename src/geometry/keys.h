/* Searches in ascending Morton keys of points (at DP_MAX_DEPTH), and the boxes that they lie in. */
#ifndef DP_GEOMETRY_KEYS_H
#define DP_GEOMETRY_KEYS_H

#include "geometry/morton.h"

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

/* Number of the n ascending point keys inside the box. */
int64_t dp_key_count(int64_t n, const uint64_t *key, int level, uint64_t box);

/* 1 where one of the n point keys lies in the box or in a box of its level that touches it. */
int dp_key_is_around(int64_t n, const uint64_t *key, int level, uint64_t box);

#endif
