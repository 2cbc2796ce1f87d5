#include "runtime/internal.h"

#include "base/clock.h"
#include "base/floating.h"
#include "base/ordering.h"

/* Each record is a task, made once with the tasks that it waits for, and submitted anew by every
 * run: StarPU is told of no data, and what a task costs in a run does not depend on how many fields
 * it touches. */

typedef struct execution execution;

/* What a task's body needs to know. */
typedef struct task_argument {
    execution *owner;
    int64_t record;
} task_argument;

struct execution {
    dp_execution base;
    dp_csr predecessors;             /* of the records */
    struct starpu_codelet *codelets; /* per op */
    struct starpu_task *tasks;       /* per record */
    struct starpu_task **earlier;    /* scratch: what one task waits for */
    int64_t n_submitted;             /* tasks [0, n_submitted) in the last run */
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

/* What the record comes after: the start of the run, and the records that it waits for. */
static void begin_after_predecessors(execution *self, int64_t record) {
    const dp_csr *rows = &self->predecessors;
    dp_happens_after(self);
    for (int64_t k = rows->offset[record]; k < rows->offset[record + 1]; k++)
        dp_happens_after(&self->arguments[rows->index[k]]);
}

static void run_task(void *interfaces[], void *cl_arg) {
    (void)interfaces;
    DP_DEFAULT_FLOATING;
    task_argument *argument = cl_arg;
    dp_execution *base = &argument->owner->base;
    int slot = base->runtime->workers.slot_of[starpu_worker_get_id()];
    begin_after_predecessors(argument->owner, argument->record);
    dp_run_record(&base->run, argument->record, slot);
    dp_happens_before(argument);
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

static void init_task(execution *self, const dp_workers *workers, int64_t i) {
    const dp_stream *stream = self->base.run.stream;
    const dp_record *record = &stream->records[i];
    struct starpu_task *task = &self->tasks[i];
    self->arguments[i] = (task_argument){.owner = self, .record = i};
    starpu_task_init(task);
    task->cl = &self->codelets[record->op];
    task->cl_arg = &self->arguments[i];
    task->callback_func = task_finished;
    task->callback_arg = self;
    task->destroy = 0;
    task->detach = 0;
    task->sched_ctx = workers->sched_ctx;
    task->priority = starpu_priority(workers, record->priority, stream->max_priority);
}

static void make_tasks(execution *self, const dp_workers *workers) {
    const dp_csr *rows = &self->predecessors;
    for (int64_t i = 0; i < rows->n_rows; i++) {
        int64_t begin = rows->offset[i], n = rows->offset[i + 1] - begin;
        init_task(self, workers, i);
        for (int64_t k = 0; k < n; k++)
            self->earlier[k] = &self->tasks[rows->index[begin + k]];
        starpu_task_declare_deps_array(&self->tasks[i], (unsigned)n, self->earlier);
    }
}

static void clean_tasks(execution *self) {
    dp_starpu_wait(self->tasks, self->n_submitted);
    for (int64_t i = 0; i < self->base.run.stream->n_records; i++)
        starpu_task_clean(&self->tasks[i]);
    self->n_submitted = 0;
}

/* The callback of its last run was called; StarPU may hold it for an instant more. */
static int submit(execution *self, int64_t i) {
    if (i < self->n_submitted)
        dp_starpu_wait(&self->tasks[i], 1);
    return starpu_task_submit(&self->tasks[i]);
}

/* Submits the records in order, so that workers begin at once. Those that are skipped, too: a task
 * waits for as many in every run. Returns how many StarPU took. */
static int64_t submit_all(execution *self) {
    dp_run *run = &self->base.run;
    int64_t n = run->stream->n_records, i;
    for (i = 0; i < n; i++) {
        int error = submit(self, i);
        if (error) {
            dp_run_fail(run, -1,
                        dp_fail(DAGPOLE_RUNTIME, "StarPU refused record %lld (%s): error %d",
                                (long long)i, self->tasks[i].cl->name, error));
            drop_unfinished(self, n - i);
            break;
        }
        if (i % 64 == 0)
            dp_run_report(run);
    }
    starpu_do_schedule(); /* graph_test begins when it is told that the graph is complete */
    return i;
}

/* Waits until every task has finished, reporting progress meanwhile. */
static void wait_finished(execution *self) {
    pthread_mutex_lock(&self->lock);
    while (atomic_load(&self->n_unfinished) > 0) {
        struct timespec until = dp_deadline(0.05);
        int64_t before = atomic_load(&self->n_unfinished);
        int is_late = pthread_cond_timedwait(&self->finished, &self->lock, &until) != 0;
        pthread_mutex_unlock(&self->lock);
        if (is_late && atomic_load(&self->n_unfinished) == before)
            dp_session_urge();
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

/* Where StarPU refused a task, those behind it have been told of tasks that they will wait for. */
static void renew_tasks(execution *self) {
    clean_tasks(self);
    make_tasks(self, &self->base.runtime->workers);
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
    dp_happens_before(self);
    self->n_submitted = submit_all(self);
    wait_finished(self);
    *profile = (dp_profile){.wall_s = dp_clock() - start};
    dp_profile_end(workers, &times);
    dp_session_rest();
    if (self->n_submitted < base->run.stream->n_records)
        renew_tasks(self);
    set_shares(profile, &times);
    dp_run_op_times(&base->run, profile->op_s);
    return dp_run_end(&base->run);
}

static void free_arrays(execution *self) {
    dp_csr_free(&self->predecessors);
    dp_free(self->codelets);
    dp_free(self->tasks);
    dp_free(self->earlier);
    dp_free(self->arguments);
    dp_free(self);
}

static void destroy(dp_execution *base) {
    execution *self = (execution *)base;
    if (!dp_session_is_orphaned()) { /* where the tasks and who waits for them have stayed behind */
        clean_tasks(self);
        pthread_cond_destroy(&self->finished);
        pthread_mutex_destroy(&self->lock);
    }
    dp_run_free(&base->run);
    free_arrays(self);
}

static int64_t longest_row(const dp_csr *rows) {
    int64_t longest = 0;
    for (int64_t i = 0; i < rows->n_rows; i++)
        if (longest < rows->offset[i + 1] - rows->offset[i])
            longest = rows->offset[i + 1] - rows->offset[i];
    return longest;
}

static dagpole_status allocate(const dp_stream *stream, execution **made) {
    execution *self = *made = dp_alloc_zero(1, sizeof *self);
    if (!self)
        return DAGPOLE_NO_MEMORY;
    size_t n_records = (size_t)stream->n_records;
    if (dp_stream_predecessors(stream, &self->predecessors) == DAGPOLE_OK) {
        self->codelets = dp_alloc_zero((size_t)stream->n_ops, sizeof *self->codelets);
        self->tasks = dp_alloc(n_records, sizeof(struct starpu_task));
        self->earlier =
            dp_alloc((size_t)longest_row(&self->predecessors), sizeof(struct starpu_task *));
        self->arguments = dp_alloc(n_records, sizeof *self->arguments);
    }
    if (self->codelets && self->tasks && self->earlier && self->arguments)
        return DAGPOLE_OK;
    free_arrays(self);
    return DAGPOLE_NO_MEMORY;
}

static void init_wait(execution *self) {
    dp_monotonic_cond_init(&self->finished);
    pthread_mutex_init(&self->lock, NULL);
}

static void init_codelets(execution *self, const dp_stream *stream) {
    for (int op = 0; op < stream->n_ops; op++)
        self->codelets[op] = (struct starpu_codelet){.where = STARPU_CPU,
                                                     .cpu_funcs = {run_task},
                                                     .can_execute = dp_starpu_is_worker,
                                                     .model = &cost_model,
                                                     .name = stream->op_names[op]};
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
    init_codelets(self, stream);
    make_tasks(self, &runtime->workers);
    *made = &self->base;
    return DAGPOLE_OK;
}

const dp_executor dp_executor_starpu = {create, run_all, destroy};
