#include "runtime/internal.h"

#include "base/clock.h"

/* Each field is a StarPU data handle, each record a task, fresh in every run; StarPU derives the
 * dependencies from the access modes in the order of submission (its sequential consistency). */

typedef struct execution execution;

/* What a task's body needs to know. */
typedef struct task_argument {
    execution *owner;
    int64_t record;
} task_argument;

struct execution {
    dp_execution base;
    starpu_data_handle_t *handles;   /* per field, NULL where it has no bytes */
    struct starpu_codelet *codelets; /* per op */
    struct starpu_task *tasks;       /* per record, initialised anew for every run */
    task_argument *arguments;        /* per record */
    _Atomic int64_t n_unfinished;
    pthread_mutex_t lock;
    pthread_cond_t finished; /* n_unfinished has come to 0 */
};

/* What the dmda family plans with. Costs are known in advance, so nothing has to be calibrated. */
static double task_cost_us(struct starpu_task *task, unsigned implementation) {
    (void)implementation;
    const task_argument *argument = task->cl_arg;
    return 1e6 * argument->owner->base.run.stream->records[argument->record].cost;
}

/* StarPU keeps a pointer to it until it shuts down. */
static struct starpu_perfmodel cost_model = {
    .type = STARPU_COMMON, .cost_function = task_cost_us, .symbol = "dagpole"};

static void run_task(void *interfaces[], void *cl_arg) {
    const task_argument *argument = cl_arg;
    dp_run *run = &argument->owner->base.run;
    const dp_stream *stream = run->stream;
    const dp_record *record = &stream->records[argument->record];
    int slot = argument->owner->base.runtime->workers.slot_of[starpu_worker_get_id()];
    void **buffers = dp_run_buffers(run, slot);
    for (int32_t a = 0, b = 0; a < record->n_access; a++) {
        const dp_field *field = &stream->fields[stream->access_field[record->access_begin + a]];
        buffers[a] = field->bytes ? (void *)STARPU_VARIABLE_GET_PTR(interfaces[b++]) : field->data;
    }
    dp_run_record(run, argument->record, buffers, slot);
}

static void drop_unfinished(execution *self, int64_t n) {
    if (atomic_fetch_sub(&self->n_unfinished, n) == n) {
        pthread_mutex_lock(&self->lock);
        pthread_cond_signal(&self->finished);
        pthread_mutex_unlock(&self->lock);
    }
}

static void task_finished(void *argument) {
    drop_unfinished(argument, 1);
}

static int starpu_priority(const dp_workers *workers, int32_t priority, int32_t max_priority) {
    int64_t range = (int64_t)workers->max_priority - workers->min_priority;
    if (range >= INT32_MAX) /* every int is allowed: "prio" where nobody gave a range */
        return priority;
    return workers->min_priority + (int)(max_priority > 0 ? range * priority / max_priority : 0);
}

static enum starpu_data_access_mode starpu_mode(uint8_t access) {
    static const enum starpu_data_access_mode modes[] = {STARPU_R, STARPU_W, STARPU_RW};
    return modes[access];
}

/* Gives the task its handles; more than STARPU_NMAXBUFS go into arrays that StarPU frees. */
static dagpole_status set_accesses(const execution *self, struct starpu_task *task,
                                   const dp_record *record) {
    const dp_stream *stream = self->base.run.stream;
    starpu_data_handle_t *handles = task->handles;
    enum starpu_data_access_mode *modes = task->modes;
    if (record->n_access > STARPU_NMAXBUFS) {
        handles = task->dyn_handles = dp_alloc_given((size_t)record->n_access, sizeof *handles);
        modes = task->dyn_modes = dp_alloc_given((size_t)record->n_access, sizeof *modes);
        if (!handles || !modes)
            return DAGPOLE_NO_MEMORY;
    }
    for (int32_t a = 0; a < record->n_access; a++) {
        int64_t access = record->access_begin + a;
        starpu_data_handle_t handle = self->handles[stream->access_field[access]];
        if (!handle)
            continue;
        handles[task->nbuffers] = handle;
        modes[task->nbuffers++] = starpu_mode(stream->access_mode[access]);
    }
    return DAGPOLE_OK;
}

