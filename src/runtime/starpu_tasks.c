/* Tasks of records. */
#include <string.h>

#include "base/floating.h"
#include "base/ordering.h"
#include "runtime/policy.h"
#include "runtime/starpu_execution.h"

/* ---- codelets ----------------------------------------------------------------------------- */

/* What the dmda family plans with: the cost model, from a plan's second evaluation on with what
 * each operator took in the one before. So nothing has to be calibrated. They are given by
 * architecture: StarPU 1.4 takes a common cost for that of half a CPU worker. */
static double task_cost_us(struct starpu_task *task, struct starpu_perfmodel_arch *arch,
                           unsigned implementation) {
    (void)arch, (void)implementation;
    const dp_task_argument *argument = task->cl_arg;
    dp_happens_after(argument->owner);
    return 1e6 * dp_run_expected_s(&argument->owner->base.run, argument->record);
}

/* StarPU keeps a pointer to it until it shuts down. */
static struct starpu_perfmodel cost_model = {
    .type = STARPU_PER_ARCH, .arch_cost_function = task_cost_us, .symbol = "dagpole"};

/* What the record comes after: the start of the run, and the records that it waits for. */
static void begin_after_predecessors(dp_starpu_execution *self, int64_t record) {
    const dp_csr *rows = &self->predecessors;
    dp_happens_after(self);
    for (int64_t k = rows->offset[record]; k < rows->offset[record + 1]; k++)
        dp_happens_after(&self->arguments[rows->index[k]]);
}

/* Where the record's fields lie for this worker. */
static void find_buffers(dp_starpu_execution *self, int64_t record, void **interfaces, int slot) {
    dp_run *run = &self->base.run;
    void **buffers = dp_run_buffers(run, slot);
    if (!self->has_handles) {
        dp_run_own_buffers(run, record, buffers);
        return;
    }
    unsigned node = starpu_worker_get_local_memory_node();
    run->slots[slot].bytes_copied += dp_handles_copied(&self->handles, record, node);
    dp_handles_buffers(&self->handles, record, interfaces, buffers);
}

static void run_task(void *interfaces[], void *cl_arg) {
    DP_DEFAULT_FLOATING;
    dp_task_argument *argument = cl_arg;
    dp_starpu_execution *self = argument->owner;
    dp_run *run = &self->base.run;
    int slot = self->base.runtime->workers.slot_of[starpu_worker_get_id()];
    begin_after_predecessors(self, argument->record);
    if (!dp_run_omits(run, argument->record)) {
        find_buffers(self, argument->record, interfaces, slot);
        dp_run_record(run, argument->record, dp_run_buffers(run, slot), slot);
    }
    dp_happens_before(argument);
}

void dp_tasks_init_codelets(dp_starpu_execution *self) {
    const dp_stream *stream = self->base.run.stream;
    for (int op = 0; op < stream->n_ops; op++)
        self->codelets[op] = (struct starpu_codelet){.where = STARPU_CPU,
                                                     .cpu_funcs = {run_task},
                                                     .can_execute = dp_starpu_is_worker,
                                                     .nbuffers = STARPU_VARIABLE_NBUFFERS,
                                                     .model = &cost_model,
                                                     .name = stream->op_names[op]};
}

/* ---- tasks -------------------------------------------------------------------------------- */

void dp_tasks_drop(dp_starpu_execution *self, int64_t n) {
    if (atomic_fetch_sub(&self->n_unfinished, n) == n) {
        pthread_mutex_lock(&self->lock);
        pthread_cond_signal(&self->finished);
        pthread_mutex_unlock(&self->lock);
    }
}

static void task_finished(void *argument) {
    dp_tasks_drop(argument, 1);
}

static int starpu_priority(const dp_workers *workers, int32_t priority, int32_t max_priority) {
    int64_t range = (int64_t)workers->max_priority - workers->min_priority;
    if (range >= INT32_MAX) /* every int is allowed: "prio" where nobody gave a range */
        return priority;
    return workers->min_priority + (int)(max_priority > 0 ? range * priority / max_priority : 0);
}

static void init_task(dp_starpu_execution *self, int64_t i) {
    const dp_workers *workers = &self->base.runtime->workers;
    const dp_stream *stream = self->base.run.stream;
    const dp_record *record = &stream->records[i];
    struct starpu_task *task = &self->tasks[i];
    self->arguments[i] = (dp_task_argument){.owner = self, .record = i};
    starpu_task_init(task);
    task->cl = &self->codelets[record->op];
    task->cl_arg = &self->arguments[i];
    task->callback_func = task_finished;
    task->callback_arg = self;
    task->destroy = 0;
    task->detach = 0;
    task->sched_ctx = workers->sched_ctx;
    task->priority = starpu_priority(workers, record->priority, stream->max_priority);
    if (strcmp(workers->scheduler, DP_POLICY_NAME) == 0)
        dp_policy_set_home(task, record->node);
    if (self->has_handles)
        dp_handles_attach(&self->handles, i, task);
    task->sequential_consistency = (unsigned)self->is_fresh;
}

/* What the task waits for, but where StarPU derives it. */
static void declare_dependencies(dp_starpu_execution *self, int64_t i) {
    const dp_csr *rows = &self->predecessors;
    int64_t begin = rows->offset[i], n = rows->offset[i + 1] - begin;
    for (int64_t k = 0; k < n; k++)
        self->earlier[k] = &self->tasks[rows->index[begin + k]];
    starpu_task_declare_deps_array(&self->tasks[i], (unsigned)n, self->earlier);
}

void dp_tasks_make(dp_starpu_execution *self) {
    for (int64_t i = 0; i < self->base.run.stream->n_records; i++) {
        init_task(self, i);
        if (!self->is_fresh)
            declare_dependencies(self, i);
    }
}

void dp_tasks_wait(dp_starpu_execution *self, int64_t i) {
    if (self->arguments[i].is_submitted)
        dp_starpu_wait(&self->tasks[i], 1);
    self->arguments[i].is_submitted = 0;
}

void dp_tasks_set_modes(dp_starpu_execution *self) {
    int is_partial = self->base.run.ops != DP_ALL_OPERATORS;
    int64_t n = self->is_fresh ? 0 : self->base.run.stream->n_records;
    if (!self->has_handles || self->handles.is_partial == is_partial)
        return;
    for (int64_t i = 0; i < n; i++)
        dp_tasks_wait(self, i);
    dp_handles_set_modes(&self->handles, is_partial);
    for (int64_t i = 0; i < n; i++)
        dp_handles_attach(&self->handles, i, &self->tasks[i]);
}

void dp_tasks_clean(dp_starpu_execution *self) {
    int64_t n = self->base.run.stream->n_records;
    for (int64_t i = 0; i < n; i++)
        dp_tasks_wait(self, i);
    for (int64_t i = 0; i < n; i++) {
        if (self->has_handles)
            dp_handles_detach(&self->tasks[i]);
        starpu_task_clean(&self->tasks[i]);
    }
}
