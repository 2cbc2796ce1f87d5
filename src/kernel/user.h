/* A kernel of the caller's: what loops do by formulas for the others is done here by its callbacks,
 * on blocks of points, in double, for all that sources carry and targets want but second
 * derivatives of dipoles.
 *
 * Units. With H = half a box's side in the caller's unit, the kernel in a box's frame is G(x) where
 * it is homogeneous, so that frames of all levels are alike, and H G(H x) where it is not. What g
 * is elsewhere (kernel/kernel.h) is 4 pi unit G(unit x) of scaled coordinates x. */
#ifndef DP_KERNEL_USER_H
#define DP_KERNEL_USER_H

#include "kernel/kernel.h"

/* Points of a block. A callback gets no more at once. */
enum { DP_USER_TARGETS = 32, DP_USER_SOURCES = 128 };

struct dp_user {
    dp_kernel kernel;
    dagpole_user_kernel given;
    double unit;   /* takes scaled coordinates to the caller's: a power of two */
    char name[64]; /* "user-" and the version; "": operators are not kept */
};

/* A value that is not finite. The points are in scaled coordinates; one of a surface is NULL. */
typedef struct dp_user_failure {
    int is_set, has_target, has_source;
    double value, target[3], source[3];
} dp_user_failure;

/* What a worker needs to call back. Values that are not finite count as 0, and the first of them
 * is noted. */
typedef struct dp_user_work {
    const dp_user *user;
    dp_user_failure failure;
    double targets[3 * DP_USER_TARGETS], sources[3 * DP_USER_SOURCES];
    double values[DP_USER_TARGETS * DP_USER_SOURCES];
    double gradients[3 * DP_USER_TARGETS * DP_USER_SOURCES];
    double hessians[DP_N_SECOND * DP_USER_TARGETS * DP_USER_SOURCES];
} dp_user_work;

/* A copy of what is given, whose members are known to be sound; unit is 1 until it is set.
 * NO_MEMORY. */
dagpole_status dp_user_create(const dagpole_user_kernel *given, dp_user **user);
void dp_user_destroy(dp_user *user);

dagpole_status dp_user_work_create(const dp_user *user, dp_user_work **work);
void dp_user_work_destroy(dp_user_work *work);

/* The kernel in the frame of a box with half side H = half_side in the caller's unit, as
 * dp_kernel_matrix. Values may be anything. */
void dp_user_matrix(const dp_user *user, double half_side, int n_targets, dp_soa targets,
                    int n_sources, dp_soa sources, double *matrix);

/* As the loops of a kernel (kernel/kernel.h), for any number of vectors: sums between a box's
 * points and orbits, and direct sums (is_squares: of squares, with a gradient's in gx and second
 * derivatives' in hessian[0]). */
void dp_user_to_orbits(dp_user_work *work, const dp_orbits *orbits, int n_vectors,
                       double *potential, int64_t vector_ld, int ld, const dp_frame *frame,
                       int64_t n, dp_soa points, dp_carried carried, int64_t carried_stride);
void dp_user_from_orbits(dp_user_work *work, const dp_orbits *orbits, int n_vectors,
                         const double *density, int64_t vector_ld, int ld, const dp_frame *frame,
                         int64_t n, dp_soa points, dp_sums out, int64_t out_stride);
void dp_user_near(const dp_near *near);
void dp_user_sum(dp_user_work *work, int is_squares, int64_t n_targets, dp_soa targets, dp_sums out,
                 int64_t n_sources, dp_soa sources, dp_carried carried);

#endif
