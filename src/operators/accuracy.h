/* What an accuracy means for the method: the parameters that operators are built for. */
#ifndef DP_OPERATORS_ACCURACY_H
#define DP_OPERATORS_ACCURACY_H

#include "kernel/kernel.h"

typedef struct dp_accuracy {
    int p;             /* points along an edge of the surfaces */
    double tolerance;  /* cut of the compressed basis, relative to the largest singular value */
    double svd_cutoff; /* cut of the pseudo-inverse, likewise */
} dp_accuracy;

/* The parameters for 3 ... 12 digits, calibrated by perf/accuracy on the clouds of the accuracy
 * contract; the table is in accuracy.c. */
dp_accuracy dp_accuracy_for_digits(int digits);

/* The least precision of sums over pairs whose error is far below the tolerance's: rough to 4
 * digits, single to 6, reduced to 8. *least: what single precision leaves to double, in half sides
 * of a leaf (kernel/strip.h). */
dp_precision dp_accuracy_precision(const dp_accuracy *accuracy, double *least);

#endif
