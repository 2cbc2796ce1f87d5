/* Kernels of one's own, by callbacks in C. dagpole.h includes it.
 *
 *   dagpole_user_kernel kernel;
 *   dagpole_user_kernel_init(&kernel);
 *   kernel.values = values;
 *   options.kernel = DAGPOLE_USER;
 *   options.user_kernel = &kernel;
 *
 * Sources carry charges, dipoles or both, and targets want potentials, gradients and second
 * derivatives, as far as there are callbacks for them: dipoles add p . grad_y G(x - y), which is
 * minus the callback's gradients, and their gradients are made of the callback's second
 * derivatives. Second derivatives of dipoles are UNSUPPORTED: nothing fills third ones. Everything
 * is summed in double, by the same operators and tasks as for other kernels, with the digits that
 * dagpole_plan_options promises.
 *
 *                      charges      dipoles
 *   potentials         values       gradients
 *   gradients          gradients    hessians
 *   second derivatives hessians     -
 *
 * A kernel G(target, source) must be finite where points are apart, depend on r = target - source
 * alone, and be even in each coordinate of r: G(-r) = G(r), and so with one coordinate negated.
 * (Where a medium's matrix is full, rotate the coordinates into its axes.) Expansions are sums of G
 * from points on a box's surface: they hold what solves an elliptic equation where there are no
 * charges. When a plan is made, all of this is measured at random points, with the degree that is
 * declared, the gradients and second derivatives, and the digits that P2M, M2M, M2L, L2L and L2P
 * reach on every level for what sources carry and targets want. p is raised and svd_cutoff moved
 * for them where the options leave these 0. What then fails returns DAGPOLE_UNSUPPORTED with a
 * sentence that names it and the digits reached, and a value that is not finite DAGPOLE_NUMERIC
 * with the points, then or in an evaluation. */
#ifndef DAGPOLE_OWN_H
#define DAGPOLE_OWN_H

#include "dagpole.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills values for every pair of n_targets points (n_targets x 3 doubles) and n_sources points
 * (n_sources x 3): n_targets x n_sources, row by row. A callback for gradients fills n_targets x
 * n_sources x 3 with the gradient of G with respect to the target, one for second derivatives
 * n_targets x n_sources x 6 with xx, xy, xz, yy, yz, zz. What it gives for points at distance zero
 * is not used. Coordinates are in the caller's unit, but pairs may have been moved
 * together, and those of a homogeneous kernel be in another unit. It is called from several threads
 * at once, with 4096 pairs at most, in the default floating-point environment. It must give the
 * same bits for the same pair, and must not call the library. */
typedef void (*dagpole_user_fn)(void *user, int64_t n_targets, const double *targets,
                                int64_t n_sources, const double *sources, double *values);

/* Copied by the call that it is given to; what `user` points to must last as long as the plan. */
struct dagpole_user_kernel {
    size_t size;               /* sizeof(dagpole_user_kernel), set by the init function */
    dagpole_user_fn values;    /* G */
    dagpole_user_fn gradients; /* NULL: gradients and dipoles are UNSUPPORTED */
    void *user;                /* the callbacks' first argument */
    int is_homogeneous;        /* 1: G(a r) = a^degree G(r) for all a > 0, and one set of operators
                                  serves all levels; 0: each level has its own */
    double degree;             /* -8 ... 8, -1 by default; not used where is_homogeneous is 0 */
    double cost;         /* of a pair, in times of Laplace's, 1 ... 1e6; 0 = 15, as a root and a
                            division in plain C. Leaf sizes and blocks follow from it. */
    const char *version; /* names the kernel with all its parameters in the operator cache: 1 to
                            40 letters, digits, '.', '_', '-'; NULL: operators are not kept */
    dagpole_user_fn hessians; /* NULL: second derivatives and gradients of dipoles are UNSUPPORTED;
                                 else gradients must be given as well */
};

DAGPOLE_API void dagpole_user_kernel_init_sized(dagpole_user_kernel *kernel, size_t size);
static inline void dagpole_user_kernel_init(dagpole_user_kernel *kernel) {
    dagpole_user_kernel_init_sized(kernel, sizeof *kernel);
}

#ifdef __cplusplus
}
#endif

#endif