static dagpole_status submit(execution *self, int64_t i) {
    const dp_stream *stream = self->base.run.stream;
    const dp_workers *workers = &self->base.runtime->workers;
    const dp_record *record = &stream->records[i];
    struct starpu_task *task = &self->tasks[i];
    starpu_task_init(task);
    task->cl = &self->codelets[record->op];
    task->cl_arg = &self->arguments[i];
    task->callback_func = task_finished;
    task->callback_arg = self;
    task->detach = 0;
    task->sched_ctx = workers->sched_ctx;
    task->priority = starpu_priority(workers, record->priority, stream->max_priority);
    DP_TRY(set_accesses(self, task, record));
    int error = starpu_task_submit(task);
    if (error)
        return dp_fail(DAGPOLE_RUNTIME, "StarPU refused record %lld (%s): error %d", (long long)i,
                       task->cl->name, error);
    return DAGPOLE_OK;
}

/* Submits records in order, as long as they would be executed, and returns how many StarPU took. */
static int64_t submit_all(execution *self) {
    dp_run *run = &self->base.run;
    int64_t n = run->stream->n_records, i;
    for (i = 0; i < n && i < atomic_load(&run->limit); i++) {
        dagpole_status status = submit(self, i);
        if (status != DAGPOLE_OK) {
            dp_run_fail(run, -1, status);
            starpu_task_clean(&self->tasks[i]);
            break;
        }
        if (i % 64 == 0)
            dp_run_report(run);
    }
    if (i < n)
        drop_unfinished(self, n - i);
    starpu_do_schedule(); /* graph_test begins when it is told that the graph is complete */
    return i;
}

/* Waits until every task has finished, reporting progress meanwhile. */
static void wait_finished(execution *self) {
    pthread_mutex_lock(&self->lock);
    while (atomic_load(&self->n_unfinished) > 0) {
        struct timespec until = dp_deadline(0.05);
        pthread_cond_timedwait(&self->finished, &self->lock, &until);
        pthread_mutex_unlock(&self->lock);
        dp_run_report(&self->base.run);
        pthread_mutex_lock(&self->lock);
    }
    pthread_mutex_unlock(&self->lock);
}

static void set_shares(dp_profile *profile, const dp_worker_times *times) {
    if (!(times->total > 0))
        return;
    double busy = times->executing + times->sleeping;
    double total = busy > times->total ? busy : times->total;
    profile->share_tasks = times->executing / total;
    profile->share_idle = times->sleeping / total;
    profile->share_runtime = 1 - profile->share_tasks - profile->share_idle;
}

static dagpole_status run_all(dp_execution *base, const char *stage, dp_profile *profile) {
    execution *self = (execution *)base;
    const dp_workers *workers = &base->runtime->workers;
    DP_TRY(dp_starpu_check_caller());
    dp_run_begin(&base->run, stage);
    atomic_store(&self->n_unfinished, base->run.stream->n_records);
    dp_session_wake();
    dp_worker_times times;
    dp_profile_begin(workers, &times);
    double start = dp_clock();
    int64_t n_submitted = submit_all(self);
    wait_finished(self);
    dp_starpu_wait(self->tasks,
                   n_submitted); /* callbacks have run, but StarPU may still hold tasks */
    *profile = (dp_profile){.wall_s = dp_clock() - start};
    dp_profile_end(workers, &times);
    dp_session_rest();
    for (int64_t i = 0; i < n_submitted; i++)
        starpu_task_clean(&self->tasks[i]);
    set_shares(profile, &times);
    dp_run_op_times(&base->run, profile->op_s);
    return dp_run_end(&base->run);
}

