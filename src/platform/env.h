/* The one file that reads the environment. include/dagpole.h lists what is read. Each returns NULL
 * where the variable is unset or empty. */
#ifndef DP_PLATFORM_ENV_H
#define DP_PLATFORM_ENV_H

#include <stddef.h>

const char *dp_env_starpu_sched(void);
const char *dp_env_starpu_ncpu(void); /* as text: it is checked by who uses it */
const char *dp_env_starpu_use_numa(void);

int dp_env_starpu_silent(void); /* 1 where STARPU_SILENT is set, to whatever value */

/* Where StarPU keeps its own files; "" where the path does not fit. */
void dp_env_starpu_directory(char *path, size_t bytes);
const char *dp_env_starpu_hostname(void); /* the name in those files, instead of the machine's */
const char *dp_env_temporary(void);       /* TMPDIR, else /tmp; never NULL */
const char *dp_env_isa(void);             /* DAGPOLE_ISA */
const char *dp_env_executor(void);        /* DAGPOLE_EXECUTOR */
const char *dp_env_handles(void);         /* DAGPOLE_HANDLES */

/* $XDG_CACHE_HOME/dagpole, else $HOME/.cache/dagpole, else "" (no cache). 0, and "", where the path
 * is longer than there is room for. */
int dp_env_cache_dir(char *path, size_t bytes);

/* Adds n texts "NAME=value" to the environment until they are popped; they win over variables of
 * the same names, and stay where they are in memory. For what another library reads from nowhere
 * else. Threads that read the environment meanwhile are safe; what they set meanwhile is kept,
 * unless they do so in the very instant of the push or the pop. One at a time; 0 where the
 * environment is too large. pop takes the same texts, and does nothing where none were pushed. */
int dp_env_push(int n, char *const *settings);
void dp_env_pop(char *const *settings);

#endif
