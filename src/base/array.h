/* Compressed sparse rows: row i holds index[offset[i]] ... index[offset[i + 1] - 1]. */
#ifndef DP_BASE_ARRAY_H
#define DP_BASE_ARRAY_H

#include "base/memory.h"

typedef struct dp_csr {
    int64_t n_rows;
    int64_t *offset; /* n_rows + 1 */
    int32_t *index;  /* offset[n_rows] */
    uint16_t *label; /* offset[n_rows], or NULL: all labels are 0 */
} dp_csr;

/* Two steps to rows whose lengths are known first. Begin: every row is empty; the caller then sets
 * offset[i + 1] to the length of row i. End: lengths become offsets, and the entries have memory,
 * with labels where asked for. NO_MEMORY: the caller frees the csr. */
dagpole_status dp_csr_begin(int64_t n_rows, dp_csr *csr);
dagpole_status dp_csr_end(int has_labels, dp_csr *csr);

static inline int64_t dp_csr_length(const dp_csr *csr, int64_t row) {
    return csr->offset[row + 1] - csr->offset[row];
}

/* Frees the arrays and sets the struct to zero. */
void dp_csr_free(dp_csr *csr);

int64_t dp_csr_bytes(const dp_csr *csr);

#endif
