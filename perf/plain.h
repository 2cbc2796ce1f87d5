/* The files of perf/full --against, in the machine's byte order and without padding. Input: int64
 * N, N x 3 float64 coordinates, N float64 charges. Output: N float64 potentials. */
#ifndef DP_PERF_PLAIN_H
#define DP_PERF_PLAIN_H

#include "common.h"

void perf_plain_write(const char *path, const dagpole_cloud *cloud);
dagpole_cloud perf_plain_read(const char *path); /* its arrays: free() */

void perf_potentials_write(const char *path, int64_t n, const double *potentials);
void perf_potentials_read(const char *path, int64_t n, double *potentials);

#endif
