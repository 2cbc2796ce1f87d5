/* The kernels of dagpole by name, for programs that take a kernel's name and parameters from their
 * users. dagpole.h includes it.
 *
 *   dagpole_plan_options_init(&options);
 *   dagpole_kernel_find("helmholtz", &options.kernel);
 *   dagpole_plan_options_set(&options, "wave_number", 12.5);
 *
 * Stokes flow of viscosity 1. A charge is a force f, 3 doubles, which adds the velocity
 * (f/r + d (d . f)/r^3)/(8 pi) and the pressure d . f/(4 pi r^3) at d = x - y, r = |d|. A dipole is
 * a stresslet, 6 doubles, a normal n and behind it a density g: velocity
 * -3/(4 pi) d (d . n)(d . g)/r^5 and its pressure (n . g - 3 (d . n)(d . g)/r^2)/(2 pi r^3); a
 * double layer's g is its density times the quadrature's weight. potentials are velocities, 3
 * doubles a target; gradients 9, d u_i/d x_k at 3 i + k; pressures 1. Digits count for velocities,
 * and one fewer for gradients and pressures. Root mean squares (dagpole_direct_apply) have one
 * number of each a target; every component of a force has a random sign there, and of a stresslet
 * each of the four that it is made of, a source of flow and derivatives of three forces.
 */
#ifndef DAGPOLE_KERNELS_H
#define DAGPOLE_KERNELS_H

#include "dagpole.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The names, i = 0, 1, ...: "laplace", ...; NULL behind the last. The library's own texts. */
DAGPOLE_API const char *dagpole_kernel_name(int i);

/* The kernel of a name. BAD_ARGUMENT with a sentence that lists the names. */
DAGPOLE_API dagpole_status dagpole_kernel_find(const char *name, dagpole_kernel *kernel);

typedef struct dagpole_kernel_info {
    size_t size;      /* set it to sizeof(dagpole_kernel_info) before the call */
    const char *name; /* the library's own text */
    int n_parameters;
    /* Doubles of a source and of a target: 1 and 3 of real kernels' charges, dipoles, potentials
     * and gradients, 2 and 6 of complex ones, 6 of second derivatives; of Stokes 3 of a force, 6
     * of a stresslet, 3 of a velocity, 9 of its gradient, 1 of a pressure; 0: the kernel has none.
     */
    int charge, dipole, potential, gradient, hessian, pressure;
} dagpole_kernel_info;

/* Statuses: BAD_ARGUMENT. */
DAGPOLE_API dagpole_status dagpole_kernel_query(dagpole_kernel kernel, dagpole_kernel_info *info);

/* A kernel's parameters, i = 0, 1, ...: "lambda", "wave_number", ..., each a double of
 * dagpole_plan_options of this name; NULL behind the last. */
DAGPOLE_API const char *dagpole_kernel_parameter(dagpole_kernel kernel, int i);

/* Sets a parameter of options->kernel by name. Statuses: BAD_ARGUMENT where the kernel has no such
 * parameter, or options end before it (dagpole_plan_options_init); values are checked where the
 * options are used. */
DAGPOLE_API dagpole_status dagpole_plan_options_set(dagpole_plan_options *options,
                                                    const char *parameter, double value);

#ifdef __cplusplus
}
#endif

#endif
