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
} dp_task_argument;

struct dp_starpu_execution {
    dp_execution base;
    int is_fresh;    /* 1: tasks are made for one run, and StarPU derives what they wait for */
    int has_handles; /* 0: tasks name no data, and handles are all zero */
    dp_handles handles;
    dp_csr predecessors;             /* of the records */
    struct starpu_codelet *codelets; /* per op */
    struct starpu_task *tasks;       /* per record */
    struct starpu_task **earlier;    /* scratch: what one task waits for */
    int64_t n_submitted;             /* tasks [0, n_submitted) in the last run */
    dp_task_argument *arguments;     /* per record */
    _Atomic int64_t n_unfinished;
    pthread_mutex_t lock;
    pthread_cond_t finished; /* n_unfinished has come to 0 */
};

/* starpu_tasks.c */

void dp_tasks_init_codelets(dp_starpu_execution *self);

/* A task that names the record's fields and waits for nothing by itself. */
void dp_tasks_init(dp_starpu_execution *self, int64_t record);

/* All tasks, with what each waits for. */
void dp_tasks_make(dp_starpu_execution *self);

/* Submits a task; one that the run leaves out touches nothing. The callback of its last run was
 * called; StarPU may hold it for an instant more, which is waited for. 0, or StarPU's error. */
int dp_tasks_submit(dp_starpu_execution *self, int64_t record);

/* Ends the first n tasks, those that were submitted once they are done. */
void dp_tasks_clean(dp_starpu_execution *self, int64_t n);

/* n tasks fewer are to come to their end. */
void dp_tasks_drop(dp_starpu_execution *self, int64_t n);

#endif
