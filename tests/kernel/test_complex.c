/* The two parts of a complex kernel, each in every loop that it has, against the scalar loops. */
#include "isa.h"
#include "kernel/carriers.h"
#include "kernel/shell.h"
#include "kernel/strip.h"

#include <complex.h>
#include <float.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* Damping and wave number. */
static const double lambdas[][2] = {{0, 0}, {0, 1}, {0, 30}, {2, 0}, {3, 7}, {0, 2000}, {1e3, 0.5}};

static dp_lambda lambda_of(int i) {
    return dp_lambda_of(lambdas[i][0], lambdas[i][1]);
}

static const dp_kernel *part_of(int is_imaginary) {
    const dp_kernel *kernel = dp_kernel_get(DAGPOLE_HELMHOLTZ);
    return is_imaginary ? kernel->imaginary : kernel;
}

/* ---- the definition -------------------------------------------------------------------------- */

static const double radii[] = {1e-3, 0.1, 0.7, 1, 3, 20};

/* Value and slope of exp(i k r)/r in long double. */
START_TEST(parts_are_those_of_the_definition) {
    for (int l = 0; l < COUNT(lambdas); l++)
        for (int i = 0; i < COUNT(radii); i++) {
            long double r = radii[i];
            long double _Complex z = (long double _Complex)lambda_of(l) * r, g = cexpl(-z) / r,
                                 slope = -(1 + z) * g / r;
            double close = DBL_EPSILON * 4 * (double)(1 + cabsl(z)) * (double)cabsl(g) + DBL_MIN;
            double close_slope = 4 * close * (double)(cabsl(1 + z) / r);
            for (int part = 0; part < 2; part++) {
                const dp_kernel *kernel = part_of(part);
                double value = (double)(part ? cimagl(g) : creall(g));
                double steep = (double)(part ? cimagl(slope) : creall(slope));
                const dp_radial e = kernel->radial(lambda_of(l), radii[i]);
                ck_assert_double_eq_tol(kernel->value(lambda_of(l), radii[i]), value, close);
                ck_assert_double_eq_tol(kernel->slope(lambda_of(l), radii[i]), steep, close_slope);
                ck_assert_double_eq_tol(e.g, value, close);
                ck_assert_double_eq_tol(-e.e1 * radii[i], steep, close_slope);
            }
        }
}
END_TEST

/* e2 = g'' - g'/r and e3 = 3 e2 - r g''' of exp(-lambda r)/r, whose derivatives in r follow from
 * those of exp(-z)/z. */
START_TEST(radial_functions_are_derivatives) {
    for (int l = 0; l < COUNT(lambdas); l++)
        for (int i = 0; i < COUNT(radii); i++) {
            long double r = radii[i];
            long double _Complex z = (long double _Complex)lambda_of(l) * r, g = cexpl(-z) / r;
            long double _Complex second = (z * z + 2 * z + 2) * g / (r * r);
            long double _Complex third = -(z * z * z + 3 * z * z + 6 * z + 6) * g / (r * r * r);
            long double _Complex e2 = second + (1 + z) * g / (r * r), e3 = 3 * e2 - r * third;
            for (int part = 0; part < 2; part++) {
                const dp_radial e = part_of(part)->radial(lambda_of(l), radii[i]);
                double roundings = 16 * DBL_EPSILON * (double)(1 + cabsl(z));
                double is2 = (double)(part ? cimagl(e2) : creall(e2));
                double is3 = (double)(part ? cimagl(e3) : creall(e3));
                double size = (double)(cabsl(g) / (r * r)), powers = (double)(3 + cabsl(z));
                ck_assert_double_eq_tol(e.e2, is2, roundings * size * powers * powers + DBL_MIN);
                ck_assert_double_eq_tol(e.e3, is3,
                                        roundings * size * powers * powers * powers + DBL_MIN);
            }
        }
}
END_TEST

/* ---- sums of pairs --------------------------------------------------------------------------- */

