#include "runtime/queue.h"

#include <string.h>

#include "base/memory.h"

/* ---- one queue ---------------------------------------------------------------------------- */

static void *next_of(const dp_queues *queues, const void *item) {
    void *next;
    memcpy(&next, (const char *)item + queues->link, sizeof next);
    return next;
}

static void set_next(const dp_queues *queues, void *item, void *next) {
    memcpy((char *)item + queues->link, &next, sizeof next);
}

/* Under the lock. */
static void append(const dp_queues *queues, dp_queue *to, void *item, int level) {
    set_next(queues, item, NULL);
    if (to->first[level])
        set_next(queues, to->last[level], item);
    else
        to->first[level] = item;
    to->last[level] = item;
    to->filled |= (uint64_t)1 << level;
    atomic_fetch_add(&to->n, 1);
}

/* Under the lock. */
static void unlink_item(const dp_queues *queues, dp_queue *from, int level, void *before,
                        void *item) {
    void *next = next_of(queues, item);
    if (before)
        set_next(queues, before, next);
    else
        from->first[level] = next;
    if (!next)
        from->last[level] = before;
    if (!from->first[level])
        from->filled &= ~((uint64_t)1 << level);
    atomic_fetch_sub(&from->n, 1);
}

static int can_run(const dp_queues *queues, void *item, int worker) {
    return !queues->can_run || queues->can_run(item, worker);
}

/* The oldest item of a level that the worker can run. */
static void *take_from_level(const dp_queues *queues, dp_queue *from, int level, int worker) {
    void *before = NULL, *item = from->first[level];
    while (item && !can_run(queues, item, worker)) {
        before = item;
        item = next_of(queues, item);
    }
    if (item)
        unlink_item(queues, from, level, before, item);
    return item;
}

static int highest(uint64_t levels) {
    return 63 - __builtin_clzll(levels);
}

static void *take(const dp_queues *queues, dp_queue *from, int worker) {
    void *item = NULL;
    pthread_mutex_lock(&from->lock);
    for (uint64_t levels = from->filled; levels && !item;) {
        int level = highest(levels);
        item = take_from_level(queues, from, level, worker);
        levels &= ~((uint64_t)1 << level);
    }
    pthread_mutex_unlock(&from->lock);
    return item;
}

/* ---- who takes from where ----------------------------------------------------------------- */

/* The node's queues hold more than they keep for each worker that serves them. */
static int has_spare(const dp_queues *queues, int node) {
    int64_t n = 0, n_workers = 0;
    for (int i = 0; i < queues->n; i++)
        if (queues->queue[i].node == node) {
            n += atomic_load(&queues->queue[i].n);
            n_workers += atomic_load(&queues->queue[i].n_workers);
        }
    return n > DP_QUEUE_KEEPS * n_workers;
}

static int may_take(const dp_queues *queues, int home, int from) {
    int node = queues->queue[from].node;
    return queues->queue[home].node == node || has_spare(queues, node);
}

static void *find(const dp_queues *queues, int worker) {
    int home = queues->worker[worker].home;
    const int *order = queues->order + (size_t)home * (size_t)queues->n;
    void *item = NULL;
    for (int k = 0; k < queues->n && !item; k++) {
        dp_queue *from = &queues->queue[order[k]];
        if (atomic_load(&from->n) > 0 && may_take(queues, home, order[k]))
            item = take(queues, from, worker);
    }
    return item;
}

/* Returns whether that is a change. */
static int set_asleep(dp_queues *queues, int worker, int is_asleep) {
    dp_queue_worker *w = &queues->worker[worker];
    if (atomic_load_explicit(&w->is_asleep, memory_order_relaxed) == is_asleep ||
        atomic_exchange(&w->is_asleep, is_asleep) == is_asleep)
        return 0;
    atomic_fetch_add(&queues->queue[w->home].n_asleep, is_asleep ? 1 : -1);
    atomic_fetch_add(&queues->n_asleep, is_asleep ? 1 : -1);
    return 1;
}

/* A worker says that it sleeps and looks once more: whoever pushes puts the item first and looks
 * for sleepers then, so that one of the two sees the other. */
void *dp_queues_pop(dp_queues *queues, int worker) {
    void *item = find(queues, worker);
    if (!item && set_asleep(queues, worker, 1))
        item = find(queues, worker);
    if (item)
        set_asleep(queues, worker, 0);
    return item;
}

/* The nearest worker asleep that may take an item of this queue and can run it, from now on awake.
 */
static int wake(dp_queues *queues, int queue, void *item) {
    const int *order = queues->order + (size_t)queue * (size_t)queues->n;
    if (atomic_load(&queues->n_asleep) == 0)
        return -1;
    for (int k = 0; k < queues->n; k++) {
        const dp_queue *near = &queues->queue[order[k]];
        if (atomic_load(&near->n_asleep) == 0 || !may_take(queues, order[k], queue))
            continue;
        for (int w = near->first_worker; w >= 0; w = queues->worker[w].next)
            if (atomic_load(&queues->worker[w].is_asleep) && can_run(queues, item, w) &&
                set_asleep(queues, w, 0))
                return w;
    }
    return -1;
}

