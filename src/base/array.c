#include "base/array.h"

dagpole_status dp_csr_begin(int64_t n_rows, dp_csr *csr) {
    *csr = (dp_csr){.n_rows = n_rows};
    csr->offset = dp_alloc_zero((size_t)n_rows + 1, sizeof *csr->offset);
    return csr->offset ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

dagpole_status dp_csr_end(int has_labels, dp_csr *csr) {
    for (int64_t i = 0; i < csr->n_rows; i++)
        csr->offset[i + 1] += csr->offset[i];
    size_t n = (size_t)csr->offset[csr->n_rows];
    csr->index = dp_alloc(n, sizeof *csr->index);
    if (has_labels)
        csr->label = dp_alloc(n, sizeof *csr->label);
    return csr->index && (csr->label || !has_labels) ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

void dp_csr_free(dp_csr *csr) {
    dp_free(csr->offset);
    dp_free(csr->index);
    dp_free(csr->label);
    *csr = (dp_csr){0};
}

int64_t dp_csr_bytes(const dp_csr *csr) {
    if (!csr->offset)
        return 0;
    size_t entry = sizeof *csr->index + (csr->label ? sizeof *csr->label : 0);
    return (csr->n_rows + 1) * (int64_t)sizeof(int64_t) + csr->offset[csr->n_rows] * (int64_t)entry;
}
