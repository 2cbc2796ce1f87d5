/* Multiply-adds at their fastest: what bounds every loop of an instruction set. */
#ifndef DP_KERNEL_PEAK_H
#define DP_KERNEL_PEAK_H

#include <stdint.h>

#include "platform/cpu.h"

/* Runs independent chains of multiply-adds in double, in registers, n_steps long; returns how many
 * flops that were, two for each. *left: how far from their ends the chains are in all, 0 where the
 * steps were enough (60) and right. */
double dp_peak_run(dp_isa isa, int64_t n_steps, double *left);

#endif
