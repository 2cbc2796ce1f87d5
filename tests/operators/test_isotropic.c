/* The isotropic part of expansions: what P2M, M2M, L2L and L2P do with it is exact. */
#include "boxes.h"
#include "isa.h"

#include <complex.h>

typedef double _Complex number;

/* Root cube of side 4: a box on level 2 has half side 0.5. `inexact`: what M2M and L2L may lose of
 * a field that is not the same in a child as in its parent. */
static const struct {
    dagpole_kernel kernel;
    double damping, wave_number, inexact;
} cases[] = {{DAGPOLE_LAPLACE, 0, 0, 1e-12},
             {DAGPOLE_YUKAWA, 0.4, 0, 1e-4},
             {DAGPOLE_YUKAWA, 1.8, 0, 1e-3},
             {DAGPOLE_HELMHOLTZ, 0, 0.3, 1e-4},
             {DAGPOLE_HELMHOLTZ, 0.5, 1.5, 1e-4}};
enum { N_CASES = sizeof cases / sizeof *cases };

typedef struct bench {
    number lambda; /* of lengths */
    dp_operators *operators;
    const dp_operator_set *parent, *child;
    dp_scratch scratch;
    int n_parts;
    double inexact;
} bench;

static void bench_open(int i, bench *b) {
    char message[DP_ERROR_TEXT_BYTES];
    *b = (bench){.lambda = dp_lambda_of(cases[i].damping, cases[i].wave_number),
                 .inexact = cases[i].inexact};
    dp_operators_request r = {
        .kernel = dp_kernel_get(cases[i].kernel),
        .lambda = b->lambda,
        .side = 4,
        .depth = 3,
        .accuracy = {.p = 6, .tolerance = 1e-5, .svd_cutoff = 1e-11, .m2l_cut = 1. / 7},
        .isa = suite_isa,
        .cache_dir = ""};
    ck_assert_int_eq(dp_operators_create(&dp_team_serial, &r, message, &b->operators), DAGPOLE_OK);
    ck_assert_int_eq(dp_scratch_create(b->operators, 0, &b->scratch), DAGPOLE_OK);
    b->parent = b->operators->level[2];
    b->child = b->operators->level[3];
    b->n_parts = b->parent->isotropic.n_parts;
    ck_assert_int_eq(b->n_parts, dp_n_components(r.kernel));
}

static void bench_close(bench *b) {
    dp_scratch_free(&b->scratch);
    dp_operators_destroy(b->operators);
}

/* s, and its derivative over the distance. */
static number field(number lambda, double r, number *slope) {
    *slope = lambda == 0 ? 0 : (ccosh(lambda * r) - csinh(lambda * r) / (lambda * r)) / (r * r);
    return lambda == 0 ? 1 : csinh(lambda * r) / (lambda * r);
}

