#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/internal.h"
#include "base/sized.h"
#include "base/text.h"
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

static void name_versions(dagpole_machine *m) {
    const char *scheduler = dp_env_starpu_sched();
    dp_text_copy(m->instruction_set, sizeof m->instruction_set, dp_isa_title(dp_isa_best()));
    dp_text_copy(m->blas, sizeof m->blas, dp_blas_config());
    dp_text_copy(m->hdf5, sizeof m->hdf5, dp_store_version());
    dp_text_copy(m->hwloc, sizeof m->hwloc, dp_machine_hwloc_version());
    dp_runtime_starpu_info(m->starpu, sizeof m->starpu, &m->starpu_max_cpus,
                           &m->starpu_max_numa_nodes);
    dp_text_copy(m->scheduler, sizeof m->scheduler,
                 scheduler ? scheduler : dp_runtime_default_scheduler());
}

static dagpole_status look_into_cache(const char *cache_dir, const char *cpu, dagpole_machine *m) {
    char message[DP_ERROR_TEXT_BYTES];
    dp_rates rates;
    if (!cache_dir)
        dp_env_cache_dir(m->cache_dir, sizeof m->cache_dir);
    else if (strlen(cache_dir) < sizeof m->cache_dir)
        strcpy(m->cache_dir, cache_dir);
    else
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "cache_dir is %zu bytes long: at most %zu",
                       strlen(cache_dir), sizeof m->cache_dir - 1);
    DP_TRY(dp_rates_load(m->cache_dir, cpu, dp_isa_best(), message, &rates));
    dp_text_copy(m->coefficients, sizeof m->coefficients, rates.name);
    if (*m->cache_dir)
        count_files(m->cache_dir, &m->cache_files, &m->cache_bytes);
    return DAGPOLE_OK;
}

dagpole_status dagpole_machine_query(const char *cache_dir, dagpole_machine *m) {
    DP_DEFAULT_FLOATING;
    dp_machine machine;
    if (!dp_sized_is_set(m))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "machine is NULL or its size is not set to sizeof(dagpole_machine)");
    DP_TRY(dp_machine_get(&machine));
    dagpole_machine all = {.cores = machine.cores,
                           .numa_nodes = machine.numa_nodes,
                           .sockets = machine.sockets,
                           .l1_bytes = machine.l1_bytes,
                           .l2_bytes = machine.l2_bytes,
                           .l3_bytes = machine.l3_bytes,
                           .memory_bytes = machine.memory_bytes};
    name_versions(&all);
    DP_TRY(look_into_cache(cache_dir, machine.cpu, &all));
    dp_sized_give(&all, sizeof all, m);
    return DAGPOLE_OK;
}

const char *dagpole_scheduler_name(int i) {
    return dp_runtime_scheduler_name(i);
}
