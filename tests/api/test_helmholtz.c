/* Helmholtz's kernel: complex charges and results, against direct sums, at the interior resonances
 * of equivalent surfaces and elsewhere, and direct sums against the definition. */
#include <complex.h>
#include <math.h>

#include "scene.h"

enum { N = 1500, M = 300 };

typedef double complex number;

static dagpole_context *open_threads(int threads) {
    return open_context((dagpole_context_options){.serial = !threads && !suite_scheduler(),
                                                  .threads = threads,
                                                  .cache_dir = getenv("XDG_CACHE_HOME")});
}

static scene *open_waves(cloud kind, int digits, double wave_number, int has_targets) {
    dagpole_plan_options options = quick_options(0);
    options.kernel = DAGPOLE_HELMHOLTZ;
    options.wave_number = wave_number;
    options.digits = digits;
    options.n_crit = 15 * digits;
    return open_scene(&options, kind, N, has_targets ? M : 0, 1. / 12);
}

/* By the call that takes charges alone. */
static void evaluate(scene *s) {
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_evaluate(plan, s->charges, s->potentials, s->gradients));
    dagpole_plan_destroy(plan);
}

/* Complex arrays and plain doubles are the same memory. */
static dagpole_values complex_values(const number *charges, void *potentials, void *gradients) {
    dagpole_values values;
    dagpole_values_init(&values);
    values.charges = (const double *)charges;
    values.potentials = potentials;
    values.gradients = gradients;
    return values;
}

static void check_waves(cloud kind, int digits, double wave_number, double damping,
                        int has_targets) {
    scene *s = open_waves(kind, digits, wave_number, has_targets);
    s->options.damping = damping;
    evaluate(s);
    check_digits(s);
    close_scene(s);
}

/* Two wavelengths across and six, with damping, and targets of their own. */
START_TEST(digits_hold) {
    check_waves(CLOUD_CUBE, 3, 6.3, 0, 0);
    check_waves(CLOUD_CUBE, 3, 20, 0, 1);
    check_waves(CLOUD_SPHERE, 3, 4, 2, 0);
    check_waves(CLOUD_CUBE, 6, 6.3, 0, 0);
    check_waves(CLOUD_SPHERE, 6, 8, 0, 1);
}
END_TEST

/* Trees of many levels, with W and X lists. */
START_TEST(digits_hold_on_graded_clouds) {
    if (SUITE_IS_SANITIZED) /* numbers alone, and many */
        return;
    check_waves(CLOUD_LOG_RADIAL, 3, 6.3, 0, 0);
    check_waves(CLOUD_PLUMMER, 3, 0.2, 0.1, 1);
}
END_TEST

/* Once built, these operators come from the tests' cache. */
START_TEST(eight_digits_hold) {
    if (SUITE_IS_SANITIZED) /* numbers alone, and many */
        return;
    scene *s = open_waves(CLOUD_CUBE, 8, 6.3, 0);
    s->options.n_crit = 80; /* boxes of level 2 alone have operators */
    evaluate(s);
    check_digits(s);
    close_scene(s);
}
END_TEST

/* The wave number times the side of boxes on level 2 is that at which the equivalent surface, at
 * 1.05 half sides, has a resonance: pi sqrt(l^2 + m^2 + n^2) over its side. */
static void check_resonance(cloud kind, int digits, double squares, int n_crit) {
    scene *s = open_waves(kind, digits, 0, 0); /* without waves, whose operators would be built */
    s->options.n_crit = n_crit;
    dagpole_plan *plan = plan_of(s);
    double side = report_of(plan).root_side;
    dagpole_plan_destroy(plan);
    s->options.root_side = side;
    s->options.wave_number = 4 * M_PI * sqrt(squares) / 1.05 / side;
    evaluate(s);
    check_digits(s);
    close_scene(s);
}

START_TEST(digits_hold_at_resonances) {
    check_resonance(CLOUD_CUBE, 3, 3, 80);
    check_resonance(CLOUD_CUBE, 3, 6, 80);
    check_resonance(CLOUD_SPHERE, 3, 9, 80);
    check_resonance(CLOUD_CUBE, 6, 3, 80);
    if (!SUITE_IS_SANITIZED) /* many at once; level 2 alone, which takes seconds to make */
        check_resonance(CLOUD_CUBE, 3, 134, N / 10);
}
END_TEST

/* Dipoles alone, and beside charges. */
static void check_dipoles(cloud kind, int sources, int digits, double wave_number,
                          int has_targets) {
    scene *s = open_waves(kind, digits, wave_number, has_targets);
    s->options.sources = sources;
    apply(s);
    check_digits(s);
    close_scene(s);
}