static double radius(const box *b, int i, const double centre[3], double d[3]) {
    const double at[3] = {b->x[i], b->y[i], b->z[i]};
    for (int k = 0; k < 3; k++)
        d[k] = at[k] - centre[k];
    return sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

/* Rows of real and imaginary parts: charges, then dipoles along x, y and z. */
typedef struct carried {
    double row[2][4][N_POINTS];
} carried;

static carried carried_make(const bench *b, uint64_t seed) {
    carried c = {0};
    uint64_t state = 17 * seed + 3;
    for (int part = 0; part < b->n_parts; part++)
        for (int k = 0; k < 4; k++)
            for (int i = 0; i < N_POINTS; i++)
                c.row[part][k][i] = 2 * suite_uniform(&state) - 1;
    return c;
}

static dp_carried carried_rows(const carried *c, int has_dipoles) {
    return (dp_carried){.charge = c->row[0][0],
                        .dipole = {has_dipoles ? c->row[0][1] : NULL, c->row[0][2], c->row[0][3]}};
}

static number moment_of(const bench *b, const box *at, const carried *c, int has_dipoles,
                        const double centre[3]) {
    number sum = 0, slope;
    for (int i = 0; i < N_POINTS; i++) {
        double d[3], r = radius(at, i, centre, d);
        sum += (c->row[0][0][i] + I * c->row[1][0][i]) * field(b->lambda, r, &slope);
        for (int k = 0; has_dipoles && k < 3; k++)
            sum += (c->row[0][1 + k][i] + I * c->row[1][1 + k][i]) * slope * d[k];
    }
    return sum;
}

/* The isotropic moment of a multipole. */
static number moment_in(const dp_operator_set *set, const double *multipole) {
    double part[2] = {0};
    for (int p = 0; p < set->isotropic.n_parts; p++)
        for (int i = 0; i < set->k; i++)
            part[p] += dp_isotropic_local(&set->isotropic, p)[i] * multipole[i];
    return part[0] + I * part[1];
}

static void expect_number(number is, number expected, double error, const char *what) {
    ck_assert_msg(cabs(is - expected) <= error * fmax(1, cabs(expected)),
                  "%s: %g + %g i, not %g + %g i", what, creal(is), cimag(is), creal(expected),
                  cimag(expected));
}

/* Of random charges and dipoles in a box, with its moment put right. */
static double *multipole_of(bench *b, const dp_operator_set *set, const box *at, const carried *c,
                            int has_dipoles) {
    double *multipole = box_expansion(set), moments[2];
    dp_frame frame = box_frame(at);
    const int64_t stride = 4 * N_POINTS;
    dp_surface_potentials(set, &set->outer, &frame, N_POINTS, box_points(at),
                          carried_rows(c, has_dipoles), stride, 1, 1, 0, &b->scratch);
    dp_surface_to_expansions(set, &set->outer, 1, &multipole, &b->scratch);
    dp_moments(set, &frame, N_POINTS, box_points(at), carried_rows(c, has_dipoles), stride, 1,
               &b->scratch, moments);
    dp_isotropic_set(&set->isotropic, moments, multipole);
    return multipole;
}

static const double origin[3] = {0};

START_TEST(multipoles_have_the_moments_of_what_they_are_of) {
    bench b;
    bench_open(_i, &b);
    for (int has_dipoles = 0; has_dipoles < 2; has_dipoles++) {
        box at = box_make(origin, 0.5, 1);
        carried c = carried_make(&b, 2);
        double *multipole = multipole_of(&b, b.parent, &at, &c, has_dipoles);
        expect_number(moment_in(b.parent, multipole), moment_of(&b, &at, &c, has_dipoles, origin),
                      1e-12, "a moment");
        dp_free(multipole);
    }
    bench_close(&b);
}
END_TEST

START_TEST(parents_have_the_moments_of_their_children) {
    bench b;
    bench_open(_i, &b);
    box whole = box_make(origin, 0.5, 1);
    for (int octant = 0; octant < 8; octant++) {
        box at = box_child(&whole, octant, 3);
        carried c = carried_make(&b, 4);
        double *child = multipole_of(&b, b.child, &at, &c, 1), *parent = box_expansion(b.parent);
        dp_columns up = {.n = 1, .reflection = 7 - octant, .source = {child}, .target = {parent}};
        dp_m2m(b.parent, b.child, b.operators->below[2], &up, &b.scratch);
        expect_number(moment_in(b.parent, parent), moment_of(&b, &at, &c, 1, origin), b.inexact,
                      "a moment of a child");
        dp_free(parent);
        dp_free(child);
    }
    bench_close(&b);
}
END_TEST

/* Of one part of s about a centre, times 1 over the frame's half side: part 1 is -i s. */
static void expect_field(bench *b, const dp_operator_set *set, const box *at, const double *local,
                         int part, double scale, double error) {
    double sums[8][N_POINTS] = {{0}};
    dp_frame frame = box_frame(at);
    dp_surface_densities(set, &set->outer, 1, &local, &b->scratch);
    dp_surface_take_isotropic(set, 1, &local, &b->scratch);
    dp_surface_evaluate(set, &set->outer, 0, &frame, 0, 1, N_POINTS, box_points(at),
                        dp_sums_of_rows(sums[0], N_POINTS, DP_GRADIENT), 4 * N_POINTS, &b->scratch);
    for (int i = 0; i < N_POINTS; i++) {
        number slope, turn = part ? -I : 1;
        double d[3], r = radius(at, i, origin, d);
        number value = turn * scale * field(b->lambda, r, &slope);
        expect_number(sums[0][i] + I * sums[4][i], b->n_parts == 2 ? value : creal(value), error,
                      "a field");
        for (int k = 0; k < 3; k++)
            expect_number(sums[1 + k][i] + I * sums[5 + k][i], turn * scale * slope * d[k],
                          100 * error, "a derivative");
    }
}

START_TEST(the_isotropic_field_stays_what_it_is) {
    bench b;
    bench_open(_i, &b);
    box whole = box_make(origin, 0.5, 1);
    for (int part = 0; part < b.n_parts; part++) {
        double *parent = box_expansion(b.parent);
        memcpy(parent, dp_isotropic_local(&b.parent->isotropic, part),
               (size_t)b.parent->k * sizeof *parent);
        expect_field(&b, b.parent, &whole, parent, part, 2, 1e-11);
        for (int octant = 0; octant < 8; octant++) {
            box at = box_child(&whole, octant, 3);
            double *child = box_expansion(b.child);
            dp_columns down = {
                .n = 1, .reflection = 7 - octant, .source = {parent}, .target = {child}};
            dp_l2l(b.parent, b.child, b.operators->below[2], &down, &b.scratch);
            expect_field(&b, b.child, &at, child, part, 2, b.inexact);
            dp_free(child);
        }
        dp_free(parent);
    }
    bench_close(&b);
}
END_TEST

int main(int argc, char **argv) {
    int code = suite_open_isa(argc, argv);
    if (code)
        return code;
    Suite *suite = suite_create("isotropic");
    TCase *tcase = tcase_create("isotropic");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, multipoles_have_the_moments_of_what_they_are_of, 0, N_CASES);
    tcase_add_loop_test(tcase, parents_have_the_moments_of_their_children, 0, N_CASES);
    tcase_add_loop_test(tcase, the_isotropic_field_stays_what_it_is, 0, N_CASES);
    return suite_run(suite, tcase);
}
