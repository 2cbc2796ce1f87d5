/* Threads for StarPU and for submitting. */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/internal.h"

int dp_thread_create(pthread_t *thread, void *(*body)(void *), void *argument) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, body, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

typedef struct trial {
    pthread_mutex_t lock;
    pthread_cond_t over;
    int is_over;
} trial;

static void *wait_until_over(void *argument) {
    trial *t = argument;
    pthread_mutex_lock(&t->lock);
    while (!t->is_over)
        pthread_cond_wait(&t->over, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static void end_trial(trial *t, int n, const pthread_t *threads) {
    pthread_mutex_lock(&t->lock);
    t->is_over = 1;
    pthread_cond_broadcast(&t->over);
    pthread_mutex_unlock(&t->lock);
    for (int k = 0; k < n; k++)
        pthread_join(threads[k], NULL);
}

dagpole_status dp_threads_check(int n) {
    trial trial = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
    pthread_t *threads = dp_alloc((size_t)n, sizeof *threads);
    int n_made = 0, error = 0;
    if (!threads)
        return DAGPOLE_NO_MEMORY;
    while (n_made < n && !(error = dp_thread_create(&threads[n_made], wait_until_over, &trial)))
        n_made++;
    end_trial(&trial, n_made, threads);
    dp_free(threads);
    if (error)
        return dp_fail(DAGPOLE_RUNTIME,
                       "StarPU needs %d threads for its workers, and only %d could be made: %s; "
                       "take fewer (threads, STARPU_NCPU), or run serially",
                       n, n_made, strerror(error));
    return DAGPOLE_OK;
}
