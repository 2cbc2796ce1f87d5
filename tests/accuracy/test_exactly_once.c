/* Every pair of leaves is covered exactly once, and the results say so: with all charges but one
 * zero, a pair that is forgotten or counted twice is an error of 100 percent at its target. */
#include "accuracy.h"

enum { N_CLOUD = 2500 };

static double points[3 * N_CLOUD];

static void make_graded(int kind) {
    uint64_t state = 21;
    for (int i = 0; i < N_CLOUD; i++) {
        double radius = pow(10, -9 * suite_uniform(&state));
        for (int d = 0; d < 3; d++) {
            double u = suite_uniform(&state);
            double *x = &points[3 * i + d];
            if (kind == 2)
                *x = radius * (2 * u - 1);
            else
                *x = i < 2000 ? u : 0.37 + (kind == 1 ? 1e-6 * u : 0);
        }
    }
}

static void check_plan(dagpole_context *context, int n_crit, int n_sources, int first_target) {
    dagpole_plan_options options;
    dagpole_plan *plan;
    dagpole_report report = {.size = sizeof report};
    dagpole_plan_options_init(&options);
    options.digits = 3;
    options.n_crit = n_crit;
    const double *targets = first_target < 0 ? NULL : points + 3 * first_target;
    assert_ok(dagpole_plan_create(context, &options, n_sources, points,
                                  targets ? N_CLOUD - first_target : 0, targets, &plan));
    assert_ok(dagpole_plan_check(plan, 1));
    assert_ok(dagpole_plan_report(plan, &report));
    ck_assert_int_ge(report.n_leaves, 8);
    dagpole_plan_destroy(plan);
}

START_TEST(lists_of_graded_clouds) {
    static const int n_crit[] = {1, 3, 10, 50};
    dagpole_context *context = open_context();
    for (int kind = 0; kind < 3; kind++) {
        make_graded(kind);
        for (int i = 0; i < 4; i++) {
            check_plan(context, n_crit[i], N_CLOUD, -1);
            check_plan(context, n_crit[i], 2100, 0);
            check_plan(context, n_crit[i], 2000, 2000);
            check_plan(context, n_crit[i], 1500, 900);
        }
    }
    dagpole_context_destroy(context);
}
END_TEST

/* The worst relative error over all targets of the potential of one charge. */
static double worst_error(dagpole_plan *plan, int source) {
    static double charges[N_CLOUD], potentials[N_CLOUD];
    double worst = 0;
    memset(charges, 0, sizeof charges);
    charges[source] = 1;
    assert_ok(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    for (int i = 0; i < N_CLOUD; i++) {
        double square = 0;
        for (int d = 0; d < 3; d++)
            square += pow(points[3 * i + d] - points[3 * source + d], 2);
        double exact = square > 0 ? 1 / (4 * M_PI * sqrt(square)) : 0;
        worst = fmax(worst, exact > 0 ? fabs(potentials[i] / exact - 1) : fabs(potentials[i]));
    }
    return worst;
}

START_TEST(single_charges_on_graded_clouds) {
    dagpole_context *context = open_context();
    for (int kind = 0; kind < 3; kind++) {
        dagpole_plan_options options;
        dagpole_plan *plan;
        make_graded(kind);
        dagpole_plan_options_init(&options);
        options.digits = 5;
        options.n_crit = 10;
        assert_ok(dagpole_plan_create(context, &options, N_CLOUD, points, 0, NULL, &plan));
        for (int source = 0; source < N_CLOUD; source += 53)
            ck_assert_double_le(worst_error(plan, source), 1e-3);
        dagpole_plan_destroy(plan);
    }
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("exactly_once", 200, lists_of_graded_clouds, single_charges_on_graded_clouds)
