/* Targets away from all sources, where no near sum hides what expansions leave: of dipoles, and of
 * charges that cancel, which decay faster than errors do. */
#include "scene.h"

enum { N = 1500, M = 300 };

typedef enum shape { LINE, PLANE, CUBE, TWO_LINES, N_SHAPES } shape;

/* Sources along x, in a plane or in a cube of unit side, and targets in a cube that begins a gap
 * behind; between two lines it is in the middle. */
static void place(scene *s, shape shape, double gap) {
    uint64_t state = 17;
    const int n_dimensions = shape == CUBE ? 3 : shape == PLANE ? 2 : 1;
    for (int i = 0; i < N; i++)
        for (int d = 0; d < 3; d++)
            s->sources[3 * i + d] = d < n_dimensions ? suite_uniform(&state) : 0;
    for (int i = 0; i < 3 * M; i++)
        s->targets[i] = suite_uniform(&state) + (i % 3 == 0 ? 1 + gap : 0);
    for (int i = 0; shape == TWO_LINES && i < N; i += 2)
        s->sources[3 * i] += 2 + 2 * gap;
}

/* Proportional to the position: the largest moments cancel. */
static void balance(scene *s) {
    const dagpole_kernel_info info = info_of(s);
    for (int i = 0; i < N; i++)
        for (int d = 0; d < 3; d++) {
            s->dipoles[info.dipole * i + d] = s->sources[3 * i + d] - 0.5;
            if (d < info.charge)
                s->charges[info.charge * i + d] = s->sources[3 * i + d] - 0.5;
        }
}

/* Of all shapes at all distances one in so many, others for each number of digits. */
static void check_kernel(dagpole_kernel kernel, double lambda, int digits, int step) {
    static const double gaps[] = {0.1, 0.4, 1, 4, 7};
    for (int k = digits % step; k < 5 * N_SHAPES; k += step) {
        dagpole_plan_options options = quick_options(lambda);
        options.kernel = kernel;
        options.digits = digits;
        options.n_crit = 60;
        options.sources = k % 2 ? DAGPOLE_CHARGES : DAGPOLE_DIPOLES;
        scene *s = open_scene(&options, CLOUD_CUBE, N, M, 1);
        place(s, k % N_SHAPES, gaps[k / N_SHAPES]);
        if (k % 3 == 0)
            balance(s);
        apply(s);
        check_digits(s);
        close_scene(s);
    }
}

/* _i: digits. At 11 and 12 there are no finer operators (README, Limits). */
START_TEST(laplace) {
    check_kernel(DAGPOLE_LAPLACE, 0, _i, _i < 5 ? 1 : _i < 8 ? 5 : 20);
}
END_TEST

START_TEST(yukawa) {
    check_kernel(DAGPOLE_YUKAWA, 1, _i, _i < 5 ? 7 : 15);
}
END_TEST

START_TEST(stokes) {
    check_kernel(DAGPOLE_STOKES, 0, _i, _i < 5 ? 3 : 7);
}
END_TEST

/* Charges of one sign whose field those of the other sign cancel, on two spheres, and few targets
 * around them, whose large leaves touch leaves of the sources. */
START_TEST(cancelling_spheres) {
    dagpole_plan_options options = quick_options(0);
    options.digits = _i;
    options.n_crit = 60;
    options.sources = DAGPOLE_CHARGES;
    scene *s = open_scene(&options, CLOUD_SPHERE, 20000, 200, 1);
    for (int64_t i = 0; i < s->n_sources; i++) {
        s->charges[i] = i % 2 ? -1 : 1;
        for (int d = 0; d < 3; d++)
            s->sources[3 * i + d] *= i % 2 ? 1.3 : 1;
    }
    for (int i = 0; i < 600; i++)
        s->targets[i] *= 2;
    apply(s);
    check_digits(s);
    close_scene(s);
}
END_TEST

/* What the report says of such a plan makes the same plan, and experts are left alone. */
START_TEST(parameters_are_kept) {
    dagpole_plan_options options = quick_options(0);
    options.digits = 5;
    options.n_crit = 60;
    options.sources = DAGPOLE_CHARGES;
    scene *s = open_scene(&options, CLOUD_CUBE, N, M, 1);
    place(s, CUBE, 2);
    for (int k = 0; k < 2; k++) {
        dagpole_plan *plan = plan_of(s);
        dagpole_report report = report_of(plan);
        dagpole_plan_destroy(plan);
        ck_assert_int_eq(report.digits, 5);
        ck_assert_int_eq(report.p, k ? s->options.p : 10);
        apply(s);
        check_digits(s);
        s->options.p = report.p;
        s->options.tolerance = report.tolerance;
        s->options.svd_cutoff = report.svd_cutoff;
    }
    s->options.tolerance *= 1.01;
    s->options.p = 6;
    dagpole_plan *plan = plan_of(s);
    ck_assert_int_eq(report_of(plan).p, 6);
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("apart");
    TCase *tcase = tcase_create("apart");
    tcase_set_timeout(tcase, 200);
    tcase_add_loop_test(tcase, laplace, 3, SUITE_IS_SANITIZED ? 5 : 11);
    tcase_add_loop_test(tcase, yukawa, 3, SUITE_IS_SANITIZED ? 4 : 7);
    tcase_add_loop_test(tcase, stokes, 3, SUITE_IS_SANITIZED ? 4 : 7);
    tcase_add_loop_test(tcase, cancelling_spheres, 3, SUITE_IS_SANITIZED ? 5 : 11);
    tcase_add_test(tcase, parameters_are_kept);
    return suite_run(suite, tcase);
}
