/* Where processing units lie: which share a cache, on which NUMA node, and how far one group is
 * from another. */
#ifndef DP_PLATFORM_PLACES_H
#define DP_PLATFORM_PLACES_H

#include "base/status.h"

/* Units that share the outermost cache (L3) and the NUMA node are one group. Where hwloc knows no
 * such cache, the units of a node are. Groups are numbered in the order of their first units. */
typedef struct dp_places {
    int n_units, n_groups;
    int *group_of; /* unit -> group */
    int *node_of;  /* group -> NUMA node that its memory is on (platform/machine.h), -1 = unknown */
    int *distance; /* n_groups x n_groups; 0 on the diagonal, larger = further */
} dp_places;

/* Between two groups the latency of their nodes counts first, as far as the firmware tells, then
 * the steps from a unit up to what contains both. units: hwloc's objects, from any topology of this
 * machine; NULL counts as the first one that is not. */
struct hwloc_obj;
dagpole_status dp_places_find(int n_units, struct hwloc_obj *const *units, dp_places *places);
void dp_places_free(dp_places *places);

#endif
