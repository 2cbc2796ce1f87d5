/* The list of kernels: their numbers and names. It is apart from what they are made of, so that
 * readers of files need no more than this. */
#ifndef DP_KERNEL_NAMES_H
#define DP_KERNEL_NAMES_H

#include "base/status.h"

/* DAGPOLE_..., name, whether values are complex. */
#define DP_EACH_KERNEL(X)                                                                          \
    X(LAPLACE, laplace, 0)                                                                         \
    X(YUKAWA, yukawa, 0)                                                                           \
    X(HELMHOLTZ, helmholtz, 1)                                                                     \
    X(USER, user, 0)

/* NULL where there is no such kernel. */
const char *dp_kernel_name(dagpole_kernel id);

/* 1 where there is such a kernel and its values are complex. */
int dp_kernel_is_complex(dagpole_kernel id);

/* 1 where there is a kernel of this name. */
int dp_kernel_find(const char *name, dagpole_kernel *id);

/* "laplace (0), yukawa (1), ...". */
const char *dp_kernel_names(void);

#endif