START_TEST(digits_hold_for_dipoles) {
    check_dipoles(CLOUD_CUBE, DAGPOLE_DIPOLES, 3, 6.3, 0);
    check_dipoles(CLOUD_SPHERE, DAGPOLE_CHARGES | DAGPOLE_DIPOLES, 3, 10, 1);
    check_dipoles(CLOUD_CUBE, DAGPOLE_CHARGES | DAGPOLE_DIPOLES, 5, 6.3, 0);
}
END_TEST

/* ---- what it is without waves ---------------------------------------------------------------- */

/* Real and imaginary charges each by itself, of a real kernel. */
static void expect_real(scene *s, dagpole_kernel kernel, double lambda) {
    static double charges[N], potentials[N], gradients[3 * N], direct[2 * N], slopes[6 * N];
    evaluate(s);
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < N; i++)
            charges[i] = s->charges[2 * i + part];
        must(dagpole_direct(NULL, kernel, lambda, N, s->sources, charges, 0, NULL, potentials,
                            gradients));
        for (int i = 0; i < N; i++)
            direct[2 * i + part] = potentials[i];
        for (int i = 0; i < 3 * N; i++)
            slopes[2 * i + part] = gradients[i];
    }
    ck_assert_double_lt(relative_error(2 * N, s->potentials, direct), 1e-3);
    ck_assert_double_lt(relative_error(6 * N, s->gradients, slopes), 1e-2);
}

START_TEST(without_waves_it_is_laplace_or_yukawa) {
    scene *s = open_waves(CLOUD_CUBE, 3, 0, 0);
    expect_real(s, DAGPOLE_LAPLACE, 0);
    s->options.damping = 3;
    expect_real(s, DAGPOLE_YUKAWA, 3);
    close_scene(s);
}
END_TEST

/* ---- bits ------------------------------------------------------------------------------------ */

/* For any number of workers. */
START_TEST(bits_do_not_depend_on_workers) {
    static double serial[2 * N], slopes[6 * N];
    scene *s = open_waves(CLOUD_CUBE, 3, 20, 0);
    evaluate(s);
    memcpy(serial, s->potentials, sizeof serial);
    memcpy(slopes, s->gradients, sizeof slopes);
    for (int threads = 1; threads <= 2; threads++) {
        dagpole_context_destroy(s->context);
        s->context = open_threads(threads);
        evaluate(s);
        ck_assert_mem_eq(s->potentials, serial, sizeof serial);
        ck_assert_mem_eq(s->gradients, slopes, sizeof slopes);
    }
    close_scene(s);
}
END_TEST

/* Nor on what the other vectors hold, nor on where values lie. */
START_TEST(bits_do_not_depend_on_other_vectors) {
    enum { V = SCENE_VECTORS, ALL = V * N };
    static number all[ALL], slopes[3 * ALL], spread[ALL];
    scene *s = open_waves(CLOUD_CUBE, 3, 20, 0);
    number *charges = (number *)s->charges;
    s->options.n_vectors = V;
    evaluate(s);
    memcpy(all, s->potentials, sizeof all);
    memcpy(slopes, s->gradients, sizeof slopes);
    check_digits(s);
    for (int i = 0; i < N; i++)
        charges[i] = charges[2 * N + i] *= 1e9;
    evaluate(s);
    ck_assert_mem_eq(s->potentials + 2 * N, all + N, N * sizeof *all);
    ck_assert_mem_eq(s->gradients + 6 * N, slopes + 3 * N, 3 * N * sizeof *slopes);
    memcpy(all, s->potentials, sizeof all);
    memcpy(slopes, s->gradients, sizeof slopes);
    s->options.point_stride = V;
    s->options.vector_stride = 1;
    for (int i = 0; i < ALL; i++)
        spread[i % N * V + i / N] = charges[i];
    memcpy(charges, spread, sizeof spread);
    evaluate(s);
    for (int i = 0; i < ALL; i++) {
        int at = i % N * V + i / N;
        ck_assert_mem_eq((number *)s->potentials + at, &all[i], sizeof(number));
        ck_assert_mem_eq((number *)s->gradients + 3 * at, &slopes[3 * i], 3 * sizeof(number));
    }
    close_scene(s);
}
END_TEST

START_TEST(floats_are_the_same_rounded) {
    static float charges[2 * N], potentials[2 * N], gradients[6 * N];
    scene *s = open_waves(CLOUD_CUBE, 3, 20, 0);
    for (int i = 0; i < 2 * N; i++) {
        charges[i] = (float)s->charges[i];
        s->charges[i] = charges[i];
    }
    evaluate(s);
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_evaluate_float(plan, charges, potentials, gradients));
    dagpole_plan_destroy(plan);
    for (int i = 0; i < 2 * N; i++)
        ck_assert(potentials[i] == (float)s->potentials[i]);
    for (int i = 0; i < 6 * N; i++)
        ck_assert(gradients[i] == (float)s->gradients[i]);
    close_scene(s);
}
END_TEST

