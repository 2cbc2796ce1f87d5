#include "base/sized.h"

#include <string.h>

/* No struct of the header comes near. */
enum { MOST_BYTES = 65536 };

static size_t size_of(const void *given) {
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

/* There is a member behind the size, and sizes are multiples of what it is aligned to. */
int dp_sized_is_set(const void *given) {
    if (!given)
        return 0;
    size_t size = size_of(given);
    return size > sizeof size && size <= MOST_BYTES && size % sizeof size == 0;
}

dagpole_status dp_sized_take(const char *name, const char *remedy, const void *given, void *own,
                             size_t bytes) {
    size_t size = size_of(given);
    if (!dp_sized_is_set(given))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s of %zu bytes: %s", name, size, remedy);
    for (size_t i = bytes; i < size; i++)
        if (((const char *)given)[i])
            return dp_fail(DAGPOLE_BAD_ARGUMENT,
                           "%s of %zu bytes: dagpole %s knows the first %zu, and byte %zu is not 0 "
                           "(the program was compiled for a newer dagpole)",
                           name, size, dagpole_version(), bytes, i);
    memcpy((char *)own + sizeof size, (const char *)given + sizeof size,
           (size < bytes ? size : bytes) - sizeof size);
    return DAGPOLE_OK;
}

void dp_sized_give(const void *own, size_t bytes, void *given) {
    dp_sized_init(own, bytes, given, size_of(given));
}

void dp_sized_init(const void *own, size_t bytes, void *given, size_t size) {
    size_t known = size < bytes ? size : bytes;
    if (!given || size < sizeof size)
        return;
    memset(given, 0, size);
    memcpy((char *)given + sizeof size, (const char *)own + sizeof size, known - sizeof size);
    memcpy(given, &size, sizeof size);
}
