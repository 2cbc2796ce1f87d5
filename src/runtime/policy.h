/* The scheduling policy "dagpole": StarPU's callbacks around the queues of runtime/queue.h. */
#ifndef DP_RUNTIME_POLICY_H
#define DP_RUNTIME_POLICY_H

#include <starpu.h>

#include "base/status.h"

#define DP_POLICY_NAME "dagpole"

extern struct starpu_sched_policy dp_policy;

/* NO_MEMORY where a scheduling context that was just made has the policy but no queues. StarPU was
 * not told, and tasks go to the workers in turn. */
dagpole_status dp_policy_check(unsigned sched_ctx);

/* Says that a task is best run on a NUMA node, by the operating system's number; negative:
 * anywhere. Kept in task->sched_data, which StarPU leaves to schedulers. For tasks of this policy
 * alone: modular-userchoice takes it for a worker. Before the task is submitted. */
void dp_policy_set_home(struct starpu_task *task, int node);

#endif
