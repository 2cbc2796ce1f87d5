/* Compressed sparse rows: row i holds index[offset[i]] ... index[offset[i + 1] - 1]. */
#ifndef DP_BASE_ARRAY_H
#define DP_BASE_ARRAY_H

#include "base/memory.h"

typedef struct dp_csr {
    int64_t n_rows;
    int64_t *offset; /* n_rows + 1 */
    int32_t *index;  /* offset[n_rows] */
} dp_csr;

/* Frees both arrays and sets the struct to zero. */
void dp_csr_free(dp_csr *csr);

int64_t dp_csr_bytes(const dp_csr *csr);

#endif
