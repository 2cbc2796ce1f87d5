/* What the operators cost, in seconds of one core: for the size of blocks, for priorities and for
 * the choice of the leaf size. The coefficients are fixed per instruction set, never measured at
 * run time, because block sizes decide the order of sums. */
#ifndef DP_GRAPH_COST_H
#define DP_GRAPH_COST_H

#include "kernel/kernel.h"
#include "operators/operators.h"

typedef struct dp_cost {
    double pair;  /* one P2P pair, potential */
    double flop;  /* one flop of a packed matrix product */
    double point; /* gathering or scattering one point */
    double task;  /* least sensible length of a task */
} dp_cost;

dp_cost dp_cost_of(const dp_kernel *kernel, dp_isa isa);

/* Mean flops of one M2L pair on a level. */
double dp_cost_m2l_flops(const dp_operator_set *set);

#endif
