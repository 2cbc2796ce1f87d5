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
