/* The eight operators on raw pointers. None allocates; each takes the scratch of the worker that
 * runs it. P2P is the kernel's own loop (kernel/kernel.h).
 *
 * Coordinates are scaled (geometry/cube.h), and so are frames. Potentials leave out the factor
 * 1/(4 pi). Expansions are k_padded long. Columns: at most DP_COLUMNS at a time. */
#ifndef DP_OPERATORS_APPLY_H
#define DP_OPERATORS_APPLY_H

#include "kernel/user.h"
#include "operators/flow.h"
#include "operators/operators.h"

typedef struct dp_scratch {
    double *columns;        /* DP_COLUMNS x ld: surface potentials */
    double *product;        /* DP_COLUMNS x ld, behind them: what a matrix makes of columns */
    float *rounded;         /* DP_COLUMNS x ld, behind these: columns of M2L in single precision */
    float *rounded_product; /* DP_COLUMNS x ld, and behind those: what a matrix makes of them */
    int ld;                 /* the longest column, padded */
    dp_user_work *user;     /* NULL: the kernel is built in */
    dp_flow_work *flow;     /* NULL: expansions are of the kernel itself */
    double isotropic[2 * DP_COLUMNS]; /* what densities leave out, each column's parts */
} dp_scratch;

/* For what points have in a plan; NULL: charges. */
dagpole_status dp_scratch_create(const dp_operators *operators, const dp_shape *shape,
                                 dp_scratch *scratch);
void dp_scratch_free(dp_scratch *scratch);
int64_t dp_scratch_bytes(const dp_scratch *scratch);

/* P2M and P2L: potentials of what n points carry on a surface of the box, of n_vectors vectors that
 * are carried_stride apart, into columns from first_column on of scratch->columns; after up to
 * DP_COLUMNS of them, to_expansion adds the expansions. Several vectors share their pairs
 * (kernel/kernel.h), and have other last bits than one vector of charges. */
void dp_surface_potentials(const dp_operator_set *set, const dp_surface_sums *surface,
                           const dp_frame *frame, int64_t n, dp_soa points, dp_carried carried,
                           int64_t carried_stride, int n_vectors, int is_first, int first_column,
                           dp_scratch *scratch);
void dp_surface_to_expansions(const dp_operator_set *set, const dp_surface_sums *surface,
                              int n_columns, double *const *expansion, dp_scratch *scratch);

/* L2P and M2P: densities on a surface of up to DP_COLUMNS boxes and vectors from their expansions,
 * into scratch->product; then the sums that out wants at n points of n_vectors columns from
 * first_column on, added to out and what is out_stride behind it. is_far: the points may be at any
 * distance, and sums are in double. */
void dp_surface_densities(const dp_operator_set *set, const dp_surface_sums *surface, int n_columns,
                          const double *const *expansion, dp_scratch *scratch);
void dp_surface_evaluate(const dp_operator_set *set, const dp_surface_sums *surface, int is_far,
                         const dp_frame *frame, int first_column, int n_vectors, int64_t n,
                         dp_soa points, dp_sums out, int64_t out_stride, dp_scratch *scratch);

/* L2P alone, between the two: takes the isotropic part of locals (isotropic.h), which is known
 * everywhere, out of their densities on the outer surface. dp_surface_evaluate adds it. */
void dp_surface_take_isotropic(const dp_operator_set *set, int n_columns,
                               const double *const *local, dp_scratch *scratch);

/* The isotropic moments (isotropic.h) of what n points carry: of each vector, n_parts of the set's,
 * which may be none. */
void dp_moments(const dp_operator_set *set, const dp_frame *frame, int64_t n, dp_soa points,
                dp_carried carried, int64_t carried_stride, int n_vectors,
                const dp_scratch *scratch, double *moments);

/* Expansions to be taken from and added to, in order: all under the same reflection. */
typedef struct dp_columns {
    int n, reflection; /* bit d set: coordinate d changes its sign */
    const double *source[DP_COLUMNS];
    const double *later[DP_COLUMNS]; /* of M2L: sources that come next, to be fetched meanwhile */
    double *target[DP_COLUMNS];
} dp_columns;

/* M2M: from children to their parents; bit d of the reflection set where the children lie on the
 * lower side in coordinate d. L2L: the other way. */
void dp_m2m(const dp_operator_set *parent, const dp_operator_set *child, const dp_transfer *between,
            const dp_columns *columns, dp_scratch *scratch);
void dp_l2l(const dp_operator_set *parent, const dp_operator_set *child, const dp_transfer *between,
            const dp_columns *columns, dp_scratch *scratch);

/* M2L: from sources whose positions (source minus target) all are the reflected `folded`. */
void dp_m2l(const dp_operator_set *set, int folded, const dp_columns *columns, dp_scratch *scratch);

#endif
