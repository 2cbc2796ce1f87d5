#ifndef DP_PERF_AGAINST_H
#define DP_PERF_AGAINST_H

#include "case.h"

/* Runs perf/plain (beside this program) and `command` on the same points, whole processes one after
 * the other, n_pairs times, and prints the pairs. */
void perf_against(const char *command, const char *cloud_name, const perf_case *c, int n_pairs,
                  int is_json);

#endif
