/* The promise of digits against the direct sum: L2 errors of potentials at most 10^-digits, of
 * gradients at most 10^-(digits - 1), relative to the larger of the result and of what charges of
 * random sign would give. Beside it, on clouds that have a far part: of gradients without the pairs
 * that P2P sums at most 300 * 10^-digits, relative to themselves. Every measurement prints a line,
 * so that the test log is a table. */
#ifndef DP_TESTS_ACCURACY_H
#define DP_TESTS_ACCURACY_H

#include <dagpole.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

/* Up to ALL_TARGETS targets are all compared, of more targets N_SAMPLES. A gradient summed in
 * doubles from a thousand near sources is good to N_ROUNDINGS times the machine's precision. */
enum { ALL_TARGETS = 2000, N_SAMPLES = 1000, N_ROUNDINGS = 32 };

/* Left to themselves, clouds of up to so many points may be summed directly
 * (tests/api/test_small.c). */
enum { MOST_DIRECT = 30000, TREE_LEAF = 150 };

typedef struct problem {
    const char *name, *charges_name;
    dagpole_kernel kernel;
    double lambda;
    int digits;
    int is_far_unresolved; /* nothing is promised of the gradients without the near field */
    int64_t n_sources, n_targets;
    const double *sources, *charges, *targets; /* targets NULL: the sources */
} problem;

/* The results at the compared targets: fmm, direct sum and the pairs summed by P2P. */
typedef struct comparison {
    int64_t n;
    int64_t *index;
    double *targets; /* n x 3 */
    double *potentials, *gradients, *direct_potentials, *direct_gradients, *near_gradients;
    double
        *far_gradients; /* computed, with the exact near field in the place of the computed one */
    double potential_norm, gradient_norm; /* what the promise is relative to */
    double leaf_side;                     /* of the smallest leaf */
} comparison;

static inline double *new_array(int64_t n) {
    double *array = calloc((size_t)(n ? n : 1), sizeof *array);
    ck_assert_ptr_nonnull(array);
    return array;
}

static inline void assert_ok(dagpole_status status) {
    ck_assert_msg(status == DAGPOLE_OK, "%s: %s", dagpole_status_name(status),
                  dagpole_last_error());
}

/* The results do not depend on the executor (test_identical): the serial one leaves the machine's
 * other cores to other tests, unless a scheduler is what is tested. */
static inline dagpole_context *open_context(void) {
    dagpole_context_options options;
    dagpole_context *context;
    dagpole_context_options_init(&options);
    options.serial = !suite_scheduler();
    assert_ok(dagpole_context_create(&options, &context));
    return context;
}

static inline dagpole_cloud make_cloud(const char *distribution, int64_t n, const char *charges) {
    dagpole_cloud cloud;
    assert_ok(dagpole_cloud_generate(distribution, n, 1, charges, &cloud));
    return cloud;
}

static inline const double *targets_of(const problem *p) {
    return p->targets ? p->targets : p->sources;
}

static inline int64_t n_targets_of(const problem *p) {
    return p->targets ? p->n_targets : p->n_sources;
}

static inline dagpole_plan *open_plan(dagpole_context *context, const problem *p) {
    dagpole_plan_options options;
    dagpole_plan *plan;
    dagpole_plan_options_init(&options);
    options.kernel = p->kernel;
    options.lambda = p->lambda;
    options.digits = p->digits;
    if (p->n_sources <= MOST_DIRECT)
        options.n_crit = TREE_LEAF;
    assert_ok(dagpole_plan_create(context, &options, p->n_sources, p->sources, p->n_targets,
                                  p->targets, &plan));
    return plan;
}

static inline comparison new_comparison(int64_t n) {
    comparison c = {.n = n,
                    .index = calloc((size_t)n + 1, sizeof *c.index),
                    .targets = new_array(3 * n),
                    .potentials = new_array(n),
                    .gradients = new_array(3 * n),
                    .direct_potentials = new_array(n),
                    .direct_gradients = new_array(3 * n),
                    .near_gradients = new_array(3 * n),
                    .far_gradients = new_array(3 * n)};
    ck_assert_ptr_nonnull(c.index);
    return c;
}

static inline void free_comparison(comparison *c) {
    free(c->index);
    free(c->targets);
    free(c->potentials);
    free(c->gradients);
    free(c->direct_potentials);
    free(c->direct_gradients);
    free(c->near_gradients);
    free(c->far_gradients);
}

/* |a| in L2, scaled first: gradients at 1e-30 overflow when squared. */
static inline double norm_of(int64_t n, const double *a) {
    double scale = 0, sum = 0;
    for (int64_t i = 0; i < n; i++)
        scale = fmax(scale, fabs(a[i]));
    for (int64_t i = 0; scale > 0 && i < n; i++)
        sum += a[i] / scale * (a[i] / scale);
    return scale * sqrt(sum);
}

/* |a - b| over norm; where that is 0 the two must be equal. */
static inline double error_over(int64_t n, const double *a, const double *b, double norm) {
    double *difference = new_array(n), error;
    for (int64_t i = 0; i < n; i++)
        difference[i] = a[i] - b[i];
    error = norm_of(n, difference);
    free(difference);
    return norm > 0 ? error / norm : error;
}

static inline void find_norms(dagpole_context *context, const problem *p, comparison *c) {
    double *potentials = new_array(c->n), *gradients = new_array(c->n);
    assert_ok(dagpole_direct_rms(context, p->kernel, p->lambda, p->n_sources, p->sources,
                                 p->charges, c->n, c->targets, potentials, gradients));
    c->potential_norm = fmax(norm_of(c->n, potentials), norm_of(c->n, c->direct_potentials));
    c->gradient_norm = fmax(norm_of(c->n, gradients), norm_of(3 * c->n, c->direct_gradients));
    free(gradients);
    free(potentials);
}

