/* Synthetic topologies: hwloc numbers their units as the operating system would. */
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

#include "platform/binding.h"
#include "platform/machine.h"
#include "platform/places.h"
#include "suite.h"

enum { MAX_UNITS = 32 };

static hwloc_topology_t topology;
static hwloc_obj_t units[MAX_UNITS];
static dp_places places;

static void find_places(const char *synthetic) {
    setenv("HWLOC_SYNTHETIC", synthetic, 1);
    ck_assert_int_eq(hwloc_topology_init(&topology), 0);
    ck_assert_int_eq(hwloc_topology_load(topology), 0);
    int n = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
    for (int u = 0; u < n; u++)
        units[u] = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, (unsigned)u);
    ck_assert_int_eq(dp_places_find(n, units, &places), DAGPOLE_OK);
    ck_assert_int_eq(places.n_units, n);
}

static void close_places(void) {
    dp_places_free(&places);
    hwloc_topology_destroy(topology);
}

static int distance(int a, int b) {
    return places.distance[a * places.n_groups + b];
}

START_TEST(caches_within_nodes_within_packages) {
    find_places("package:2 numa:2 l3:2 core:2 pu:1");
    ck_assert_int_eq(places.n_groups, 8);
    for (int u = 0; u < 16; u++)
        ck_assert_int_eq(places.group_of[u], u / 2);
    for (int g = 0; g < 8; g++) {
        ck_assert_int_eq(places.node_of[g], g / 2);
        ck_assert_int_eq(distance(g, g), 0);
        int same_node = g ^ 1, same_package = g ^ 2, other = g ^ 4;
        ck_assert_int_lt(0, distance(g, same_node));
        ck_assert_int_lt(distance(g, same_node), distance(g, same_package));
        ck_assert_int_lt(distance(g, same_package), distance(g, other));
        ck_assert_int_eq(distance(g, other), distance(other, g));
    }
    close_places();
}
END_TEST

START_TEST(nodes_without_caches_are_groups) {
    find_places("numa:2 core:2 pu:1");
    ck_assert_int_eq(places.n_groups, 2);
    ck_assert_int_eq(places.group_of[1], 0);
    ck_assert_int_eq(places.group_of[2], 1);
    ck_assert_int_eq(places.node_of[1], 1);
    close_places();
}
END_TEST

START_TEST(nodes_below_a_shared_cache_are_groups) {
    find_places("l3:1 numa:2 core:2 pu:2");
    ck_assert_int_eq(places.n_groups, 2);
    ck_assert_int_eq(places.group_of[3], 0);
    ck_assert_int_eq(places.group_of[4], 1);
    close_places();
}
END_TEST

START_TEST(processing_units_alone_are_one_group) {
    find_places("pu:3");
    ck_assert_int_eq(places.n_groups, 1);
    close_places();
}
END_TEST

START_TEST(unknown_units_join_the_first_known) {
    find_places("numa:2 core:2 pu:1");
    dp_places_free(&places);
    units[0] = units[3] = NULL;
    ck_assert_int_eq(dp_places_find(4, units, &places), DAGPOLE_OK);
    ck_assert_int_eq(places.n_groups, 2);
    ck_assert_int_eq(places.group_of[3], 0);
    dp_places_free(&places);
    units[1] = units[2] = NULL;
    ck_assert_int_eq(dp_places_find(4, units, &places), DAGPOLE_OK);
    ck_assert_int_eq(places.n_groups, 1);
    ck_assert_int_eq(places.node_of[0], -1);
    close_places();
}
END_TEST

/* A file of hwloc's with three nodes and the firmware's latencies between them becomes the machine;
 * the first node has so many bytes of memory. */
