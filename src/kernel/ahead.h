/* Guesses made ahead of the loops that need them (src/README.md, "Chains"): a chunk of pairs goes
 * through two loops, squared distances and guesses into memory of the first cache, then all that
 * follows. Instruction sets whose chains are short do without (VEC_AHEAD, kernel/simd.h). Include
 * after kernel/pairs.h. */
#ifndef DP_KERNEL_AHEAD_H
#define DP_KERNEL_AHEAD_H

typedef struct ahead {
    vec r2[VEC_AHEAD ? VEC_AHEAD : 1], guess[VEC_AHEAD ? VEC_AHEAD : 1];
} ahead;

/* Squared distances of a vector of pairs. */
VEC_INLINE vec square(vec dx, vec dy, vec dz) {
    return vec_fma(dz, dz, vec_fma(dy, dy, dx * dx));
}

#if VEC_AHEAD
/* The least and the largest of the squared distances so far. */
typedef struct ahead_range {
    vec low, high;
} ahead_range;

#define AHEAD_RANGE                                                                                \
    { vec_splat(1), vec_splat(1) }

VEC_INLINE void ahead_put(ahead *a, int at, vec r2, ahead_range *range) {
    range->low = vec_min(r2, range->low);
    range->high = vec_max(r2, range->high);
    a->r2[at] = r2;
    a->guess[at] = vec_guess_within(r2);
}

/* Where one of the first n is out of the fast guess's range (points that coincide are, and all that
 * are DP_NEAREST apart or less), the slow one. After this none is to be left out any more: those
 * that are come to 0. */
VEC_INLINE void ahead_end(ahead *a, int n, const ahead_range *range, vec least) {
    if (__builtin_expect(vec_is_within(range->low, range->high), 1))
        return;
    for (int k = 0; k < n; k++) {
        a->guess[k] = vec_guess(a->r2[k]);
        vec_leave_out(&a->r2[k], &a->guess[k], least);
    }
}
#endif

#endif
