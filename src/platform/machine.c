#include "platform/machine.h"

#include <hwloc.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fork.h"

#define MAX_NODES 64

static dp_machine this_machine;
static int is_loaded;
static char version_text[32] = "unknown";
static struct { /* the firmware's matrix, n = 0 where there is none or a larger one */
    int n, os_number[MAX_NODES], latency[MAX_NODES][MAX_NODES];
} nodes;
static int memory_node[MAX_NODES]; /* by the operating system's number; -1: not known */
static int is_tried;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

/* hwloc has a lock of its own, which a child could never take if another thread held it. */
DP_FORK_WAITS_FOR(loading);

static int at_least_one(int n) {
    return n > 0 ? n : 1;
}

/* Objects of a type with at least one processing unit that this process may run on. */
static int count(hwloc_topology_t topology, hwloc_obj_type_t type, hwloc_const_cpuset_t usable) {
    int n = 0;
    for (hwloc_obj_t object = NULL;
         (object = hwloc_get_next_obj_by_type(topology, type, object)) != NULL;)
        n += hwloc_bitmap_intersects(object->cpuset, usable);
    return n;
}

/* The data caches on the way from one processing unit up to the machine. */
static void read_caches(hwloc_obj_t unit, dp_machine *machine) {
    for (hwloc_obj_t object = unit; object; object = object->parent) {
        if (object->type == HWLOC_OBJ_L1CACHE)
            machine->l1_bytes = (int64_t)object->attr->cache.size;
        else if (object->type == HWLOC_OBJ_L2CACHE)
            machine->l2_bytes = (int64_t)object->attr->cache.size;
        else if (object->type == HWLOC_OBJ_L3CACHE)
            machine->l3_bytes = (int64_t)object->attr->cache.size;
    }
}

/* Texts that tell one model of processor from another; virtual machines hide some. */
static void read_cpu(hwloc_obj_t package, dp_machine *machine) {
    static const char *const names[] = {"CPUVendor", "CPUModel", "CPUFamilyNumber",
                                        "CPUModelNumber", "CPUStepping"};
    size_t used = 0;
    for (int i = 0; package && i < 5 && used < sizeof machine->cpu; i++) {
        const char *text = hwloc_obj_get_info_by_name(package, names[i]);
        if (text)
            used += (size_t)snprintf(machine->cpu + used, sizeof machine->cpu - used, "%s%s",
                                     used ? ", " : "", text);
    }
}

static void read_topology(hwloc_topology_t topology, hwloc_const_cpuset_t usable) {
    int cores = count(topology, HWLOC_OBJ_CORE, usable);
    if (cores == 0) /* a topology that knows processing units only */
        cores = count(topology, HWLOC_OBJ_PU, usable);
    this_machine = (dp_machine){
        .cores = at_least_one(cores),
        .numa_nodes = at_least_one(count(topology, HWLOC_OBJ_NUMANODE, usable)),
        .sockets = at_least_one(count(topology, HWLOC_OBJ_PACKAGE, usable)),
        .memory_bytes = (int64_t)hwloc_get_root_obj(topology)->total_memory,
    };
    read_caches(hwloc_get_pu_obj_by_os_index(topology, (unsigned)hwloc_bitmap_first(usable)),
                &this_machine);
    read_cpu(hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PACKAGE, NULL), &this_machine);
    is_loaded = 1;
}

static void read_latencies(hwloc_topology_t topology) {
    struct hwloc_distances_s *matrix;
    unsigned n = 1;
    if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &n, &matrix,
                                    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) != 0 ||
        n < 1)
        return;
    if (matrix->nbobjs <= MAX_NODES)
        nodes.n = (int)matrix->nbobjs;
    for (int i = 0; i < nodes.n; i++) {
        nodes.os_number[i] = (int)matrix->objs[i]->os_index;
        for (int j = 0; j < nodes.n; j++)
            nodes.latency[i][j] = (int)matrix->values[i * nodes.n + j];
    }
    hwloc_distances_release(topology, matrix);
}

