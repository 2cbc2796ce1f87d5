#include "platform/env.h"

#include <stdio.h>
#include <stdlib.h>

static const char *text(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

const char *dp_env_starpu_sched(void) {
    return text("STARPU_SCHED");
}

const char *dp_env_starpu_ncpu(void) {
    return text("STARPU_NCPU");
}

const char *dp_env_starpu_use_numa(void) {
    return text("STARPU_USE_NUMA");
}

const char *dp_env_starpu_home(void) {
    const char *cache = text("XDG_CACHE_HOME"), *home = text("STARPU_HOME");
    return cache ? cache : home ? home : text("HOME");
}

const char *dp_env_starpu_hostname(void) {
    return text("STARPU_HOSTNAME");
}

const char *dp_env_isa(void) {
    return text("DAGPOLE_ISA");
}

/* The XDG base directory specification: a relative path is to be ignored. */
static const char *directory(const char *name) {
    const char *value = text(name);
    return value && *value == '/' ? value : NULL;
}

void dp_env_cache_dir(char *path, size_t bytes) {
    const char *cache = directory("XDG_CACHE_HOME"), *home = directory("HOME");
    int length = 0;
    if (bytes)
        *path = '\0';
    if (cache)
        length = snprintf(path, bytes, "%s/dagpole", cache);
    else if (home)
        length = snprintf(path, bytes, "%s/.cache/dagpole", home);
    if (bytes && (length < 0 || (size_t)length >= bytes))
        *path = '\0';
}
