#include "base/array.h"

void dp_csr_free(dp_csr *csr) {
    dp_free(csr->offset);
    dp_free(csr->index);
    *csr = (dp_csr){0};
}

int64_t dp_csr_bytes(const dp_csr *csr) {
    if (!csr->offset)
        return 0;
    return (csr->n_rows + 1) * (int64_t)sizeof(int64_t) +
           csr->offset[csr->n_rows] * (int64_t)sizeof(int32_t);
}

dagpole_status dp_ints_push(dp_ints *ints, int32_t value) {
    if (ints->n == ints->capacity) {
        int64_t capacity = ints->capacity ? 2 * ints->capacity : 64;
        int32_t *data = dp_realloc(ints->data, (size_t)ints->n, (size_t)capacity, sizeof(int32_t));
        if (!data)
            return DAGPOLE_NO_MEMORY;
        ints->data = data;
        ints->capacity = capacity;
    }
    ints->data[ints->n++] = value;
    return DAGPOLE_OK;
}

void dp_ints_free(dp_ints *ints) {
    dp_free(ints->data);
    *ints = (dp_ints){0};
}
