#include "geometry/sort.h"

#include <string.h>

#include "base/memory.h"
#include "geometry/clouds.h"

typedef struct pair {
    uint64_t key;
    int64_t value;
} pair;

static int compare_pairs(const void *left, const void *right) {
    const pair *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->value > b->value) - (a->value < b->value);
}

/* Values are positions, so that ascending values within equal keys mean a stable sort. The first
 * n_close keys differ in their last 16 bits alone, descend, and come in threes. */
static void check_sort(const dp_team *team, int64_t n, int64_t n_close, uint64_t mask) {
    uint64_t *key = malloc(sizeof *key * (size_t)(n + 1)), state = (uint64_t)n ^ mask;
    int64_t *value = malloc(sizeof *value * (size_t)(n + 1));
    pair *expected = malloc(sizeof *expected * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++) {
        key[i] = (uint64_t)(suite_uniform(&state) * 0x1p32) << 32;
        key[i] = (key[i] | (uint64_t)(suite_uniform(&state) * 0x1p32)) & mask;
        if (i < n_close)
            key[i] = (0x123456789abc0000 | (uint64_t)((n_close - i) / 3)) & mask;
        value[i] = i;
        expected[i] = (pair){key[i], i};
    }
    qsort(expected, (size_t)n, sizeof *expected, compare_pairs);
    EXPECT(dp_sort(team, n, key, value) == DAGPOLE_OK);
    for (int64_t i = 0; i < n; i++) {
        EXPECT(key[i] == expected[i].key);
        EXPECT(value[i] == expected[i].value);
    }
    free(key);
    free(value);
    free(expected);
}

START_TEST(sorts_stably) {
    static const int64_t sizes[] = {0, 1, 2, 3, 100, 5000, 50000};
    static const uint64_t masks[] = {UINT64_MAX, UINT64_MAX >> 1, 0, 7, 0xff00000000, 0xff00ff01};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof masks / sizeof *masks; j++)
            check_sort(&dp_team_serial, sizes[i], 0, masks[j]);
}
END_TEST

START_TEST(a_team_gets_the_same_result) {
    check_sort(&team_backwards, 200000, 0, UINT64_MAX);
    check_sort(&team_backwards, 200000, 0, 0xffff);
    check_sort(&team_backwards, 3, 0, UINT64_MAX);
}
END_TEST

/* Leading digits tell nearly all keys apart: what is left is put in order by insertions (30 close
 * keys) or takes a second attempt (500); 100,000 tell the sample that all digits are needed. */
START_TEST(keys_that_differ_little) {
    static const int64_t n_close[] = {30, 500, 100000, 200000};
    for (size_t i = 0; i < sizeof n_close / sizeof *n_close; i++) {
        check_sort(&dp_team_serial, 200000, n_close[i], UINT64_MAX);
        check_sort(&team_backwards, 200000, n_close[i], UINT64_MAX >> 8);
    }
}
END_TEST

START_TEST(failed_allocations_are_reported) {
    uint64_t key[3] = {3, 1, 2};
    int64_t value[3] = {0, 1, 2}, live = dp_memory_live();
    int k = 0;
    dagpole_status status;
    do {
        dp_memory_fail_at(++k, 0);
        status = dp_sort(&dp_team_serial, 3, key, value);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(dp_memory_live(), live);
    } while (status == DAGPOLE_NO_MEMORY);
    ck_assert_int_eq(status, DAGPOLE_OK);
    ck_assert_int_gt(k, 1);
    ck_assert_uint_eq(key[0], 1);
}
END_TEST

SUITE_MAIN("sort", 20, sorts_stably, a_team_gets_the_same_result, keys_that_differ_little,
           failed_allocations_are_reported)
