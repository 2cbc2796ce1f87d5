/* Every operator touches what its record declares, on every cloud that the accuracy contract knows:
 * under the executor "strict" plans give what they give under "serial", to the last bit. */
#include "api/plans.h"

static const char *const distributions[] = {"cube",   "sphere", "plummer",   "ellipsoid",
                                            "graded", "disk",   "two-scale", "lattice"};

enum { N = 2000, N_CASES = 8 * 4 };

typedef struct scene {
    dagpole_cloud cloud, targets;
    dagpole_plan_options options;
    int has_targets;
} scene;

/* Potentials, then gradients, then potentials of an evaluation without, then near sums. */
static double *evaluate(const char *executor, const scene *s) {
    double *results = make_results(6 * N);
    int64_t all[N];
    for (int64_t i = 0; i < N; i++)
        all[i] = i;
    setenv("DAGPOLE_EXECUTOR", executor, 1);
    dagpole_context *context = open_serial();
    dagpole_plan *plan = open_plan(context, s->options, N, s->cloud.sources, s->has_targets ? N : 0,
                                   s->has_targets ? s->targets.sources : NULL);
    must(dagpole_plan_evaluate(plan, s->cloud.charges, results, results + N));
    must(dagpole_plan_evaluate(plan, s->cloud.charges, results + 4 * N, NULL));
    must(dagpole_plan_near_sums(plan, s->cloud.charges, N, all, results + 5 * N, NULL));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    unsetenv("DAGPOLE_EXECUTOR");
    return results;
}

START_TEST(strict_makes_what_serial_makes) {
    int is_screened = _i / 8 % 2;
    scene s = {.has_targets = _i / 16, .options = quick_options(is_screened ? 3 : 0)};
    s.options.n_crit = 25;
    must(dagpole_cloud_generate(distributions[_i % 8], N, 1, "mixed", &s.cloud));
    must(dagpole_cloud_generate(distributions[(_i + 3) % 8], N, 2, "unit", &s.targets));
    double *expected = evaluate("serial", &s), *is = evaluate("strict", &s);
    ck_assert_int_eq(memcmp(is, expected, 6 * N * sizeof *is), 0);
    free(expected);
    free(is);
    dagpole_cloud_free(&s.targets);
    dagpole_cloud_free(&s.cloud);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("accuracy-strict");
    TCase *tcase = tcase_create("accuracy-strict");
    tcase_set_timeout(tcase, 200);
    tcase_add_loop_test(tcase, strict_makes_what_serial_makes, 0, N_CASES);
    return suite_run(suite, tcase);
}
