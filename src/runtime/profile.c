#include "runtime/internal.h"

/* Asking StarPU for a worker's times sets them back to zero. So that runs of several threads do not
 * take each other's, whatever is read goes into one account per worker that only grows, and a run
 * compares what the account held at its two ends. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static dp_worker_times account[STARPU_NMAXWORKERS];
static int n_runs, status_before;

static double seconds(const struct timespec *time) {
    return (double)time->tv_sec + 1e-9 * (double)time->tv_nsec;
}

static dp_worker_times read_account(const dp_workers *workers) {
    dp_worker_times sum = {0};
    for (int slot = 0; slot < workers->n; slot++) {
        struct starpu_profiling_worker_info info;
        dp_worker_times *own = &account[workers->id[slot]];
        if (starpu_profiling_worker_get_info(workers->id[slot], &info) == 0) {
            own->total += seconds(&info.total_time);
            own->executing += seconds(&info.executing_time);
            own->sleeping += seconds(&info.sleeping_time);
        }
        sum.total += own->total;
        sum.executing += own->executing;
        sum.sleeping += own->sleeping;
    }
    return sum;
}

void dp_profile_begin(const dp_workers *workers, dp_worker_times *times) {
    pthread_mutex_lock(&lock);
    if (n_runs++ == 0) {
        status_before = starpu_profiling_status_get();
        if (status_before != STARPU_PROFILING_ENABLE)
            starpu_profiling_status_set(STARPU_PROFILING_ENABLE);
    }
    *times = read_account(workers);
    pthread_mutex_unlock(&lock);
}

void dp_profile_end(const dp_workers *workers, dp_worker_times *times) {
    pthread_mutex_lock(&lock);
    dp_worker_times now = read_account(workers);
    times->total = now.total - times->total;
    times->executing = now.executing - times->executing;
    times->sleeping = now.sleeping - times->sleeping;
    if (--n_runs == 0 && status_before != STARPU_PROFILING_ENABLE)
        starpu_profiling_status_set(status_before);
    pthread_mutex_unlock(&lock);
}