/* Charges of any size, and imaginary parts of quite another. */
START_TEST(charges_may_be_of_any_size) {
    static const double sizes[] = {1e-290, 1e280};
    static double ones[2 * N], slopes[6 * N];
    scene *s = open_waves(CLOUD_CUBE, 3, 20, 0);
    evaluate(s);
    memcpy(ones, s->potentials, sizeof ones);
    memcpy(slopes, s->gradients, sizeof slopes);
    for (int k = 0; k < 2; k++) {
        double size = ldexp(1, ilogb(sizes[k]));
        for (int i = 0; i < 2 * N; i++)
            s->charges[i] *= size;
        evaluate(s);
        for (int i = 0; i < 2 * N; i++)
            ck_assert(s->potentials[i] == ones[i] * size);
        for (int i = 0; i < 6 * N; i++)
            ck_assert(s->gradients[i] == slopes[i] * size);
        for (int i = 0; i < 2 * N; i++)
            s->charges[i] /= size;
    }
    for (int i = 0; i < N; i++)
        s->charges[2 * i + 1] *= 0x1p-300;
    evaluate(s);
    check_digits(s);
    close_scene(s);
}
END_TEST

/* ---- direct sums ----------------------------------------------------------------------------- */

START_TEST(direct_sums_are_those_of_the_definition) {
    enum { FEW = 9 };
    const double pi = 3.14159265358979323846;
    uint64_t seed = 3;
    double x[3 * FEW], random[FEW];
    number charges[FEW], potentials[FEW], gradients[3 * FEW];
    dagpole_plan_options o = quick_options(0);
    o.kernel = DAGPOLE_HELMHOLTZ;
    o.wave_number = 7;
    o.damping = 0.5;
    for (int i = 0; i < 3 * FEW; i++)
        x[i] = suite_uniform(&seed);
    for (int i = 0; i < FEW; i++)
        charges[i] = suite_uniform(&seed) - I * suite_uniform(&seed);
    dagpole_values values = complex_values(charges, potentials, gradients);
    must(dagpole_direct_apply(NULL, &o, FEW, x, 0, NULL, 0, &values));
    values = complex_values(charges, random, NULL);
    must(dagpole_direct_apply(NULL, &o, FEW, x, 0, NULL, 1, &values));
    for (int j = 0; j < FEW; j++) {
        number sum = 0, slope[3] = {0};
        double squares = 0;
        for (int i = 0; i < FEW; i++) {
            double d[3] = {x[3 * j] - x[3 * i], x[3 * j + 1] - x[3 * i + 1],
                           x[3 * j + 2] - x[3 * i + 2]};
            double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
            if (i == j)
                continue;
            number ik = I * 7 - 0.5, g = cexp(ik * r) / (4 * pi * r);
            sum += charges[i] * g;
            squares += pow(cabs(charges[i] * g), 2);
            for (int k = 0; k < 3; k++)
                slope[k] += charges[i] * g * (ik - 1 / r) * d[k] / r;
        }
        ck_assert_double_lt(cabs(potentials[j] - sum), 1e-14);
        ck_assert_double_lt(fabs(random[j] - sqrt(squares)), 1e-14);
        for (int k = 0; k < 3; k++)
            ck_assert_double_lt(cabs(gradients[3 * j + k] - slope[k]), 1e-12);
    }
}
END_TEST

/* A dipole is two opposite charges close to one another. */
START_TEST(direct_sums_of_dipoles_are_differences) {
    const double at[3] = {0.2, -0.1, 0.4}, apart = 1e-5;
    const number p[3] = {1 + 2 * I, -0.5, 3 * I};
    double target[3] = {1, 0.7, -0.3}, pairs[18];
    number charges[6], direct, slopes[3], of_pairs, slopes_of_pairs[3];
    dagpole_plan_options o = quick_options(0);
    o.kernel = DAGPOLE_HELMHOLTZ;
    o.wave_number = 7;
    o.damping = 0.5;
    for (int k = 0; k < 6; k++) {
        for (int d = 0; d < 3; d++)
            pairs[3 * k + d] = at[d] + (d == k / 2 ? (k % 2 ? -0.5 : 0.5) * apart : 0);
        charges[k] = p[k / 2] * (k % 2 ? -1 : 1) / apart;
    }
    dagpole_values values = complex_values(charges, &of_pairs, slopes_of_pairs);
    must(dagpole_direct_apply(NULL, &o, 6, pairs, 1, target, 0, &values));
    o.sources = DAGPOLE_DIPOLES;
    values = complex_values(NULL, &direct, slopes);
    values.dipoles = (const double *)p;
    must(dagpole_direct_apply(NULL, &o, 1, at, 1, target, 0, &values));
    ck_assert_double_lt(cabs(direct - of_pairs), 1e-7 * cabs(direct));
    for (int d = 0; d < 3; d++)
        ck_assert_double_lt(cabs(slopes[d] - slopes_of_pairs[d]), 1e-7 * cabs(slopes[d]));
}
END_TEST

