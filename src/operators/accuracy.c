#include "operators/accuracy.h"

/* Measured by perf/accuracy: the largest tolerance at which no cloud, kind of charges, leaf size or
 * instruction set is above the promise. Lattices decide from 7 digits on, in leaves of a quarter of
 * the chosen size: a lattice has no close pairs, so that its gradients are small beside their far
 * part. The same far part asks for two more points an edge than other clouds do. An even p: odd
 * ones have points in the planes of symmetry, which serve P2M and L2P badly (p2m_build.c). The
 * precision of sums may show on a lattice too, where errors of the few distances do not average
 * out. */
static const dp_accuracy by_digits[] = {
    [3] = {.p = 4, .tolerance = 2e-4, .svd_cutoff = 1e-10, .precision = DP_ROUGH},
    [4] = {.p = 6, .tolerance = 3e-5, .svd_cutoff = 1e-11, .precision = DP_ROUGH},
    [5] = {.p = 8, .tolerance = 1.5e-6, .svd_cutoff = 1e-12, .precision = DP_SINGLE},
    [6] = {.p = 8, .tolerance = 2.5e-7, .svd_cutoff = 1e-13, .precision = DP_SINGLE},
    [7] = {.p = 10, .tolerance = 2e-8, .svd_cutoff = 1e-13, .precision = DP_REDUCED},
    [8] = {.p = 12, .tolerance = 2e-9, .svd_cutoff = 1e-13, .precision = DP_REDUCED},
    [9] = {.p = 14, .tolerance = 2e-10, .svd_cutoff = 1e-13, .precision = DP_REDUCED},
    [10] = {.p = 14, .tolerance = 1.2e-11, .svd_cutoff = 1e-14, .precision = DP_REDUCED},
    [11] = {.p = 16, .tolerance = 3e-12, .svd_cutoff = 1e-14, .precision = DP_REDUCED},
    [12] = {.p = 18, .tolerance = 3e-13, .svd_cutoff = 1e-14, .precision = DP_DOUBLE},
};

double dp_precision_closest(dp_precision precision) {
    return precision == DP_ROUGH ? 1. / 256 : 1. / 32;
}

dp_accuracy dp_accuracy_for_digits(int digits) {
    return by_digits[digits];
}
