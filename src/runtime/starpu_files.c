/* What StarPU keeps in files about the machine: it measures once, and reads them at each start. */
#include "runtime/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/directory.h"
#include "platform/env.h"
#include "platform/machine.h"

/* How long a start waits for those of other processes: 8 nodes are measured in 20 s. */
#define MOST_WAIT_S 60

enum { FILE_PATH_BYTES = DP_PATH_BYTES + 160 };

/* The file named after the machine: 0 where it has no name. */
static int find_file(const char *directory, const char *kind, char path[FILE_PATH_BYTES]) {
    char host[65] = "";
    const char *named = dp_env_starpu_hostname();
    if (gethostname(host, sizeof host - 1) != 0)
        return 0;
    int length = (int)strcspn(host, ".");
    snprintf(path, FILE_PATH_BYTES, "%s/bus/%.*s.%s", directory, named ? 64 : length,
             named ? named : host, kind);
    return 1;
}

/* All that StarPU writes into these files ends with a line. */
static int is_half_written(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    int last = fseek(file, -1, SEEK_END) ? EOF : getc(file);
    fclose(file);
    return last != '\n';
}

/* StarPU aborts the process where it reads a file that another start was killed over, or that a
 * full disk has cut. Without its `config` it measures all anew. */
static void remove_half_written(const char *directory) {
    static const char *const kinds[] = {"affinity", "bandwidth", "config", "latency"};
    char path[FILE_PATH_BYTES];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (find_file(directory, kinds[i], path) && is_half_written(path)) {
            (void)unlink(path);
            if (find_file(directory, "config", path))
                (void)unlink(path);
        }
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

/* Says so where starpu_init will take long, because it measures the NUMA nodes first. */
static void announce_calibration(dp_runtime *runtime, const char *directory) {
    char path[FILE_PATH_BYTES];
    dp_machine machine;
    if (!counts_nodes() || dp_machine_get(&machine) != DAGPOLE_OK || machine.numa_nodes < 2 ||
        !find_file(directory, "config", path) || access(path, F_OK) == 0)
        return;
    dp_runtime_log(runtime,
                   "StarPU's first start on this machine measures the copies between its %d NUMA "
                   "nodes: 8 nodes take about 20 s",
                   machine.numa_nodes);
}

int dp_starpu_open_files(dp_runtime *runtime, const char *directory) {
    int lock = dp_directory_lock(directory, MOST_WAIT_S);
    remove_half_written(directory);
    announce_calibration(runtime, directory);
    return lock;
}
