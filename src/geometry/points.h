/* Points in Morton order, identical positions merged. */
#ifndef DP_GEOMETRY_POINTS_H
#define DP_GEOMETRY_POINTS_H

#include "base/memory.h"
#include "geometry/morton.h"

/* Scaled coordinates that are smaller are tiny. */
#define DP_TINY_COORDINATE 0x1p-240

typedef struct dp_points {
    int64_t n;             /* unique positions */
    int64_t n_given;       /* as given by the caller */
    double *x, *y, *z;     /* scaled (not shifted), n each, in Morton order; equal keys ordered by
                              x, then y, then z, so the order depends on the positions alone */
    dp_key *key;           /* keys at DP_MAX_DEPTH, n, ascending; NULL once forgotten */
    int64_t *origin;       /* n_given: the caller's indices in this order; the copies of unique
                              point i are origin[origin_begin[i]] ... origin[origin_begin[i+1]-1],
                              ascending */
    int64_t *origin_begin; /* n + 1, or NULL where no two positions coincide (then point i is
                              origin[i]) */
    int has_tiny;          /* a coordinate is tiny and not 0; where none is, two coordinates are
                              equal or DP_TINY_COORDINATE 2^-53 apart at least */
} dp_points;

/* Where the copies of unique point i lie in origin: [begin, end). */
static inline void dp_points_copies(const dp_points *points, int64_t i, int64_t *begin,
                                    int64_t *end) {
    *begin = points->origin_begin ? points->origin_begin[i] : i;
    *end = points->origin_begin ? points->origin_begin[i + 1] : i + 1;
}

/* Position in origin of the copies of unique point i, or of the end for i = n. */
static inline int64_t dp_points_first_copy(const dp_points *points, int64_t i) {
    return points->origin_begin ? points->origin_begin[i] : i;
}

/* points: n x 3 row-major, as the caller gave them, finite and inside the cube. Zero-initialise
 * *out; on failure it is left empty. */
dagpole_status dp_points_build(const dp_team *team, const dp_cube *cube, int64_t n,
                               const double *points, dp_points *out);
/* Keys are what the tree is built from, and lists are checked by; nothing else needs them.
 * Forgotten ones are made again from the positions. NO_MEMORY. */
void dp_points_forget_keys(dp_points *points);
dagpole_status dp_points_make_keys(const dp_cube *cube, dp_points *points);

void dp_points_free(dp_points *points);
int64_t dp_points_bytes(const dp_points *points);

#endif
