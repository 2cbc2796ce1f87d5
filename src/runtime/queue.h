/* Queues of tasks that are ready: one for each group of workers that share a cache (dp_places). A
 * worker takes from its own queue first, the highest priority first and the oldest of one priority
 * first, then from the other queues in the order of their distance: from those of another NUMA node
 * only while that node's queues hold more than its own workers will take next, three each.
 *
 * Nothing here knows StarPU, so that forecasts run the same code. Items are the caller's, with room
 * for a pointer to the next one; pushing allocates nothing.
 *
 * Locking: every queue has a lock, which guards its lists and is held for a few steps. No two are
 * held at once, and nothing is called under one but `can_run`. Pushing, taking and serving may be
 * called from any thread at any time; one worker takes in one thread at a time. */
#ifndef DP_RUNTIME_QUEUE_H
#define DP_RUNTIME_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "platform/places.h"

#define DP_QUEUE_LEVELS 64 /* priorities 0 ... 63 */

/* Items that a NUMA node keeps for each of its workers. Forecasts (forecast/) of 8 nodes of 16
 * workers, 1e7 points: with 1 what is stolen adds 17 to 23 percent to what is read on other nodes
 * with every task at home, with 3 it adds 5 to 14, and evaluations take as long; on 2 nodes of 2 up
 * to 1.5 percent longer. */
#define DP_QUEUE_KEEPS 3

typedef struct dp_queue {
    _Alignas(64) pthread_mutex_t lock; /* of the three below */
    uint64_t filled;                   /* a bit for each level that holds an item */
    void *first[DP_QUEUE_LEVELS], *last[DP_QUEUE_LEVELS];
    _Alignas(64) _Atomic int64_t n; /* items; changed under the lock, read without */
    _Atomic int n_workers;          /* that serve this queue */
    _Atomic int n_asleep;           /* of them */
    int node;
    int first_worker; /* the first of its workers, serving or not, -1 = none */
} dp_queue;

typedef struct dp_queue_worker {
    int home; /* its queue */
    int next; /* another worker of that queue, -1 = none */
    _Atomic int serves, is_asleep;
} dp_queue_worker;

typedef struct dp_queues {
    int n, n_workers;
    dp_queue *queue;
    dp_queue_worker *worker;
    int *order;  /* n x n: all queues by their distance from one, itself first */
    size_t link; /* where in an item the pointer to the next one lies */
    int (*can_run)(void *item, int worker);
    _Atomic int n_asleep; /* of all workers */
} dp_queues;

/* A queue for each group of places, and a worker for each unit, which does not serve yet. link:
 * where in an item the pointer to the next one lies. can_run: NULL = every worker runs all items.
 */
dagpole_status dp_queues_init(dp_queues *queues, const dp_places *places, size_t link,
                              int (*can_run)(void *item, int worker));
void dp_queues_free(dp_queues *queues);

/* A worker begins or ends to serve. What ended lets everybody take what its queue still holds. */
void dp_queues_serve(dp_queues *queues, int worker, int serves);

/* Puts an item into a queue that has a worker which can run it: one of the NUMA node `node` where
 * that is not negative and such a one exists. Among those the pusher's own comes first, then the
 * one with the fewest items a worker. pusher: a worker, or -1. Returns the worker to be woken for
 * it, -1 = none: the nearest one asleep that may take the item and can run it. It counts as awake
 * from then on. */
int dp_queues_push(dp_queues *queues, void *item, int level, int node, int pusher);

/* An item for this worker, or NULL: then it counts as asleep until it takes one. */
void *dp_queues_pop(dp_queues *queues, int worker);

/* Items in all queues. */
int64_t dp_queues_count(const dp_queues *queues);

#endif
