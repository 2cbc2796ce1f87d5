/* Text in an array of its own. */
#ifndef DP_BASE_TEXT_H
#define DP_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* A text that does not fit into `bytes` (at least 4) is cut and ends in "...". */
void dp_text_copy(char *to, size_t bytes, const char *from);

/* Of names of files: the same everywhere and in every version (FNV-1a). */
uint64_t dp_text_hash(const char *text);

#endif
