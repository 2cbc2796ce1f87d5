/* Degenerate but legal clouds give right answers. */
#include <time.h>

#include "errors.h"

static const dagpole_kernel kernels[] = {DAGPOLE_LAPLACE, DAGPOLE_YUKAWA};

/* All targets against the direct sum, potentials and gradients, both kernels. */
static void check_with(int digits, int n_crit, int64_t n, const double *points, int64_t n_targets,
                       const double *targets, double length) {
    int64_t m = targets ? n_targets : n;
    double *charges = calloc((size_t)(n + 8 * m + 1), sizeof *charges), *results = charges + n;
    double *expected = results + 4 * m;
    dagpole_context *context = open_serial();
    fill_uniform(n, charges, 6);
    for (int i = 0; i < 2; i++) {
        dagpole_plan_options o;
        dagpole_plan *plan;
        dagpole_plan_options_init(&o);
        o.kernel = kernels[i];
        o.lambda = 1 / length;
        o.digits = digits;
        o.n_crit = n_crit;
        assert_ok(dagpole_plan_create(context, &o, n, points, n_targets, targets, &plan));
        assert_ok(dagpole_plan_check(plan, 1));
        assert_ok(dagpole_plan_evaluate(plan, charges, results, results + m));
        assert_ok(dagpole_direct(NULL, o.kernel, o.lambda, n, points, charges, n_targets, targets,
                                 expected, expected + m));
        for (int64_t k = 0; k < 4 * m; k++)
            ck_assert(isfinite(results[k]));
        for (int64_t k = 0; k < 3 * m; k++) { /* so that squares do not overflow */
            results[m + k] *= length;
            expected[m + k] *= length;
        }
        ck_assert_double_le(relative_error(m, results, expected), 1e-6);
        ck_assert_double_le(relative_error(3 * m, results + m, expected + m), 1e-5);
        dagpole_plan_destroy(plan);
    }
    dagpole_context_destroy(context);
    free(charges);
}

static void check_cloud(int64_t n, const double *points, int64_t n_targets, const double *targets,
                        double length) {
    check_with(6, 20, n, points, n_targets, targets, length);
}

/* What else a kernel has: what sources carry, what targets want, and numbers of a value. */
static const struct other {
    dagpole_kernel kernel;
    int sources, hessians, width;
} others[] = {{DAGPOLE_LAPLACE, DAGPOLE_CHARGES | DAGPOLE_DIPOLES, 1, 1},
              {DAGPOLE_YUKAWA, DAGPOLE_DIPOLES, 0, 1},
              {DAGPOLE_HELMHOLTZ, DAGPOLE_CHARGES | DAGPOLE_DIPOLES, 0, 2}};

enum { ROOM = 64 };

static void check_other(dagpole_context *context, const struct other *other, int64_t n,
                        const double *points, int64_t n_targets, const double *targets) {
    static double carried[6 * ROOM], sums[2][10 * ROOM];
    const int64_t m = targets ? n_targets : n, w = other->width;
    dagpole_plan_options o;
    dagpole_values v;
    dagpole_plan *plan;
    fill_uniform(6 * ROOM, carried, 9);
    dagpole_plan_options_init(&o);
    o.kernel = other->kernel;
    o.lambda = o.wave_number = 1;
    o.sources = other->sources;
    o.hessians = other->hessians;
    dagpole_values_init(&v);
    v.charges = o.sources & DAGPOLE_CHARGES ? carried : NULL;
    v.dipoles = carried;
    for (int is_direct = 0; is_direct < 2; is_direct++) {
        v.potentials = sums[is_direct];
        v.gradients = v.potentials + w * m;
        v.hessians = o.hessians ? v.potentials + 4 * m : NULL;
        if (is_direct) {
            assert_ok(dagpole_direct_apply(NULL, &o, n, points, n_targets, targets, 0, &v));
            continue;
        }
        assert_ok(dagpole_plan_create(context, &o, n, points, n_targets, targets, &plan));
        assert_ok(dagpole_plan_apply(plan, &v));
        dagpole_plan_destroy(plan);
    }
    for (int64_t k = 0; k < (o.hessians ? 10 : 4 * w) * m; k++)
        ck_assert(fabs(sums[0][k] - sums[1][k]) <= 1e-4 * (1 + fabs(sums[1][k])));
}

static void check_others(int64_t n, const double *points, int64_t n_targets,
                         const double *targets) {
    dagpole_context *context = open_serial();
    for (int i = 0; i < 3; i++)
        check_other(context, &others[i], n, points, n_targets, targets);
    dagpole_context_destroy(context);
}

