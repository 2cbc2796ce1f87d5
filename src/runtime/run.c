#include "runtime/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define REPORT_EVERY_S 0.05

static void set_estimates(dp_run *run) {
    const dp_stream *stream = run->stream;
    for (int op = 0; op < DP_MAX_OPS; op++)
        run->pace[op] = run->learned[op] = 1;
    for (int64_t i = 0; i < stream->n_records; i++) {
        int64_t begin, n = dp_stream_steps(stream, i, &begin);
        for (int64_t step = begin; step < begin + n; step++)
            run->op_cost[dp_stream_step_op(stream, i, step)] +=
                dp_stream_step_cost(stream, i, step);
    }
}

/* Schedulers plan by estimates, results do not depend on them. */
static void learn(dp_run *run) {
    double op_s[DP_MAX_OPS];
    dp_run_op_times(run, op_s);
    for (int op = 0; op < DP_MAX_OPS; op++)
        if (run->op_cost[op] > 0 && op_s[op] > 0)
            run->learned[op] = op_s[op] / run->op_cost[op];
}

double dp_run_expected_s(const dp_run *run, int64_t record) {
    const dp_stream *stream = run->stream;
    int64_t begin, n = dp_stream_steps(stream, record, &begin);
    double seconds = stream->records[record].cost;
    for (int64_t step = begin; step < begin + n; step++)
        seconds += (run->pace[dp_stream_step_op(stream, record, step)] - 1) *
                   dp_stream_step_cost(stream, record, step);
    return seconds;
}

dagpole_status dp_run_init(dp_run *run, dp_runtime *runtime, const dp_stream *stream) {
    *run = (dp_run){.runtime = runtime, .stream = stream, .n_slots = dp_runtime_n_slots(runtime)};
    if (stream->n_ops > DP_MAX_OPS)
        return dp_fail(DAGPOLE_INTERNAL, "the stream has %d operators, at most %d are allowed",
                       stream->n_ops, DP_MAX_OPS);
    set_estimates(run);
    for (int64_t i = 0; i < stream->n_records; i++) {
        run->total_cost += stream->records[i].cost;
        if (run->max_access < stream->records[i].n_access)
            run->max_access = stream->records[i].n_access;
    }
    run->slots = dp_alloc((size_t)run->n_slots, sizeof *run->slots);
    run->buffers = dp_alloc((size_t)run->n_slots * (size_t)run->max_access, sizeof *run->buffers);
    if (!run->slots || !run->buffers) {
        dp_run_free(run);
        return DAGPOLE_NO_MEMORY;
    }
    pthread_mutex_init(&run->lock, NULL);
    return DAGPOLE_OK;
}

void dp_run_free(dp_run *run) {
    if (run->slots && run->buffers)
        pthread_mutex_destroy(&run->lock);
    dp_free(run->slots);
    dp_free(run->buffers);
    dp_free(run->times);
    run->slots = NULL;
    run->buffers = NULL;
    run->times = NULL;
}

static void forget_times(dp_run *run) {
    for (int64_t i = 0; i < run->stream->n_records; i++)
        run->times[i] = (dp_record_times){.worker = -1};
}

dagpole_status dp_run_record_times(dp_run *run, int is_on) {
    if (is_on && !run->times) {
        run->times = dp_alloc((size_t)run->stream->n_records, sizeof *run->times);
        if (!run->times)
            return DAGPOLE_NO_MEMORY;
        forget_times(run);
    }
    if (!is_on) {
        dp_free(run->times);
        run->times = NULL;
    }
    return DAGPOLE_OK;
}

void dp_run_begin(dp_run *run, dp_operator_bits ops, const char *stage) {
    if (ops == DP_ALL_OPERATORS)
        memcpy(run->pace, run->learned, sizeof run->pace);
    memset(run->slots, 0, (size_t)run->n_slots * sizeof *run->slots);
    atomic_store(&run->limit, INT64_MAX);
    run->status = DAGPOLE_OK;
    run->ops = ops;
    run->is_recording = run->times && ops == DP_ALL_OPERATORS;
    if (run->is_recording)
        forget_times(run);
    run->stage = stage;
    run->next_report_s = 0;
    dp_run_report(run);
}

void dp_run_fail(dp_run *run, int64_t record, dagpole_status status) {
    pthread_mutex_lock(&run->lock);
    if (record < atomic_load(&run->limit)) {
        atomic_store(&run->limit, record);
        run->status = status;
        snprintf(run->text, sizeof run->text, "%s", dagpole_last_error());
    }
    pthread_mutex_unlock(&run->lock);
}

