#include "kernel/user.h"

#include <string.h>

#define CHUNK 256 /* sources per uncompensated sum, and targets at a time */

enum { MOST_ROWS = DP_FLOW_PARTS * DP_GRADIENT };

/* By part and row (dp_sums_row). */
typedef struct block {
    double sum[MOST_ROWS][CHUNK], lost[MOST_ROWS][CHUNK], chunk[MOST_ROWS][CHUNK];
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
                    carried);
    else if (loop->parts)
        loop->parts(loop->lambda, n_targets, targets, out, loop->out_stride, n_sources, sources,
                    carried, loop->carried_stride);
    else
        loop->p2p(loop->lambda, n_targets, targets, out, n_sources, sources, carried);
}

static int n_parts_of(const dp_direct_loop *loop) {
    return loop->parts ? DP_FLOW_PARTS : 1;
}

/* At most CHUNK targets. Of sums of squares some rows of out are NULL. */
static void sum_block(const dp_direct_loop *loop, int n, dp_soa targets, double *const *out,
                      int n_sums, int64_t n_sources, dp_soa sources, dp_carried carried) {
    block b;
    dp_direct_loop of_chunk = *loop;
    const int n_rows = n_parts_of(loop) * n_sums;
    of_chunk.out_stride = n_sums * CHUNK;
    memset(b.sum, 0, (size_t)n_rows * sizeof b.sum[0]);
    memset(b.lost, 0, (size_t)n_rows * sizeof b.lost[0]);
    for (int64_t i = 0; i < n_sources; i += CHUNK) {
        memset(b.chunk, 0, (size_t)n_rows * sizeof b.chunk[0]);
        dp_direct_add(&of_chunk, n, targets, dp_sums_of_rows(b.chunk[0], CHUNK, n_sums),
                      n_sources - i < CHUNK ? n_sources - i : CHUNK, dp_soa_from(sources, i),
                      dp_carried_from(carried, i));
        for (int k = 0; k < n_rows; k++)
            if (out[k])
                accumulate(n, b.sum[k], b.lost[k], b.chunk[k]);
    }
    for (int k = 0; k < n_rows; k++)
        for (int j = 0; out[k] && j < n; j++)
            out[k][j] = b.sum[k][j] + b.lost[k][j];
}

dagpole_status dp_direct(const dp_direct_loop *loop, int64_t n_targets, dp_soa targets, dp_sums out,
                         int64_t n_sources, dp_soa sources, dp_carried carried) {
    int n_sums = dp_n_sums(&out);
    for (int64_t j = 0; j < n_targets; j += CHUNK) {
        double *at[MOST_ROWS];
        for (int k = 0; k < n_parts_of(loop) * n_sums; k++) {
            double *row = dp_sums_row(&out, k % n_sums);
            at[k] = row ? row + k / n_sums * loop->out_stride + j : NULL;
        }
        sum_block(loop, n_targets - j < CHUNK ? (int)(n_targets - j) : CHUNK,
                  dp_soa_from(targets, j), at, n_sums, n_sources, sources, carried);
    }
    return DAGPOLE_OK;
}
