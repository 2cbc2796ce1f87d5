#include "geometry/offsets.h"

#include <string.h>

#include "operators/surface.h"
#include "suite.h"

static int is_position(const int v[3]) {
    int largest = 0;
    for (int d = 0; d < 3; d++)
        largest = abs(v[d]) > largest ? abs(v[d]) : largest;
    return largest == 2 || largest == 3;
}

START_TEST(every_position_folds) {
    dp_offsets o;
    int n_positions = 0, n_images[DP_N_FOLDED] = {0}, n_wrong = 0;
    dp_offsets_fill(&o, 1);
    for (int i = 0; i < 7 * 7 * 7; i++) {
        int v[3] = {i / 49 - 3, i / 7 % 7 - 3, i % 7 - 3}, g = dp_reflection(v);
        int f = o.index[abs(v[0])][abs(v[1])][abs(v[2])];
        if (!is_position(v)) {
            ck_assert_int_eq(f, -1);
            continue;
        }
        n_positions++;
        ck_assert(f >= 0 && f < DP_N_FOLDED);
        n_images[f]++;
        for (int d = 0; d < 3; d++)
            n_wrong += ((g >> d) & 1 ? -1 : 1) * o.folded[f].v[d] != v[d];
    }
    ck_assert_int_eq(n_wrong, 0);
    ck_assert_int_eq(n_positions, DP_N_POSITIONS);
    for (int f = 0; f < DP_N_FOLDED; f++)
        ck_assert_int_eq(n_images[f], o.folded[f].n_images);
}
END_TEST

START_TEST(permutations_take_sorted_positions_to_folded_ones) {
    dp_offsets o;
    int n_members[DP_N_CLASSES] = {0};
    dp_offsets_fill(&o, 1);
    for (int f = 0; f < DP_N_FOLDED; f++) {
        const dp_folded *folded = &o.folded[f];
        ck_assert(folded->class >= 0 && folded->class < DP_N_CLASSES);
        const int *sorted = o.sorted[folded->class], *q = dp_permutation[folded->permutation];
        for (int d = 0; d < 3; d++)
            ck_assert_int_eq(sorted[q[d]], folded->v[d]);
        n_members[folded->class]++;
    }
    for (int c = 0; c < DP_N_CLASSES; c++) {
        const int *v = o.sorted[c];
        ck_assert(v[0] >= v[1] && v[1] >= v[2] && v[2] >= 0 && is_position(v));
        for (int b = 0; b < c; b++)
            ck_assert_int_ne(memcmp(v, o.sorted[b], sizeof o.sorted[b]), 0);
        int n_equal = (v[0] == v[1]) + (v[1] == v[2]); /* 3! / the multiplicities' factorials */
        ck_assert_int_eq(n_members[c], n_equal == 0 ? 6 : n_equal == 1 ? 3 : 1);
    }
}
END_TEST

START_TEST(without_permutations_each_folded_position_is_a_class) {
    dp_offsets o;
    dp_offsets_fill(&o, 0);
    ck_assert_int_eq(o.n_classes, DP_N_FOLDED);
    ck_assert_int_eq(o.n_permutations, 1);
    for (int f = 0; f < DP_N_FOLDED; f++) {
        ck_assert_int_eq(o.folded[f].class, f);
        ck_assert_int_eq(o.folded[f].permutation, 0);
        ck_assert_int_eq(memcmp(o.folded[f].v, o.sorted[f], sizeof o.sorted[f]), 0);
    }
}
END_TEST

SUITE_MAIN("offsets", 10, every_position_folds, permutations_take_sorted_positions_to_folded_ones,
           without_permutations_each_folded_position_is_a_class)
