/* The one file that reads the environment. include/dagpole.h lists what is read. Each returns NULL
 * where the variable is unset or empty. */
#ifndef DP_PLATFORM_ENV_H
#define DP_PLATFORM_ENV_H

#include <stddef.h>

const char *dp_env_starpu_sched(void);
const char *dp_env_starpu_ncpu(void); /* as text: it is checked by who uses it */
const char *dp_env_starpu_use_numa(void);

/* Where StarPU keeps its own files (".starpu" in this directory), NULL where it will choose a
 * temporary place. */
const char *dp_env_starpu_home(void);
const char *dp_env_starpu_hostname(void); /* the name in those files, instead of the machine's */
const char *dp_env_isa(void);             /* DAGPOLE_ISA */

/* $XDG_CACHE_HOME/dagpole, else $HOME/.cache/dagpole, else "" (no cache). */
void dp_env_cache_dir(char *path, size_t bytes);

#endif