/* Sizes of terms by order: no derivative of a part in a direction is larger. */
static void sizes_of_waves(dp_lambda lambda, double r, double size[4]) {
    double real[4], imaginary[4];
    const dp_radial a = part_of(0)->radial(lambda, r), b = part_of(1)->radial(lambda, r);
    const double of_a[4] = {a.g, a.e1, a.e2, a.e3}, of_b[4] = {b.g, b.e1, b.e2, b.e3};
    for (int k = 0; k < 4; k++) {
        real[k] = of_a[k];
        imaginary[k] = of_b[k];
    }
    double e[4];
    for (int k = 0; k < 4; k++)
        e[k] = hypot(real[k], imaginary[k]);
    size[0] = e[0];
    size[1] = e[1] * r;
    size[2] = e[2] + e[1];
    size[3] = (e[3] + 3 * e[2]) / r;
}

/* Of the root and of rounding, and in single precision of coordinates in a frame of half this side.
 */
static const double bounds[DP_N_PRECISIONS] = {DBL_EPSILON, DP_REDUCED_ERROR, DP_SINGLE_ERROR / 4,
                                               DP_ROUGH_ERROR};
static const double half = 0.5, least = 1. / 32;

static double error_of_term(dp_precision precision, double r) {
    double of_single = FLT_EPSILON * (1 + half / fmax(r, least * half));
    return bounds[precision] + (precision >= DP_SINGLE ? of_single : 0);
}

/* hypot takes five times as long, and nothing here is near what a double's square overflows at. */
static double length_of(double x, double y, double z) {
    return sqrt(x * x + y * y + z * z);
}

/* What these errors do to sums of an order at point j. */
static double sensitivity(dp_precision precision, dp_lambda lambda, int kind, const carriers *t,
                          size_t j, const carriers *s, int order) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double r = length_of(t->point[0][j] - s->point[0][i], t->point[1][j] - s->point[1][i],
                             t->point[2][j] - s->point[2][i]);
        if (!(r > DP_NEAREST))
            continue;
        double p = length_of(s->carried[1][i], s->carried[2][i], s->carried[3][i]), size[4];
        double terms = 16 * error_of_term(precision, r) * (1 + cabs(lambda) * r);
        sizes_of_waves(lambda, r, size);
        if (kind & CARRY_CHARGES)
            sum += terms * fabs(s->carried[0][i]) * size[order];
        if (kind & CARRY_DIPOLES)
            sum += terms * p * size[order + 1];
    }
    return sum;
}

enum { MOST = 2 * DP_STRIP_MANY };

typedef struct loop {
    int part, l, kind, n_sums;
} loop;

static void expect(const loop *l, carriers *t, const carriers *s, double expected[][MOST]) {
    carriers_set_sums(t, 1);
    dp_p2p_ref(part_of(l->part), lambda_of(l->l), (int64_t)t->n, carriers_points(t),
               carriers_sums(t, l->n_sums), (int64_t)s->n, carriers_points(s),
               carriers_carried(s, l->kind));
    for (int k = 0; k < DP_HESSIAN; k++)
        memcpy(expected[k], t->sum[k], t->n * sizeof(double));
}

/* By order, of all sums that are asked for. */
static void find_sensitivities(dp_precision precision, const loop *l, const carriers *t,
                               const carriers *s, double to[2][MOST]) {
    for (int order = 0; order <= order_of(l->n_sums - 1); order++)
        for (size_t j = 0; j < t->n; j++)
            to[order][j] = sensitivity(precision, lambda_of(l->l), l->kind, t, j, s, order);
}

