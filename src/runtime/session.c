#include "runtime/session.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "platform/binding.h"
#include "runtime/internal.h"
#include "runtime/policy.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int n_runtimes;
    int owned;                     /* started here: may be paused and shut down here */
    int n_awake;                   /* teams, runs and fetches in progress */
    int n_lent, n_lent_before;     /* see lend() */
    int n_sched_ctx;               /* scheduling contexts made here */
    int users[STARPU_NMAXWORKERS]; /* runtimes that each worker serves */
} session;

/* ---- processes ---------------------------------------------------------------------------- */

/* This process was forked from one in which StarPU ran: its threads have stayed there, and its
 * locks are as they happened to be. StarPU is not touched again here. */
static int is_orphaned;

static void after_fork(void) {
    pthread_mutex_init(&lock, NULL); /* whoever held it is not here */
    is_orphaned |= starpu_is_initialized();
    dp_starpu_forget();
}

/* Early, because an application may start StarPU itself and fork before its first call. */
__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(NULL, NULL, after_fork);
}

int dp_session_is_orphaned(void) {
    return is_orphaned;
}

dagpole_status dp_starpu_check_process(void) {
    if (is_orphaned)
        return dp_fail(DAGPOLE_WRONG_STATE,
                       "this process was forked from one in which StarPU ran, and the workers have "
                       "stayed there: use contexts with serial = 1 here, or fork before StarPU is "
                       "started");
    return DAGPOLE_OK;
}

/* Only a worker's thread runs tasks. starpu_task_get_current() tells as well, but while StarPU is
 * being started it reads a thread-specific value of somebody else's. */
dagpole_status dp_starpu_check_caller(void) {
    DP_TRY(dp_starpu_check_process());
    if (starpu_worker_get_id() >= 0)
        return dp_fail(DAGPOLE_WRONG_STATE, "called from inside a StarPU task");
    return DAGPOLE_OK;
}

/* ---- awake and at rest -------------------------------------------------------------------- */

/* An application that started StarPU may have paused it, any number of times. It is resumed for as
 * long as a call needs workers. Before 1.4 StarPU does not tell, so this is done once more whenever
 * nothing has moved for a while, and as often as the last time at the next wake: resuming what runs
 * does no more than delay the application's own next pause until everything is given back. Slow
 * tasks look like a pause as well, so that what is remembered has a limit: it would only grow. */
enum { MAX_LENT_BEFORE = 16 };

static void lend(void) {
#if STARPU_MAJOR_VERSION > 1 || STARPU_MINOR_VERSION >= 4
    if (!starpu_is_paused())
        return;
#endif
    starpu_resume();
    session.n_lent++;
}

static void wake_locked(void) {
    if (session.n_awake++ > 0)
        return;
    if (session.owned)
        starpu_resume();
    else
        for (int k = 0; k < session.n_lent_before; k++)
            lend();
}

static void rest_locked(void) {
    if (--session.n_awake > 0)
        return;
    if (session.owned) {
        starpu_pause();
        return;
    }
    session.n_lent_before = session.n_lent < MAX_LENT_BEFORE ? session.n_lent : MAX_LENT_BEFORE;
    for (; session.n_lent > 0; session.n_lent--)
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

void dp_session_urge(void) {
    pthread_mutex_lock(&lock);
    if (!session.owned)
        lend();
    pthread_mutex_unlock(&lock);
}

/* ---- granting workers --------------------------------------------------------------------- */

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
        STARPU_SCHED_CTX_POLICY_MAX_PRIO, DP_STARPU_MAX_PRIORITY, 0);
    if (ctx >= STARPU_NMAX_SCHED_CTXS)
        return dp_fail(DAGPOLE_RUNTIME, "StarPU made no scheduling context over %d workers",
                       workers->n);
    dagpole_status status = dp_policy_check(ctx);
    if (status != DAGPOLE_OK) {
        starpu_sched_ctx_delete(ctx);
        return status;
    }
    session.n_sched_ctx++;
    workers->sched_ctx = ctx;
    workers->owns_sched_ctx = 1;
    return DAGPOLE_OK;
}

static void describe(dp_workers *workers) {
    for (int w = 0; w < STARPU_NMAXWORKERS; w++)
        workers->slot_of[w] = -1;
    for (int slot = 0; slot < workers->n; slot++) {
        workers->slot_of[workers->id[slot]] = slot;
        workers->node[slot] = dp_binding_node_of(starpu_worker_get_hwloc_obj(workers->id[slot]));
    }
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

/* ---- joining and leaving ------------------------------------------------------------------ */

/* StarPU counts who needs it: an application that ends it early does not take it away. Where
 * somebody else is starting or ending it just now, starpu_init waits. */
static dagpole_status hold(dp_runtime *runtime, const char *scheduler) {
    int is_there = starpu_is_initialized();
    if (!is_there)
        DP_TRY(dp_starpu_start(runtime, scheduler));
    else if (starpu_init(NULL) != 0)
        return dp_fail(DAGPOLE_RUNTIME, "StarPU, which this process has started, refuses a user");
    session.owned = !is_there;
    if (session.owned)
        starpu_pause();
    return DAGPOLE_OK;
}

static void release(void) {
    if (session.owned)
        starpu_resume(); /* or StarPU could not end the workers */
    dp_starpu_stop();
    session.owned = 0;
}

static dagpole_status join_locked(dp_runtime *runtime, dp_workers *workers) {
    const char *scheduler;
    DP_TRY(dp_starpu_scheduler(&runtime->options, &scheduler));
    if (session.n_runtimes == 0)
        DP_TRY(hold(runtime, scheduler));
    wake_locked();
    dagpole_status status = grant(runtime->options.threads, workers);
    rest_locked();
    if (status == DAGPOLE_OK) {
        session.n_runtimes++;
        if (scheduler && strcmp(scheduler, workers->scheduler) != 0)
            dp_runtime_log(runtime, "StarPU already runs with scheduler %s, not with %s",
                           workers->scheduler, scheduler);
    } else if (session.n_runtimes == 0) {
        release();
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
    if (is_orphaned)
        return;
    pthread_mutex_lock(&lock);
    for (int slot = 0; slot < workers->n; slot++)
        session.users[workers->id[slot]]--;
    if (workers->owns_sched_ctx) {
        wake_locked();
        starpu_sched_ctx_delete(workers->sched_ctx);
        session.n_sched_ctx--;
        rest_locked();
    }
    if (--session.n_runtimes == 0)
        release();
    pthread_mutex_unlock(&lock);
}
