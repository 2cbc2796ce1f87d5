/* The one StarPU of this process: who started it, who uses it, when its workers sleep. */
#ifndef DP_RUNTIME_SESSION_H
#define DP_RUNTIME_SESSION_H

#include <starpu.h>

#include "runtime/runtime.h"

/* CPU workers granted to one runtime. */
typedef struct dp_workers {
    int n;
    int id[STARPU_NMAXWORKERS];      /* StarPU's number of each, ascending */
    int slot_of[STARPU_NMAXWORKERS]; /* place of a StarPU worker in id, -1 = not granted */
    int node[STARPU_NMAXWORKERS];    /* by slot: NUMA node, the system's number; -1 = unknown */
    unsigned sched_ctx;              /* all tasks go to this scheduling context */
    int owns_sched_ctx;
    int min_priority, max_priority;
    char scheduler[64];
} dp_workers;

/* Starts StarPU where nobody has, and grants workers. runtime: for its options and log. */
dagpole_status dp_session_join(dp_runtime *runtime, dp_workers *workers);

/* Gives the workers back; the last one shuts down the StarPU that was started here. */
void dp_session_leave(dp_workers *workers);

/* Workers started here are awake between the two; calls nest and may come from any thread. */
void dp_session_wake(void);
void dp_session_rest(void);

/* For who waits for tasks and has seen none move for a while: the application may have paused its
 * StarPU. Between wake and rest. */
void dp_session_urge(void);

/* 1 in a process that was forked from one in which StarPU ran: nothing of StarPU works there. */
int dp_session_is_orphaned(void);

#endif
