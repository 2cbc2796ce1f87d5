#include "runtime/session.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/directory.h"
#include "platform/env.h"
#include "platform/machine.h"
#include "runtime/internal.h"

/* Priorities of a StarPU started here: some schedulers keep one queue per value (heteroprio takes
 * fewer than 100), others assume that a range was given. */
#define MAX_PRIORITY 63

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int n_runtimes;
    int owned;                     /* started here: may be paused and shut down here */
    int n_awake;                   /* teams, runs and fetches in progress */
    int n_sched_ctx;               /* scheduling contexts made here */
    int users[STARPU_NMAXWORKERS]; /* runtimes that each worker serves */
} session;

static void wake_locked(void) {
    if (session.n_awake++ == 0 && session.owned)
        starpu_resume();
}

static void rest_locked(void) {
    if (--session.n_awake == 0 && session.owned)
        starpu_pause();
}

void dp_session_wake(void) {
    pthread_mutex_lock(&lock);
    wake_locked();
    pthread_mutex_unlock(&lock);
}

void dp_session_rest(void) {
    pthread_mutex_lock(&lock);
    rest_locked();
    pthread_mutex_unlock(&lock);
}

/* StarPU runs lws under a name that it does not know, so names are checked here. */
static dagpole_status check_scheduler(const char *name, const char *origin) {
    char known[DP_ERROR_TEXT_BYTES];
    dp_runtime_starpu_info(NULL, 0, NULL, NULL, known, sizeof known);
    struct starpu_sched_policy **policy = starpu_sched_get_predefined_policies();
    for (; *policy; policy++)
        if (strcmp((*policy)->policy_name, name) == 0)
            return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is '%.40s', StarPU knows %s", origin, name, known);
}

static dagpole_status wanted_scheduler(const dp_runtime_options *options, const char **name) {
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
    return dp_fail(DAGPOLE_BAD_ARGUMENT,
                   "%s is %ld, but this StarPU supports at most %d CPU workers; for more, a StarPU "
                   "configured with --enable-maxcpus is needed",
                   origin, threads, STARPU_MAXCPUS);
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
                       "(configure StarPU with --enable-maxcpus for more)",
                       machine.cores, STARPU_MAXCPUS);
        *threads = STARPU_MAXCPUS;
    }
    return DAGPOLE_OK;
}

/* StarPU aborts the process where it cannot keep its files. */
static dagpole_status check_home(void) {
    const char *home = dp_env_starpu_home();
    char path[1024];
    if (!home)
        return DAGPOLE_OK;
    snprintf(path, sizeof path, "%s/.starpu/sampling", home);
    if (dp_directory_make("StarPU", path) == DAGPOLE_OK)
        return DAGPOLE_OK;
    return dp_fail(
        DAGPOLE_RUNTIME,
        "StarPU keeps files in .starpu below XDG_CACHE_HOME, else STARPU_HOME, else HOME, "
        "and cannot write %.200s: set the first of them that is set to a writable "
        "directory, or run serially",
        path);
}

/* Nor does it start where it would have to tell more NUMA nodes apart than it was built for. */
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
                   "supports at most %d; for more, a StarPU configured with --enable-maxnumanodes "
                   "is needed",
                   use_numa, machine.numa_nodes, STARPU_MAXNUMANODES);
}

static dagpole_status start(dp_runtime *runtime, const char *scheduler) {
    int threads;
    DP_TRY(check_home());
    DP_TRY(check_numa());
    DP_TRY(starting_threads(runtime, &threads));
    struct starpu_conf conf;
    starpu_conf_init(&conf);
    conf.precedence_over_environment_variables = 1;
    conf.ncpus = threads;
    conf.ncuda = conf.nopencl = 0;
#if STARPU_MAJOR_VERSION == 1 && STARPU_MINOR_VERSION < 4
    conf.nmic = conf.nmpi_ms = 0;
#endif
    conf.sched_policy_name = scheduler ? scheduler : "lws";
    conf.catch_signals = 0;
    conf.calibrate = conf.bus_calibrate = 0;
    if (conf.global_sched_ctx_min_priority == -1 && conf.global_sched_ctx_max_priority == -1) {
        conf.global_sched_ctx_min_priority = 0;
        conf.global_sched_ctx_max_priority = MAX_PRIORITY;
    }
    dp_starpu_announce_calibration(runtime);
    int error = starpu_init(&conf);
    if (error)
        return dp_fail(DAGPOLE_RUNTIME, "StarPU does not start with %d workers: %s", threads,
                       strerror(-error));
    starpu_pause();
    session.owned = 1;
    return DAGPOLE_OK;
}

/* Workers are awake, or StarPU could not end them. */
static void stop(void) {
    starpu_resume();
    starpu_shutdown();
    session.owned = 0;
}

/* The n workers that serve the fewest runtimes, in ascending order. */
static void choose(const int *all, int n_all, int n, int *chosen) {
    char taken[STARPU_NMAXWORKERS] = {0};
    for (int k = 0; k < n; k++) {
        int best = -1;
        for (int w = 0; w < n_all; w++)
            if (!taken[w] && (best < 0 || session.users[all[w]] < session.users[all[best]]))
                best = w;
        taken[best] = 1;
    }
    for (int w = 0, k = 0; w < n_all; w++)
        if (taken[w])
            chosen[k++] = all[w];
}

