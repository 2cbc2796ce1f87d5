#include "runtime/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/directory.h"
#include "platform/env.h"
#include "platform/machine.h"

/* StarPU keeps what it measured by the machine's name. */
static int is_measured(const char *directory) {
    char host[65] = "", path[DP_PATH_BYTES + 160];
    const char *named = dp_env_starpu_hostname();
    if (gethostname(host, sizeof host - 1) != 0)
        return 1;
    int length = (int)strcspn(host, ".");
    snprintf(path, sizeof path, "%s/bus/%.*s.config", directory, named ? 64 : length,
             named ? named : host);
    return access(path, F_OK) == 0;
}

/* StarPU 1.4 measures the nodes of the machine whether it will tell them apart or not. */
static int counts_nodes(void) {
#if STARPU_MAJOR_VERSION == 1 && STARPU_MINOR_VERSION < 4
    const char *use_numa = dp_env_starpu_use_numa();
    return use_numa && strtol(use_numa, NULL, 10) > 0;
#else
    return 1;
#endif
}

void dp_starpu_announce_calibration(dp_runtime *runtime, const char *directory) {
    dp_machine machine;
    if (!counts_nodes() || dp_machine_get(&machine) != DAGPOLE_OK || machine.numa_nodes < 2 ||
        is_measured(directory))
        return;
    dp_runtime_log(runtime,
                   "StarPU's first start on this machine measures the copies between its %d NUMA "
                   "nodes: 8 nodes take about 20 s",
                   machine.numa_nodes);
}
