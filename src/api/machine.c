#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/internal.h"
#include "platform/env.h"
#include "platform/linalg.h"
#include "platform/store.h"

/* Counts the operator files in the cache. */
static void count_files(const char *directory, int64_t *n_files, int64_t *n_bytes) {
    DIR *listing = opendir(directory);
    struct dirent *entry;
    while (listing && (entry = readdir(listing))) {
        char path[2 * DP_PATH_BYTES];
        struct stat status;
        size_t length = strlen(entry->d_name);
        if (length < 3 || strcmp(entry->d_name + length - 3, ".h5"))
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (!stat(path, &status)) {
            ++*n_files;
            *n_bytes += status.st_size;
        }
    }
    if (listing)
        closedir(listing);
}

dagpole_status dagpole_machine_query(const char *cache_dir, dagpole_machine *m) {
    DP_DEFAULT_FLOATING;
    char message[DP_ERROR_TEXT_BYTES];
    dp_machine machine;
    dp_rates rates;
    if (!m || m->size != sizeof *m)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "machine is NULL or its size is not set to sizeof(dagpole_machine)");
    DP_TRY(dp_machine_get(&machine));
    *m = (dagpole_machine){.size = sizeof *m,
                           .cores = machine.cores,
                           .numa_nodes = machine.numa_nodes,
                           .sockets = machine.sockets,
                           .l1_bytes = machine.l1_bytes,
                           .l2_bytes = machine.l2_bytes,
                           .l3_bytes = machine.l3_bytes,
                           .memory_bytes = machine.memory_bytes};
    snprintf(m->instruction_set, sizeof m->instruction_set, "%s", dp_isa_name(dp_isa_best()));
    snprintf(m->blas, sizeof m->blas, "%s", dp_blas_config());
    snprintf(m->hdf5, sizeof m->hdf5, "%s", dp_store_version());
    snprintf(m->hwloc, sizeof m->hwloc, "%s", dp_machine_hwloc_version());
    dp_runtime_starpu_info(m->starpu, sizeof m->starpu, &m->starpu_max_cpus,
                           &m->starpu_max_numa_nodes, m->schedulers, sizeof m->schedulers);
    const char *scheduler = dp_env_starpu_sched();
    snprintf(m->scheduler, sizeof m->scheduler, "%s", scheduler ? scheduler : "lws");
    if (cache_dir)
        snprintf(m->cache_dir, sizeof m->cache_dir, "%s", cache_dir);
    else
        dp_env_cache_dir(m->cache_dir, sizeof m->cache_dir);
    DP_TRY(dp_rates_load(m->cache_dir, machine.cpu, dp_isa_best(), message, &rates));
    snprintf(m->coefficients, sizeof m->coefficients, "%s", rates.name);
    if (*m->cache_dir)
        count_files(m->cache_dir, &m->cache_files, &m->cache_bytes);
    return DAGPOLE_OK;
}
