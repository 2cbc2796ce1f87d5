#ifndef DP_GEOMETRY_SORT_H
#define DP_GEOMETRY_SORT_H

#include "base/team.h"

/* Sorts n keys ascending and carries `value` along: a stable radix sort, parallel over the team;
 * the result does not depend on the team's size. NO_MEMORY. */
dagpole_status dp_sort(const dp_team *team, int64_t n, uint64_t *key, int64_t *value);

/* The same for a caller that has memory of n elements each to spare: first touching fresh memory
 * takes as long as two passes of the sort. */
dagpole_status dp_sort_within(const dp_team *team, int64_t n, uint64_t *key, int64_t *value,
                              uint64_t *spare_key, int64_t *spare_value);

#endif