static int place_of_node(int os_number) {
    int i = 0;
    while (i < nodes.n && nodes.os_number[i] != os_number)
        i++;
    return i < nodes.n ? i : -1;
}

static int latency_of(int from, int to) {
    int i = place_of_node(from), j = place_of_node(to);
    if (i < 0 || j < 0)
        return from == to ? 10 : 20;
    return nodes.latency[i][j];
}

static hwloc_obj_t next_node(hwloc_topology_t topology, hwloc_obj_t node) {
    return hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node);
}

/* The first of the nearest nodes that have memory; -1: none has. */
static int nearest_memory(hwloc_topology_t topology, int from) {
    int nearest = -1;
    for (hwloc_obj_t node = NULL; (node = next_node(topology, node)) != NULL;) {
        int to = (int)node->os_index;
        if (!node->attr->numanode.local_memory)
            continue;
        if (to == from)
            return from;
        if (nearest < 0 || latency_of(from, to) < latency_of(from, nearest))
            nearest = to;
    }
    return nearest;
}

/* After the latencies. */
static void read_memory_nodes(hwloc_topology_t topology) {
    for (int i = 0; i < MAX_NODES; i++)
        memory_node[i] = -1;
    for (hwloc_obj_t node = NULL; (node = next_node(topology, node)) != NULL;)
        if (node->os_index < MAX_NODES)
            memory_node[node->os_index] = nearest_memory(topology, (int)node->os_index);
}

/* hwloc_get_api_version() lags behind the release that runs; the topology names it. */
static void read_version(hwloc_topology_t topology) {
    const char *version = hwloc_obj_get_info_by_name(hwloc_get_root_obj(topology), "hwlocVersion");
    if (version)
        snprintf(version_text, sizeof version_text, "%s", version);
}

/* hwloc's allowed set is the control group's; taskset and its like bind the process further. */
static hwloc_bitmap_t find_usable(hwloc_topology_t topology) {
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();
    if (!usable || !allowed)
        return usable;
    if (hwloc_get_cpubind(topology, usable, HWLOC_CPUBIND_PROCESS) != 0 ||
        !hwloc_bitmap_intersects(usable, allowed))
        hwloc_bitmap_copy(usable, allowed);
    hwloc_bitmap_and(usable, usable, allowed);
    return usable;
}

static void load(void) {
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0)
        return;
    if (hwloc_topology_load(topology) == 0) {
        hwloc_bitmap_t usable = find_usable(topology);
        if (usable && !hwloc_bitmap_iszero(usable))
            read_topology(topology, usable);
        hwloc_bitmap_free(usable);
        read_latencies(topology);
        read_memory_nodes(topology);
        read_version(topology);
    }
    hwloc_topology_destroy(topology);
}

static void load_once(void) {
    pthread_mutex_lock(&loading);
    if (!is_tried)
        load();
    is_tried = 1;
    pthread_mutex_unlock(&loading);
}

dagpole_status dp_machine_get(dp_machine *machine) {
    load_once();
    if (!is_loaded)
        return dp_fail(DAGPOLE_RUNTIME, "hwloc cannot load this machine's topology");
    *machine = this_machine;
    return DAGPOLE_OK;
}

const char *dp_machine_hwloc_version(void) {
    load_once();
    return version_text;
}

/* The kernel is asked and not hwloc, whose topology may be one that HWLOC_SYNTHETIC describes. */
void dp_machine_nodes_of(int64_t n, void **addresses, int *nodes) {
    long error = -1;
    for (int64_t i = 0; i < n; i++)
        nodes[i] = -1;
#ifdef SYS_move_pages
    error = syscall(SYS_move_pages, 0, (unsigned long)n, addresses, NULL, nodes, 0);
#endif
    for (int64_t i = 0; i < n; i++)
        if (error || nodes[i] < 0)
            nodes[i] = -1;
}

int dp_machine_node_latency(int from, int to) {
    load_once();
    return latency_of(from, to);
}

int dp_machine_memory_node(int node) {
    load_once();
    int is_known = is_loaded && node >= 0 && node < MAX_NODES && memory_node[node] >= 0;
    return is_known ? memory_node[node] : node;
}
