#include "base/text.h"

#include <string.h>

void dp_text_copy(char *to, size_t bytes, const char *from) {
    size_t length = strlen(from);
    int fits = length < bytes;
    memcpy(to, from, fits ? length + 1 : bytes);
    if (!fits)
        memcpy(to + bytes - 4, "...", 4);
}
