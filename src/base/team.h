/* A team runs independent pieces of work; the set-up stages (sort, tree, lists, operators) take one
 * as an argument so that they know nothing of the runtime that provides it. */
#ifndef DP_BASE_TEAM_H
#define DP_BASE_TEAM_H

#include "base/status.h"

typedef dagpole_status (*dp_team_body)(void *argument, int64_t i);

typedef struct dp_team {
    /* Runs body(argument, i) for i = 0 ... n - 1 in any order, at once where workers are free, and
     * returns the status of the failing i that is smallest (its text set in the calling thread).
     * Bodies must not call run themselves. */
    dagpole_status (*run)(const struct dp_team *team, int64_t n, dp_team_body body, void *argument);
    int size; /* workers, for choosing how many pieces to cut; results must not depend on it */
    void *self;
} dp_team;

/* The team of the calling thread alone. */
extern const dp_team dp_team_serial;

#endif
