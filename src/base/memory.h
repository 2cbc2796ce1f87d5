/* Memory: sizes are checked for overflow, blocks are aligned to 64 bytes (a cache line, an AVX-512
 * vector), and a test can make the k-th allocation fail. */
#ifndef DP_BASE_MEMORY_H
#define DP_BASE_MEMORY_H

#include "base/status.h"

/* count * size bytes, uninitialised, 64-byte aligned; never NULL for a count of 0. On failure NULL,
 * and the thread's error text is set: the caller returns DAGPOLE_NO_MEMORY. */
void *dp_alloc(size_t count, size_t size);

/* The same, on pages that hold nothing else, for who binds them to a NUMA node. (Where a sanitizer
 * watches they may hold something else.) */
void *dp_alloc_apart(size_t bytes);

/* As dp_alloc, zeroed. */
void *dp_alloc_zero(size_t count, size_t size);

/* A copy of count * size bytes. */
void *dp_alloc_copy(const void *source, size_t count, size_t size);

/* Grows (or shrinks) to count elements, keeping the first min(old_count, count). On failure NULL
 * and the old block stays. */
void *dp_realloc(void *old, size_t old_count, size_t count, size_t size);

/* NULL is allowed. */
void dp_free(void *memory);

/* Tests: the k-th allocation from now (1 = the next) fails, and every one after it too where
 * `persistent`; 0 turns this off. */
void dp_memory_fail_at(int64_t k, int persistent);

/* Tests: allocations made since dp_memory_fail_at was last called, and blocks not freed yet. */
int64_t dp_memory_count(void);
int64_t dp_memory_live(void);

#endif
