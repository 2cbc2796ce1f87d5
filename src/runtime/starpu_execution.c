/* The executor of evaluations, whose tasks are made once, with the fields that they touch and the
 * tasks that they wait for, and submitted anew by every run; and one for tests, whose tasks are
 * fresh and wait for what StarPU derives from the fields alone. */
#include "runtime/starpu_execution.h"

#include "base/clock.h"
#include "base/ordering.h"

/* ---- a run -------------------------------------------------------------------------------- */

/* Waits until every task has finished, reporting progress meanwhile. */
static void wait_finished(dp_starpu_execution *self) {
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
static void renew_tasks(dp_starpu_execution *self) {
    dp_tasks_clean(self);
    dp_tasks_make(self);
}

static dagpole_status run_all(dp_execution *base, dp_operator_bits ops, const char *stage,
                              dp_profile *profile) {
    dp_starpu_execution *self = (dp_starpu_execution *)base;
    const dp_workers *workers = &base->runtime->workers;
    DP_TRY(dp_starpu_check_caller());
    dp_run_begin(&base->run, ops, stage);
    atomic_store(&self->n_unfinished, base->run.stream->n_records);
    dp_session_wake();
    dp_tasks_set_modes(self);
    dp_worker_times times;
    dp_profile_begin(workers, &times);
    double start = base->run.start_s = dp_clock();
    if (self->is_fresh)
        dp_tasks_make(self);
    dp_happens_before(self);
    int64_t n_submitted = dp_tasks_submit(self);
    wait_finished(self);
    *profile = (dp_profile){.wall_s = dp_clock() - start};
    dp_profile_end(workers, &times);
    dp_session_rest();
    if (self->is_fresh)
        dp_tasks_clean(self);
    else if (n_submitted < base->run.stream->n_records)
        renew_tasks(self);
    set_shares(profile, &times);
    dp_run_op_times(&base->run, profile->op_s);
    dp_run_bytes(&base->run, profile);
    return dp_run_end(&base->run);
}

static dagpole_status fetch(dp_execution *base, int32_t field, dp_access mode) {
    dp_starpu_execution *self = (dp_starpu_execution *)base;
    if (!self->handles.copies)
        return DAGPOLE_OK;
    DP_TRY(dp_starpu_check_caller());
    dp_session_wake();
    dagpole_status status = dp_handles_fetch(&self->handles, field, mode);
    dp_session_rest();
    return status;
}

/* ---- creation and destruction ------------------------------------------------------------- */

static void free_arrays(dp_starpu_execution *self) {
    dp_csr_free(&self->predecessors);
    dp_free(self->order);
    dp_free(self->codelets);
    dp_free(self->tasks);
    dp_free(self->earlier);
    dp_free(self->arguments);
    dp_free(self);
}

static void destroy(dp_execution *base) {
    dp_starpu_execution *self = (dp_starpu_execution *)base;
    if (dp_session_is_orphaned()) { /* where tasks, data and who waits for them have stayed behind
                                     */
        dp_handles_forget(&self->handles);
    } else {
        if (!self->is_fresh)
            dp_tasks_clean(self);
        dp_session_wake();
        dp_handles_destroy(&self->handles);
        dp_session_rest();
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

static dagpole_status allocate(const dp_stream *stream, dp_starpu_execution **made) {
    dp_starpu_execution *self = *made = dp_alloc_zero(1, sizeof *self);
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

/* Fresh tasks come as the stream has them: StarPU derives from that what waits for what. */
static dagpole_status find_order(dp_starpu_execution *self, const dp_stream *stream) {
    if (self->is_fresh)
        return DAGPOLE_OK;
    self->order = dp_alloc((size_t)stream->n_records, sizeof *self->order);
    return self->order ? dp_stream_order(stream, self->order) : DAGPOLE_NO_MEMORY;
}

/* The parts that can fail. */
static dagpole_status prepare(dp_starpu_execution *self, const dp_stream *stream) {
    DP_TRY(find_order(self, stream));
    DP_TRY(dp_run_init(&self->base.run, self->base.runtime, stream));
    if (!self->has_handles)
        return DAGPOLE_OK;
    dagpole_status status = dp_handles_create(stream, &self->handles);
    if (status != DAGPOLE_OK)
        dp_run_free(&self->base.run);
    return status;
}

static dagpole_status create(dp_runtime *runtime, const dp_stream *stream, int is_fresh,
                             dp_execution **made) {
    dp_starpu_execution *self;
    DP_TRY(allocate(stream, &self));
    self->base.runtime = runtime;
    self->is_fresh = is_fresh;
    self->has_handles = is_fresh || runtime->has_handles;
    dagpole_status status = prepare(self, stream);
    if (status != DAGPOLE_OK) {
        free_arrays(self);
        return status;
    }
    dp_monotonic_cond_init(&self->finished);
    pthread_mutex_init(&self->lock, NULL);
    dp_tasks_init_codelets(self);
    if (!is_fresh)
        dp_tasks_make(self);
    *made = &self->base;
    return DAGPOLE_OK;
}

static dagpole_status create_prepared(dp_runtime *runtime, const dp_stream *stream,
                                      dp_execution **made) {
    return create(runtime, stream, 0, made);
}

static dagpole_status create_fresh(dp_runtime *runtime, const dp_stream *stream,
                                   dp_execution **made) {
    return create(runtime, stream, 1, made);
}

const dp_executor dp_executor_starpu = {create_prepared, run_all, fetch, destroy};
const dp_executor dp_executor_implicit = {create_fresh, run_all, fetch, destroy};
