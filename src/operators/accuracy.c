#include "operators/accuracy.h"

static const dp_accuracy by_digits[] = {
    [3] = {.p = 5, .tolerance = 3e-4, .svd_cutoff = 1e-10},
    [4] = {.p = 6, .tolerance = 3e-5, .svd_cutoff = 1e-11},
    [5] = {.p = 7, .tolerance = 3e-6, .svd_cutoff = 1e-12},
    [6] = {.p = 8, .tolerance = 3e-7, .svd_cutoff = 1e-13},
    [7] = {.p = 9, .tolerance = 3e-8, .svd_cutoff = 1e-13},
    [8] = {.p = 10, .tolerance = 3e-9, .svd_cutoff = 1e-13},
    [9] = {.p = 11, .tolerance = 3e-10, .svd_cutoff = 1e-13},
    [10] = {.p = 13, .tolerance = 3e-11, .svd_cutoff = 1e-14},
    [11] = {.p = 14, .tolerance = 3e-12, .svd_cutoff = 1e-14},
    [12] = {.p = 16, .tolerance = 3e-13, .svd_cutoff = 1e-14},
};

dp_accuracy dp_accuracy_for_digits(int digits) {
    return by_digits[digits];
}
