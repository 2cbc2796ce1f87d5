#include "geometry/offsets.h"

const int dp_permutation[DP_N_PERMUTATIONS][3] = {
    {0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0},
};

static int is_far(const int v[3]) {
    return v[0] >= 2 || v[1] >= 2 || v[2] >= 2;
}

/* The permutation that takes the sorted position to v. */
static int permutation_to(const int sorted[3], const int v[3]) {
    for (int i = 0; i < DP_N_PERMUTATIONS; i++) {
        const int *q = dp_permutation[i];
        if (sorted[q[0]] == v[0] && sorted[q[1]] == v[1] && sorted[q[2]] == v[2])
            return i;
    }
    return -1;
}

void dp_offsets_fill(dp_offsets *offsets) {
    int n_classes = 0, n_folded = 0, v[3];
    for (v[0] = 0; v[0] <= 3; v[0]++)
        for (v[1] = 0; v[1] <= v[0]; v[1]++)
            for (v[2] = 0; v[2] <= v[1]; v[2]++)
                if (is_far(v)) {
                    for (int d = 0; d < 3; d++)
                        offsets->sorted[n_classes][d] = v[d];
                    n_classes++;
                }
    for (v[0] = 0; v[0] <= 3; v[0]++)
        for (v[1] = 0; v[1] <= 3; v[1]++)
            for (v[2] = 0; v[2] <= 3; v[2]++) {
                offsets->index[v[0]][v[1]][v[2]] = -1;
                if (!is_far(v))
                    continue;
                dp_folded *f = &offsets->folded[n_folded];
                f->n_images = 1;
                for (int d = 0; d < 3; d++) {
                    f->v[d] = v[d];
                    f->n_images *= v[d] ? 2 : 1;
                }
                for (int c = 0; c < n_classes; c++)
                    if (permutation_to(offsets->sorted[c], v) >= 0) {
                        f->class = c;
                        f->permutation = permutation_to(offsets->sorted[c], v);
                    }
                offsets->index[v[0]][v[1]][v[2]] = n_folded++;
            }
}
