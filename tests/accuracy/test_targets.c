/* Targets that are not the sources. */
#include "accuracy.h"

enum { N = 5000 };

static double sources[3 * N], targets[3 * N];

static void fill(double *points, uint64_t *state) {
    for (int i = 0; i < 3 * N; i++)
        points[i] = suite_uniform(state);
}

/* Yukawa has operators of its own for each side of a root cube: 9 digits of it, which take seconds
 * to be built, are checked in one of the places, 12 in test_yukawa.c. */
static void check_targets(const char *name, int most_yukawa_digits, int64_t n_sources,
                          int64_t n_targets, int (*n_bad_of)(dagpole_context *context, problem p)) {
    dagpole_context *context = open_context();
    int n_bad = 0;
    for (int digits = 3; digits <= 12; digits += 3) {
        problem p = {.name = name,
                     .digits = digits,
                     .n_sources = n_sources,
                     .sources = sources,
                     .n_targets = n_targets,
                     .targets = targets};
        n_bad += n_bad_of(context, p);
        p.kernel = DAGPOLE_YUKAWA;
        p.lambda = 2;
        if (digits <= most_yukawa_digits)
            n_bad += n_bad_of(context, p);
    }
    dagpole_context_destroy(context);
    ck_assert_int_eq(n_bad, 0);
}

START_TEST(same_region) {
    uint64_t state = 1;
    fill(sources, &state);
    fill(targets, &state);
    check_targets("targets-in-the-same-cube", 9, N, N, n_exceeded_charges);
}
END_TEST

/* Only charges of one sign: where sources and targets share no region, nothing near outweighs what
 * is left of the far field when its charges cancel. */
static int n_exceeded_unit(dagpole_context *context, problem p) {
    double charges[N];
    for (int i = 0; i < N; i++)
        charges[i] = 1;
    p.charges = charges;
    p.charges_name = "unit";
    return n_exceeded(context, &p);
}

START_TEST(disjoint_regions) {
    uint64_t state = 2;
    fill(sources, &state);
    fill(targets, &state);
    for (int i = 0; i < N; i++)
        targets[3 * i] += 1.5;
    check_targets("targets-in-another-cube", 6, N, N, n_exceeded_unit);
}
END_TEST

START_TEST(half_overlapping) {
    uint64_t state = 3;
    fill(sources, &state);
    memcpy(targets, sources, sizeof targets);
    for (int i = 0; i < N / 2; i++)
        for (int d = 0; d < 3; d++)
            targets[6 * i + d] = suite_uniform(&state);
    check_targets("targets-half-of-them-sources", 6, N, N, n_exceeded_charges);
}
END_TEST

/* 17^3 targets 1e-3 apart, with eight sources among them and the others around. */
START_TEST(fine_grid_across_few_sources) {
    uint64_t state = 4;
    fill(sources, &state);
    for (int i = 0; i < 24; i++)
        sources[i] = 0.5 + 0.016 * sources[i];
    for (int i = 0; i < 17 * 17 * 17; i++) {
        targets[3 * i] = 0.5 + 1e-3 * (i % 17);
        targets[3 * i + 1] = 0.5 + 1e-3 * (i / 17 % 17);
        targets[3 * i + 2] = 0.5 + 1e-3 * (i / 289);
    }
    check_targets("targets-on-a-fine-grid", 6, 200, 17 * 17 * 17, n_exceeded_charges);
}
END_TEST

START_TEST(two_spheres) {
    dagpole_cloud a = make_cloud("sphere", N, "unit");
    memcpy(sources, a.sources, sizeof sources);
    for (int i = 0; i < 3 * N; i++)
        targets[i] = 0.7 * a.sources[3 * N - 1 - i] + (i % 3 == 0 ? 0.9 : 0.1);
    dagpole_cloud_free(&a);
    check_targets("targets-on-a-shifted-sphere", 6, N, N, n_exceeded_charges);
}
END_TEST

/* The same points given twice, and one array given as both. */
START_TEST(targets_equal_to_sources) {
    uint64_t state = 6;
    double *results[3], charges[N];
    dagpole_context *context = open_context();
    fill(sources, &state);
    memcpy(targets, sources, sizeof targets);
    for (int i = 0; i < N; i++)
        charges[i] = suite_uniform(&state) - 0.5;
    for (int way = 0; way < 3; way++) {
        const double *given[] = {NULL, sources, targets};
        problem p = {
            .digits = 6, .n_sources = N, .sources = sources, .n_targets = N, .targets = given[way]};
        dagpole_plan *plan = open_plan(context, &p);
        results[way] = new_array(4 * N);
        assert_ok(dagpole_plan_evaluate(plan, charges, results[way], results[way] + N));
        dagpole_plan_destroy(plan);
    }
    ck_assert_mem_eq(results[0], results[1], 4 * N * sizeof(double));
    ck_assert_double_le(relative_error(N, results[2], results[0], NULL), 1e-6);
    ck_assert_double_le(relative_error(3 * N, results[2] + N, results[0] + N, NULL), 1e-5);
    for (int way = 0; way < 3; way++)
        free(results[way]);
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("targets", 200, same_region, disjoint_regions, half_overlapping,
           fine_grid_across_few_sources, two_spheres, targets_equal_to_sources)
