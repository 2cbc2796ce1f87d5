/* How StarPU is started and ended here: quietly, in the "C" locale, and with a place for its files.
 */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/directory.h"
#include "platform/env.h"
#include "platform/machine.h"
#include "platform/temporary_directory.h"
#include "runtime/internal.h"
#include "runtime/policy.h"

/* StarPU runs lws under a name that it does not know, so names are checked here. */
static dagpole_status check_scheduler(const char *name, const char *origin) {
    char known[DP_ERROR_TEXT_BYTES] = "";
    const char *policy;
    size_t used = 0;
    for (int i = 0; (policy = dp_runtime_scheduler_name(i)); i++) {
        if (strcmp(policy, name) == 0)
            return DAGPOLE_OK;
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? " " : "",
                                     policy);
    }
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is '%.40s', known are %s", origin, name, known);
}

dagpole_status dp_starpu_scheduler(const dp_runtime_options *options, const char **name) {
    const char *from_environment = dp_env_starpu_sched();
    if (options->scheduler)
        DP_TRY(check_scheduler(options->scheduler, "scheduler"));
    if (from_environment)
        DP_TRY(check_scheduler(from_environment, "STARPU_SCHED"));
    *name = from_environment ? from_environment : options->scheduler;
    return DAGPOLE_OK;
}

static dagpole_status check_limit(const char *origin, long threads) {
    if (threads <= STARPU_MAXCPUS)
        return DAGPOLE_OK;
    return dp_fail(
        DAGPOLE_BAD_ARGUMENT,
        "%s is %ld, but this StarPU supports at most %d CPU workers; for more, configure "
        "dagpole with -Dstarpu=bundled -Dstarpu_maxcpus=%ld, or StarPU with --enable-maxcpus",
        origin, threads, STARPU_MAXCPUS, threads);
}

/* STARPU_NCPU, 0 where unset. Checked even where the option wins: StarPU aborts on a malformed one.
 */
static dagpole_status environment_threads(int *threads) {
    const char *text = dp_env_starpu_ncpu();
    *threads = 0;
    if (!text)
        return DAGPOLE_OK;
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || errno == ERANGE)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "STARPU_NCPU is '%.40s', it must be an integer from 1",
                       text);
    *threads = value > INT_MAX ? INT_MAX : (int)value;
    return DAGPOLE_OK;
}

/* How many workers to start StarPU with. */
static dagpole_status starting_threads(dp_runtime *runtime, int *threads) {
    int from_environment;
    DP_TRY(environment_threads(&from_environment));
    *threads = runtime->options.threads;
    if (*threads > 0)
        return check_limit("threads", *threads);
    *threads = from_environment;
    if (*threads > 0)
        return check_limit("STARPU_NCPU", *threads);
    dp_machine machine;
    DP_TRY(dp_machine_get(&machine));
    *threads = machine.cores;
    if (*threads > STARPU_MAXCPUS) {
        dp_runtime_log(runtime,
                       "this machine has %d cores, but this StarPU supports at most %d CPU workers "
                       "(for more, configure dagpole with -Dstarpu=bundled -Dstarpu_maxcpus=%d, or "
                       "StarPU with --enable-maxcpus)",
                       machine.cores, STARPU_MAXCPUS, machine.cores);
        *threads = STARPU_MAXCPUS;
    }
    return DAGPOLE_OK;
}

/* ---- a place for its files ---------------------------------------------------------------- */

/* StarPU writes paths of at most 255 bytes: this many are left for the directory beside the name
 * of the machine. */
#define MAX_DIRECTORY 160

#define MODELS "STARPU_PERF_MODEL_DIR="

/* What StarPU finds in its environment while it starts. */
static char silent[] = "STARPU_SILENT=1", models[sizeof MODELS + MAX_DIRECTORY];
static char no_scheduler[] = "STARPU_SCHED=";

static char *const temporary = models + sizeof MODELS - 1; /* "" where there is none */

static dagpole_status check_directory(const char *path) {
    static const char *const parts[] = {"", "/bus", "/codelets"};
    char part[MAX_DIRECTORY + 16];
    if (!*path || strlen(path) >= MAX_DIRECTORY)
        return dp_fail(DAGPOLE_FILE, "StarPU: the path of its directory has %d bytes or more",
                       MAX_DIRECTORY);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(part, sizeof part, "%s%s", path, parts[i]);
        DP_TRY(dp_directory_make("StarPU", part));
    }
    return DAGPOLE_OK;
}

static void remove_temporary(void) {
    if (*temporary)
        dp_directory_remove(temporary);
    dp_temporary_directory_forget();
    *temporary = '\0';
}

static dagpole_status use_directory(dp_runtime *runtime, const char *path, int *lock) {
    DP_TRY(check_directory(path));
    return dp_starpu_open_files(runtime, path, lock);
}

static dagpole_status use_temporary(dp_runtime *runtime, int *lock) {
    memcpy(models, MODELS, sizeof MODELS);
    dagpole_status status =
        dp_temporary_directory_make(dp_env_temporary(), temporary, MAX_DIRECTORY);
    if (status != DAGPOLE_OK) {
        *temporary = '\0';
        return status;
    }
    status = use_directory(runtime, temporary, lock);
    if (status != DAGPOLE_OK)
        remove_temporary();
    return status;
}

/* StarPU aborts the process where it cannot keep its files: then they go to a temporary directory
 * for as long as it runs. Locked as dp_starpu_open_files does it. */
