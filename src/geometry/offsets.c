#include "geometry/offsets.h"

const int dp_permutation[DP_N_PERMUTATIONS][3] = {
    {0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0},
};

static int is_far(const int v[3]) {
    return v[0] >= 2 || v[1] >= 2 || v[2] >= 2;
}

/* The permutation that takes the position of a class to v; -1: none. */
static int permutation_to(int n_permutations, const int sorted[3], const int v[3]) {
    for (int i = 0; i < n_permutations; i++) {
        const int *q = dp_permutation[i];
        if (sorted[q[0]] == v[0] && sorted[q[1]] == v[1] && sorted[q[2]] == v[2])
            return i;
    }
    return -1;
}

static void add_class(const int v[3], dp_offsets *offsets) {
    for (int d = 0; d < 3; d++)
        offsets->sorted[offsets->n_classes][d] = v[d];
    offsets->n_classes++;
}

static void list_classes(dp_offsets *offsets, int has_permutations) {
    int v[3];
    offsets->n_classes = 0;
    offsets->n_permutations = has_permutations ? DP_N_PERMUTATIONS : 1;
    for (v[0] = 0; v[0] <= 3; v[0]++)
        for (v[1] = 0; v[1] <= (has_permutations ? v[0] : 3); v[1]++)
            for (v[2] = 0; v[2] <= (has_permutations ? v[1] : 3); v[2]++)
                if (is_far(v))
                    add_class(v, offsets);
}

static void fold(const dp_offsets *offsets, const int v[3], dp_folded *f) {
    f->n_images = 1;
    for (int d = 0; d < 3; d++) {
        f->v[d] = v[d];
        f->n_images *= v[d] ? 2 : 1;
    }
    for (int c = 0; c < offsets->n_classes; c++) {
        int permutation = permutation_to(offsets->n_permutations, offsets->sorted[c], v);
        if (permutation >= 0) {
            f->class = c;
            f->permutation = permutation;
        }
    }
}

void dp_offsets_fill(dp_offsets *offsets, int has_permutations) {
    int n_folded = 0, v[3];
    list_classes(offsets, has_permutations);
    for (v[0] = 0; v[0] <= 3; v[0]++)
        for (v[1] = 0; v[1] <= 3; v[1]++)
            for (v[2] = 0; v[2] <= 3; v[2]++) {
                offsets->index[v[0]][v[1]][v[2]] = -1;
                if (!is_far(v))
                    continue;
                fold(offsets, v, &offsets->folded[n_folded]);
                offsets->index[v[0]][v[1]][v[2]] = n_folded++;
            }
}
