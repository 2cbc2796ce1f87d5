/* Waiting for tasks. */
#include <pthread.h>
#include <time.h>

#include "runtime/internal.h"

void dp_monotonic_cond_init(pthread_cond_t *condition) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct timespec dp_deadline(double seconds) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(1e9 * seconds);
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

int dp_starpu_is_worker(unsigned worker, struct starpu_task *task, unsigned implementation) {
    (void)task, (void)implementation;
    return worker < starpu_worker_get_count(); /* groups have the numbers behind */
}

void dp_starpu_wait(struct starpu_task *tasks, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        int error = starpu_task_finished(&tasks[i]) ? 0 : starpu_task_wait(&tasks[i]);
        (void)error; /* fails for detached tasks only */
    }
}