static dagpole_status find_directory(dp_runtime *runtime, int *lock) {
    char wanted[DP_PATH_BYTES + 32], reason[DP_ERROR_TEXT_BYTES], other[DP_ERROR_TEXT_BYTES];
    dp_env_starpu_directory(wanted, sizeof wanted);
    if (use_directory(runtime, wanted, lock) == DAGPOLE_OK)
        return DAGPOLE_OK;
    snprintf(reason, sizeof reason, "%s", dagpole_last_error());
    if (use_temporary(runtime, lock) != DAGPOLE_OK) {
        snprintf(other, sizeof other, "%s", dagpole_last_error());
        return dp_fail(
            DAGPOLE_RUNTIME,
            "StarPU has no place for its files (%.200s; %.120s): set STARPU_PERF_MODEL_DIR "
            "to a writable directory, or run serially",
            reason, other);
    }
    dp_runtime_log(runtime, "%.300s: StarPU's files are in %s for now", reason, temporary);
    return DAGPOLE_OK;
}

/* ---- start and end ------------------------------------------------------------------------ */

/* StarPU does not start where it would have to tell more NUMA nodes apart than it was built for. */
static dagpole_status check_numa(void) {
    const char *use_numa = dp_env_starpu_use_numa();
    dp_machine machine;
    if (!use_numa || strtol(use_numa, NULL, 10) <= 0)
        return DAGPOLE_OK;
    DP_TRY(dp_machine_get(&machine));
    if (machine.numa_nodes <= STARPU_MAXNUMANODES)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_UNSUPPORTED,
                   "STARPU_USE_NUMA is %.20s, but this machine has %d NUMA nodes and this StarPU "
                   "supports at most %d; for more, configure dagpole with -Dstarpu=bundled "
                   "-Dstarpu_maxnumanodes=%d, or StarPU with --enable-maxnumanodes",
                   use_numa, machine.numa_nodes, STARPU_MAXNUMANODES, machine.numa_nodes);
}

/* StarPU reads and writes numbers in files, which must not depend on the host's locale. */
static locale_t enter_c_locale(void) {
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return c ? uselocale(c) : (locale_t)0;
}

static void leave_c_locale(locale_t found) {
    locale_t c = found ? uselocale(found) : (locale_t)0;
    if (c)
        freelocale(c);
}

static void configure(struct starpu_conf *conf, int threads, const char *scheduler) {
    starpu_conf_init(conf);
    conf->precedence_over_environment_variables = 1;
    conf->ncpus = threads;
    conf->ncuda = conf->nopencl = 0;
#if STARPU_MAJOR_VERSION == 1 && STARPU_MINOR_VERSION < 4
    conf->nmic = conf->nmpi_ms = 0;
#endif
    conf->sched_policy_name = scheduler ? scheduler : dp_runtime_default_scheduler();
    if (strcmp(conf->sched_policy_name, DP_POLICY_NAME) == 0) {
        conf->sched_policy_name = NULL;
        conf->sched_policy = &dp_policy;
    }
    conf->catch_signals = 0;
    conf->calibrate = conf->bus_calibrate = 0;
    if (conf->global_sched_ctx_min_priority == -1 && conf->global_sched_ctx_max_priority == -1) {
        conf->global_sched_ctx_min_priority = 0;
        conf->global_sched_ctx_max_priority = DP_STARPU_MAX_PRIORITY;
    }
}

/* What StarPU is to find in the environment and nobody else: that it says nothing, unless the user
 * has a wish about that, the temporary directory, and no name of a scheduler that it does not know:
 * it would warn. */
static char *settings[3];

static int list_settings(const struct starpu_conf *conf) {
    int n = 0;
    if (conf->sched_policy)
        settings[n++] = no_scheduler;
    if (!dp_env_starpu_silent())
        settings[n++] = silent;
    if (*temporary)
        settings[n++] = models;
    return n;
}

static int start(struct starpu_conf *conf) {
    int is_pushed = dp_env_push(list_settings(conf), settings);
    locale_t found = enter_c_locale();
    int error = *temporary && !is_pushed ? -E2BIG : starpu_init(conf);
    leave_c_locale(found);
    dp_env_pop(settings);
    return error;
}

dagpole_status dp_starpu_start(dp_runtime *runtime, const char *scheduler) {
    struct starpu_conf conf;
    int threads, lock;
    DP_TRY(check_numa());
    DP_TRY(starting_threads(runtime, &threads));
    DP_TRY(dp_threads_check(threads));
    DP_TRY(find_directory(runtime, &lock));
    configure(&conf, threads, scheduler);
    int error = start(&conf);
    dp_directory_unlock(lock);
    if (error) {
        remove_temporary();
        return dp_fail(DAGPOLE_RUNTIME, "StarPU does not start with %d workers: %s", threads,
                       strerror(-error));
    }
    dagpole_status status = dp_policy_check(0);
    if (status != DAGPOLE_OK)
        dp_starpu_stop();
    return status;
}

void dp_starpu_forget(void) {
    dp_env_pop(settings);
    dp_temporary_directory_forget(); /* it is the parent's */
    *temporary = '\0';
}

void dp_starpu_stop(void) {
    locale_t found = enter_c_locale();
    starpu_shutdown();
    leave_c_locale(found);
    if (!starpu_is_initialized()) /* else the application has joined, and it is still in use */
        remove_temporary();
}
