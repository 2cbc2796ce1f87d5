/* Orderings that the thread sanitizer cannot see. StarPU is not instrumented, so that a dependency
 * which it keeps looks like none. These two tell the sanitizer of the dependencies that a stream
 * declares, and of no others: what is ordered by luck alone is still reported. Elsewhere they cost
 * nothing. */
#ifndef DP_BASE_ORDERING_H
#define DP_BASE_ORDERING_H

#include "base/sanitizers.h"

#if DP_THREAD_SANITIZER
void __tsan_acquire(void *token);
void __tsan_release(void *token);
#endif

/* What this thread has done so far comes before whatever follows dp_happens_after(token). */
static inline void dp_happens_before(void *token) {
    (void)token;
#if DP_THREAD_SANITIZER
    __tsan_release(token);
#endif
}

static inline void dp_happens_after(void *token) {
    (void)token;
#if DP_THREAD_SANITIZER
    __tsan_acquire(token);
#endif
}

#endif
