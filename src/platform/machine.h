/* The machine, through hwloc. */
#ifndef DP_PLATFORM_MACHINE_H
#define DP_PLATFORM_MACHINE_H

#include "base/status.h"

typedef struct dp_machine {
    int cores;      /* physical cores this process may use */
    int numa_nodes; /* at least 1 */
    int sockets;
    int64_t l1_bytes, l2_bytes, l3_bytes; /* one core's data caches (L3: the one it shares), 0 =
                                             unknown */
    int64_t memory_bytes;
    char cpu[128]; /* vendor, model and numbers of the processor, as far as they are known */
} dp_machine;

/* Loads the topology once per process and copies it out. RUNTIME where hwloc fails. */
dagpole_status dp_machine_get(dp_machine *machine);
const char *dp_machine_hwloc_version(void);

/* nodes[i]: the NUMA node, by the system's number, that holds the page around addresses[i]; -1
 * where nothing has touched the page yet, or where the system does not tell. Touches nothing. */
void dp_machine_nodes_of(int64_t n, void **addresses, int *nodes);

/* How long a core of NUMA node `from` waits for memory of node `to`, relative to others, as the
 * firmware tells; where it does not, 10 on one node and 20 between two. Nodes by the operating
 * system's numbers. */
int dp_machine_node_latency(int from, int to);

/* Where a core of this NUMA node has its memory: on the node itself, or where that has none on the
 * nearest that has some. Both by the operating system's numbers; what is not known is returned. */
int dp_machine_memory_node(int node);

#endif
