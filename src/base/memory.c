#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

static atomic_llong n_allocations, n_live, fail_at;
static atomic_int fail_persistently;

static int is_due_to_fail(void) {
    long long k = atomic_fetch_add(&n_allocations, 1) + 1;
    long long at = atomic_load(&fail_at);
    return at > 0 && (k == at || (k > at && atomic_load(&fail_persistently)));
}

void *dp_alloc(size_t count, size_t size) {
    size_t bytes, rounded;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, ALIGNMENT - 1, &rounded) || bytes > PTRDIFF_MAX) {
        dp_fail(DAGPOLE_NO_MEMORY, "an array of %zu elements of %zu bytes overflows", count, size);
        return NULL;
    }
    rounded = rounded / ALIGNMENT * ALIGNMENT;
    void *memory =
        is_due_to_fail() ? NULL : aligned_alloc(ALIGNMENT, rounded ? rounded : ALIGNMENT);
    if (!memory)
        dp_fail(DAGPOLE_NO_MEMORY, "cannot allocate %zu bytes", bytes);
    else
        atomic_fetch_add(&n_live, 1);
    return memory;
}

void *dp_alloc_zero(size_t count, size_t size) {
    void *memory = dp_alloc(count, size);
    if (memory)
        memset(memory, 0, count * size);
    return memory;
}

void *dp_alloc_copy(const void *source, size_t count, size_t size) {
    void *memory = dp_alloc(count, size);
    if (memory && count > 0 && size > 0)
        memcpy(memory, source, count * size);
    return memory;
}

void *dp_realloc(void *old, size_t old_count, size_t count, size_t size) {
    void *memory = dp_alloc(count, size);
    if (!memory)
        return NULL;
    size_t kept = old_count < count ? old_count : count;
    if (kept > 0 && size > 0)
        memcpy(memory, old, kept * size);
    dp_free(old);
    return memory;
}

void *dp_alloc_given(size_t count, size_t size) {
    void *memory = dp_alloc(count, size);
    if (memory)
        atomic_fetch_sub(&n_live, 1);
    return memory;
}

void dp_free(void *memory) {
    if (memory)
        atomic_fetch_sub(&n_live, 1);
    free(memory);
}

void dp_memory_fail_at(int64_t k, int persistent) {
    atomic_store(&n_allocations, 0);
    atomic_store(&fail_persistently, persistent);
    atomic_store(&fail_at, k);
}

int64_t dp_memory_count(void) {
    return atomic_load(&n_allocations);
}

int64_t dp_memory_live(void) {
    return atomic_load(&n_live);
}
