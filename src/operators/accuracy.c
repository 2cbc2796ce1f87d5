#include "operators/accuracy.h"

/* Measured at N = 1e5 and 1e6 (perf/accuracy): p is the smallest whose own error stays below the
 * cut's, the tolerance the largest at which charges of one sign and of mixed sign keep potentials
 * below 10^-digits and gradients below 10^-(digits - 1). The gradients of unit charges decide up
 * to 8 digits and at 12 (7e-13 is too much): most of their field cancels. An even p: odd ones have
 * points in the planes of symmetry, which serve P2M and L2P badly (p2m_build.c). */
static const dp_accuracy by_digits[] = {
    [3] = {.p = 4, .tolerance = 2e-4, .svd_cutoff = 1e-10},
    [4] = {.p = 6, .tolerance = 3e-5, .svd_cutoff = 1e-11},
    [5] = {.p = 8, .tolerance = 1.5e-6, .svd_cutoff = 1e-12},
    [6] = {.p = 8, .tolerance = 2.5e-7, .svd_cutoff = 1e-13},
    [7] = {.p = 10, .tolerance = 5e-8, .svd_cutoff = 1e-13},
    [8] = {.p = 10, .tolerance = 3e-9, .svd_cutoff = 1e-13},
    [9] = {.p = 12, .tolerance = 5e-10, .svd_cutoff = 1e-13},
    [10] = {.p = 12, .tolerance = 3e-11, .svd_cutoff = 1e-14},
    [11] = {.p = 14, .tolerance = 3e-12, .svd_cutoff = 1e-14},
    [12] = {.p = 16, .tolerance = 5e-13, .svd_cutoff = 1e-14},
};

dp_precision dp_accuracy_precision(const dp_accuracy *accuracy, double *least) {
    *least = accuracy->tolerance >= 2e-5 ? 1. / 256 : 1. / 32;
    if (accuracy->tolerance >= 2e-5)
        return DP_ROUGH;
    if (accuracy->tolerance >= 2e-7)
        return DP_SINGLE;
    return accuracy->tolerance >= 1e-9 ? DP_REDUCED : DP_DOUBLE;
}

dp_accuracy dp_accuracy_for_digits(int digits) {
    return by_digits[digits];
}
