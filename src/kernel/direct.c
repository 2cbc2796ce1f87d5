#include "kernel/user.h"

#include <string.h>

#define CHUNK 256 /* sources per uncompensated sum, and targets at a time */

/* By row (dp_sums_row). */
typedef struct block {
    double sum[DP_HESSIAN][CHUNK], lost[DP_HESSIAN][CHUNK], chunk[DP_HESSIAN][CHUNK];
} block;

/* Neumaier's sum: lost collects exactly what each addition rounds away (Knuth's TwoSum finds it
 * without a branch). */
static void accumulate(int n, double *restrict sum, double *restrict lost,
                       const double *restrict chunk) {
    for (int j = 0; j < n; j++) {
        double total = sum[j] + chunk[j];
        double added = total - sum[j];
        lost[j] += (sum[j] - (total - added)) + (chunk[j] - added);
        sum[j] = total;
    }
}

void dp_direct_add(const dp_direct_loop *loop, int64_t n_targets, dp_soa targets, dp_sums out,
                   int64_t n_sources, dp_soa sources, dp_carried carried) {
    if (loop->user)
        dp_user_sum(loop->user, loop->is_squares, n_targets, targets, out, n_sources, sources,
                    carried.charge);
    else
        loop->p2p(loop->lambda, n_targets, targets, out, n_sources, sources, carried);
}

/* At most CHUNK targets. Of sums of squares some rows of out are NULL. */
static void sum_block(const dp_direct_loop *loop, int n, dp_soa targets, double *const *out,
                      int n_sums, int64_t n_sources, dp_soa sources, dp_carried carried) {
    block b;
    memset(b.sum, 0, (size_t)n_sums * sizeof b.sum[0]);
    memset(b.lost, 0, (size_t)n_sums * sizeof b.lost[0]);
    for (int64_t i = 0; i < n_sources; i += CHUNK) {
        memset(b.chunk, 0, (size_t)n_sums * sizeof b.chunk[0]);
        dp_direct_add(loop, n, targets, dp_sums_of_rows(b.chunk[0], CHUNK, n_sums),
                      n_sources - i < CHUNK ? n_sources - i : CHUNK, dp_soa_from(sources, i),
                      dp_carried_from(carried, i));
        for (int k = 0; k < n_sums; k++)
            if (out[k])
                accumulate(n, b.sum[k], b.lost[k], b.chunk[k]);
    }
    for (int k = 0; k < n_sums; k++)
        for (int j = 0; out[k] && j < n; j++)
            out[k][j] = b.sum[k][j] + b.lost[k][j];
}

dagpole_status dp_direct(const dp_direct_loop *loop, int64_t n_targets, dp_soa targets, dp_sums out,
                         int64_t n_sources, dp_soa sources, dp_carried carried) {
    int n_sums = dp_n_sums(&out);
    for (int64_t j = 0; j < n_targets; j += CHUNK) {
        double *at[DP_HESSIAN];
        for (int k = 0; k < n_sums; k++) {
            double *row = dp_sums_row(&out, k);
            at[k] = row ? row + j : NULL;
        }
        sum_block(loop, n_targets - j < CHUNK ? (int)(n_targets - j) : CHUNK,
                  dp_soa_from(targets, j), at, n_sums, n_sources, sources, carried);
    }
    return DAGPOLE_OK;
}