static void compare(const char *what, const loop *l, const carriers *t, const carriers *s,
                    double expected[][MOST], double sensitivities[2][MOST]) {
    const double start = DBL_EPSILON * (1 + (double)s->n) + DBL_MIN; /* the sums start from 1 */
    for (int k = 0; k < DP_HESSIAN; k++)
        for (size_t j = 0; j < t->n; j++) {
            double allowed = k < l->n_sums ? sensitivities[order_of(k)][j] + start : 0;
            ck_assert_msg(fabs(t->sum[k][j] - expected[k][j]) <= allowed,
                          "%s %s, part %d, %zu sources to %zu targets, carried %d, %d sums, "
                          "damping %g, wave number %g: sum %d of target %zu is %.17g, not %.17g "
                          "within %g",
                          what, dp_isa_name(suite_isa), l->part, s->n, t->n, l->kind, l->n_sums,
                          lambdas[l->l][0], lambdas[l->l][1], k, j, t->sum[k][j], expected[k][j],
                          allowed);
        }
}

static void check_direct(const loop *l, carriers *t, const carriers *s) {
    static double expected[DP_HESSIAN][MOST], sensitivities[2][MOST];
    expect(l, t, s, expected);
    if (l->part == 0) /* the other part's are the same, and next */
        find_sensitivities(DP_DOUBLE, l, t, s, sensitivities);
    carriers_set_sums(t, 1);
    part_of(l->part)->p2p[suite_isa](lambda_of(l->l), (int64_t)t->n, carriers_points(t),
                                     carriers_sums(t, l->n_sums), (int64_t)s->n, carriers_points(s),
                                     carriers_carried(s, l->kind));
    compare("direct", l, t, s, expected, sensitivities);
}

/* Points of the two sides that coincide, and that nearly do. */
static void bring_together(const carriers *a, const carriers *b) {
    for (int k = 0; k < 3; k++) {
        if (a->n > 5 && b->n > 3)
            b->point[k][3] = a->point[k][5];
        if (a->n > 11 && b->n > 20)
            b->point[k][20] = a->point[k][11] + 1e-6 * (k + 1);
    }
}

typedef void check_fn(const loop *l, carriers *t, const carriers *s);

/* Charges, dipoles and both, of sums those that a complex kernel is asked for. */
static void for_each_loop(check_fn *check, carriers *t, const carriers *s) {
    for (int i = 0; i < 2 * COUNT(lambdas) * 3 * 2; i++)
        check(&(loop){i % 2, i / 2 % COUNT(lambdas), 1 + i / (2 * COUNT(lambdas)) % 3,
                      i / (6 * COUNT(lambdas)) ? DP_GRADIENT : DP_POTENTIAL},
              t, s);
}

START_TEST(direct_sums_match_ref) {
    static const size_t sizes[][2] = {{0, 5}, {5, 0}, {1, 1}, {9, 8}, {67, 61}, {3, 101}};
    for (int i = 0; i < COUNT(sizes); i++) {
        carriers t = carriers_make(sizes[i][0], 1, 1), s = carriers_make(sizes[i][1], 1, 2);
        bring_together(&t, &s);
        for_each_loop(check_direct, &t, &s);
        carriers_free(&t);
        carriers_free(&s);
    }
}
END_TEST

/* Squares are summed by each part: its terms' own. */
START_TEST(squares_are_those_of_the_terms) {
    carriers t = carriers_make(19, 1, 7), s = carriers_make(60, 1, 8);
    for (int i = 0; i < 2 * COUNT(lambdas); i++) {
        const dp_kernel *kernel = part_of(i % 2);
        dp_lambda lambda = lambda_of(i / 2);
        carriers_set_sums(&t, 0);
        kernel->squares[suite_isa](lambda, (int64_t)t.n, carriers_points(&t),
                                   (dp_sums){.potential = t.sum[0], .gx = t.sum[1]}, (int64_t)s.n,
                                   carriers_points(&s), (dp_carried){.charge = s.carried[0]});
        for (size_t j = 0; j < t.n; j++) {
            double expected[2] = {0}, allowed[2] = {DBL_MIN, DBL_MIN};
            for (size_t k = 0; k < s.n; k++) {
                double r =
                    hypot(hypot(t.point[0][j] - s.point[0][k], t.point[1][j] - s.point[1][k]),
                          t.point[2][j] - s.point[2][k]);
                double value[2] = {kernel->value(lambda, r), kernel->slope(lambda, r)}, size[4];
                sizes_of_waves(lambda, r, size);
                for (int order = 0; order < 2; order++) {
                    expected[order] += s.carried[0][k] * value[order] * value[order];
                    allowed[order] += fabs(s.carried[0][k]) * size[order] * size[order] *
                                      DBL_EPSILON * 64 * (1 + cabs(lambda) * r);
                }
            }
            ck_assert_double_eq_tol(t.sum[0][j], expected[0], allowed[0]);
            ck_assert_double_eq_tol(t.sum[1][j], expected[1], allowed[1]);
        }
    }
    carriers_free(&t);
    carriers_free(&s);
}
END_TEST

