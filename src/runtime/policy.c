#include "runtime/policy.h"

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "runtime/queue.h"

/* Levels of a scheduling context that was given no range of priorities. */
enum { MIN_PRIORITY = -DP_QUEUE_LEVELS / 2, MAX_PRIORITY = DP_QUEUE_LEVELS / 2 - 1 };

/* One for each scheduling context; the queues have no members where memory was short. */
static struct state {
    dp_queues queues;
    _Atomic unsigned n_workers; /* of the context, when it was last looked at */
} states[STARPU_NMAX_SCHED_CTXS];

/* ---- homes -------------------------------------------------------------------------------- */

void dp_policy_set_home(struct starpu_task *task, int node) {
    task->sched_data = node < 0 ? NULL : (void *)((intptr_t)node + 1);
}

static int home_of(const struct starpu_task *task) {
    return (int)(intptr_t)task->sched_data - 1;
}

/* ---- beginning and end -------------------------------------------------------------------- */

static int can_run(void *item, int worker) {
    return starpu_worker_can_execute_task_first_impl((unsigned)worker, item, NULL);
}

static dagpole_status make_queues(dp_queues *queues) {
    struct hwloc_obj *units[STARPU_NMAXWORKERS];
    dp_places places;
    int n = (int)starpu_worker_get_count();
    for (int w = 0; w < n; w++)
        units[w] = starpu_worker_get_hwloc_obj(w);
    DP_TRY(dp_places_find(n, units, &places));
    dagpole_status status =
        dp_queues_init(queues, &places, offsetof(struct starpu_task, next), can_run);
    dp_places_free(&places);
    return status;
}

static void set_range(unsigned ctx) {
    if (!starpu_sched_ctx_min_priority_is_set(ctx))
        starpu_sched_ctx_set_min_priority(ctx, MIN_PRIORITY);
    if (!starpu_sched_ctx_max_priority_is_set(ctx))
        starpu_sched_ctx_set_max_priority(ctx, MAX_PRIORITY);
}

static void init_sched(unsigned ctx) {
    struct state *state = &states[ctx];
    dagpole_status status = make_queues(&state->queues);
    (void)status; /* StarPU cannot be told: see dp_policy_check */
    atomic_store(&state->n_workers, 0);
    starpu_sched_ctx_set_policy_data(ctx, state);
    set_range(ctx);
}

static void deinit_sched(unsigned ctx) {
    dp_queues_free(&states[ctx].queues);
}

/* ---- who serves --------------------------------------------------------------------------- */

static void look_at_workers(struct state *state, unsigned ctx) {
    atomic_store(&state->n_workers, starpu_sched_ctx_get_nworkers(ctx));
    for (int w = 0; w < state->queues.n_workers; w++)
        dp_queues_serve(&state->queues, w, starpu_sched_ctx_contains_worker(w, ctx) != 0);
}

/* StarPU tells of workers that are added, but of none that is taken away. */
static void follow_workers(struct state *state, unsigned ctx) {
    if (starpu_sched_ctx_get_nworkers(ctx) !=
        atomic_load_explicit(&state->n_workers, memory_order_relaxed))
        look_at_workers(state, ctx);
}

static void add_workers(unsigned ctx, int *workers, unsigned n) {
    for (unsigned k = 0; k < n; k++)
        starpu_sched_ctx_worker_shares_tasks_lists(workers[k], (int)ctx);
    look_at_workers(&states[ctx], ctx);
}

static void remove_workers(unsigned ctx, int *workers, unsigned n) {
    dp_queues *queues = &states[ctx].queues;
    for (unsigned k = 0; k < n; k++)
        if (workers[k] < queues->n_workers)
            dp_queues_serve(queues, workers[k], 0);
}

/* ---- tasks -------------------------------------------------------------------------------- */

/* A worker that waits for a lock lets others change what StarPU keeps of it meanwhile, or two would
 * wait for each other: hence starpu_worker_relax_on. */

/* Ranges of more than 64 priorities are mapped to 64 levels. */
static int level_of(const struct starpu_task *task, unsigned ctx) {
    int64_t min = starpu_sched_ctx_get_min_priority(ctx);
    int64_t max = starpu_sched_ctx_get_max_priority(ctx);
    int64_t level = task->priority - min, top = DP_QUEUE_LEVELS - 1;
    if (max - min > top)
        level = level * top / (max - min);
    return (int)(level < 0 ? 0 : level > top ? top : level);
}

/* Without queues: the workers' own lists in turn. */
static int push_without_queues(struct starpu_task *task) {
    static _Atomic unsigned turn;
    unsigned n = starpu_worker_get_count(), first = atomic_fetch_add(&turn, 1);
    for (unsigned k = 0; k < n; k++) {
        unsigned w = (first + k) % n;
        if (starpu_sched_ctx_contains_worker((int)w, task->sched_ctx) && can_run(task, (int)w))
            return starpu_push_local_task((int)w, task, 0);
    }
    return -ENODEV;
}

static int push_task(struct starpu_task *task) {
    unsigned ctx = task->sched_ctx;
    struct state *state = &states[ctx];
    if (state->queues.n == 0)
        return push_without_queues(task);
    follow_workers(state, ctx);
    starpu_push_task_end(task);
    starpu_worker_relax_on();
    int sleeper = dp_queues_push(&state->queues, task, level_of(task, ctx), home_of(task),
                                 starpu_worker_get_id());
    starpu_worker_relax_off();
    if (sleeper >= 0)
        starpu_wake_worker_relax_light(sleeper);
    return 0;
}

static struct starpu_task *pop_task(unsigned ctx) {
    struct state *state = &states[ctx];
    int worker = starpu_worker_get_id();
    if (state->queues.n == 0)
        return NULL;
    follow_workers(state, ctx);
    starpu_worker_relax_on();
    struct starpu_task *task = dp_queues_pop(&state->queues, worker);
    starpu_worker_relax_off();
    unsigned implementation;
    if (task && starpu_worker_can_execute_task_first_impl((unsigned)worker, task, &implementation))
        starpu_task_set_implementation(task, implementation);
    return task;
}

dagpole_status dp_policy_check(unsigned ctx) {
    const struct starpu_sched_policy *policy = starpu_sched_ctx_get_sched_policy(ctx);
    if (policy && policy->push_task == push_task && states[ctx].queues.n == 0)
        return dp_fail(DAGPOLE_NO_MEMORY, "cannot allocate the queues of the scheduler %s",
                       DP_POLICY_NAME);
    return DAGPOLE_OK;
}

struct starpu_sched_policy dp_policy = {
    .init_sched = init_sched,
    .deinit_sched = deinit_sched,
    .add_workers = add_workers,
    .remove_workers = remove_workers,
    .push_task = push_task,
    .pop_task = pop_task,
    .policy_name = DP_POLICY_NAME,
    .policy_description = "priorities, a queue for each shared cache, near workers first",
    .worker_type = STARPU_WORKER_LIST,
};
