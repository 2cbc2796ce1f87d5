/* The 316 relative positions of a V-list source and their symmetry classes.
 *
 * A position v (source anchor minus target anchor, in boxes) has |v_d| <= 3 for all d and >= 2 for
 * one. Reflections take it to its absolute value: 56 positions with v_d >= 0, the unit of M2L at
 * run time (a reflection is a change of signs in the compressed basis). Permutations of the axes
 * take those to 16 with v_0 >= v_1 >= v_2, which is what is factorised and stored, where they are
 * symmetries of the kernel; else each of the 56 is a class. */
#ifndef DP_GEOMETRY_OFFSETS_H
#define DP_GEOMETRY_OFFSETS_H

#define DP_N_POSITIONS  316
#define DP_N_FOLDED     56 /* classes under reflections */
#define DP_N_CLASSES    16 /* classes under all 48 symmetries */
#define DP_MOST_CLASSES DP_N_FOLDED

#define DP_N_PERMUTATIONS 6

/* Permutation number i sends x to (x[dp_permutation[i][0]], x[...[1]], x[...[2]]); 0 is the
 * identity. */
extern const int dp_permutation[DP_N_PERMUTATIONS][3];

/* A position's label: 8 times its folded index, and its reflection. M2L pairs of one label share
 * matrices and signs. */
enum { DP_N_LABELS = 8 * DP_N_FOLDED };

typedef struct dp_folded {
    int v[3];        /* >= 0 */
    int class;       /* 0 ... n_classes - 1 */
    int permutation; /* takes the class's position to v */
    int n_images;    /* positions among the 316 that fold to v: 2, 4 or 8 */
} dp_folded;

typedef struct dp_offsets {
    int n_classes, n_permutations;  /* 16 and all 6, or 56 and the identity alone */
    int sorted[DP_MOST_CLASSES][3]; /* the position of each class; sorted where there are 16 */
    dp_folded folded[DP_N_FOLDED];
    int index[4][4][4]; /* |v| -> folded index, -1 where it is no V-list position */
} dp_offsets;

/* has_permutations: of the axes, as symmetries of the kernel. */
void dp_offsets_fill(dp_offsets *offsets, int has_permutations);

/* The largest coordinate by size. */
static inline int dp_offsets_reach(const int v[3]) {
    int most = 0;
    for (int d = 0; d < 3; d++) {
        int size = v[d] < 0 ? -v[d] : v[d];
        most = size > most ? size : most;
    }
    return most;
}

/* Bits of the coordinates that are zero: M2L from such a position commutes with reflections in
 * them, so that parities mix only where they agree in those bits. */
static inline int dp_zero_axes(const int v[3]) {
    return (v[0] == 0) | (v[1] == 0) << 1 | (v[2] == 0) << 2;
}

/* Reflection bits of v: bit d set where v_d < 0. */
static inline int dp_reflection(const int v[3]) {
    return (v[0] < 0) | (v[1] < 0) << 1 | (v[2] < 0) << 2;
}

/* The label of a V-list position. */
static inline int dp_offsets_label(const dp_offsets *offsets, const int v[3]) {
    int folded =
        offsets->index[v[0] < 0 ? -v[0] : v[0]][v[1] < 0 ? -v[1] : v[1]][v[2] < 0 ? -v[2] : v[2]];
    return 8 * folded + dp_reflection(v);
}

#endif
