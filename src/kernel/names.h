/* The list of kernels: their numbers and names. It is apart from what they are made of, so that
 * readers of files need no more than this. */
#ifndef DP_KERNEL_NAMES_H
#define DP_KERNEL_NAMES_H

#include "base/status.h"

/* DAGPOLE_..., name. */
#define DP_EACH_KERNEL(X)                                                                          \
    X(LAPLACE, laplace)                                                                            \
    X(YUKAWA, yukawa)                                                                              \
    X(HELMHOLTZ, helmholtz)                                                                        \
    X(USER, user)

/* NULL where there is no such kernel. */
const char *dp_kernel_name(dagpole_kernel id);

/* 1 where there is a kernel of this name. */
int dp_kernel_find(const char *name, dagpole_kernel *id);

/* "laplace (0), yukawa (1), ...". */
const char *dp_kernel_names(void);

#endif
