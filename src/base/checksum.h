/* FNV-1a: one sum over numbers, the same everywhere and in every version, for names of files and
 * for what lies in them. */
#ifndef DP_BASE_CHECKSUM_H
#define DP_BASE_CHECKSUM_H

#include <stdint.h>

#define DP_CHECKSUM_BEGIN 0xcbf29ce484222325u

/* The sum with one number more: a character, or a word of 32 or 64 bits. */
static inline uint64_t dp_checksum_add(uint64_t sum, uint64_t number) {
    return (sum ^ number) * 0x100000001b3u;
}

#endif
