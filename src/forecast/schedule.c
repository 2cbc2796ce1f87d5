#include "forecast/schedule.h"

#include <math.h>
#include <stddef.h>

#include "runtime/queue.h"

/* A record that is or will be in a queue. */
typedef struct item {
    struct item *next;
    int32_t n_waits; /* for so many records, and for its submission */
} item;

/* When a worker is done with its record, or looks for one. Of two at once the older comes first. */
typedef struct event {
    double at;
    int64_t turn;
    int worker;
} event;

typedef struct worker_state {
    int64_t record; /* -1: none */
    double demand;  /* of its node's memory, bytes a second */
    int is_remote;  /* it reads on other nodes */
} worker_state;

typedef struct node_state {
    double demand;
    int n_remote;
} node_state;

typedef struct simulation {
    const dp_stream *stream;
    const dp_csr *successors;
    const dp_site *site;
    dp_queues queues;
    int32_t *order; /* in which records are submitted */
    item *items;
    event *heap;
    int n_events;
    int64_t n_turns, n_submitted, n_done;
    worker_state *workers;
    node_state *nodes;
    dp_record_times *times;
    dp_schedule *schedule;
} simulation;

/* ---- the dependencies the other way round ------------------------------------------------- */

static dagpole_status transpose(const dp_csr *predecessors, dp_csr *successors) {
    int64_t n = predecessors->n_rows;
    DP_TRY(dp_csr_begin(n, successors));
    for (int64_t k = 0; k < predecessors->offset[n]; k++)
        successors->offset[predecessors->index[k] + 1]++;
    DP_TRY(dp_csr_end(0, successors));
    int64_t *next = dp_alloc_copy(successors->offset, (size_t)n, sizeof *next);
    if (!next)
        return DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = predecessors->offset[i]; k < predecessors->offset[i + 1]; k++)
            successors->index[next[predecessors->index[k]]++] = (int32_t)i;
    dp_free(next);
    return DAGPOLE_OK;
}

dagpole_status dp_schedule_successors(const dp_stream *stream, dp_csr *successors) {
    dp_csr predecessors;
    *successors = (dp_csr){0};
    DP_TRY(dp_stream_predecessors(stream, &predecessors));
    dagpole_status status = transpose(&predecessors, successors);
    dp_csr_free(&predecessors);
    if (status != DAGPOLE_OK)
        dp_csr_free(successors);
    return status;
}

/* ---- events: a heap, the earliest on top --------------------------------------------------- */

static int is_before(const event *a, const event *b) {
    return a->at < b->at || (a->at == b->at && a->turn < b->turn);
}

