/* A named status and a sentence that names the value and its index. */
#ifndef DP_TESTS_ERRORS_H
#define DP_TESTS_ERRORS_H

#include <dagpole.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

static inline void assert_ok(dagpole_status status) {
    ck_assert_msg(status == DAGPOLE_OK, "%s: %s", dagpole_status_name(status),
                  dagpole_last_error());
}

/* The sentence holds every one of the words, which are separated by '|'. */
static inline void assert_fails(dagpole_status status, dagpole_status expected, const char *words) {
    char list[256], *rest = list;
    ck_assert_msg(status == expected, "%s, not %s: %s", dagpole_status_name(status),
                  dagpole_status_name(expected), dagpole_last_error());
    snprintf(list, sizeof list, "%s", words);
    for (char *word = strtok_r(list, "|", &rest); word; word = strtok_r(NULL, "|", &rest))
        ck_assert_msg(strstr(dagpole_last_error(), word) != NULL, "'%s' is not in: %s", word,
                      dagpole_last_error());
}

static inline dagpole_context *open_serial(void) {
    dagpole_context_options options;
    dagpole_context *context;
    dagpole_context_options_init(&options);
    options.serial = 1;
    assert_ok(dagpole_context_create(&options, &context));
    return context;
}

static inline dagpole_plan *open_plan(dagpole_context *context, int64_t n, const double *points) {
    dagpole_plan *plan;
    assert_ok(dagpole_plan_create(context, NULL, n, points, 0, NULL, &plan));
    return plan;
}

static inline void fill_uniform(int64_t n, double *values, uint64_t seed) {
    for (int64_t i = 0; i < n; i++)
        values[i] = suite_uniform(&seed);
}

/* |a - b| / |b| in L2. */
static inline double relative_error(int64_t n, const double *a, const double *b) {
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < n; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return difference == 0 ? 0 : sqrt(difference / norm);
}

#endif
