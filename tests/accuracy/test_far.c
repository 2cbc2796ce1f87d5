/* Field maps: targets from beside the sources to a million of their extents away. Relative to the
 * result where charges have one sign, else to what charges of random sign would give. */
#include "accuracy.h"

enum { N_SOURCES = 3000, N_TARGETS = 1200 };

static double sources[3 * N_SOURCES], charges[N_SOURCES], targets[3 * N_TARGETS];

/* A cube of unit side, and targets in one beside it, on a sphere around it and on a plane through
 * it. */
static void place(int shape, double distance) {
    uint64_t state = 11;
    for (int i = 0; i < 3 * N_SOURCES; i++)
        sources[i] = suite_uniform(&state);
    for (int i = 0; i < N_TARGETS; i++) {
        double u[3], length = 0, *x = targets + 3 * i;
        for (int d = 0; d < 3; d++) {
            u[d] = suite_uniform(&state);
            length += (u[d] - 0.5) * (u[d] - 0.5);
        }
        for (int d = 0; d < 3; d++)
            x[d] = shape == 0   ? u[d] + (d == 0 ? 1 + distance : 0)
                   : shape == 1 ? 0.5 + (distance + 0.87) * (u[d] - 0.5) / sqrt(length)
                                : 0.5 + (d == 2 ? 0 : distance * (2 * u[d] - 1));
    }
}

/* L2 norms of error, result and random signs, in units of the largest result. */
typedef struct norms {
    double error[2], result[2], random[2]; /* of potentials and gradients */
} norms;

static double squared(const double *v, double unit) {
    return (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / (unit * unit);
}

static void add_random(const problem *p, const double *target, double unit, norms *n) {
    for (int i = 0; i < N_SOURCES; i++) {
        double d[3];
        for (int k = 0; k < 3; k++)
            d[k] = target[k] - sources[3 * i + k];
        double r = sqrt(squared(d, 1)), g = charges[i] * exp(-p->lambda * r) / (4 * M_PI * r);
        n->random[0] += g / unit * (g / unit);
        n->random[1] += g / unit * (g / unit) * (p->lambda + 1 / r) * (p->lambda + 1 / r);
    }
}

static norms compare_norms(dagpole_context *context, const problem *p) {
    static double results[4 * N_TARGETS], direct[4 * N_TARGETS];
    double unit = 0;
    norms n = {0};
    dagpole_plan *plan = open_plan(context, p);
    assert_ok(dagpole_plan_check(plan, 0));
    assert_ok(dagpole_plan_evaluate(plan, charges, results, results + N_TARGETS));
    dagpole_plan_destroy(plan);
    assert_ok(dagpole_direct(context, p->kernel, p->lambda, N_SOURCES, sources, charges, N_TARGETS,
                             targets, direct, direct + N_TARGETS));
    for (int i = 0; i < N_TARGETS; i++)
        unit = fmax(unit, fabs(direct[i]));
    for (int i = 0; i < N_TARGETS; i++) {
        double *g = results + N_TARGETS + 3 * i, *h = direct + N_TARGETS + 3 * i;
        n.result[0] += direct[i] / unit * (direct[i] / unit);
        n.result[1] += squared(h, unit);
        n.error[0] += (results[i] - direct[i]) / unit * ((results[i] - direct[i]) / unit);
        for (int d = 0; d < 3; d++)
            g[d] -= h[d];
        n.error[1] += squared(g, unit);
        if (strcmp(p->charges_name, "mixed") == 0)
            add_random(p, targets + 3 * i, unit, &n);
    }
    return n;
}

static int n_over(dagpole_context *context, const problem *p) {
    norms n = compare_norms(context, p);
    double bound = pow(10, -p->digits);
    return judge(p, "potentials", sqrt(n.error[0] / fmax(n.result[0], n.random[0])), bound) +
           judge(p, "gradients", sqrt(n.error[1] / fmax(n.result[1], n.random[1])), 10 * bound);
}

/* Unit charges, and mixed ones in the cube beside. */
static void check_far(double lambda, int digits, int n_distances, const double *distances) {
    static const char *const shapes[] = {"far-cube", "far-sphere", "plane-through"};
    dagpole_context *context = open_context();
    problem p = {.kernel = lambda > 0 ? DAGPOLE_YUKAWA : DAGPOLE_LAPLACE,
                 .lambda = lambda,
                 .digits = digits,
                 .n_sources = N_SOURCES,
                 .sources = sources,
                 .charges = charges,
                 .n_targets = N_TARGETS,
                 .targets = targets};
    int n_bad = 0;
    for (int i = 0; i < n_distances; i++)
        for (int scene = 0; scene < 4; scene++) {
            uint64_t state = 12;
            place(scene % 3, distances[i]);
            p.name = shapes[scene % 3];
            p.charges_name = scene == 3 ? "mixed" : "unit";
            for (int j = 0; j < N_SOURCES; j++)
                charges[j] = scene == 3 ? 2 * suite_uniform(&state) - 1 : 1;
            printf("%g away: ", distances[i]);
            n_bad += n_over(context, &p);
        }
    dagpole_context_destroy(context);
    ck_assert_int_eq(n_bad, 0);
}

START_TEST(laplace) {
    static const double distances[] = {2, 12, 1e3, 1e6};
    int first = _i == 3; /* 12 digits leave no margin where nothing is far yet */
    check_far(0, 3 * (_i + 1), 4 - first, distances + first);
}
END_TEST

START_TEST(weak_screening) {
    check_far(1, 3 * (_i + 1), 2, (const double[]){2, 20});
}
END_TEST

START_TEST(strong_screening) {
    check_far(20, 3 * (_i + 1), 3, (const double[]){0.1, 2, 10});
}
END_TEST

START_TEST(screening_within_a_leaf) {
    check_far(200, 3 * (_i + 1), 2, (const double[]){0.05, 1.5});
}
END_TEST

/* Potentials that no double holds are zero. */
START_TEST(nothing_is_left_at_a_distance) {
    dagpole_context *context = open_context();
    double potentials[N_TARGETS], gradients[3 * N_TARGETS];
    problem p = {.kernel = DAGPOLE_YUKAWA,
                 .lambda = 200,
                 .digits = 6,
                 .n_sources = N_SOURCES,
                 .sources = sources,
                 .n_targets = N_TARGETS,
                 .targets = targets};
    place(0, 5);
    for (int i = 0; i < N_SOURCES; i++)
        charges[i] = 1;
    dagpole_plan *plan = open_plan(context, &p);
    assert_ok(dagpole_plan_evaluate(plan, charges, potentials, gradients));
    for (int i = 0; i < N_TARGETS; i++)
        ck_assert(potentials[i] == 0 && squared(gradients + 3 * i, 1) == 0);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("far");
    TCase *tcase = tcase_create("far");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, laplace, 0, 4);
    tcase_add_loop_test(tcase, weak_screening, 0, 2);
    tcase_add_loop_test(tcase, strong_screening, 0, 2);
    tcase_add_loop_test(tcase, screening_within_a_leaf, 0, 2);
    tcase_add_test(tcase, nothing_is_left_at_a_distance);
    return suite_run(suite, tcase);
}
