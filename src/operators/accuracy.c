#include "operators/accuracy.h"

/* Measured at N = 1e5 and 1e6 (perf/accuracy): p is the smallest whose own error stays below the
 * cut's, the tolerance the largest at which charges of one sign and of mixed sign keep potentials
 * below 10^-digits and gradients below 10^-(digits - 1). The gradients of unit charges decide up
 * to 8 digits and at 12 (7e-13 is too much): most of their field cancels. An even p: odd ones have
 * points in the planes of symmetry, which serve P2M and L2P badly (p2m_build.c). */
static const dp_accuracy by_digits[] = {
    [3] = {.p = 4, .tolerance = 2e-4, .svd_cutoff = 1e-10, .precision = DP_ROUGH},
    [4] = {.p = 6, .tolerance = 3e-5, .svd_cutoff = 1e-11, .precision = DP_ROUGH},
    [5] = {.p = 8, .tolerance = 1.5e-6, .svd_cutoff = 1e-12, .precision = DP_SINGLE},
    [6] = {.p = 8, .tolerance = 2.5e-7, .svd_cutoff = 1e-13, .precision = DP_SINGLE},
    [7] = {.p = 10, .tolerance = 5e-8, .svd_cutoff = 1e-13, .precision = DP_REDUCED},
    [8] = {.p = 10, .tolerance = 3e-9, .svd_cutoff = 1e-13, .precision = DP_REDUCED},
    [9] = {.p = 12, .tolerance = 5e-10, .svd_cutoff = 1e-13, .precision = DP_DOUBLE},
    [10] = {.p = 12, .tolerance = 3e-11, .svd_cutoff = 1e-14, .precision = DP_DOUBLE},
    [11] = {.p = 14, .tolerance = 3e-12, .svd_cutoff = 1e-14, .precision = DP_DOUBLE},
    [12] = {.p = 16, .tolerance = 5e-13, .svd_cutoff = 1e-14, .precision = DP_DOUBLE},
};

double dp_precision_closest(dp_precision precision) {
    return precision == DP_ROUGH ? 1. / 256 : 1. / 32;
}

dp_accuracy dp_accuracy_for_digits(int digits) {
    return by_digits[digits];
}