static dagpole_status fetch(dp_execution *base, int32_t field) {
    starpu_data_handle_t handle = ((execution *)base)->handles[field];
    if (!handle)
        return DAGPOLE_OK;
    DP_TRY(dp_starpu_check_caller());
    dp_session_wake();
    int error = starpu_data_acquire(handle, STARPU_R);
    if (!error)
        starpu_data_release(handle);
    dp_session_rest();
    if (error)
        return dp_fail(DAGPOLE_RUNTIME, "StarPU does not fetch field %d: error %d", field, error);
    return DAGPOLE_OK;
}

static void free_arrays(execution *self) {
    dp_free(self->handles);
    dp_free(self->codelets);
    dp_free(self->tasks);
    dp_free(self->arguments);
    dp_free(self);
}

static void destroy(dp_execution *base) {
    execution *self = (execution *)base;
    dp_session_wake();
    for (int32_t f = 0; f < base->run.stream->n_fields; f++)
        if (self->handles[f])
            starpu_data_unregister(self->handles[f]);
    dp_session_rest();
    pthread_cond_destroy(&self->finished);
    pthread_mutex_destroy(&self->lock);
    dp_run_free(&base->run);
    free_arrays(self);
}

static dagpole_status allocate(const dp_stream *stream, execution **made) {
    execution *self = *made = dp_alloc_zero(1, sizeof *self);
    if (!self)
        return DAGPOLE_NO_MEMORY;
    size_t n_records = (size_t)stream->n_records;
    self->handles = dp_alloc_zero((size_t)stream->n_fields, sizeof *self->handles);
    self->codelets = dp_alloc_zero((size_t)stream->n_ops, sizeof *self->codelets);
    self->tasks = dp_alloc(n_records, sizeof *self->tasks);
    self->arguments = dp_alloc(n_records, sizeof *self->arguments);
    if (self->handles && self->codelets && self->tasks && self->arguments)
        return DAGPOLE_OK;
    free_arrays(self);
    return DAGPOLE_NO_MEMORY;
}

static void init_wait(execution *self) {
    dp_monotonic_cond_init(&self->finished);
    pthread_mutex_init(&self->lock, NULL);
}

/* Fills codelets and arguments and registers the fields. Tasks are for one worker; schedulers of
 * parallel tasks (modular-pheft, modular-prandom) still give them to several after a restart of
 * StarPU with fewer workers, and then "fork-join" lets only one of these run the body. */
static void bind(execution *self, const dp_stream *stream) {
    for (int op = 0; op < stream->n_ops; op++)
        self->codelets[op] = (struct starpu_codelet){.where = STARPU_CPU,
                                                     .cpu_funcs = {run_task},
                                                     .type = STARPU_FORKJOIN,
                                                     .max_parallelism = 1,
                                                     .nbuffers = STARPU_VARIABLE_NBUFFERS,
                                                     .model = &cost_model,
                                                     .name = stream->op_names[op]};
    for (int64_t i = 0; i < stream->n_records; i++)
        self->arguments[i] = (task_argument){.owner = self, .record = i};
    for (int32_t f = 0; f < stream->n_fields; f++)
        if (stream->fields[f].bytes)
            starpu_variable_data_register(&self->handles[f], STARPU_MAIN_RAM,
                                          (uintptr_t)stream->fields[f].data,
                                          stream->fields[f].bytes);
}

static dagpole_status create(dp_runtime *runtime, const dp_stream *stream, dp_execution **made) {
    execution *self;
    DP_TRY(allocate(stream, &self));
    dagpole_status status = dp_run_init(&self->base.run, runtime, stream);
    if (status != DAGPOLE_OK) {
        free_arrays(self);
        return status;
    }
    init_wait(self);
    bind(self, stream);
    *made = &self->base;
    return DAGPOLE_OK;
}

const dp_executor dp_executor_starpu = {create, run_all, fetch, destroy};
