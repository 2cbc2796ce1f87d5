#include "platform/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int dp_env_starpu_silent(void) {
    return getenv("STARPU_SILENT") != NULL;
}

/* As StarPU does it: a variable that is empty counts. */
void dp_env_starpu_directory(char *path, size_t bytes) {
    static const char *const homes[] = {"XDG_CACHE_HOME", "STARPU_HOME", "HOME",
                                        "TMPDIR",         "TEMP",        "TMP"};
    const char *models = getenv("STARPU_PERF_MODEL_DIR"), *home = NULL;
    for (size_t i = 0; !home && i < sizeof homes / sizeof homes[0]; i++)
        home = getenv(homes[i]);
    int length = models ? snprintf(path, bytes, "%s", models)
                        : snprintf(path, bytes, "%s/.starpu/sampling", home ? home : "/tmp");
    if (length < 0 || (size_t)length >= bytes)
        *path = '\0';
}

const char *dp_env_temporary(void) {
    const char *directory = text("TMPDIR");
    return directory ? directory : "/tmp";
}

const char *dp_env_starpu_hostname(void) {
    return text("STARPU_HOSTNAME");
}

const char *dp_env_isa(void) {
    return text("DAGPOLE_ISA");
}

const char *dp_env_executor(void) {
    return text("DAGPOLE_EXECUTOR");
}

const char *dp_env_handles(void) {
    return text("DAGPOLE_HANDLES");
}

/* The XDG base directory specification: a relative path is to be ignored. */
static const char *directory(const char *name) {
    const char *value = text(name);
    return value && *value == '/' ? value : NULL;
}

int dp_env_cache_dir(char *path, size_t bytes) {
    const char *cache = directory("XDG_CACHE_HOME"), *home = directory("HOME");
    int length = 0;
    if (bytes)
        *path = '\0';
    if (cache)
        length = snprintf(path, bytes, "%s/dagpole", cache);
    else if (home)
        length = snprintf(path, bytes, "%s/.cache/dagpole", home);
    int fits = length >= 0 && (size_t)length < bytes;
    if (bytes && !fits)
        *path = '\0';
    return fits;
}

/* ---- variables for a moment --------------------------------------------------------------- */

/* setenv would move the array that other threads may be reading. So another array takes its place,
 * which holds the same texts behind those that are added; it is static, since a reader may still
 * be in it when it has gone out of use. There are two, because one may have to stay. */
#define MAX_VARIABLES 4096

static char *arrays[2][MAX_VARIABLES + 1];
static char **before, **ours;
static int n_ours;

static int count(char *const *array) {
    int n = 0;
    while (array && array[n])
        n++;
    return n;
}

static void install(char **array) {
    __atomic_store_n(&environ, array, __ATOMIC_RELEASE);
}

int dp_env_push(int n, char *const *settings) {
    int n_found = count(environ);
    if (n_found + n > MAX_VARIABLES)
        return 0;
    before = environ;
    ours = environ == arrays[0] ? arrays[1] : arrays[0];
    n_ours = n;
    memcpy(ours, settings, (size_t)n * sizeof *ours);
    if (n_found)
        memcpy(ours + n, before, (size_t)n_found * sizeof *ours);
    ours[n + n_found] = NULL;
    install(ours);
    return 1;
}

/* Nobody has set or unset anything since the push. */
static int is_untouched(char *const *settings) {
    if (environ != ours || memcmp(ours, settings, (size_t)n_ours * sizeof *ours) != 0)
        return 0;
    int n_before = count(before);
    return count(ours) == n_ours + n_before &&
           (n_before == 0 || !memcmp(ours + n_ours, before, (size_t)n_before * sizeof *ours));
}

static int is_one_of(const char *text, int n, char *const *settings) {
    for (int i = 0; i < n; i++)
        if (settings[i] == text)
            return 1;
    return 0;
}

void dp_env_pop(char *const *settings) {
    if (!ours)
        return;
    if (is_untouched(settings)) {
        install(before);
    } else {
        int n_kept = 0, n_all = count(environ);
        for (int i = 0; i < n_all; i++)
            if (!is_one_of(environ[i], n_ours, settings))
                environ[n_kept++] = environ[i];
        if (n_all)
            environ[n_kept] = NULL;
    }
    ours = NULL;
}
