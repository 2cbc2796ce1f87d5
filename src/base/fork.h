/* Locks and fork(): the child has the calling thread alone, and every lock as it was. */
#ifndef DP_BASE_FORK_H
#define DP_BASE_FORK_H

#include <pthread.h>

/* For a static mutex of a file: a fork waits until nobody holds it, so that parent and child find
 * it free and what it guards whole. Not for one that is held while a callback of the host runs. */
#define DP_FORK_WAITS_FOR(mutex)                                                                   \
    static void before_fork(void) {                                                                \
        pthread_mutex_lock(&(mutex));                                                              \
    }                                                                                              \
    static void after_fork(void) {                                                                 \
        pthread_mutex_unlock(&(mutex));                                                            \
    }                                                                                              \
    __attribute__((constructor)) static void watch_forks(void) {                                   \
        pthread_atfork(before_fork, after_fork, after_fork);                                       \
    }                                                                                              \
    _Static_assert(sizeof(mutex) == sizeof(pthread_mutex_t), "a mutex")

#endif