/* None, one, all in one place, and targets that lie on sources. */
START_TEST(other_values_of_degenerate_clouds) {
    enum { N = 40 };
    double points[3 * N], targets[6] = {0.5, 0.25, 2, 1, 1, 1};
    fill_uniform(3 * N, points, 4);
    check_others(0, NULL, 0, NULL);
    check_others(0, NULL, 2, targets);
    check_others(N, points, 0, targets);
    check_others(1, points, 0, NULL);
    check_others(N, points, N / 2, points);
    for (int i = 0; i < 3 * N; i++)
        points[i] = i % 3;
    check_others(N, points, 0, NULL);
    check_others(N, points, 2, targets);
}
END_TEST

START_TEST(no_points) {
    double points[6] = {0}, charges[2] = {1, 2}, potentials[2] = {7, 7}, gradients[6] = {7, 7, 7};
    dagpole_plan *plan;
    dagpole_context *context = open_serial();
    plan = open_plan(context, 0, NULL);
    assert_ok(dagpole_plan_evaluate(plan, NULL, NULL, NULL));
    assert_ok(dagpole_plan_check(plan, 1));
    dagpole_plan_destroy(plan);
    assert_ok(dagpole_plan_create(context, NULL, 2, points, 0, points, &plan));
    assert_ok(dagpole_plan_evaluate(plan, charges, NULL, NULL));
    dagpole_plan_destroy(plan);
    assert_ok(dagpole_plan_create(context, NULL, 0, NULL, 2, points, &plan));
    assert_ok(dagpole_plan_evaluate(plan, NULL, potentials, gradients));
    for (int i = 0; i < 2; i++)
        ck_assert_double_eq(potentials[i], 0);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(gradients[i], 0);
    dagpole_plan_destroy(plan);
    assert_ok(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, 0, NULL, NULL, 0, NULL, NULL, NULL));
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(one_and_two_points) {
    double points[6] = {1, 2, 3, 1, 2, 5}, charges[2] = {3, -2}, potentials[2], gradients[6];
    dagpole_context *context = open_serial();
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    dagpole_plan *plan = open_plan(context, 1, points);
    assert_ok(dagpole_plan_evaluate(plan, charges, potentials, gradients));
    ck_assert_double_eq(potentials[0], 0);
    dagpole_plan_destroy(plan);
    for (int digits = 6; digits <= 12; digits += 6) {
        double tolerance = digits == 12 ? 1e-16 : 6e-8;
        options.digits = digits;
        assert_ok(dagpole_plan_create(context, &options, 2, points, 0, NULL, &plan));
        assert_ok(dagpole_plan_evaluate(plan, charges, potentials, gradients));
        ck_assert_double_eq_tol(potentials[0], -2 / (8 * M_PI), tolerance);
        ck_assert_double_eq_tol(potentials[1], 3 / (8 * M_PI), tolerance);
        ck_assert_double_eq(gradients[0], 0);
        ck_assert_double_eq_tol(gradients[2], -2 / (16 * M_PI), tolerance);
        ck_assert_double_eq_tol(gradients[5], -3 / (16 * M_PI), tolerance);
        dagpole_plan_destroy(plan);
    }
    dagpole_context_destroy(context);
    check_cloud(1, points, 0, NULL, 1);
    check_cloud(2, points, 0, NULL, 1);
    check_cloud(1, points, 1, points + 3, 1);
}
END_TEST

START_TEST(all_points_identical) {
    static double points[3 * 3000], charges[3000], potentials[3000], gradients[3 * 3000];
    static const double places[][3] = {{0, 0, 0}, {0.1, -7, 1e12}, {1e-30, 1e-30, 0}};
    dagpole_context *context = open_serial();
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 3 * 3000; i++)
            points[i] = places[k][i % 3];
        fill_uniform(3000, charges, 1);
        dagpole_plan *plan = open_plan(context, 3000, points);
        assert_ok(dagpole_plan_evaluate(plan, charges, potentials, gradients));
        for (int i = 0; i < 3000; i++)
            ck_assert(potentials[i] == 0 && gradients[3 * i] == 0);
        dagpole_plan_destroy(plan);
    }
    dagpole_context_destroy(context);
}
END_TEST

/* Of the processor, so that other processes do not count. Sanitizers make loops slower, and the
 * pairs as well. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define MOST_S 50
#else
#define MOST_S 10
#endif

static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Merged before the tree, half a million coincident points cost no pair: their 10^11 pairs would
 * take a minute. */
