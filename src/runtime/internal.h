/* What the files of runtime/ share. */
#ifndef DP_RUNTIME_INTERNAL_H
#define DP_RUNTIME_INTERNAL_H

#include "runtime/run.h"
#include "runtime/session.h"

struct dp_runtime {
    dp_runtime_options options;
    const struct dp_executor *executor; /* NULL = by the options and the stream */
    int has_handles;                    /* 0: StarPU is told of no data */
    int n_submitters;                   /* threads that submit a long run, the caller's included */
    dp_workers workers;                 /* StarPU's, unless options.serial */
    dp_team team;
};

/* Each executor's own struct begins with this one. */
struct dp_execution {
    dp_runtime *runtime;
    const struct dp_executor *executor;
    dp_run run;
};

typedef struct dp_executor {
    dagpole_status (*create)(dp_runtime *runtime, const dp_stream *stream,
                             dp_execution **execution);
    dagpole_status (*run)(dp_execution *execution, dp_operator_bits ops, const char *stage,
                          dp_profile *profile);
    dagpole_status (*fetch)(dp_execution *execution, int32_t field, dp_access mode);
    void (*destroy)(dp_execution *execution);
} dp_executor;

/* implicit: like starpu, but with fresh tasks in every run, whose dependencies StarPU derives from
 * the fields and how each is accessed. strict: like serial, but a body can touch what its record
 * declares, and nothing else. Both are for tests. */
extern const dp_executor dp_executor_serial, dp_executor_strict, dp_executor_starpu,
    dp_executor_implicit;

/* starpu_team.c */
dagpole_status dp_team_run_starpu(const dp_team *team, int64_t n, dp_team_body body,
                                  void *argument);

/* WRONG_STATE in a process that StarPU's workers have not followed. */
dagpole_status dp_starpu_check_process(void);

/* The same, and WRONG_STATE inside a StarPU task, where waiting for other tasks would abort the
 * process. */
dagpole_status dp_starpu_check_caller(void);

/* starpu_start.c. Priorities of a StarPU started here: some schedulers keep one queue per value
 * (heteroprio takes fewer than 100), others assume that a range was given. */
#define DP_STARPU_MAX_PRIORITY 63

/* The scheduler that the environment or the options ask for, checked; NULL where neither does. */
dagpole_status dp_starpu_scheduler(const dp_runtime_options *options, const char **name);
dagpole_status dp_starpu_start(dp_runtime *runtime, const char *scheduler);
void dp_starpu_stop(void);   /* one user less; ends it with the last */
void dp_starpu_forget(void); /* in a forked process: leaves alone what the parent has begun */

/* For codelets: a task is for one worker. After a restart of StarPU with fewer workers, schedulers
 * of parallel tasks (modular-pheft, modular-prandom) take a group of workers for a single one, and
 * a task that a group ran once waits for a group in all its later runs. */
int dp_starpu_is_worker(unsigned worker, struct starpu_task *task, unsigned implementation);

/* starpu_files.c. Readies StarPU's directory for a start: waits until no other process of ours
 * starts there, removes what StarPU could not read, looks for room where it will write, and says
 * so where it will measure long. FILE with a sentence where StarPU cannot use the directory. Else
 * others wait until the lock goes to dp_directory_unlock. (StarPU opens a file before it locks it,
 * and aborts where another start reads it before it is filled.) */
dagpole_status dp_starpu_open_files(dp_runtime *runtime, const char *directory, int *lock);

/* threads.c. A thread that leaves the host's signals to the host's threads; an error as
 * pthread_create has it. */
int dp_thread_create(pthread_t *thread, void *(*body)(void *), void *argument);

/* Makes n threads at once and ends them: RUNTIME where the process may not have so many, or has no
 * room for their stacks. StarPU would abort the process. */
dagpole_status dp_threads_check(int n);

/* Waits until StarPU is done with tasks that were submitted with detach = 0. */
void dp_starpu_wait(struct starpu_task *tasks, int64_t n);

/* A condition whose timed waits count on dp_deadline: that many seconds from now. */
void dp_monotonic_cond_init(pthread_cond_t *condition);
struct timespec dp_deadline(double seconds);

/* Asks the progress callback whether to go on with the stage that this thread reported last. */
dagpole_status dp_runtime_poll(dp_runtime *runtime);

/* profile.c: StarPU's own account of some workers' time, in seconds. */
typedef struct dp_worker_times {
    double total, executing, sleeping;
} dp_worker_times;

/* Between the two, StarPU's worker profiling is on; runs of several threads may overlap. `times` is
 * filled by the first and turned by the second into what passed in between. */
void dp_profile_begin(const dp_workers *workers, dp_worker_times *times);
void dp_profile_end(const dp_workers *workers, dp_worker_times *times);

#endif
