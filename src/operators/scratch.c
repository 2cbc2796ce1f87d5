#include <string.h>

#include "operators/apply.h"

static int max_of(int a, int b) {
    return a > b ? a : b;
}

static int64_t columns_bytes(const dp_scratch *scratch) {
    return (int64_t)(2 * sizeof(double) + 2 * sizeof(float)) * DP_COLUMNS * scratch->ld;
}

dagpole_status dp_scratch_create(const dp_operators *operators, const dp_shape *shape,
                                 dp_scratch *scratch) {
    int longest = DP_PAD;
    for (int i = 0; i < operators->n_sets; i++) {
        const dp_operator_set *set = &operators->sets[i];
        longest = max_of(longest, set->k_padded);
        longest = max_of(longest, DP_N_PARITIES * max_of(set->outer.ld, set->inner.ld));
    }
    *scratch = (dp_scratch){.ld = DP_PADDED(longest)};
    size_t n = (size_t)DP_COLUMNS * (size_t)scratch->ld;
    scratch->columns = dp_alloc_apart((size_t)columns_bytes(scratch));
    if (!scratch->columns)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = DAGPOLE_OK;
    if (operators->user)
        status = dp_user_work_create(operators->user, &scratch->user);
    if (status == DAGPOLE_OK && shape && dp_is_flow(shape))
        status = dp_flow_work_create(scratch->ld, &scratch->flow);
    memset(scratch->columns, 0, (size_t)columns_bytes(scratch));
    scratch->product = scratch->columns + n;
    scratch->rounded = (float *)(scratch->product + n);
    scratch->rounded_product = scratch->rounded + n;
    if (status != DAGPOLE_OK)
        dp_scratch_free(scratch);
    return status;
}

void dp_scratch_free(dp_scratch *scratch) {
    dp_flow_work_destroy(scratch->flow);
    dp_user_work_destroy(scratch->user);
    dp_free(scratch->columns);
    *scratch = (dp_scratch){0};
}

int64_t dp_scratch_bytes(const dp_scratch *scratch) {
    return columns_bytes(scratch) + (scratch->user ? (int64_t)sizeof *scratch->user : 0) +
           (scratch->flow ? dp_flow_work_bytes(scratch->flow) : 0);
}
