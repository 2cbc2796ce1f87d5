/* What the tasks of an evaluation tell: kinds, and the chain that the evaluation waited for. */
#ifndef DP_CLI_PICTURES_TASKS_H
#define DP_CLI_PICTURES_TASKS_H

#include <dagpole.h>

enum { CLI_MAX_KINDS = 32 };

/* The tasks of one name. */
typedef struct cli_task_kind {
    const char *name; /* "M2L", "GATHER+P2M" */
    int64_t n;
    double measured_s, predicted_s; /* summed over the tasks */
    double ratio;                   /* median over the tasks of measured over predicted time */
} cli_task_kind;

/* Sorted by measured time, the most first. Returns how many there are, -1 where memory is short. */
int cli_task_kinds(const dagpole_tasks *tasks, cli_task_kind kind[CLI_MAX_KINDS]);

/* Tasks in the order in which they ran. Each began after the one before it, on which it depends or
 * which ran under the same worker: of all such tasks, the one that ended last. */
typedef struct cli_chain {
    int64_t n, *task;
    int64_t n_dependencies; /* steps to a task that depends on the one before; under the same
                               worker, the others */
    double tasks_s;         /* time inside its tasks */
    double submission_s;    /* between them, where the next was not submitted yet */
    double end_s;           /* of its last task, which is the last of all */
} cli_chain;

/* The chain that ends with the task that ended last: cli_chain_free. -1 where memory is short, else
 * 0. */
int cli_task_chain(const dagpole_tasks *tasks, cli_chain *chain);
void cli_chain_free(cli_chain *chain);

/* The longest chain of dependencies alone, by the tasks' measured times: no number of workers is
 * faster than its tasks_s. As cli_task_chain. */
int cli_task_span(const dagpole_tasks *tasks, cli_chain *chain);

/* Operators that pictures show in one colour: 0 ... CLI_N_FAMILIES - 1. */
enum { CLI_N_FAMILIES = 9 };
int cli_task_family(const char *name);
const char *cli_family_colour(int family);

/* Indices of the tasks, worker by worker, in the order of their starts; NULL where memory is short.
 * free() it. */
int64_t *cli_tasks_by_worker(const dagpole_tasks *tasks);

#endif
