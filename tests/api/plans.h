/* Contexts, plans and references for the tests of the public interface. */
#ifndef DP_TESTS_API_PLANS_H
#define DP_TESTS_API_PLANS_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "dagpole.h"
#include "geometry/clouds.h"

static inline void must(dagpole_status status) {
    ck_assert_msg(status == DAGPOLE_OK, "%s: %s", dagpole_status_name(status),
                  dagpole_last_error());
}

/* The call failed as it should, and the sentence holds this text. */
static inline void expect_failure(dagpole_status status, dagpole_status expected,
                                  const char *text) {
    ck_assert_str_eq(dagpole_status_name(status), dagpole_status_name(expected));
    ck_assert_msg(strstr(dagpole_last_error(), text) != NULL, "'%s' is not in: %s", text,
                  dagpole_last_error());
}

static inline dagpole_context *open_context(dagpole_context_options options) {
    dagpole_context *context;
    options.size = sizeof options;
    if (!options.cache_dir)
        options.cache_dir = "";
    must(dagpole_context_create(&options, &context));
    return context;
}

static inline dagpole_context *open_serial(void) {
    return open_context((dagpole_context_options){.serial = 1});
}

/* The serial executor, or workers under the scheduler that is tested. */
static inline dagpole_context *open_any(void) {
    return open_context((dagpole_context_options){.serial = !suite_scheduler()});
}

/* The same. Operators of many digits come from the tests' cache once they are built. */
static inline dagpole_context *open_with_cache(void) {
    return open_context((dagpole_context_options){.serial = !suite_scheduler(),
                                                  .cache_dir = getenv("XDG_CACHE_HOME")});
}

/* Three digits, leaves of ten points. */
static inline dagpole_plan_options quick_options(double lambda) {
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    options.kernel = lambda > 0 ? DAGPOLE_YUKAWA : DAGPOLE_LAPLACE;
    options.lambda = lambda;
    options.digits = 3;
    options.n_crit = 10;
    return options;
}

static inline dagpole_plan *open_plan(dagpole_context *context, dagpole_plan_options options,
                                      int64_t n_sources, const double *sources, int64_t n_targets,
                                      const double *targets) {
    dagpole_plan *plan;
    must(dagpole_plan_create(context, &options, n_sources, sources, n_targets, targets, &plan));
    return plan;
}

static inline double *make_charges(int64_t n, uint64_t seed) {
    double *charges = malloc(sizeof *charges * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++)
        charges[i] = 0.1 + suite_uniform(&seed);
    return charges;
}

static inline double *make_results(int64_t n) {
    double *results = malloc(sizeof *results * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++)
        results[i] = NAN;
    return results;
}

static inline double relative_error(int64_t n, const double *is, const double *expected) {
    double error = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        error += (is[i] - expected[i]) * (is[i] - expected[i]);
        size += expected[i] * expected[i];
    }
    return size > 0 ? sqrt(error / size) : sqrt(error);
}

/* Of n numbers. */
static inline double norm_of(int64_t n, const double *a) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * a[i];
    return sqrt(sum);
}

/* What digits promise: relative to the larger of what is expected and of what random signs would
 * give. */
static inline double promised_error(int64_t n, const double *is, const double *expected,
                                    double random) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (is[i] - expected[i]) * (is[i] - expected[i]);
    return sqrt(sum) / fmax(norm_of(n, expected), random);
}

static inline dagpole_report report_of(const dagpole_plan *plan) {
    dagpole_report report = {.size = sizeof report};
    must(dagpole_plan_report(plan, &report));
    return report;
}

#endif
