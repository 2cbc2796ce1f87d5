/* Plans on odd machines: hwloc reads them from files that are made here. Every evaluation runs
 * through, with the bits of the serial one. */
#include <hwloc.h>
#include <sched.h>

#include "plans.h"
#include "runtime/streams.h"

enum { N = 600 };

typedef enum change { AS_IT_IS, NO_PROCESSORS, NO_MEMORY, CUT_APART } change;

static const struct {
    const char *nodes;
    change change; /* of the last node, or of what the process may use */
} odd[] = {
    {"pu:2", AS_IT_IS},
    {"l3:2 core:1 pu:2", AS_IT_IS},
    {"numa:1 core:3 pu:1", AS_IT_IS},
    {"pack:2 numa:1 l3:2 core:1 pu:1", AS_IT_IS},
    {"numa:2 core:2 pu:1", NO_PROCESSORS},
    {"numa:2 core:2 pu:1", NO_MEMORY},
    {"numa:2 core:1 pu:1", CUT_APART},
};
enum { N_ODD = sizeof odd / sizeof odd[0] };

static char path[64];

static void change_last_node(hwloc_topology_t topology, change change) {
    int n = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
    hwloc_obj_t last = hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, (unsigned)n - 1);
    if (change == NO_MEMORY) {
        last->attr->numanode.local_memory = 0;
        last->attr->numanode.page_types_len = 0;
    }
    if (change == NO_PROCESSORS) {
        hwloc_bitmap_t others = hwloc_bitmap_dup(hwloc_topology_get_complete_cpuset(topology));
        hwloc_bitmap_andnot(others, others, last->cpuset);
        ck_assert_int_eq(hwloc_topology_restrict(topology, others, 0), 0);
        hwloc_bitmap_free(others);
        ck_assert_int_eq(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE), n);
    }
}

/* The process may use the processor of the last node alone; 0 where it has but one. */
static int cut_apart(void) {
    cpu_set_t set;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    if (!CPU_ISSET(0, &set) || !CPU_ISSET(1, &set))
        return 0;
    CPU_CLR(0, &set);
    setenv("HWLOC_THISSYSTEM", "1", 1);
    ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
    return 1;
}

static int use_machine(int i) {
    hwloc_topology_t made;
    snprintf(path, sizeof path, "%s/machine.xml", test_home);
    ck_assert_int_eq(hwloc_topology_init(&made), 0);
    ck_assert_int_eq(hwloc_topology_set_synthetic(made, odd[i].nodes), 0);
    ck_assert_int_eq(hwloc_topology_load(made), 0);
    change_last_node(made, odd[i].change);
    ck_assert_int_eq(hwloc_topology_export_xml(made, path, 0), 0);
    hwloc_topology_destroy(made);
    unsetenv("HWLOC_SYNTHETIC");
    setenv("HWLOC_XMLFILE", path, 1);
    setenv("STARPU_WORKERS_NOBIND", "1", 1);
    return odd[i].change != CUT_APART || cut_apart();
}

static void evaluate(dagpole_context_options options, const double *points, const double *charges,
                     double *results) {
    dagpole_context *context = open_context(options);
    dagpole_plan *plan = open_plan(context, quick_options(0), N, points, 0, NULL);
    for (int k = 0; k < 2; k++)
        must(dagpole_plan_evaluate(plan, charges, results, results + N));
    must(dagpole_plan_check(plan, 0));
    dagpole_report report = report_of(plan);
    ck_assert_int_le(report.n_nodes, 2);
    ck_assert_int_le(report.bytes_at_home, report.bytes_fields);
    ck_assert_int_le(report.bytes_remote_at_home, report.bytes_read);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}

/* The cut into blocks, and with it the bits, follows the machine, so that the serial results are
 * those of the same one. */
static void check(int i, const char *use_numa) {
    static const char *const schedulers[] = {"lws", "dagpole"};
    static double expected[4 * N], got[4 * N];
    if (!use_machine(i))
        return;
    setenv("STARPU_USE_NUMA", use_numa, 1);
    double *points = cloud_make(CLOUD_CLUSTER, N, 5), *charges = make_charges(N, 3);
    evaluate((dagpole_context_options){.serial = 1}, points, charges, expected);
    for (int s = 0; s < 2; s++) {
        memset(got, 0xff, sizeof got);
        evaluate((dagpole_context_options){.scheduler = schedulers[s]}, points, charges, got);
        ck_assert_mem_eq(got, expected, sizeof got);
    }
    free(points);
    free(charges);
}

START_TEST(odd_machines) {
    check(_i, "0");
}
END_TEST

/* StarPU's copies between nodes look like races with bodies. */
START_TEST(odd_machines_whose_nodes_starpu_tells_apart) {
    if (!SUITE_IS_THREAD_SANITIZED)
        check(_i, "1");
}
END_TEST

int main(void) {
    const TTest *const per_machine[] = {odd_machines, odd_machines_whose_nodes_starpu_tells_apart};
    suite_own_schedulers();
    return runtime_suite_main("nodes", 0, NULL, N_ODD, 2, per_machine);
}
