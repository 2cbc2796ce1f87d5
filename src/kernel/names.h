/* The list of kernels: their numbers and names. It is apart from what they are made of, so that
 * readers of files need no more than this. meson.build reads it as well: the public enumerators and
 * the files of this folder follow from its lines. */
#ifndef DP_KERNEL_NAMES_H
#define DP_KERNEL_NAMES_H

#include "base/status.h"

/* Real kernels of one number: DAGPOLE_..., its number there, name; the highest order of derivatives
 * that targets may want, 1 (gradients) or 2. The file of that name has the definition and the pair
 * formula, of which every loop is made that goes by this list. */
#define DP_EACH_REAL_KERNEL(X)                                                                     \
    X(LAPLACE, 0, laplace, 2)                                                                      \
    X(YUKAWA, 1, yukawa, 1)

/* The others, whose loops are their own: DAGPOLE_..., its number, name; how many vectors a value is
 * inside (dp_shape); how many doubles the caller has for a charge, a dipole, a potential, its
 * gradient and a pressure: a complex number is two, and of Stokes a charge is a force, a dipole a
 * normal and a density, a potential a velocity. */
#define DP_EACH_OTHER_KERNEL(X)                                                                    \
    X(HELMHOLTZ, 2, helmholtz, 2, 2, 6, 2, 6, 0)                                                   \
    X(STOKES, 3, stokes, 4, 3, 6, 3, 9, 1)                                                         \
    X(USER, 4, user, 1, 1, 3, 1, 3, 0)

/* All, in the order of dp_kernel_number: X(DAGPOLE_..., number, name, ...). */
#define DP_EACH_KERNEL(X) DP_EACH_REAL_KERNEL(X) DP_EACH_OTHER_KERNEL(X)

/* Where a real kernel is in its list: the cost model has coefficients of each (model/rates.h). */
#define DP_REAL(id, number, name, order) DP_REAL_##id,
enum { DP_EACH_REAL_KERNEL(DP_REAL) DP_N_REAL_KERNELS };
#undef DP_REAL

/* DP_ORDER_yukawa: the highest order of derivatives among its sums. */
#define DP_ORDER(id, number, name, order) DP_ORDER_##name = (order),
enum { DP_EACH_REAL_KERNEL(DP_ORDER) };
#undef DP_ORDER

typedef struct dp_widths {
    int n_parts, charge, dipole, potential, gradient, pressure;
} dp_widths;

/* NULL where there is no such kernel. */
const dp_widths *dp_kernel_widths(dagpole_kernel id);

/* NULL where there is no such kernel. */
const char *dp_kernel_name(dagpole_kernel id);

/* 1 where there is such a kernel and its values are complex. */
int dp_kernel_is_complex(dagpole_kernel id);

/* 1 where there is a kernel of this name. */
int dp_kernel_find(const char *name, dagpole_kernel *id);

/* "laplace (0), yukawa (1), ...". */
const char *dp_kernel_names(void);

#endif