START_TEST(half_of_a_million_coincide) {
    enum { N_MANY = SUITE_IS_SANITIZED ? 100000 : 1000000, N_SAMPLES = 500 };
    double *points = calloc(8 * N_MANY, sizeof *points), *charges = points + 3 * N_MANY;
    double *potentials = charges + N_MANY, *gradients = potentials + N_MANY;
    double targets[3 * N_SAMPLES], expected[N_SAMPLES], sampled[N_SAMPLES];
    dagpole_report report = {.size = sizeof report};
    ck_assert_ptr_nonnull(points);
    dagpole_context *context = open_serial();
    fill_uniform(3 * N_MANY, points, 9);
    fill_uniform(N_MANY, charges, 10);
    for (int64_t i = 0; i < N_MANY; i += 2)
        memcpy(points + 3 * i, (double[]){0.3, 0.4, 0.5}, 3 * sizeof *points);
    dagpole_plan *plan = open_plan(context, N_MANY, points);
    assert_ok(dagpole_plan_report(plan, &report));
    ck_assert_int_eq(report.n_unique_sources, N_MANY / 2 + 1);
    double start = cpu_s();
    assert_ok(dagpole_plan_evaluate(plan, charges, potentials, gradients));
    ck_assert_double_le(cpu_s() - start, MOST_S);
    for (int64_t i = 0; i < N_SAMPLES; i++) {
        int64_t j = i * (N_MANY / N_SAMPLES) + i % 2;
        memcpy(targets + 3 * i, points + 3 * j, 3 * sizeof *points);
        sampled[i] = potentials[j];
    }
    assert_ok(dagpole_direct(NULL, DAGPOLE_LAPLACE, 0, N_MANY, points, charges, N_SAMPLES, targets,
                             expected, NULL));
    ck_assert_double_le(relative_error(N_SAMPLES, sampled, expected), 1e-6);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

enum { N = 1500 };

static double points[3 * N];

START_TEST(a_line_and_a_plane) {
    fill_uniform(3 * N, points, 11);
    for (int i = 0; i < N; i++)
        points[3 * i + 1] = -2;
    check_cloud(N, points, 0, NULL, 1);
    for (int i = 0; i < N; i++)
        points[3 * i + 2] = 1e-3;
    check_cloud(N, points, 0, NULL, 1);
    for (int i = 0; i < N; i++)
        points[3 * i + 1] = points[3 * i + 2] = points[3 * i];
    check_cloud(N, points, 0, NULL, 1);
}
END_TEST

static void check_moved(double scale, double shift) {
    fill_uniform(3 * N, points, 12);
    for (int i = 0; i < 3 * N; i++)
        points[i] = scale * points[i] + shift;
    check_cloud(N, points, 0, NULL, scale);
}

START_TEST(large_small_and_far_away) {
    check_moved(1e12, 0);
    check_moved(1e12, -1e12);
    check_moved(1e-30, 0);
    check_moved(1e-30, 1e-30);
    check_moved(1, 1e6);
    check_moved(1, -1e6);
    check_moved(1e100, 0);
    check_moved(1e-100, 0);
}
END_TEST

/* Coordinates a few units in the last place apart. */
START_TEST(neighbouring_doubles) {
    for (int i = 0; i < N; i++)
        for (int d = 0; d < 3; d++)
            points[3 * i + d] = 1 + DBL_EPSILON * ((i * (7 + 2 * d)) % 61);
    check_cloud(N, points, 0, NULL, 61 * DBL_EPSILON);
}
END_TEST

/* Distances whose squares are 0, in leaves of more points than a group. */
START_TEST(nearly_coincident_points) {
    fill_uniform(3 * N, points, 14);
    for (int i = 0; i < 40; i++)
        for (int d = 0; d < 3; d++)
            points[3 * i + d] = 1e-170 * (i + d);
    for (int digits = 6; digits <= 9; digits += 3)
        check_with(digits, 100, N, points, 0, NULL, 1);
}
END_TEST

START_TEST(zero_and_cancelling_charges) {
    static double charges[N], potentials[N];
    dagpole_context *context = open_serial();
    fill_uniform(3 * N, points, 13);
    dagpole_plan *plan = open_plan(context, N, points);
    assert_ok(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    for (int i = 0; i < N; i++)
        ck_assert_double_eq(potentials[i], 0);
    dagpole_plan_destroy(plan);
    for (int i = 0; i < N; i += 2) { /* opposite charges at one place */
        memcpy(points + 3 * i + 3, points + 3 * i, 3 * sizeof *points);
        charges[i] = 1.5;
        charges[i + 1] = -1.5;
    }
    plan = open_plan(context, N, points);
    assert_ok(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol(potentials[i], 0, 1e-12);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("degenerate", 200, other_values_of_degenerate_clouds, no_points, one_and_two_points,
           all_points_identical, half_of_a_million_coincide, a_line_and_a_plane,
           large_small_and_far_away, neighbouring_doubles, nearly_coincident_points,
           zero_and_cancelling_charges)