/* ---- where an item goes ------------------------------------------------------------------- */

/* Some worker of the queue can run it. */
static int is_for(const dp_queues *queues, int queue, void *item) {
    for (int w = queues->queue[queue].first_worker; w >= 0; w = queues->worker[w].next)
        if (atomic_load(&queues->worker[w].serves) && can_run(queues, item, w))
            return 1;
    return 0;
}

/* Fewer items a worker. */
static int is_emptier(const dp_queues *queues, int a, int b) {
    const dp_queue *one = &queues->queue[a], *other = &queues->queue[b];
    return atomic_load(&one->n) * atomic_load(&other->n_workers) <
           atomic_load(&other->n) * atomic_load(&one->n_workers);
}

/* Of one node, or of all where `node` is negative; -1 where no queue will do. */
static int choose(const dp_queues *queues, void *item, int node, int own) {
    int best = -1;
    if (own >= 0 && (node < 0 || queues->queue[own].node == node) && is_for(queues, own, item))
        return own;
    for (int i = 0; i < queues->n; i++)
        if ((node < 0 || queues->queue[i].node == node) &&
            (best < 0 || is_emptier(queues, i, best)) && is_for(queues, i, item))
            best = i;
    return best;
}

int dp_queues_push(dp_queues *queues, void *item, int level, int node, int pusher) {
    int serves = pusher >= 0 && atomic_load(&queues->worker[pusher].serves);
    int own = serves ? queues->worker[pusher].home : -1;
    int queue = node >= 0 ? choose(queues, item, node, own) : -1;
    if (queue < 0)
        queue = choose(queues, item, -1, own);
    if (queue < 0)
        queue = 0; /* nobody can run it now; who can later will look here */
    pthread_mutex_lock(&queues->queue[queue].lock);
    append(queues, &queues->queue[queue], item, level);
    int sleeper = wake(queues, queue, item); /* before somebody takes the item and ends it */
    pthread_mutex_unlock(&queues->queue[queue].lock);
    return sleeper;
}

void dp_queues_serve(dp_queues *queues, int worker, int serves) {
    dp_queue_worker *w = &queues->worker[worker];
    if (atomic_exchange(&w->serves, serves) == serves)
        return;
    atomic_fetch_add(&queues->queue[w->home].n_workers, serves ? 1 : -1);
    if (!serves)
        set_asleep(queues, worker, 0);
}

int64_t dp_queues_count(const dp_queues *queues) {
    int64_t n = 0;
    for (int i = 0; i < queues->n; i++)
        n += atomic_load(&queues->queue[i].n);
    return n;
}

/* ---- beginning and end -------------------------------------------------------------------- */

/* The queues by their distance from one, by insertion; equal ones in turn from it on, so that not
 * all robbers come to the same first. */
static void sort_by_distance(const int *distance, int from, int n, int *order) {
    for (int k = 0; k < n; k++) {
        int queue = (from + k) % n, at = k;
        for (; at > 1 && distance[order[at - 1]] > distance[queue]; at--)
            order[at] = order[at - 1];
        order[at] = queue;
    }
}

static void init_queue(dp_queue *queue, int node) {
    memset(queue, 0, sizeof *queue);
    pthread_mutex_init(&queue->lock, NULL);
    queue->node = node;
    queue->first_worker = -1;
}

/* From the last to the first, so that the lists ascend. */
static void settle_workers(dp_queues *queues, const dp_places *places) {
    for (int w = places->n_units - 1; w >= 0; w--) {
        dp_queue *home = &queues->queue[places->group_of[w]];
        queues->worker[w] =
            (dp_queue_worker){.home = places->group_of[w], .next = home->first_worker};
        home->first_worker = w;
    }
}

dagpole_status dp_queues_init(dp_queues *queues, const dp_places *places, size_t link,
                              int (*can_run)(void *item, int worker)) {
    size_t n = (size_t)places->n_groups;
    *queues = (dp_queues){.n_workers = places->n_units, .link = link, .can_run = can_run};
    queues->queue = dp_alloc(n, sizeof *queues->queue);
    queues->worker = dp_alloc((size_t)places->n_units, sizeof *queues->worker);
    queues->order = dp_alloc(n * n, sizeof *queues->order);
    if (!queues->queue || !queues->worker || !queues->order) {
        dp_queues_free(queues);
        return DAGPOLE_NO_MEMORY;
    }
    queues->n = places->n_groups;
    for (int i = 0; i < queues->n; i++) {
        init_queue(&queues->queue[i], places->node_of[i]);
        sort_by_distance(places->distance + (size_t)i * n, i, queues->n,
                         queues->order + (size_t)i * n);
    }
    settle_workers(queues, places);
    return DAGPOLE_OK;
}

void dp_queues_free(dp_queues *queues) {
    for (int i = 0; i < queues->n; i++)
        pthread_mutex_destroy(&queues->queue[i].lock);
    dp_free(queues->queue);
    dp_free(queues->worker);
    dp_free(queues->order);
    *queues = (dp_queues){0};
}
