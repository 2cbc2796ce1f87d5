/* Numbers that look random and are the same everywhere, where nothing depends on how good they are:
 * samples, and points to try something at. */
#ifndef DP_BASE_RANDOM_H
#define DP_BASE_RANDOM_H

#include <stdint.h>

/* Uniform in (-1, 1), from a state that may begin with any number. */
static inline double dp_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)*state * 0x1p-63;
}

#endif
