/* Submission of a run's tasks. */
#include "base/clock.h"
#include "runtime/starpu_execution.h"

/* Threads take chunks of records, one after the other. Fewer records than FEW are submitted before
 * a second thread has started. */
enum { CHUNK = 64, FEW = 1024, MAX_HELPERS = 7 };

typedef struct submission {
    dp_starpu_execution *self;
    _Atomic int64_t next;        /* of the order, that nobody has taken */
    _Atomic int64_t n_submitted; /* tasks that StarPU took */
} submission;

/* The callback of the task's last run was called, but StarPU may hold it for an instant more. A
 * task that the run leaves out touches nothing. 0, or StarPU's error. */
static int submit(dp_starpu_execution *self, int64_t i) {
    struct starpu_task *task = &self->tasks[i];
    dp_tasks_wait(self, i);
    if (self->has_handles) {
        int is_omitted = dp_run_omits(&self->base.run, i);
        dp_handles_renew(task, is_omitted ? 0 : dp_handles_count(&self->handles, i));
    }
    if (self->base.run.is_recording)
        self->base.run.times[i].submit_s = dp_clock() - self->base.run.start_s;
    int error = starpu_task_submit(task);
    self->arguments[i].is_submitted = !error;
    return error;
}

/* Nobody takes any more. */
static void give_up(submission *s, int64_t i, int error) {
    dp_starpu_execution *self = s->self;
    atomic_store(&s->next, self->base.run.stream->n_records);
    dp_run_fail(&self->base.run, -1,
                dp_fail(DAGPOLE_RUNTIME, "StarPU refused record %lld (%s): error %d", (long long)i,
                        self->tasks[i].cl->name, error));
}

/* The k-th record to be submitted. */
static int64_t record_at(const dp_starpu_execution *self, int64_t k) {
    return self->order ? self->order[k] : k;
}

/* Submits the next chunk; 0 where none is left. */
static int submit_chunk(submission *s) {
    int64_t n = s->self->base.run.stream->n_records;
    int64_t begin = atomic_fetch_add(&s->next, CHUNK), k = begin, error = 0;
    if (begin >= n)
        return 0;
    int64_t end = begin + CHUNK < n ? begin + CHUNK : n;
    for (; k < end; k++)
        if ((error = submit(s->self, record_at(s->self, k))))
            break;
    atomic_fetch_add(&s->n_submitted, k - begin);
    if (error)
        give_up(s, record_at(s->self, k), (int)error);
    return 1;
}

static void *help(void *argument) {
    while (submit_chunk(argument))
        ;
    return NULL;
}

/* Fresh tasks come one behind the other: StarPU derives from that what waits for what. */
static int count_helpers(const dp_starpu_execution *self) {
    int n = self->base.runtime->n_submitters - 1;
    if (self->is_fresh || self->base.run.stream->n_records < FEW)
        return 0;
    return n < MAX_HELPERS ? n : MAX_HELPERS;
}

int64_t dp_tasks_submit(dp_starpu_execution *self) {
    submission s = {.self = self};
    pthread_t helper[MAX_HELPERS];
    int64_t n = self->base.run.stream->n_records;
    int n_helpers = 0, n_wanted = count_helpers(self);
    while (n_helpers < n_wanted && !dp_thread_create(&helper[n_helpers], help, &s))
        n_helpers++;
    while (submit_chunk(&s))
        dp_run_report(&self->base.run);
    for (int k = 0; k < n_helpers; k++)
        pthread_join(helper[k], NULL);
    int64_t n_submitted = atomic_load(&s.n_submitted);
    if (n_submitted < n)
        dp_tasks_drop(self, n - n_submitted);
    starpu_do_schedule(); /* graph_test begins when it is told that the graph is complete */
    return n_submitted;
}