/* Evaluates everything and keeps the compared targets, which are spread evenly. */
static inline comparison compare(dagpole_context *context, dagpole_plan *plan, const problem *p) {
    int64_t n_all = n_targets_of(p), n = n_all <= ALL_TARGETS ? n_all : N_SAMPLES;
    comparison c = new_comparison(n);
    double *potentials = new_array(n_all), *gradients = new_array(3 * n_all);
    assert_ok(dagpole_plan_evaluate(plan, p->charges, potentials, gradients));
    for (int64_t i = 0; i < n; i++) {
        int64_t j = c.index[i] = i * n_all / n;
        c.potentials[i] = potentials[j];
        memcpy(c.gradients + 3 * i, gradients + 3 * j, 3 * sizeof *gradients);
        memcpy(c.targets + 3 * i, targets_of(p) + 3 * j, 3 * sizeof *gradients);
    }
    assert_ok(dagpole_plan_near_field(plan, p->charges, n, c.index, NULL, c.near_gradients));
    assert_ok(dagpole_plan_near_sums(plan, p->charges, n, c.index, NULL, c.far_gradients));
    for (int64_t i = 0; i < 3 * n; i++)
        c.far_gradients[i] = c.gradients[i] - c.far_gradients[i] + c.near_gradients[i];
    dagpole_report report = {.size = sizeof report};
    assert_ok(dagpole_plan_report(plan, &report));
    c.leaf_side = ldexp(report.root_side, -report.depth);
    assert_ok(dagpole_direct(context, p->kernel, p->lambda, p->n_sources, p->sources, p->charges, n,
                             c.targets, c.direct_potentials, c.direct_gradients));
    find_norms(context, p, &c);
    free(potentials);
    free(gradients);
    return c;
}

/* |a - b| / |b - c| in L2; c NULL = 0. Scaled first: gradients at 1e-30 overflow when squared.
 * Without c the sums cancel, so what rounding leaves of |b| in doubles is taken off the error. */
static inline double relative_error(int64_t n, const double *a, const double *b, const double *c) {
    double scale = 0, difference = 0, norm = 0, whole = 0;
    for (int64_t i = 0; i < n; i++)
        scale = fmax(scale, fabs(b[i]));
    for (int64_t i = 0; scale > 0 && i < n; i++) {
        double d = (a[i] - b[i]) / scale, v = (b[i] - (c ? c[i] : 0)) / scale;
        difference += d * d;
        norm += v * v;
        whole += b[i] / scale * (b[i] / scale);
    }
    double rounding = c ? N_ROUNDINGS * DBL_EPSILON * sqrt(whole) : 0;
    double excess = sqrt(difference) - rounding;
    return excess <= 0 ? 0 : excess / sqrt(norm);
}

/* 1 where an error exceeds its bound, or is not a number. */
static inline int judge(const problem *p, const char *quantity, double error, double bound) {
    int is_bad = !(error <= bound);
    dagpole_kernel_info info = {.size = sizeof info};
    assert_ok(dagpole_kernel_query(p->kernel, &info));
    printf("%s %s lambda %g %s %s digits %d N %lld %s %.2e bound %.0e%s\n",
           is_bad ? "EXCEEDED" : "within", info.name, p->lambda, p->name, p->charges_name,
           p->digits, (long long)p->n_sources, quantity, error, bound, is_bad ? " <----" : "");
    fflush(stdout);
    return is_bad;
}

/* Returns how many of the three bounds are exceeded by the plan of a problem. */
static inline int n_exceeded_by(dagpole_context *context, dagpole_plan *plan, const problem *p) {
    comparison c = compare(context, plan, p);
    double unit = pow(10, -p->digits);
    double potential = error_over(c.n, c.potentials, c.direct_potentials, c.potential_norm);
    double gradient = error_over(3 * c.n, c.gradients, c.direct_gradients, c.gradient_norm);
    double far = relative_error(3 * c.n, c.far_gradients, c.direct_gradients, c.near_gradients);
    /* Beyond a screening length or so the far field is no part of what digits promise. */
    int is_far_promised = !p->is_far_unresolved && p->lambda * c.leaf_side <= 1;
    free_comparison(&c);
    int n_bad =
        judge(p, "potentials", potential, unit) + judge(p, "gradients", gradient, 10 * unit);
    return is_far_promised ? n_bad + judge(p, "far-gradients", far, 300 * unit) : n_bad;
}

static inline int n_exceeded(dagpole_context *context, const problem *p) {
    dagpole_plan *plan = open_plan(context, p);
    int n_bad = n_exceeded_by(context, plan, p);
    dagpole_plan_destroy(plan);
    return n_bad;
}

/* Both kinds of charges on the points of a problem, in one plan. */
static inline int n_exceeded_charges(dagpole_context *context, problem p) {
    dagpole_plan *plan = open_plan(context, &p);
    double *charges = new_array(p.n_sources);
    uint64_t state = 17;
    int n_bad = 0;
    for (int mixed = 0; mixed < 2; mixed++) {
        for (int64_t i = 0; i < p.n_sources; i++)
            charges[i] = mixed ? 2 * suite_uniform(&state) - 1 : 1;
        p.charges = charges;
        p.charges_name = mixed ? "mixed" : "unit";
        n_bad += n_exceeded_by(context, plan, &p);
    }
    dagpole_plan_destroy(plan);
    free(charges);
    return n_bad;
}

#endif