/* ---- near sums ------------------------------------------------------------------------------- */

/* Both parts go together: of 2 n rows of carriers the first half is real, the other imaginary parts
 * at the same points. */
static carriers complex_make(size_t n, uint64_t seed) {
    carriers c = carriers_make(2 * n, 1, seed);
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < n; i++)
            c.point[k][n + i] = c.point[k][i];
    return c;
}

static void expect_complex(const loop *l, carriers *t, const carriers *s, double expected[][MOST]) {
    size_t n = t->n / 2, m = s->n / 2;
    for (int k = 0; k < DP_HESSIAN; k++)
        for (size_t j = 0; j < t->n; j++)
            expected[k][j] = 1;
    for (int i = 0; i < 4; i++) {
        size_t from = i / 2, to = i % 2;
        int is_imaginary = from != to;
        carriers_set_sums(t, 0);
        dp_p2p_ref(part_of(is_imaginary), lambda_of(l->l), (int64_t)n, carriers_points(t),
                   carriers_sums(t, l->n_sums), (int64_t)m, carriers_points(s),
                   dp_carried_from(carriers_carried(s, l->kind), (int64_t)(from * m)));
        for (int k = 0; k < l->n_sums; k++)
            for (size_t j = 0; j < n; j++)
                expected[k][to * n + j] += is_imaginary && from ? -t->sum[k][j] : t->sum[k][j];
    }
}

static void fill(const loop *l, dp_precision precision, const carriers *c, dp_strip *strip) {
    int64_t n = (int64_t)c->n / 2;
    dp_strip_frame frame = {{half, half, half}, half, {1, 1}};
    dp_strip_begin(strip, precision >= DP_SINGLE, &frame);
    dp_strip_add(strip, (int)n, carriers_points(c), carriers_carried(c, l->kind), n,
                 carriers_sums(c, l->n_sums), n);
    dp_strip_end(strip, l->n_sums);
}

/* In every precision, mutually and one-sidedly; t may be s. */
static void check_near(const loop *l, carriers *t, const carriers *s) {
    static double expected[DP_HESSIAN][MOST], at_sources[DP_HESSIAN][MOST];
    static double of_t[2][MOST], of_s[2][MOST];
    carriers *from = (carriers *)s;
    dp_shape shape = {.n_vectors = 2,
                      .has_charges = l->kind & CARRY_CHARGES,
                      .has_dipoles = l->kind >> 1,
                      .n_sums = DP_GRADIENT};
    dp_strip strips[2];
    if (l->part)
        return;
    for (int k = 0; k < 2; k++)
        ck_assert_int_eq(dp_strip_create(suite_isa, &shape, &strips[k]), DAGPOLE_OK);
    expect_complex(l, t, s, expected);
    expect_complex(l, from, t, at_sources);
    for (int k = 0; k < 2 * DP_N_PRECISIONS; k++) {
        dp_precision precision = (dp_precision)(k / 2);
        int is_mutual = k % 2;
        dp_near near = {.lambda = lambda_of(l->l),
                        .least = least,
                        .n_sums = l->n_sums,
                        .is_mutual = is_mutual,
                        .targets = &strips[0],
                        .sources = t == s ? &strips[0] : &strips[1]};
        if (!is_mutual) {
            find_sensitivities(precision, l, t, s, of_t);
            find_sensitivities(precision, l, from, t, of_s);
        }
        carriers_set_sums(t, 1);
        carriers_set_sums(from, 1);
        fill(l, precision, t, &strips[0]);
        fill(l, precision, from, &strips[1]);
        dp_kernel_get(DAGPOLE_HELMHOLTZ)->near_many[precision][suite_isa](&near);
        dp_strip_take(&strips[0]);
        if (is_mutual && t != s)
            dp_strip_take(&strips[1]);
        compare(dp_precision_name(precision), l, t, s, expected, of_t);
        if (is_mutual)
            compare("at sources", l, from, t, at_sources, of_s);
    }
    for (int k = 0; k < 2; k++)
        dp_strip_free(&strips[k]);
}

