/* The loops over pairs by themselves, on points whose numbers stay in the first cache: what
 * dp_roof_measure and perf/ time. */
#ifndef DP_TUNING_PAIRS_H
#define DP_TUNING_PAIRS_H

#include "kernel/strip.h"

enum { DP_PAIRS_MOST = 256, DP_PAIRS_ORBITS = 32, DP_PAIRS_IMAGES = 8 * DP_PAIRS_ORBITS };

typedef struct dp_pairs_request {
    const dp_kernel *kernel;
    dp_lambda lambda; /* of the unit cube; 0: 1 */
    dp_isa isa;
    dp_precision precision;
    int is_mutual;
    dp_shape shape; /* where it is not plain, near loops take DP_STRIP_MANY points at most */
    int n_sums;     /* that are wanted */
} dp_pairs_request;

/* Two sets of points in the unit cube, and a surface around it. */
typedef struct dp_pairs {
    dp_pairs_request request;
    int n; /* points of each set that are used, at most DP_PAIRS_MOST: set by the caller */
    double point[2][4][DP_PAIRS_MOST];         /* x, y, z, charge */
    double sums[2][DP_HESSIAN][DP_PAIRS_MOST]; /* what the last loop left */
    double orbit[3][DP_PAIRS_ORBITS];
    double density[DP_PAIRS_IMAGES];   /* on the surface, as dp_from_orbits_fn takes it */
    double potential[DP_PAIRS_IMAGES]; /* as dp_to_orbits_fn leaves it */
    dp_strip strip[2];
    int n_near, n_surface; /* vectors that a run sums for */
} dp_pairs;

/* A sequence that fills [0, 1) evenly, a different one for each k = 0 ... 3. */
double dp_spread(int k, int64_t i);

/* Sets all but n. dp_pairs_free also after a failure. NO_MEMORY. */
dagpole_status dp_pairs_create(const dp_pairs_request *request, dp_pairs *pairs);
void dp_pairs_free(dp_pairs *pairs);

dp_soa dp_pairs_points(const dp_pairs *pairs, int side);
dp_sums dp_pairs_sums(dp_pairs *pairs, int side); /* those that are wanted */
dp_carried dp_pairs_carried(const dp_pairs *pairs, int side);

/* Packs a set into its strip. */
void dp_pairs_pack(dp_pairs *pairs, int side);

/* Loops as dp_loop_seconds takes them; the argument is a dp_pairs. Results begin with 0 and pile up
 * from repeat to repeat. Near: the first set with the second, packed once. */
void dp_pairs_run_near(void *pairs, int64_t repeats);
void dp_pairs_run_to_surface(void *pairs, int64_t repeats);
void dp_pairs_run_from_surface(void *pairs, int64_t repeats);

#endif