/* Of dagpole_direct lambda is the wave number. */
START_TEST(direct_takes_the_wave_number) {
    scene *s = open_waves(CLOUD_CUBE, 3, 5, 0);
    double *potentials = make_results(2 * N);
    dagpole_values values = values_of(s);
    values.potentials = potentials;
    values.gradients = NULL;
    apply_direct(s, 0, values);
    must(dagpole_direct(NULL, DAGPOLE_HELMHOLTZ, 5, N, s->sources, s->charges, 0, NULL,
                        s->potentials, NULL));
    ck_assert_mem_eq(potentials, s->potentials, 2 * N * sizeof *potentials);
    free(potentials);
    close_scene(s);
}
END_TEST

/* ---- bad input ------------------------------------------------------------------------------- */

static void expect_refusal(scene *s, dagpole_status status, const char *text) {
    dagpole_plan *plan;
    expect_failure(dagpole_plan_create(s->context, &s->options, N, s->sources, 0, NULL, &plan),
                   status, text);
    ck_assert_ptr_null(plan);
}

START_TEST(bad_input_is_told_of) {
    scene *s = open_waves(CLOUD_CUBE, 3, 5, 0);
    const dagpole_plan_options good = s->options;
    s->options.wave_number = -5;
    expect_refusal(s, DAGPOLE_BAD_ARGUMENT, "wave_number is -5");
    s->options.wave_number = NAN;
    expect_refusal(s, DAGPOLE_BAD_ARGUMENT, "wave_number is nan");
    s->options = good;
    s->options.damping = INFINITY;
    expect_refusal(s, DAGPOLE_BAD_ARGUMENT, "damping is inf");
    s->options = good;
    static const double short_waves[] = {1000, 1e12, 1e300};
    for (int i = 0; i < 3; i++) {
        s->options.wave_number = short_waves[i];
        expect_refusal(s, DAGPOLE_UNSUPPORTED, "wavelengths along the root cube's side");
        expect_failure(dagpole_precompute(s->context, &s->options, 1, 3), DAGPOLE_UNSUPPORTED,
                       "digits are held up to");
    }
    s->options = good;
    s->options.hessians = 1;
    expect_refusal(s, DAGPOLE_UNSUPPORTED, "hessians is 1");
    s->options = good;
    dagpole_plan *plan = plan_of(s);
    s->charges[15] = INFINITY;
    expect_failure(dagpole_plan_evaluate(plan, s->charges, s->potentials, NULL), DAGPOLE_NUMERIC,
                   "charges[15] is inf");
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

/* A wave number that only the far field does not reach is none of its business. */
START_TEST(few_points_may_have_any_wave_number) {
    static const double wave_numbers[] = {1000, 1e5};
    for (int k = 0; k < 2; k++) {
        scene *s = open_waves(CLOUD_CUBE, 3 + 6 * k, wave_numbers[k], 0);
        s->options.n_crit = N; /* all pairs directly */
        evaluate(s);
        check_digits(s);
        close_scene(s);
    }
}
END_TEST

START_TEST(what_is_of_real_kernels_alone_is_told) {
    scene *s = open_waves(CLOUD_CUBE, 3, 5, 0);
    int64_t target = 0;
    double potential, expansion[2000];
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_evaluate(plan, s->charges, s->potentials, NULL));
    expect_failure(dagpole_plan_near_field(plan, s->charges, 1, &target, &potential, NULL),
                   DAGPOLE_UNSUPPORTED, "helmholtz");
    expect_failure(dagpole_plan_expansions(plan, 0, expansion, NULL, NULL), DAGPOLE_UNSUPPORTED,
                   "helmholtz");
    dagpole_plan_destroy(plan);
    close_scene(s);
}
END_TEST

SUITE_MAIN("helmholtz", 120, digits_hold, digits_hold_on_graded_clouds, eight_digits_hold,
           digits_hold_at_resonances, digits_hold_for_dipoles,
           without_waves_it_is_laplace_or_yukawa, bits_do_not_depend_on_workers,
           bits_do_not_depend_on_other_vectors, floats_are_the_same_rounded,
           charges_may_be_of_any_size, direct_sums_are_those_of_the_definition,
           direct_sums_of_dipoles_are_differences, direct_takes_the_wave_number,
           bad_input_is_told_of, few_points_may_have_any_wave_number,
           what_is_of_real_kernels_alone_is_told)