START_TEST(near_sums_match_ref) {
    static const size_t sizes[][2] = {{17, 3}, {DP_STRIP_MANY, 33}};
    for (int i = 0; i < COUNT(sizes); i++) {
        carriers t = complex_make(sizes[i][0], 1), s = complex_make(sizes[i][1], 2);
        for_each_loop(check_near, &t, &s);
        for_each_loop(check_near, &s, &s);
        carriers_free(&t);
        carriers_free(&s);
    }
}
END_TEST

/* ---- orbits ---------------------------------------------------------------------------------- */

enum { N_VECTORS = 2 };

/* Densities by parity, charges and sums of two vectors. */
typedef struct orbit_case {
    dp_lambda lambda; /* in the frame's units */
    dp_precision precision;
    const shell *s;
    const cloud *points;
    double error; /* of a term */
} orbit_case;

/* By parity, from values at the images. */
static double of_parity(const double *image, int o, int a) {
    double sum = 0;
    for (int g = 0; g < 8; g++)
        sum += shell_sign(a, g) * image[8 * o + g];
    return sum;
}

/* At the images, of the charges, and the sum of the sizes of its terms. */
static void expect_at_images(const orbit_case *c, int part, const double *charge, double *image,
                             double *size) {
    const dp_soa at = shell_images(c->s);
    size_t n = c->points->n, n_images = 8 * (size_t)c->s->orbits.n;
    double *const *w = c->points->w;
    memset(image, 0, n_images * sizeof *image);
    memset(size, 0, n_images * sizeof *size);
    dp_p2p_ref(part_of(part), c->lambda / shell_frame.half, (int64_t)n_images, at,
               (dp_sums){.potential = image}, (int64_t)n, cloud_points(c->points),
               (dp_carried){.charge = charge});
    for (size_t i = 0; i < n_images; i++)
        for (size_t j = 0; j < n; j++)
            size[i] += fabs(charge[j]) /
                       hypot(hypot(at.x[i] - w[0][j], at.y[i] - w[1][j]), at.z[i] - w[2][j]);
}

static void check_to(const orbit_case *c) {
    static double potential[2 * N_VECTORS * 8 * LD], charge[N_VECTORS * MAX_POINTS];
    static double image[8 * MAX_ORBITS], size[8 * MAX_ORBITS];
    int64_t n = (int64_t)c->points->n;
    uint64_t seed = 5;
    for (int64_t i = 0; i < N_VECTORS * n; i++)
        charge[i] = 2 * suite_uniform(&seed) - 1;
    memset(potential, 0, sizeof potential);
    dp_kernel_get(DAGPOLE_HELMHOLTZ)
        ->to_orbits_many[c->precision][suite_isa](
            c->lambda, &c->s->orbits, N_VECTORS, potential, 8 * LD, LD, &shell_frame, n,
            cloud_points(c->points), (dp_carried){.charge = charge}, n);
    for (int v = 0; v < 2 * N_VECTORS; v++) {
        expect_at_images(c, v / N_VECTORS, charge + v % N_VECTORS * n, image, size);
        for (int a = 0; a < 8; a++)
            for (int o = 0; o < c->s->orbits.n; o++)
                ck_assert_double_eq_tol(
                    potential[(8 * v + a) * LD + o], shell_frame.half * of_parity(image, o, a),
                    shell_frame.half * c->error * of_parity(size, o, 0) + DBL_MIN);
    }
}

