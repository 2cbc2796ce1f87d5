/* Memory on a NUMA node of choice, through hwloc. */
#ifndef DP_PLATFORM_BINDING_H
#define DP_PLATFORM_BINDING_H

#include "base/status.h"

enum { DP_MOST_NODES = 64 };

/* NUMA nodes that are home to workers. */
typedef struct dp_nodes {
    int n;
    int number[DP_MOST_NODES]; /* the operating system's */
    int n_workers[DP_MOST_NODES];
    const int *of_worker; /* per worker: its node's number; NULL where that does not matter */
} dp_nodes;

/* The node with the memory of a processing unit, hwloc's object of any topology of this machine:
 * its own, or the nearest where that has none. -1 = unknown. */
struct hwloc_obj;
int dp_binding_node_of(const struct hwloc_obj *unit);

/* Binds all pages with bytes of [memory, memory + bytes), of dp_alloc_apart, to a node, by the
 * operating system's number, and moves there what has been touched. Returns 1, or 0 where the
 * system refuses or knows no such node: the pages then lie where they are touched first. */
int dp_binding_set(void *memory, size_t bytes, int node);

#endif