static void add_event(simulation *s, double at, int worker) {
    event added = {at, s->n_turns++, worker};
    int i = s->n_events++;
    for (; i > 0 && is_before(&added, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = added;
}

static event take_event(simulation *s) {
    event top = s->heap[0], last = s->heap[--s->n_events];
    int i = 0;
    for (int child; (child = 2 * i + 1) < s->n_events; i = child) {
        if (child + 1 < s->n_events && is_before(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!is_before(&s->heap[child], &last))
            break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = last;
    return top;
}

/* ---- what a record takes ------------------------------------------------------------------- */

static double bytes_touched(const dp_stream *stream, const dp_record *record) {
    double bytes = 0;
    for (int64_t a = record->access_begin; a < record->access_begin + record->n_access; a++)
        bytes += (double)dp_stream_access_bytes(stream, a);
    return bytes;
}

/* Its seconds on a worker, with what runs on the node now. */
static double seconds_of(simulation *s, int64_t i, int node, worker_state *worker) {
    const dp_record *record = &s->stream->records[i];
    const dp_site *site = s->site;
    double seconds = record->cost, bytes = bytes_touched(s->stream, record);
    int64_t remote = site->n_nodes > 1 ? dp_stream_remote_bytes(s->stream, i, node) : 0;
    s->schedule->bytes_remote += remote;
    worker->demand = seconds > 0 ? bytes / seconds : 0;
    worker->is_remote = remote > 0;
    seconds *= fmax(1, (s->nodes[node].demand + worker->demand) / site->local_rate);
    worker->demand = fmin(worker->demand, site->local_rate); /* others never see more than that */
    s->nodes[node].demand += worker->demand;
    s->nodes[node].n_remote += worker->is_remote;
    return seconds + (double)remote * s->nodes[node].n_remote / site->remote_rate;
}

/* ---- events -------------------------------------------------------------------------------- */

static void push(simulation *s, int64_t i, double now, int pusher) {
    const dp_record *record = &s->stream->records[i];
    int64_t top = DP_QUEUE_LEVELS - 1, max = s->stream->max_priority;
    int level = (int)(max > 0 ? record->priority * top / max : 0);
    int sleeper = dp_queues_push(&s->queues, &s->items[i], level, record->node, pusher);
    if (sleeper >= 0)
        add_event(s, now, sleeper);
}

static void release(simulation *s, int64_t i, double now, int pusher) {
    if (--s->items[i].n_waits == 0)
        push(s, i, now, pusher);
}

static void submit_next(simulation *s, double now) {
    int64_t i = s->order[s->n_submitted++];
    s->times[i].submit_s = now;
    release(s, i, now, -1);
}

static void begin(simulation *s, int64_t i, int w, double now) {
    const dp_site *site = s->site;
    worker_state *worker = &s->workers[w];
    double runtime = site->task_s + site->access_s * s->stream->records[i].n_access;
    double seconds = seconds_of(s, i, dp_site_node(site, w), worker);
    dp_record_times *times = &s->times[i];
    worker->record = i;
    times->worker = w;
    times->start_s = now + runtime;
    times->end_s = times->start_s + seconds;
    s->schedule->runtime_s += runtime;
    s->schedule->tasks_s += seconds;
    add_event(s, times->end_s, w);
}

/* What the worker has done is handed on before it looks for more. */
static void end(simulation *s, int w, double now) {
    worker_state *worker = &s->workers[w];
    const dp_csr *rows = s->successors;
    node_state *node = &s->nodes[dp_site_node(s->site, w)];
    int64_t i = worker->record;
    node->demand -= worker->demand;
    node->n_remote -= worker->is_remote;
    worker->record = -1;
    s->n_done++;
    s->schedule->makespan = fmax(s->schedule->makespan, now);
    for (int64_t k = rows->offset[i]; k < rows->offset[i + 1]; k++)
        release(s, rows->index[k], now, w);
}

static void seek(simulation *s, int w, double now) {
    item *found = dp_queues_pop(&s->queues, w);
    if (found)
        begin(s, found - s->items, w, now);
}

/* Workers sleep at first: all is pushed to them. */
static dagpole_status simulate(simulation *s) {
    int64_t n = s->stream->n_records;
    for (int w = 0; w < s->site->n_workers; w++)
        seek(s, w, 0);
    while (s->n_done < n) {
        double next = (double)s->n_submitted * s->site->submit_s;
        if (s->n_submitted < n && (s->n_events == 0 || next <= s->heap[0].at)) {
            submit_next(s, next);
        } else if (s->n_events > 0) {
            event e = take_event(s);
            if (s->workers[e.worker].record >= 0)
                end(s, e.worker, e.at);
            seek(s, e.worker, e.at);
        } else {
            return dp_fail(DAGPOLE_INTERNAL, "%lld records of a foreseen schedule never begin",
                           (long long)(n - s->n_done));
        }
    }
    return DAGPOLE_OK;
}

/* ---- beginning and end --------------------------------------------------------------------- */

/* Nodes are as far from one another as the kernel says where the firmware does not. */
static dagpole_status open_queues(const dp_site *site, dp_queues *queues) {
    int n = site->n_nodes;
    dp_places places = {.n_units = site->n_workers,
                        .n_groups = n,
                        .group_of = dp_alloc((size_t)site->n_workers, sizeof(int)),
                        .node_of = dp_alloc((size_t)n, sizeof(int)),
                        .distance = dp_alloc((size_t)n * (size_t)n, sizeof(int))};
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (places.group_of && places.node_of && places.distance) {
        for (int w = 0; w < site->n_workers; w++)
            places.group_of[w] = dp_site_node(site, w);
        for (int k = 0; k < n * n; k++)
            places.distance[k] = k / n == k % n ? 0 : 1;
        for (int k = 0; k < n; k++)
            places.node_of[k] = k;
        status = dp_queues_init(queues, &places, offsetof(item, next), NULL);
    }
    dp_places_free(&places);
    for (int w = 0; status == DAGPOLE_OK && w < site->n_workers; w++)
        dp_queues_serve(queues, w, 1);
    return status;
}

static dagpole_status allocate(simulation *s) {
    int64_t n = s->stream->n_records;
    size_t n_workers = (size_t)s->site->n_workers;
    s->order = dp_alloc((size_t)n, sizeof *s->order);
    s->items = dp_alloc_zero((size_t)n, sizeof *s->items);
    s->heap = dp_alloc(n_workers, sizeof *s->heap);
    s->workers = dp_alloc(n_workers, sizeof *s->workers);
    s->nodes = dp_alloc_zero((size_t)s->site->n_nodes, sizeof *s->nodes);
    if (!s->times)
        s->times = dp_alloc((size_t)n, sizeof *s->times);
    if (!s->order || !s->items || !s->heap || !s->workers || !s->nodes || !s->times)
        return DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < n; i++)
        s->items[i].n_waits = 1;
    for (int64_t k = 0; k < s->successors->offset[n]; k++)
        s->items[s->successors->index[k]].n_waits++;
    for (size_t w = 0; w < n_workers; w++)
        s->workers[w] = (worker_state){.record = -1};
    DP_TRY(dp_stream_order(s->stream, s->order));
    return open_queues(s->site, &s->queues);
}

dagpole_status dp_schedule_make(const dp_stream *stream, const dp_csr *successors,
                                const dp_site *site, dp_record_times *times,
                                dp_schedule *schedule) {
    simulation s = {.stream = stream,
                    .successors = successors,
                    .site = site,
                    .times = times,
                    .schedule = schedule};
    *schedule = (dp_schedule){0};
    dagpole_status status = allocate(&s);
    if (status == DAGPOLE_OK) {
        status = simulate(&s);
        dp_queues_free(&s.queues);
    }
    dp_free(s.order);
    dp_free(s.items);
    dp_free(s.heap);
    dp_free(s.workers);
    dp_free(s.nodes);
    if (!times)
        dp_free(s.times);
    return status;
}
