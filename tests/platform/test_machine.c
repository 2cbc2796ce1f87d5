#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/machine.h"
#include "suite.h"

static int n_usable_cpus(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

START_TEST(counts_are_plausible) {
    dp_machine machine, again;
    ck_assert_int_eq(dp_machine_get(&machine), DAGPOLE_OK);
    ck_assert_int_ge(machine.cores, 1);
    ck_assert_int_le(machine.cores, n_usable_cpus());
    ck_assert_int_ge(machine.numa_nodes, 1);
    ck_assert_int_ge(machine.sockets, 1);
    ck_assert_int_le(machine.sockets, machine.cores);
    ck_assert_int_ge(machine.memory_bytes, (int64_t)1 << 27);
    ck_assert_int_le(machine.memory_bytes / sysconf(_SC_PAGESIZE), 2 * sysconf(_SC_PHYS_PAGES));
    ck_assert_int_ge(machine.l1_bytes, 0);
    if (machine.l1_bytes && machine.l2_bytes)
        ck_assert_int_ge(machine.l2_bytes, machine.l1_bytes);
    ck_assert_uint_lt(strlen(machine.cpu), sizeof machine.cpu);
    ck_assert_int_eq(dp_machine_get(&again), DAGPOLE_OK);
    ck_assert_mem_eq(&again, &machine, sizeof machine);
}
END_TEST

START_TEST(a_bound_process_sees_its_cores_only) {
    cpu_set_t all, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
    int last = 0;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all))
            last = i;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    dp_machine machine;
    ck_assert_int_eq(dp_machine_get(&machine), DAGPOLE_OK);
    ck_assert_int_eq(machine.cores, 1);
    ck_assert_int_eq(machine.sockets, 1);
}
END_TEST

START_TEST(version_is_three_numbers) {
    int major, minor, patch, end = 0;
    const char *version = dp_machine_hwloc_version();
    ck_assert_int_eq(sscanf(version, "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
    ck_assert_int_eq(version[end], '\0');
    ck_assert_int_ge(major, 2);
}
END_TEST

SUITE_MAIN("machine", 20, counts_are_plausible, a_bound_process_sees_its_cores_only,
           version_is_three_numbers)
