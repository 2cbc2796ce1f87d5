#include "geometry/keys.h"

int64_t dp_key_count(int64_t n, const uint64_t *key, int level, uint64_t box) {
    int64_t first = dp_key_search(key, 0, n, dp_key_first(box, level));
    return dp_key_search(key, first, n, dp_key_first(box + 1, level)) - first;
}

static int is_inside(int64_t n, const uint64_t *key, int level, uint64_t box) {
    int64_t at = dp_key_search(key, 0, n, dp_key_first(box, level));
    return at < n && dp_key_prefix(key[at], level) == box;
}

int dp_key_is_around(int64_t n, const uint64_t *key, int level, uint64_t box) {
    int is_around = is_inside(n, key, level, box);
    for (int direction = 0; direction < 27 && !is_around; direction++) {
        int offset[3] = {direction / 9 - 1, direction / 3 % 3 - 1, direction % 3 - 1};
        uint64_t other;
        is_around =
            dp_morton_neighbour(level, box, offset, &other) && is_inside(n, key, level, other);
    }
    return is_around;
}
