/* Text in an array of its own. */
#ifndef DP_BASE_TEXT_H
#define DP_BASE_TEXT_H

#include <stddef.h>

/* A text that does not fit into `bytes` (at least 4) is cut and ends in "...". */
void dp_text_copy(char *to, size_t bytes, const char *from);

#endif
