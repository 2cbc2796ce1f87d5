#include "kernel/kernel.h"

#define CHUNK 256 /* sources per uncompensated sum, and targets at a time */

/* 0: potential, 1 ... 3: gradient, or 1 alone its square. */
typedef struct block {
    double sum[4][CHUNK], lost[4][CHUNK], chunk[4][CHUNK];
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

/* At most CHUNK targets. */
static void sum_block(dp_p2p_fn loop, double lambda, int n, dp_soa targets, double *const out[4],
                      int n_sums, int64_t n_sources, dp_soa sources, dp_carried carried) {
    block b;
    for (int k = 0; k < n_sums; k++)
        for (int j = 0; j < n; j++)
            b.sum[k][j] = b.lost[k][j] = 0;
    for (int64_t i = 0; i < n_sources; i += CHUNK) {
        for (int k = 0; k < n_sums; k++)
            for (int j = 0; j < n; j++)
                b.chunk[k][j] = 0;
        dp_sums sums = dp_sums_of_rows(b.chunk[0], CHUNK, n_sums > 1 ? DP_GRADIENT : DP_POTENTIAL);
        loop(lambda, n, targets, sums, n_sources - i < CHUNK ? n_sources - i : CHUNK,
             dp_soa_from(sources, i), dp_carried_from(carried, i));
        for (int k = 0; k < n_sums; k++)
            accumulate(n, b.sum[k], b.lost[k], b.chunk[k]);
    }
    for (int k = 0; k < n_sums; k++)
        for (int j = 0; j < n; j++)
            out[k][j] = b.sum[k][j] + b.lost[k][j];
}

dagpole_status dp_direct(dp_p2p_fn loop, double lambda, int64_t n_targets, dp_soa targets,
                         dp_sums out, int64_t n_sources, dp_soa sources, dp_carried carried) {
    int n_sums = out.gy ? 4 : out.gx ? 2 : 1;
    for (int64_t j = 0; j < n_targets; j += CHUNK) {
        int n = n_targets - j < CHUNK ? (int)(n_targets - j) : CHUNK;
        double *const at[4] = {out.potential + j, out.gx ? out.gx + j : NULL,
                               out.gy ? out.gy + j : NULL, out.gz ? out.gz + j : NULL};
        sum_block(loop, lambda, n, dp_soa_from(targets, j), at, n_sums, n_sources, sources,
                  carried);
    }
    return DAGPOLE_OK;
}
