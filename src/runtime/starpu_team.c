#include "runtime/internal.h"

#include <stdio.h>

#include "base/clock.h"

#define POLL_EVERY_S 0.05

/* One call of a team: as many tasks as there are workers, each taking the next index until none is
 * left. Indices are handed out in order, so all below a failing one were handed out before it: the
 * smallest that fails is always found. */
typedef struct team_call {
    dp_team_body body;
    void *argument;
    _Atomic int64_t next, limit;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t finished;
    int n_working; /* tasks that have not come to their end */
    dagpole_status status;
    char text[DP_ERROR_TEXT_BYTES];
} team_call;

static void fail(team_call *call, int64_t i, dagpole_status status) {
    pthread_mutex_lock(&call->lock);
    if (i < atomic_load(&call->limit)) {
        atomic_store(&call->limit, i);
        call->status = status;
        snprintf(call->text, sizeof call->text, "%s", dagpole_last_error());
    }
    pthread_mutex_unlock(&call->lock);
}

static void work(void *buffers[], void *argument) {
    (void)buffers;
    team_call *call = argument;
    int64_t i;
    while ((i = atomic_fetch_add(&call->next, 1)) < atomic_load(&call->limit)) {
        dagpole_status status = call->body(call->argument, i);
        if (status != DAGPOLE_OK)
            fail(call, i, status);
    }
    pthread_mutex_lock(&call->lock);
    if (--call->n_working == 0)
        pthread_cond_signal(&call->finished);
    pthread_mutex_unlock(&call->lock);
}

/* Waits for the tasks and asks now and then whether to go on, until the answer is no. A
 * cancellation fails the call before its first index. */
static void wait_working(team_call *call, dp_runtime *runtime) {
    dagpole_status status = DAGPOLE_OK;
    pthread_mutex_lock(&call->lock);
    while (call->n_working > 0) {
        struct timespec until = dp_deadline(POLL_EVERY_S);
        pthread_cond_timedwait(&call->finished, &call->lock, &until);
        pthread_mutex_unlock(&call->lock);
        if (status == DAGPOLE_OK && (status = dp_runtime_poll(runtime)) != DAGPOLE_OK)
            fail(call, -1, status);
        pthread_mutex_lock(&call->lock);
    }
    pthread_mutex_unlock(&call->lock);
}

static struct starpu_codelet work_codelet = {.where = STARPU_CPU,
                                             .cpu_funcs = {work},
                                             .can_execute = dp_starpu_is_worker,
                                             .nbuffers = 0,
                                             .name = "team"};

/* Submits n tasks and waits for them. */
static dagpole_status run_tasks(team_call *call, dp_runtime *runtime, int n,
                                struct starpu_task *tasks) {
    const dp_workers *workers = &runtime->workers;
    int n_submitted = 0, error = 0;
    call->n_working = n;
    while (n_submitted < n && !error) {
        struct starpu_task *task = &tasks[n_submitted];
        starpu_task_init(task);
        task->cl = &work_codelet;
        task->cl_arg = call;
        task->detach = 0;
        task->sched_ctx = workers->sched_ctx;
        task->priority = workers->max_priority;
        error = starpu_task_submit(task);
        if (error)
            starpu_task_clean(task);
        else
            n_submitted++;
    }
    pthread_mutex_lock(&call->lock);
    call->n_working -= n - n_submitted;
    pthread_mutex_unlock(&call->lock);
    starpu_do_schedule(); /* graph_test begins when it is told that the graph is complete */
    wait_working(call, runtime);
    dp_starpu_wait(tasks, n_submitted);
    for (int t = 0; t < n_submitted; t++)
        starpu_task_clean(&tasks[t]);
    if (n_submitted == 0)
        return dp_fail(DAGPOLE_RUNTIME, "StarPU refused a task: error %d", error);
    return DAGPOLE_OK;
}

/* In the calling thread. */
static dagpole_status run_alone(dp_runtime *runtime, int64_t n, dp_team_body body, void *argument) {
    double next_poll = dp_clock() + POLL_EVERY_S;
    for (int64_t i = 0; i < n; i++) {
        DP_TRY(body(argument, i));
        if (dp_clock() < next_poll)
            continue;
        DP_TRY(dp_runtime_poll(runtime));
        next_poll = dp_clock() + POLL_EVERY_S;
    }
    return DAGPOLE_OK;
}

dagpole_status dp_team_run_starpu(const dp_team *team, int64_t n, dp_team_body body,
                                  void *argument) {
    dp_runtime *runtime = team->self;
    const dp_workers *workers = &runtime->workers;
    int n_tasks = n < workers->n ? (int)n : workers->n;
    if (n_tasks <= 1)
        return run_alone(runtime, n, body, argument);
    DP_TRY(dp_starpu_check_caller());
    struct starpu_task *tasks = dp_alloc((size_t)n_tasks, sizeof *tasks);
    if (!tasks)
        return DAGPOLE_NO_MEMORY;
    team_call call = {.body = body, .argument = argument, .limit = n};
    pthread_mutex_init(&call.lock, NULL);
    dp_monotonic_cond_init(&call.finished);
    dp_session_wake();
    dagpole_status status = run_tasks(&call, runtime, n_tasks, tasks);
    dp_session_rest();
    pthread_cond_destroy(&call.finished);
    pthread_mutex_destroy(&call.lock);
    dp_free(tasks);
    if (status == DAGPOLE_OK && call.status != DAGPOLE_OK)
        status = dp_fail(call.status, "%s", call.text);
    return status;
}