void dp_run_own_buffers(const dp_run *run, int64_t record, void **buffers) {
    const dp_stream *stream = run->stream;
    const dp_record *what = &stream->records[record];
    for (int32_t a = 0; a < what->n_access; a++)
        buffers[a] = stream->fields[stream->access_field[what->access_begin + a]].data;
}

/* Steps of the record that the run does not omit. */
static int64_t n_run(const dp_run *run, int64_t record, int64_t *n_steps) {
    int64_t begin, n_asked = 0;
    *n_steps = dp_stream_steps(run->stream, record, &begin);
    for (int64_t step = begin; step < begin + *n_steps; step++)
        n_asked += run->ops >> dp_stream_step_op(run->stream, record, step) & 1;
    return n_asked;
}

int dp_run_omits(const dp_run *run, int64_t record) {
    int64_t n_steps;
    return n_run(run, record, &n_steps) == 0;
}

int dp_run_is_whole(const dp_run *run, int64_t record) {
    int64_t n_steps, n_asked = n_run(run, record, &n_steps);
    return n_asked == n_steps;
}

static void note_times(const dp_run *run, int64_t record, int slot, double start, double end) {
    dp_record_times *times = &run->times[record];
    times->start_s = start - run->start_s;
    times->end_s = end - run->start_s;
    times->worker = slot;
}

/* The steps that the run does not omit, up to the first that fails. */
static dagpole_status run_steps(const dp_run *run, int64_t record, void *const *buffers, int slot) {
    const dp_stream *stream = run->stream;
    int64_t begin, n = dp_stream_steps(stream, record, &begin);
    double start = dp_clock(), before = start;
    for (int64_t step = begin; step < begin + n; step++) {
        int op = dp_stream_step_op(stream, record, step);
        if (!(run->ops >> op & 1))
            continue;
        dagpole_status status = stream->body(stream->argument, step, buffers, slot);
        double now = dp_clock();
        run->slots[slot].op_s[op] += now - before;
        before = now;
        if (status != DAGPOLE_OK)
            return status;
    }
    if (run->is_recording)
        note_times(run, record, slot, start, before);
    return DAGPOLE_OK;
}

void dp_run_record(dp_run *run, int64_t record, void *const *buffers, int slot) {
    if (record >= atomic_load_explicit(&run->limit, memory_order_relaxed) ||
        dp_run_omits(run, record))
        return;
    dp_slot *mine = &run->slots[slot];
    mine->bytes_remote +=
        dp_stream_remote_bytes(run->stream, record, dp_runtime_node_of(run->runtime, slot));
    dagpole_status status = run_steps(run, record, buffers, slot);
    double done = atomic_load_explicit(&mine->cost_done, memory_order_relaxed) +
                  run->stream->records[record].cost;
    atomic_store_explicit(&mine->cost_done, done, memory_order_relaxed);
    if (status != DAGPOLE_OK)
        dp_run_fail(run, record, status);
}

static double fraction_done(dp_run *run) {
    double done = 0;
    for (int slot = 0; slot < run->n_slots; slot++)
        done += atomic_load_explicit(&run->slots[slot].cost_done, memory_order_relaxed);
    return run->total_cost > 0 ? fmin(done / run->total_cost, 1.0) : 0.0;
}

void dp_run_report(dp_run *run) {
    double now = dp_clock();
    if (now < run->next_report_s || atomic_load(&run->limit) < 0)
        return;
    run->next_report_s = now + REPORT_EVERY_S;
    dagpole_status status = dp_runtime_progress(run->runtime, run->stage, fraction_done(run));
    if (status != DAGPOLE_OK)
        dp_run_fail(run, -1, status);
}

dagpole_status dp_run_end(dp_run *run) {
    if (run->status != DAGPOLE_OK)
        return dp_fail(run->status, "%s", run->text);
    if (run->ops == DP_ALL_OPERATORS)
        learn(run);
    return dp_runtime_progress(run->runtime, run->stage, 1.0);
}

double dp_run_op_times(const dp_run *run, double *op_s) {
    double sum = 0;
    for (int op = 0; op < DP_MAX_OPS; op++) {
        op_s[op] = 0;
        for (int slot = 0; slot < run->n_slots; slot++)
            op_s[op] += run->slots[slot].op_s[op];
        sum += op_s[op];
    }
    return sum;
}

void dp_run_bytes(const dp_run *run, dp_profile *profile) {
    profile->bytes_copied = profile->bytes_remote = 0;
    for (int slot = 0; slot < run->n_slots; slot++) {
        profile->bytes_copied += run->slots[slot].bytes_copied;
        profile->bytes_remote += run->slots[slot].bytes_remote;
    }
}
