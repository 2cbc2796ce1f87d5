#include "base/text.h"

#include <string.h>

#include "base/checksum.h"

void dp_text_copy(char *to, size_t bytes, const char *from) {
    size_t length = strlen(from);
    int fits = length < bytes;
    memcpy(to, from, fits ? length + 1 : bytes);
    if (!fits)
        memcpy(to + bytes - 4, "...", 4);
}

uint64_t dp_text_hash(const char *text) {
    uint64_t sum = DP_CHECKSUM_BEGIN;
    for (; *text; text++)
        sum = dp_checksum_add(sum, (unsigned char)*text);
    return sum;
}
