/* The coefficients of the cost model (model/cost.h) for one instruction set: built in, or measured
 * on this machine (tuning/measure.h) and kept beside the operators. They choose leaf sizes, root
 * cubes and blocks and so the order of sums: the same coefficients give the same bits. */
#ifndef DP_MODEL_RATES_H
#define DP_MODEL_RATES_H

#include "kernel/kernel.h"

enum { DP_RATES_NAME_BYTES = 32 };

/* Seconds of one core; every member up to the name is a double of dp_rate_entries. */
typedef struct dp_rates {
    /* of each kernel of the list of real ones: */
    double pair[DP_N_REAL_KERNELS][DP_N_PRECISIONS]; /* a point and a point of a surface */
    double near[DP_N_REAL_KERNELS][DP_N_PRECISIONS]; /* one near pair */
    double leaf_pair;                                /* starting on another pair of leaves */
    double flop;                                     /* one flop of a packed matrix product */
    double column;                  /* finding one column of a product and adding to it, */
    double coefficient;             /* and each of its coefficients */
    double point;                   /* gathering or scattering one point */
    double surface_point;           /* a point and a surface, beside their pairs */
    char name[DP_RATES_NAME_BYTES]; /* "built-in", or "tuned", the date and a checksum */
} dp_rates;

enum { DP_N_RATES = 2 * DP_N_REAL_KERNELS * DP_N_PRECISIONS + 6 };

typedef struct dp_rate_entry {
    const char *name; /* in files and reports */
    size_t offset;
} dp_rate_entry;

extern const dp_rate_entry dp_rate_entries[DP_N_RATES];

static inline double *dp_rate(dp_rates *rates, int i) {
    return (double *)((char *)rates + dp_rate_entries[i].offset);
}

static inline double dp_rate_value(const dp_rates *rates, int i) {
    return *dp_rate((dp_rates *)rates, i);
}

dp_rates dp_rates_built_in(dp_isa isa);

/* Further than this from the built-in ones, coefficients are not believed. (Builds with sanitizers
 * are 25 times slower than plain ones in some loops.) */
#define DP_RATES_FACTOR 100

/* RUNTIME with a sentence that names the coefficient that is too far off. */
dagpole_status dp_rates_check(dp_isa isa, const dp_rates *rates);

/* ---- on disk (rates_file.c): a file for each instruction set and model of processor, so that
 * machines may share a cache directory ---- */

/* The built-in ones where the directory ("" = none) holds no others for this processor. A file that
 * is damaged or not ours is no failure: message then holds one sentence, else "". NO_MEMORY. */
dagpole_status dp_rates_load(const char *directory, const char *cpu, dp_isa isa,
                             char message[DP_ERROR_TEXT_BYTES], dp_rates *rates);

/* Names them (today's date) and keeps them: a temporary file, renamed. FILE, NO_MEMORY. */
dagpole_status dp_rates_save(const char *directory, const char *cpu, dp_isa isa, dp_rates *rates);

#endif
