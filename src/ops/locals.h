/* What M2L, P2L and L2L share: the locals of a block, which the first of them sets to zero. */
#ifndef DP_OPS_LOCALS_H
#define DP_OPS_LOCALS_H

#include <string.h>

#include "ops/views.h"

/* The field is the task's first. */
static inline void dp_write_locals(const dp_layout *layout, int32_t block, int is_first,
                                   dp_task *task) {
    dp_task_access(task, layout->of_block[block][DP_LOCALS], is_first ? DP_WRITE : DP_READ_WRITE);
}

/* n: boxes times vectors. */
static inline void dp_zero_locals(void *field, const dp_operator_set *set, int64_t n) {
    memset(field, 0, (size_t)n * (size_t)set->k_padded * sizeof(double));
}

#endif