/* A scheduling context over the chosen workers, under the policy that StarPU already runs. */
static dagpole_status make_sched_ctx(dp_workers *workers) {
    if (session.n_sched_ctx >= STARPU_NMAX_SCHED_CTXS - 1)
        return dp_fail(DAGPOLE_RUNTIME,
                       "%d contexts use part of the workers already, StarPU has no more than %d "
                       "scheduling contexts",
                       session.n_sched_ctx, STARPU_NMAX_SCHED_CTXS);
    unsigned ctx = starpu_sched_ctx_create(
        workers->id, workers->n, "dagpole", STARPU_SCHED_CTX_POLICY_STRUCT,
        starpu_sched_ctx_get_sched_policy(0), STARPU_SCHED_CTX_POLICY_MIN_PRIO, 0,
        STARPU_SCHED_CTX_POLICY_MAX_PRIO, MAX_PRIORITY, 0);
    if (ctx >= STARPU_NMAX_SCHED_CTXS)
        return dp_fail(DAGPOLE_RUNTIME, "StarPU made no scheduling context over %d workers",
                       workers->n);
    session.n_sched_ctx++;
    workers->sched_ctx = ctx;
    workers->owns_sched_ctx = 1;
    return DAGPOLE_OK;
}

static void describe(dp_workers *workers) {
    for (int w = 0; w < STARPU_NMAXWORKERS; w++)
        workers->slot_of[w] = -1;
    for (int slot = 0; slot < workers->n; slot++)
        workers->slot_of[workers->id[slot]] = slot;
    workers->min_priority = starpu_sched_ctx_get_min_priority(workers->sched_ctx);
    workers->max_priority = starpu_sched_ctx_get_max_priority(workers->sched_ctx);
    const struct starpu_sched_policy *policy =
        starpu_sched_ctx_get_sched_policy(workers->sched_ctx);
    snprintf(workers->scheduler, sizeof workers->scheduler, "%s",
             policy && policy->policy_name ? policy->policy_name : "unnamed");
}

static dagpole_status grant(int threads, dp_workers *workers) {
    int all[STARPU_NMAXWORKERS];
    int n_all = starpu_worker_get_ids_by_type(STARPU_CPU_WORKER, all, STARPU_NMAXWORKERS);
    if (n_all < 1)
        return dp_fail(DAGPOLE_RUNTIME, "the StarPU that runs in this process has no CPU worker");
    if (threads > n_all)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "threads is %d, but the StarPU of this process runs with %d CPU workers (0 "
                       "takes them all)",
                       threads, n_all);
    *workers = (dp_workers){.n = threads > 0 ? threads : n_all};
    choose(all, n_all, workers->n, workers->id);
    if (workers->n < n_all)
        DP_TRY(make_sched_ctx(workers));
    describe(workers);
    for (int slot = 0; slot < workers->n; slot++)
        session.users[workers->id[slot]]++;
    return DAGPOLE_OK;
}

dagpole_status dp_starpu_check_caller(void) {
    if (starpu_is_initialized() && starpu_task_get_current())
        return dp_fail(DAGPOLE_WRONG_STATE, "called from inside a StarPU task");
    return DAGPOLE_OK;
}

void dp_monotonic_cond_init(pthread_cond_t *condition) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct timespec dp_deadline(double seconds) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(1e9 * seconds);
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

int dp_starpu_is_worker(unsigned worker, struct starpu_task *task, unsigned implementation) {
    (void)task, (void)implementation;
    return worker < starpu_worker_get_count(); /* groups have the numbers behind */
}

void dp_starpu_wait(struct starpu_task *tasks, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        int error = starpu_task_finished(&tasks[i]) ? 0 : starpu_task_wait(&tasks[i]);
        (void)error; /* fails for detached tasks only */
    }
}

static dagpole_status join_locked(dp_runtime *runtime, dp_workers *workers) {
    const char *scheduler;
    DP_TRY(wanted_scheduler(&runtime->options, &scheduler));
    if (!starpu_is_initialized())
        DP_TRY(start(runtime, scheduler));
    wake_locked();
    dagpole_status status = grant(runtime->options.threads, workers);
    rest_locked();
    if (status == DAGPOLE_OK) {
        session.n_runtimes++;
        if (scheduler && strcmp(scheduler, workers->scheduler) != 0)
            dp_runtime_log(runtime, "StarPU already runs with scheduler %s, not with %s",
                           workers->scheduler, scheduler);
    } else if (session.n_runtimes == 0 && session.owned) {
        stop();
    }
    return status;
}

dagpole_status dp_session_join(dp_runtime *runtime, dp_workers *workers) {
    DP_TRY(dp_starpu_check_caller());
    pthread_mutex_lock(&lock);
    dagpole_status status = join_locked(runtime, workers);
    pthread_mutex_unlock(&lock);
    return status;
}

void dp_session_leave(dp_workers *workers) {
    pthread_mutex_lock(&lock);
    for (int slot = 0; slot < workers->n; slot++)
        session.users[workers->id[slot]]--;
    if (workers->owns_sched_ctx) {
        wake_locked();
        starpu_sched_ctx_delete(workers->sched_ctx);
        session.n_sched_ctx--;
        rest_locked();
    }
    if (--session.n_runtimes == 0 && session.owned)
        stop();
    pthread_mutex_unlock(&lock);
}
