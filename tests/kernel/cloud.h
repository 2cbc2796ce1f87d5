/* Points for tests of loops, in arrays that end where a page without access begins: reading or
 * writing behind them faults. */
#ifndef DP_TESTS_KERNEL_CLOUD_H
#define DP_TESTS_KERNEL_CLOUD_H

#include "kernel/kernel.h"
#include "suite.h"

#include <sys/mman.h>
#include <unistd.h>

/* Tests of loops go through all real kernels: dp_kernel_number(i) below DP_N_REAL_KERNELS. This
 * lambda, and 0 where the kernel has none. */
static inline double kernel_lambda(const dp_kernel *kernel, double lambda) {
    return kernel->lambda ? lambda : 0;
}

static inline double *guarded(size_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE),
           bytes = (n * sizeof(double) + page - 1) / page * page;
    char *memory =
        mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    ck_assert_int_eq(mprotect(memory + bytes, page, PROT_NONE), 0);
    return (double *)(memory + bytes) - n;
}

static inline void guarded_free(double *end, size_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE),
           bytes = (n * sizeof(double) + page - 1) / page * page;
    munmap((char *)(end + n) - bytes, bytes + page);
}

/* n points and, in w[3], charges in [-1, 1); sums in s[0 ... 3]. */
typedef struct cloud {
    size_t n;
    double *w[4], *s[4];
} cloud;

static inline cloud cloud_make(size_t n, double scale, uint64_t seed) {
    cloud c = {.n = n};
    for (int k = 0; k < 4; k++) {
        c.w[k] = guarded(n);
        c.s[k] = guarded(n);
        for (size_t i = 0; i < n; i++)
            c.w[k][i] = k < 3 ? scale * suite_uniform(&seed) : 2 * suite_uniform(&seed) - 1;
    }
    return c;
}

static inline void cloud_free(cloud *c) {
    for (int k = 0; k < 4; k++) {
        guarded_free(c->w[k], c->n);
        guarded_free(c->s[k], c->n);
    }
}

static inline dp_soa cloud_points(const cloud *c) {
    return (dp_soa){c->w[0], c->w[1], c->w[2]};
}

static inline dp_sums cloud_sums(const cloud *c, int has_gradient) {
    if (!has_gradient)
        return (dp_sums){.potential = c->s[0]};
    return (dp_sums){.potential = c->s[0], .gx = c->s[1], .gy = c->s[2], .gz = c->s[3]};
}

static inline void cloud_set_sums(cloud *c, double value) {
    for (int k = 0; k < 4; k++)
        for (size_t j = 0; j < c->n; j++)
            c->s[k][j] = value;
}

#endif
