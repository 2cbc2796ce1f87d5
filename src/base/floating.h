/* The floating-point environment: rounding, traps, flags, and how denormal numbers are treated.
 * The caller's may be anything (a program that traps invalid operations, rounds upwards, or flushes
 * denormals to zero), while the arithmetic here is written for the default one. */
#ifndef DP_BASE_FLOATING_H
#define DP_BASE_FLOATING_H

#include <fenv.h>

typedef struct dp_floating {
    fenv_t found;
    struct dp_floating *outer; /* that of the call around this one in the same thread, or NULL */
} dp_floating;

void dp_floating_enter(dp_floating *scope);
void dp_floating_leave(dp_floating *scope);

/* From here to the end of the block the default environment is in force; then the one that was
 * found comes back, with the flags as they were. Every public call begins with it, and so does
 * every task, since StarPU's workers inherit their environment from whoever started them. */
#define DP_DEFAULT_FLOATING                                                                        \
    __attribute__((cleanup(dp_floating_leave))) dp_floating dp_floating_;                          \
    dp_floating_enter(&dp_floating_)

/* Around a callback: it runs in the environment in which the library was called, and what it
 * changes there lasts. Nothing outside a public call. */
void dp_floating_lend(void);
void dp_floating_take_back(void);

#endif
