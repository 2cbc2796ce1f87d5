/* Structs of the public header that may grow. Their first member is a size_t, sizeof the struct as
 * the program knows it: nothing beyond it is read or written. A member is only ever added behind
 * the last, on a multiple of size_t's own size, so that no older struct ends in padding where a
 * newer one has a member. */
#ifndef DP_BASE_SIZED_H
#define DP_BASE_SIZED_H

#include "base/status.h"

/* 1 where `given` is no NULL and its size may be that of a struct: neither zero nor what an array
 * on the stack happens to hold. */
int dp_sized_is_set(const void *given);

/* Reads a caller's struct over `own`, which holds the defaults, of `bytes` bytes with its size set.
 * BAD_ARGUMENT where the size is not set (the sentence says: <name> of <n> bytes: <remedy>) and
 * where bytes beyond those that are known are not 0. */
dagpole_status dp_sized_take(const char *name, const char *remedy, const void *given, void *own,
                             size_t bytes);

/* Fills a caller's struct, whose size stays, from `own`: what is not known becomes 0. */
void dp_sized_give(const void *own, size_t bytes, void *given);

/* The same for a caller's struct whose size is an argument and is set by this. */
void dp_sized_init(const void *own, size_t bytes, void *given, size_t size);

/* 1 where a member that ends here lies within the caller's struct. */
static inline int dp_sized_holds(const void *given, size_t end_of_member) {
    return *(const size_t *)given >= end_of_member;
}

#endif
