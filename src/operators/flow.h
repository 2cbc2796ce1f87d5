/* Stokes flow by expansions of Laplace's equation, four for each value (Fu, Rodin 2000; Tornberg,
 * Greengard 2008).
 *
 * X and Y are a target's and a source's positions relative to the centre of a box, in half sides h;
 * G = 1/|X - Y| h is Laplace's. With phi_j the potentials of the forces' components f_j and psi
 * that of their moments Y . f, velocity_i = (phi_i - X_j d_i phi_j + d_i psi) / 2, pressure = -d_j
 * phi_j (d_i: with respect to X). A source of strength m counts -2 m / h among the moments. Moments
 * depend on the centre: whoever takes an expansion to another box moves them.
 *
 * A constant in psi is no flow. Sources at a distance of D leave one of D/h in a local, which would
 * take as many digits of its derivatives: it is left out where a local goes to a child. */
#ifndef DP_OPERATORS_FLOW_H
#define DP_OPERATORS_FLOW_H

#include "operators/isotropic.h"

/* Points that go through one call of the loops. */
enum { DP_FLOW_POINTS = 64 };

/* What a worker needs for it. */
typedef struct dp_flow_work {
    double *carried; /* of DP_FLOW_POINTS points what DP_COLUMNS vectors carry, and their sums */
    double *sums;
    double *moved; /* moved moments: 8 x DP_COLUMNS columns */
    int ld;        /* of these */
} dp_flow_work;

/* ld: the longest expansion. */
dagpole_status dp_flow_work_create(int ld, dp_flow_work **work);
void dp_flow_work_destroy(dp_flow_work *work);
int64_t dp_flow_work_bytes(const dp_flow_work *work);

/* What n points carry with respect to a box, n at most DP_FLOW_POINTS, for n_vectors vectors:
 * *stride numbers from one to the next. */
dp_carried dp_flow_carried(const dp_flow_work *work, const dp_frame *frame, int64_t n,
                           dp_soa points, dp_carried carried, int64_t carried_stride, int n_vectors,
                           int64_t *stride);

/* Zeros for Laplace's sums at n points, as many as `out` asks for; and what these say of the flow,
 * added to out. */
dp_sums dp_flow_begin_sums(const dp_flow_work *work, int64_t n, dp_sums out, int n_vectors,
                           int64_t *stride);
void dp_flow_end_sums(const dp_flow_work *work, const dp_frame *frame, int64_t n, dp_soa points,
                      int n_vectors, dp_sums out, int64_t out_stride);

/* How moments change where a centre moves: `own` times themselves, of a local less their constant,
 * and the forces' components times `by`. */
typedef struct dp_shift {
    double own, by[3];
    int is_local;
} dp_shift;

/* To the parent of a child, and the other way; reflection: bit d set where the child lies on the
 * lower side in coordinate d. To a box from a position, the source's minus the target's. */
dp_shift dp_shift_up(int reflection);
dp_shift dp_shift_down(int reflection);
dp_shift dp_shift_across(const int position[3]);

/* The moments of a value whose first expansion is `first`, of k numbers each, one behind the other,
 * moved: in column `column` of the work (0 ... 8 DP_COLUMNS - 1). */
const double *dp_flow_move(const dp_flow_work *work, const dp_isotropic *isotropic,
                           const dp_shift *shift, int k, const double *first, int column);

#endif