static void become_three_nodes(const char *path, hwloc_uint64_t memory) {
    static const hwloc_uint64_t values[9] = {10, 40, 20, 40, 10, 30, 20, 30, 10};
    hwloc_topology_t made;
    hwloc_obj_t nodes[3];
    ck_assert_int_eq(hwloc_topology_init(&made), 0);
    ck_assert_int_eq(hwloc_topology_set_synthetic(made, "numa:3 core:1 pu:1"), 0);
    ck_assert_int_eq(hwloc_topology_load(made), 0);
    for (unsigned i = 0; i < 3; i++)
        nodes[i] = hwloc_get_obj_by_type(made, HWLOC_OBJ_NUMANODE, i);
    nodes[0]->attr->numanode.local_memory = memory;
    hwloc_distances_add_handle_t handle = hwloc_distances_add_create(
        made, "NUMALatency", HWLOC_DISTANCES_KIND_FROM_OS | HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);
    ck_assert_ptr_nonnull(handle);
    ck_assert_int_eq(
        hwloc_distances_add_values(made, handle, 3, nodes, (hwloc_uint64_t *)(uintptr_t)values, 0),
        0);
    ck_assert_int_eq(hwloc_distances_add_commit(made, handle, 0), 0);
    ck_assert_int_eq(hwloc_topology_export_xml(made, path, 0), 0);
    hwloc_topology_destroy(made);
    setenv("HWLOC_XMLFILE", path, 1);
    setenv("HWLOC_THISSYSTEM", "1", 1);
    ck_assert_int_eq(hwloc_topology_init(&topology), 0);
    ck_assert_int_eq(hwloc_topology_load(topology), 0);
    for (unsigned u = 0; u < 3; u++)
        units[u] = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, u);
}

/* They come before the tree. */
START_TEST(latencies_count_first) {
    char path[] = "/tmp/dagpole-places-XXXXXX";
    ck_assert_int_ge(mkstemp(path), 0);
    become_three_nodes(path, 1 << 30);
    ck_assert_int_eq(dp_machine_node_latency(0, 1), 40);
    ck_assert_int_eq(dp_machine_node_latency(2, 2), 10);
    ck_assert_int_eq(dp_machine_node_latency(2, 77), 20);
    ck_assert_int_eq(dp_places_find(3, units, &places), DAGPOLE_OK);
    ck_assert_int_eq(places.n_groups, 3);
    ck_assert_int_lt(distance(0, 2), distance(0, 1));
    ck_assert_int_lt(distance(1, 2), distance(1, 0));
    for (int g = 0; g < 3; g++)
        ck_assert_int_eq(places.node_of[g], g);
    close_places();
    ck_assert_int_eq(remove(path), 0);
}
END_TEST

/* Its cores have their memory on the nearest node that has some, and stay a group. */
START_TEST(a_node_without_memory) {
    char path[] = "/tmp/dagpole-places-XXXXXX";
    ck_assert_int_ge(mkstemp(path), 0);
    become_three_nodes(path, 0);
    ck_assert_int_eq(dp_machine_memory_node(0), 2);
    ck_assert_int_eq(dp_machine_memory_node(1), 1);
    ck_assert_int_eq(dp_machine_memory_node(77), 77);
    ck_assert_int_eq(dp_machine_memory_node(-1), -1);
    ck_assert_int_eq(dp_binding_node_of(units[0]), 2);
    ck_assert_int_eq(dp_binding_node_of(units[1]), 1);
    ck_assert_int_eq(dp_places_find(3, units, &places), DAGPOLE_OK);
    ck_assert_int_eq(places.n_groups, 3);
    ck_assert_int_eq(places.node_of[0], 2);
    ck_assert_int_lt(distance(0, 2), distance(0, 1));
    close_places();
    ck_assert_int_eq(remove(path), 0);
}
END_TEST

SUITE_MAIN("places", 20, caches_within_nodes_within_packages, nodes_without_caches_are_groups,
           nodes_below_a_shared_cache_are_groups, processing_units_alone_are_one_group,
           unknown_units_join_the_first_known, latencies_count_first, a_node_without_memory)
