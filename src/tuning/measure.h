/* This machine's own coefficients of the cost model. */
#ifndef DP_TUNING_MEASURE_H
#define DP_TUNING_MEASURE_H

#include "model/rates.h"

/* Runs the bodies of small uniform clouds in the calling thread, which takes one to three seconds.
 * Least CPU time of a few runs, so that what else the machine does hardly shows. NO_MEMORY,
 * NUMERIC; RUNTIME with a sentence where a coefficient cannot be believed. */
dagpole_status dp_rates_measure(dp_isa isa, dp_rates *rates);

#endif
