/* Which box's local holds all that is far from the targets of a box.
 *
 * Where no source lies around a box of targets, all of the far field enters at the box or above it.
 * Its local is then complete, and L2P takes it for all leaves below. Handed down to small boxes it
 * would lose its gradients: an expansion holds digits of the potential, which hardly changes
 * across a box much smaller than the distance of the sources. */
#ifndef DP_LAYOUT_HOMES_H
#define DP_LAYOUT_HOMES_H

#include "layout/problem.h"

/* local_of[box]: the box itself, or the ancestor below which nothing enters. NULL where the sources
 * are the targets: every box is its own. To be freed by the caller. NO_MEMORY. */
dagpole_status dp_homes_build(const dp_problem *problem, int32_t **local_of);

#endif
