/* How OpenBLAS is used: single-threaded, and by no more threads at once than it has buffers for. */
#include "platform/blas.h"

#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fork.h"
#include "platform/linalg.h"

/* ---- buffers ------------------------------------------------------------------------------ */

/* OpenBLAS takes a buffer for a call, maps one where none is free, and keeps it. Where there is no
 * address space for it, it tries again for ever. So buffers are made before they are needed: these
 * two functions of OpenBLAS, which no header has, take one and give it back. */
extern void *blas_memory_alloc(int place) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

/* BUFFER_SIZE is 32 << 22 on x86-64, and it is mapped with a page more. */
enum { BUFFER_BYTES = (32 << 22) + (1 << 20), LEAST_CALLERS = 24, MOST_CALLERS = 128 };

static pthread_mutex_t blas_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t blas_left = PTHREAD_COND_INITIALIZER;
static int n_callers; /* that have begun and not ended */
static int n_inside;  /* in a call of OpenBLAS */
static int n_buffers; /* that OpenBLAS has for them */
static int is_child;  /* since when it has not been used */
static int blas_threads_found;

/* OpenBLAS counts on 50 buffers, or twice the threads that it was built for: half of them are for
 * its own. Beyond that it prints a warning, or ends the process. */
static int most_callers(void) {
    static const char name[] = "MAX_THREADS=";
    const char *at = strstr(openblas_get_config(), name);
    long n = at ? strtol(at + sizeof name - 1, NULL, 10) : 0;
    return n < LEAST_CALLERS ? LEAST_CALLERS : n < MOST_CALLERS ? (int)n : MOST_CALLERS;
}

static int has_room(size_t bytes) {
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room != MAP_FAILED && munmap(room, bytes) == 0;
}

/* OpenBLAS's own threads have stayed in the parent of a fork. They start anew in the child when it
 * is next used, and each takes a buffer sooner or later. */
static int n_restarting(void) {
    int n = is_child ? openblas_get_num_procs() - 1 : 0;
    return n < MOST_CALLERS ? n : MOST_CALLERS;
}

/* All are taken at once, so that each is another one. Beside the second and later ones as much
 * again is left for everything else: fewer of them only let threads wait. */
static void reserve(int n) {
    void *taken[2 * MOST_CALLERS];
    int n_taken = 0, n_free = n_buffers - n_inside, n_lost = n_restarting();
    for (; n_taken < n + n_lost; n_taken++) {
        size_t room = (size_t)BUFFER_BYTES << (n_taken > n_lost);
        if (n_taken >= n_free && !has_room(room))
            break;
        if (!(taken[n_taken] = blas_memory_alloc(0)))
            break;
    }
    for (int k = 0; k < n_taken; k++)
        blas_memory_free(taken[k]);
    if (n_buffers < n_taken - n_lost) {
        n_buffers = n_taken - n_lost;
        is_child = 0;
    }
}

static void provide(int n) {
    if (n <= n_buffers)
        return;
    int most = most_callers();
    if (n > most)
        n = most;
    if (!blas_memory_alloc || !blas_memory_free)
        n_buffers = n;
    else if (n_buffers < n)
        reserve(n);
}

void dp_blas_enter(void) {
    pthread_mutex_lock(&blas_mutex);
    while (n_inside > 0 && n_inside >= n_buffers)
        pthread_cond_wait(&blas_left, &blas_mutex);
    n_inside++;
    pthread_mutex_unlock(&blas_mutex);
}

void dp_blas_leave(void) {
    pthread_mutex_lock(&blas_mutex);
    n_inside--;
    pthread_cond_signal(&blas_left);
    pthread_mutex_unlock(&blas_mutex);
}

DP_FORK_WAITS_FOR(blas_mutex);

/* The threads that were in a call have stayed in the parent, and their buffers are taken here. What
 * is left is counted anew. */
static void forget_callers(void) {
    n_buffers = n_inside = 0;
    is_child = 1;
    pthread_cond_init(&blas_left, NULL);
}

__attribute__((constructor)) static void forget_callers_in_child(void) {
    pthread_atfork(NULL, NULL, forget_callers);
}

/* ---- threads ------------------------------------------------------------------------------ */

dagpole_status dp_blas_begin(int callers) {
    pthread_mutex_lock(&blas_mutex);
    provide(n_callers + callers);
    int is_possible = n_buffers > 0;
    if (is_possible && n_callers == 0) {
        blas_threads_found = openblas_get_num_threads();
        openblas_set_num_threads(1);
    }
    if (is_possible)
        n_callers += callers;
    pthread_mutex_unlock(&blas_mutex);
    if (!is_possible)
        return dp_fail(DAGPOLE_NO_MEMORY,
                       "no room for OpenBLAS's buffer: it needs %d MiB of address space at once",
                       BUFFER_BYTES >> 20);
    return DAGPOLE_OK;
}

void dp_blas_end(int callers) {
    pthread_mutex_lock(&blas_mutex);
    n_callers -= callers;
    if (n_callers == 0)
        openblas_set_num_threads(blas_threads_found);
    pthread_mutex_unlock(&blas_mutex);
}

static char blas_text[128];

/* openblas_get_config() starts with "OpenBLAS <version>" and writes into one static buffer. */
static void describe_blas(void) {
    char version[32] = "";
    pthread_mutex_lock(&blas_mutex);
    sscanf(openblas_get_config(), "OpenBLAS %31s", version);
    pthread_mutex_unlock(&blas_mutex);
    snprintf(blas_text, sizeof blas_text, "OpenBLAS %s, %s", version, openblas_get_corename());
}

const char *dp_blas_config(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, describe_blas);
    return blas_text;
}
