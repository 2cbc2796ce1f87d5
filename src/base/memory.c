#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "base/sanitizers.h"

#define ALIGNMENT 64

/* Arrays of this many bytes and more lie on huge pages where the system has them to give: a first
 * touch then costs one fault for 512 pages, and a fault can take 10 microseconds in a virtual
 * machine. They are mapped by themselves, up to the end of their last huge page. */
#define HUGE_PAGE  ((size_t)2 << 20)
#define HUGE_ARRAY (HUGE_PAGE / 2)

/* Before every array, and as long as its alignment. */
typedef union header {
    size_t mapped; /* bytes mapped for it; 0: it comes from malloc */
    char padding[ALIGNMENT];
} header;

static atomic_llong n_allocations, n_live, fail_at;
static atomic_int fail_persistently;

static int is_due_to_fail(void) {
    long long k = atomic_fetch_add(&n_allocations, 1) + 1;
    long long at = atomic_load(&fail_at);
    return at > 0 && (k == at || (k > at && atomic_load(&fail_persistently)));
}

/* Sanitizers watch what malloc gives, and Linux has huge pages: elsewhere nothing is mapped. */
#if defined(MADV_HUGEPAGE) && !DP_ADDRESS_SANITIZER
static header *map_pages(size_t bytes) {
    header *h = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (h == MAP_FAILED)
        return NULL;
    h->mapped = bytes;
    return h;
}

static header *map(size_t bytes) {
    if (bytes < HUGE_ARRAY)
        return map_pages(bytes);
    size_t length = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    char *all =
        mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    size_t before = (HUGE_PAGE - (uintptr_t)all % HUGE_PAGE) % HUGE_PAGE;
    if (before)
        munmap(all, before);
    if (before < HUGE_PAGE)
        munmap(all + before + length, HUGE_PAGE - before);
    header *h = (header *)(all + before);
    (void)madvise(h, length, MADV_HUGEPAGE); /* or it stays as it is */
    h->mapped = length;
    return h;
}

static void unmap(header *h) {
    munmap(h, h->mapped);
}
#else
static header *map(size_t bytes) {
    (void)bytes;
    return NULL;
}

static void unmap(header *h) {
    (void)h;
}
#endif

/* Behind every array. OpenBLAS's zgemv (0.3.21, Haswell's kernel) reads up to 48
 * bytes behind a matrix with an odd number of rows, and the process ends where its page is the
 * last. */
enum { READ_BEHIND = 64 };

/* bytes: a multiple of the alignment. */
static void *take(size_t bytes, int is_apart) {
    const size_t all = sizeof(header) + bytes + READ_BEHIND;
    header *h = bytes < HUGE_ARRAY && !is_apart ? NULL : map(all);
    if (!h) {
        h = aligned_alloc(ALIGNMENT, all);
        if (!h)
            return NULL;
        h->mapped = 0;
    }
    return h + 1;
}

static void give_back(void *memory) {
    header *h = (header *)memory - 1;
    if (h->mapped)
        unmap(h);
    else
        free(h);
}

static void *allocate(size_t count, size_t size, int is_apart) {
    size_t bytes, rounded;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, 2 * HUGE_PAGE, &rounded) || bytes > PTRDIFF_MAX) {
        dp_fail(DAGPOLE_NO_MEMORY, "an array of %zu elements of %zu bytes overflows", count, size);
        return NULL;
    }
    rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = is_due_to_fail() ? NULL : take(rounded, is_apart);
    if (memory)
        atomic_fetch_add(&n_live, 1);
    else
        dp_fail(DAGPOLE_NO_MEMORY, "cannot allocate %zu bytes", bytes);
    return memory;
}

void *dp_alloc(size_t count, size_t size) {
    return allocate(count, size, 0);
}

void *dp_alloc_apart(size_t bytes) {
    return allocate(bytes, 1, 1);
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

void dp_free(void *memory) {
    if (!memory)
        return;
    atomic_fetch_sub(&n_live, 1);
    give_back(memory);
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
