#include "platform/binding.h"

#include <hwloc.h>
#include <pthread.h>
#include <unistd.h>

#include "base/fork.h"
#include "platform/machine.h"

static hwloc_topology_t topology;
static int is_tried, is_loaded;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

/* hwloc has a lock of its own, which a child could never take if another thread held it. */
DP_FORK_WAITS_FOR(loading);

/* Kept until the process ends: a topology takes milliseconds to load. */
static void load_once(void) {
    pthread_mutex_lock(&loading);
    if (!is_tried && hwloc_topology_init(&topology) == 0) {
        is_loaded = hwloc_topology_load(topology) == 0;
        if (!is_loaded)
            hwloc_topology_destroy(topology);
    }
    is_tried = 1;
    pthread_mutex_unlock(&loading);
}

static hwloc_obj_t find_node(int number) {
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != NULL)
        if ((int)node->os_index == number)
            return node;
    return NULL;
}

int dp_binding_node_of(const struct hwloc_obj *unit) {
    return unit && unit->nodeset ? dp_machine_memory_node(hwloc_bitmap_first(unit->nodeset)) : -1;
}

int dp_binding_set(void *memory, size_t bytes, int number) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (uintptr_t)memory / page * page;
    uintptr_t end = ((uintptr_t)memory + bytes + page - 1) / page * page;
    load_once();
    hwloc_obj_t node = is_loaded ? find_node(number) : NULL;
    if (!node || !bytes)
        return 0;
    return hwloc_set_area_membind(topology, (void *)begin, end - begin, node->nodeset,
                                  HWLOC_MEMBIND_BIND,
                                  HWLOC_MEMBIND_BYNODESET | HWLOC_MEMBIND_MIGRATE) == 0;
}