static void check_from(const orbit_case *c, int has_gradient) {
    static double density[2 * N_VECTORS * 8 * LD], image[8 * MAX_ORBITS];
    static double sum[4][N_VECTORS * MAX_POINTS], expected[4][MAX_POINTS];
    int64_t n = (int64_t)c->points->n;
    double h = shell_frame.half;
    uint64_t seed = 6;
    for (int i = 0; i < 2 * N_VECTORS * 8 * LD; i++)
        density[i] = i % LD < c->s->orbits.n ? 2 * suite_uniform(&seed) - 1 : 0;
    memset(sum, 0, sizeof sum);
    dp_sums out = {.potential = sum[0]}, to = {.potential = expected[0]};
    if (has_gradient) {
        out = (dp_sums){.potential = sum[0], .gx = sum[1], .gy = sum[2], .gz = sum[3]};
        to = (dp_sums){expected[0], expected[1], expected[2], expected[3], {NULL}};
    }
    dp_kernel_get(DAGPOLE_HELMHOLTZ)
        ->from_orbits_many[c->precision][suite_isa](c->lambda, &c->s->orbits, N_VECTORS, density,
                                                    8 * LD, LD, &shell_frame, n,
                                                    cloud_points(c->points), out, MAX_POINTS);
    for (int v = 0; v < N_VECTORS; v++) {
        memset(expected, 0, sizeof expected);
        for (int part = 0; part < 2; part++) {
            const double *of = density + (part * N_VECTORS + v) * 8 * LD;
            shell_densities(of, c->s->orbits.n, image);
            dp_p2p_ref(part_of(part), c->lambda / h, n, cloud_points(c->points), to,
                       8 * c->s->orbits.n, shell_images(c->s), (dp_carried){.charge = image});
        }
        /* Nothing is nearer than 0.05 half sides; densities are 8 at most. */
        for (int k = 0; k < (has_gradient ? 4 : 1); k++)
            for (int64_t j = 0; j < n; j++)
                ck_assert_double_eq_tol(sum[k][v * MAX_POINTS + j], expected[k][j],
                                        16 * c->error * 8 * c->s->orbits.n / h *
                                                (k ? (20 + cabs(c->lambda)) / h : 1) +
                                            DBL_MIN);
    }
}

START_TEST(orbits_match_ref) {
    static const size_t points[] = {0, 1, 33, 131};
    static const int orbits[] = {1, 25};
    static shell s;
    for (int call = 0; call < COUNT(points) * COUNT(orbits); call++) {
        cloud c = shell_points(points[call / COUNT(orbits)], 1);
        shell_fill(orbits[call % COUNT(orbits)], &s);
        for (int k = 0; k < DP_N_PRECISIONS * 5; k++) {
            dp_precision precision = (dp_precision)(k % DP_N_PRECISIONS);
            orbit_case of = {lambda_of(k / DP_N_PRECISIONS), precision, &s, &c, 0};
            of.error = 16 * error_of_term(precision, 1) * (1 + 12 * cabs(of.lambda));
            check_to(&of);
            check_from(&of, 0);
            check_from(&of, 1);
        }
        cloud_free(&c);
    }
}
END_TEST

ISA_SUITE_MAIN("complex", 120, parts_are_those_of_the_definition, radial_functions_are_derivatives,
               direct_sums_match_ref, squares_are_those_of_the_terms, near_sums_match_ref,
               orbits_match_ref)
