#include "geometry/keys.h"

#include <stdlib.h>

#include "base/memory.h"
#include "geometry/sort.h"

int64_t dp_key_count(int64_t n, const dp_key *key, int level, dp_key box) {
    int64_t first = dp_key_search(key, 0, n, dp_key_first(box, level));
    return dp_key_search(key, first, n, dp_key_first(box + 1, level)) - first;
}

static int is_inside(int64_t n, const dp_key *key, int level, dp_key box) {
    int64_t at = dp_key_search(key, 0, n, dp_key_first(box, level));
    return at < n && dp_key_prefix(key[at], level) == box;
}

int dp_key_is_around(int64_t n, const dp_key *key, int level, dp_key box) {
    int is_around = is_inside(n, key, level, box);
    for (int direction = 0; direction < 27 && !is_around; direction++) {
        int offset[3] = {direction / 9 - 1, direction / 3 % 3 - 1, direction % 3 - 1};
        dp_key other;
        is_around =
            dp_morton_neighbour(level, box, offset, &other) && is_inside(n, key, level, other);
    }
    return is_around;
}

int dp_key_compare(const void *left, const void *right) {
    dp_key a = *(const dp_key *)left, b = *(const dp_key *)right;
    return (a > b) - (a < b);
}

/* Sorts within runs of keys that begin alike. */
static void sort_runs(int64_t n, dp_key *key) {
    for (int64_t begin = 0, end; begin < n; begin = end) {
        dp_key coarse = dp_key_prefix(key[begin], DP_COARSE_DEPTH);
        for (end = begin + 1; end < n && dp_key_prefix(key[end], DP_COARSE_DEPTH) == coarse;)
            end++;
        if (end - begin > 1)
            qsort(key + begin, (size_t)(end - begin), sizeof *key, dp_key_compare);
    }
}

static dagpole_status sort_within(int64_t n, dp_key *key, dp_key *given, uint64_t *coarse,
                                  int64_t *from) {
    for (int64_t i = 0; i < n; i++) {
        given[i] = key[i];
        coarse[i] = (uint64_t)dp_key_prefix(key[i], DP_COARSE_DEPTH);
        from[i] = i;
    }
    DP_TRY(dp_sort(&dp_team_serial, n, coarse, from));
    for (int64_t i = 0; i < n; i++)
        key[i] = given[from[i]];
    sort_runs(n, key);
    return DAGPOLE_OK;
}

dagpole_status dp_key_sort(int64_t n, dp_key *key) {
    dp_key *given = dp_alloc((size_t)n, sizeof *given);
    uint64_t *coarse = dp_alloc((size_t)n, sizeof *coarse);
    int64_t *from = dp_alloc((size_t)n, sizeof *from);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (given && coarse && from)
        status = sort_within(n, key, given, coarse, from);
    dp_free(given);
    dp_free(coarse);
    dp_free(from);
    return status;
}
