/* What the two executors on StarPU share. Each record is a task. */
#ifndef DP_RUNTIME_STARPU_EXECUTION_H
#define DP_RUNTIME_STARPU_EXECUTION_H

#include "runtime/internal.h"
#include "runtime/starpu_handles.h"

typedef struct dp_starpu_execution dp_starpu_execution;

/* What a task's body needs to know. */
typedef struct dp_task_argument {
    dp_starpu_execution *owner;
    int64_t record;
    int is_submitted; /* its last run may not have been waited for */
} dp_task_argument;

struct dp_starpu_execution {
    dp_execution base;
    int is_fresh;    /* 1: tasks are made for one run, and StarPU derives what they wait for */
    int has_handles; /* 0: tasks name no data, and handles are all zero */
    dp_handles handles;
    dp_csr predecessors;             /* of the records */
    int32_t *order;                  /* records as they are submitted; NULL: as they come */
    struct starpu_codelet *codelets; /* per op */
    struct starpu_task *tasks;       /* per record */
    struct starpu_task **earlier;    /* scratch: what one task waits for */
    dp_task_argument *arguments;     /* per record */
    _Atomic int64_t n_unfinished;
    pthread_mutex_t lock;
    pthread_cond_t finished; /* n_unfinished has come to 0 */
};

/* starpu_tasks.c */

void dp_tasks_init_codelets(dp_starpu_execution *self);

/* A task for each record, which names its fields and, where it is not fresh, what it waits for. */
void dp_tasks_make(dp_starpu_execution *self);

/* The modes that tasks access their fields with in this run. */
void dp_tasks_set_modes(dp_starpu_execution *self);

/* Submits all tasks in about the order that dp_stream_order gives, by as many threads as the
 * runtime says, so that workers begin at once. Those that are skipped, too: a task waits for as
 * many in every run. Reports progress. Returns how many StarPU took; where it refuses one, the run
 * has failed. */
int64_t dp_tasks_submit(dp_starpu_execution *self); /* starpu_submit.c */

/* Waits until StarPU is done with a task that it took. */
void dp_tasks_wait(dp_starpu_execution *self, int64_t record);

/* Ends all tasks, those that were submitted once they are done. */
void dp_tasks_clean(dp_starpu_execution *self);

/* n tasks fewer are to come to their end. */
void dp_tasks_drop(dp_starpu_execution *self, int64_t n);

#endif
