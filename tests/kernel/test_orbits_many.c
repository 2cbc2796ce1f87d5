/* Sums between points and orbits for several vectors at once against the loops for one. */
#include "isa.h"
#include "kernel/shell.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { VECTOR_LD = 8 * LD + 5, GAP = 3 };

/* Rounding of a sum's terms and of the sum. */
static const double rounding[] = {0x1p-53, 0x1p-53, 0x1p-24, 0x1p-24};
enum { ROUNDINGS = 32 };

/* Vectors of charges and of sums at n points, n + GAP apart, and of numbers at orbits. */
typedef struct vectors {
    int n;
    size_t n_points, stride, size;
    double *charge, *sum[4];
    double potential[DP_MANY * VECTOR_LD], density[DP_MANY * VECTOR_LD];
} vectors;

static void vectors_make(int n, size_t n_points, int n_orbits, vectors *v) {
    uint64_t seed = 3;
    v->n = n;
    v->n_points = n_points;
    v->stride = n_points + GAP;
    v->size = (size_t)(n - 1) * v->stride + n_points;
    v->charge = guarded(v->size);
    for (int k = 0; k < 4; k++)
        v->sum[k] = guarded(v->size);
    for (size_t i = 0; i < v->size; i++)
        v->charge[i] = shell_scale((int)(i / v->stride)) * (2 * suite_uniform(&seed) - 1);
    for (int i = 0; i < n * VECTOR_LD; i++) {
        double x = shell_scale(i / VECTOR_LD) * (2 * suite_uniform(&seed) - 1);
        int at = i % VECTOR_LD;
        v->density[i] = at < 8 * LD && at % LD < n_orbits ? x : 0;
    }
}

static void vectors_free(vectors *v) {
    guarded_free(v->charge, v->size);
    for (int k = 0; k < 4; k++)
        guarded_free(v->sum[k], v->size);
}

static void vectors_clear(vectors *v) {
    memset(v->potential, 0, (size_t)v->n * VECTOR_LD * sizeof(double));
    for (int k = 0; k < 4; k++)
        memset(v->sum[k], 0, v->size * sizeof(double));
}

static dp_sums sums_at(double *const sum[4], size_t at, int has_gradient) {
    if (!has_gradient)
        return (dp_sums){.potential = sum[0] + at};
    return (dp_sums){
        .potential = sum[0] + at, .gx = sum[1] + at, .gy = sum[2] + at, .gz = sum[3] + at};
}

typedef struct loop {
    const dp_kernel *kernel;
    dp_precision precision;
    int has_gradient;
    const shell *s;
    dp_soa points;
} loop;

enum { N_LOOPS = 2 * DP_N_REAL_KERNELS * DP_N_PRECISIONS };

static loop loop_of(int i, const shell *s, dp_soa points) {
    int call = i / DP_N_REAL_KERNELS;
    return (loop){dp_kernel_number(i % DP_N_REAL_KERNELS), (dp_precision)(call / 2), call % 2, s,
                  points};
}

static void to_many(const loop *l, vectors *v) {
    l->kernel->to_orbits_many[l->precision][suite_isa](
        shell_lambda, &l->s->orbits, v->n, v->potential, VECTOR_LD, LD, &shell_frame,
        (int64_t)v->n_points, l->points, (dp_carried){.charge = v->charge}, (int64_t)v->stride);
}

static void from_many(const loop *l, vectors *v) {
    l->kernel->from_orbits_many[l->precision][suite_isa](
        shell_lambda, &l->s->orbits, v->n, v->density, VECTOR_LD, LD, &shell_frame,
        (int64_t)v->n_points, l->points, sums_at(v->sum, 0, l->has_gradient), (int64_t)v->stride);
}

static void to_one(const loop *l, dp_precision precision, size_t n_points, const double *charge,
                   double *potential) {
    memset(potential, 0, 8 * LD * sizeof *potential);
    l->kernel->to_orbits[precision][suite_isa](shell_lambda, &l->s->orbits, potential, LD,
                                               &shell_frame, (int64_t)n_points, l->points, charge);
}

static void from_one(const loop *l, dp_precision precision, size_t n_points, const double *density,
                     double *const sum[4]) {
    for (int k = 0; k < 4; k++)
        memset(sum[k], 0, n_points * sizeof(double));
    l->kernel->from_orbits[precision][suite_isa](shell_lambda, &l->s->orbits, density, LD,
                                                 &shell_frame, (int64_t)n_points, l->points,
                                                 sums_at(sum, 0, l->has_gradient));
}

/* ---- against the loops for one -------------------------------------------------------------- */

static void expect_near(const loop *l, const vectors *v, const char *what, int vector, size_t at,
                        double x, double expected, double size) {
    double allowed = ROUNDINGS * rounding[l->precision] * size;
    if (!(fabs(x - expected) <= allowed))
        ck_abort_msg(
            "%s %s precision %d, %zu points and %d orbits, vector %d of %d: %s %zu is %.17g, "
            "not %.17g within %g",
            l->kernel->name, dp_isa_name(suite_isa), l->precision, v->n_points, l->s->orbits.n,
            vector, v->n, what, at, x, expected, allowed);
}

/* The sum of the sizes of all terms at an orbit is parity 0's, of the charges' sizes. */
static void check_to(const loop *l, vectors *v, int vector) {
    double one[8 * LD], size[8 * LD], charge[MAX_POINTS];
    const double *own = v->charge + (size_t)vector * v->stride;
    const double *many = v->potential + vector * VECTOR_LD;
    for (size_t i = 0; i < v->n_points; i++)
        charge[i] = fabs(own[i]);
    to_one(l, l->precision, v->n_points, own, one);
    to_one(l, DP_DOUBLE, v->n_points, charge, size);
    for (int i = 0; i < VECTOR_LD; i++)
        if (i < 8 * LD && i % LD < l->s->orbits.n)
            expect_near(l, v, "number", vector, (size_t)i, many[i], one[i], size[i % LD]);
        else
            expect_near(l, v, "number", vector, (size_t)i, many[i], 0, 0);
}

/* Densities whose values at the images are the sizes of those of the given ones. */
static void densities_of_sizes(const double *density, double *sizes) {
    for (int o = 0; o < LD; o++) {
        double image[8] = {0};
        for (int i = 0; i < 64; i++)
            image[i % 8] += shell_sign(i / 8, i % 8) * density[i / 8 * LD + o];
        for (int a = 0; a < 8; a++) {
            sizes[a * LD + o] = 0;
            for (int g = 0; g < 8; g++)
                sizes[a * LD + o] += shell_sign(a, g) * fabs(image[g]) / 8;
        }
    }
}

static void check_from(const loop *l, vectors *v, int vector) {
    double one[4][MAX_POINTS], size[4][MAX_POINTS], sizes[8 * LD];
    double *const at_one[4] = {one[0], one[1], one[2], one[3]};
    double *const at_size[4] = {size[0], size[1], size[2], size[3]};
    const double *density = v->density + vector * VECTOR_LD;
    densities_of_sizes(density, sizes);
    from_one(l, l->precision, v->n_points, density, at_one);
    from_one(l, DP_DOUBLE, v->n_points, sizes, at_size);
    /* Nothing is nearer than 0.05 half sides. */
    double slope = (20 + shell_lambda) / shell_frame.half;
    for (int k = 0; k < 4; k++)
        for (size_t i = 0; i < v->n_points; i++)
            expect_near(l, v, "point", vector, i, v->sum[k][(size_t)vector * v->stride + i],
                        one[k][i], size[0][i] * (k ? slope : 1));
}

/* What lies between the vectors' sums. */
static void expect_gaps_untouched(const vectors *v) {
    int n_touched = 0;
    for (size_t i = 0; i < v->size; i++)
        for (int k = 0; k < 4 && i % v->stride >= v->n_points; k++)
            n_touched += !(v->sum[k][i] == 0);
    ck_assert_int_eq(n_touched, 0);
}

/* Sizes on both sides of a vector, a tile, a chunk of guesses and one of points or orbits. */
START_TEST(every_vector_matches_the_loop_for_one) {
    static const size_t points[] = {0, 1, 33, 131, MAX_POINTS - 1};
    static const int orbits[] = {1, 25, MAX_ORBITS - 1};
    static const int numbers[] = {2, DP_MANY, 3, 7, 16, 1, 2};
    static shell s;
    static vectors v;
    for (int call = 0; call < COUNT(points) * COUNT(orbits); call++) {
        size_t n = points[call / COUNT(orbits)];
        cloud c = shell_points(n, 1);
        shell_fill(orbits[call % COUNT(orbits)], &s);
        vectors_make(numbers[call % COUNT(numbers)], n, s.orbits.n, &v);
        for (int i = 0; i < N_LOOPS; i++) {
            loop l = loop_of(i, &s, cloud_points(&c));
            vectors_clear(&v);
            to_many(&l, &v);
            from_many(&l, &v);
            for (int k = 0; k<v.n; k += v.n> 16 ? 3 : 1) {
                check_to(&l, &v, k);
                check_from(&l, &v, k);
            }
            expect_gaps_untouched(&v);
        }
        vectors_free(&v);
        cloud_free(&c);
    }
}
END_TEST

/* ---- vectors beside one another ---------------------------------------------------------------
 */

enum { N_POINTS = 61, N_ORBITS = 25 };

/* One vector's charges and densities at a place among n, between others that spoil whatever they
 * meet. */
static void place_among(const vectors *from, int vector, int place, vectors *to) {
    for (int v = 0; v < to->n; v++) {
        double other = v % 2 ? NAN : 1e300;
        double *charge = to->charge + (size_t)v * to->stride;
        double *density = to->density + v * VECTOR_LD;
        for (size_t i = 0; i < to->n_points; i++)
            charge[i] = v == place ? from->charge[(size_t)vector * from->stride + i] : other;
        for (int i = 0; i < VECTOR_LD; i++)
            density[i] = v == place ? from->density[vector * VECTOR_LD + i] : other;
    }
}

static void expect_same_bits(const vectors *all, int vector, const vectors *some, int place) {
    ck_assert_mem_eq(some->potential + place * VECTOR_LD, all->potential + vector * VECTOR_LD,
                     VECTOR_LD * sizeof(double));
    for (int k = 0; k < 4; k++)
        ck_assert_mem_eq(some->sum[k] + (size_t)place * some->stride,
                         all->sum[k] + (size_t)vector * all->stride, N_POINTS * sizeof(double));
}

/* Nor on how many there are, nor on its place. */
START_TEST(a_vector_does_not_depend_on_others) {
    static const int cases[][3] = {{0, 2, 1},  {0, 3, 2},   {13, 2, 0},      {13, 7, 4},
                                   {30, 5, 3}, {30, 16, 9}, {30, DP_MANY, 0}}; /* which, n, place */
    static shell s;
    static vectors all, some;
    cloud c = shell_points(N_POINTS, 1);
    shell_fill(N_ORBITS, &s);
    vectors_make(DP_MANY, N_POINTS, N_ORBITS, &all);
    for (int k = 0; k < COUNT(cases); k++) {
        vectors_make(cases[k][1], N_POINTS, N_ORBITS, &some);
        place_among(&all, cases[k][0], cases[k][2], &some);
        for (int i = 0; i < N_LOOPS; i++) {
            loop l = loop_of(i, &s, cloud_points(&c));
            vectors_clear(&all);
            vectors_clear(&some);
            to_many(&l, &all);
            to_many(&l, &some);
            from_many(&l, &all);
            from_many(&l, &some);
            expect_same_bits(&all, cases[k][0], &some, cases[k][2]);
        }
        vectors_free(&some);
    }
    vectors_free(&all);
    cloud_free(&c);
}
END_TEST

START_TEST(sums_are_added_to) {
    static shell s;
    static vectors once, twice;
    cloud c = shell_points(N_POINTS, 1);
    shell_fill(N_ORBITS, &s);
    vectors_make(7, N_POINTS, N_ORBITS, &once);
    vectors_make(7, N_POINTS, N_ORBITS, &twice);
    for (int i = 0; i < N_LOOPS; i++) {
        loop l = loop_of(i, &s, cloud_points(&c));
        vectors_clear(&once);
        vectors_clear(&twice);
        for (int k = 0; k < 3; k++) {
            to_many(&l, k ? &twice : &once);
            from_many(&l, k ? &twice : &once);
        }
        int n_wrong = 0;
        for (int k = 0; k < 7 * VECTOR_LD; k++)
            n_wrong += !(twice.potential[k] == 2 * once.potential[k]);
        for (size_t k = 0; k < once.size; k++)
            for (int sum = 0; sum < 4; sum++)
                n_wrong += !(twice.sum[sum][k] == 2 * once.sum[sum][k]);
        ck_assert_int_eq(n_wrong, 0);
    }
    vectors_free(&once);
    vectors_free(&twice);
    cloud_free(&c);
}
END_TEST

/* For each vector, densities times potentials are charges times what the densities do to them. */
START_TEST(one_is_the_transpose_of_the_other) {
    static const double allowed[] = {1e-14, 10 * DP_REDUCED_ERROR, 10 * DP_SINGLE_ERROR,
                                     10 * DP_ROUGH_ERROR};
    static shell s;
    static vectors v;
    cloud c = shell_points(N_POINTS, 1);
    shell_fill(N_ORBITS, &s);
    vectors_make(16, N_POINTS, N_ORBITS, &v);
    for (int i = 0; i < N_LOOPS; i++) {
        loop l = loop_of(i, &s, cloud_points(&c));
        vectors_clear(&v);
        to_many(&l, &v);
        from_many(&l, &v);
        for (int k = 0; k < v.n; k++) {
            double at_orbits = 0, at_points = 0, size = 0,
                   unit = shell_scale(k) > 0 ? shell_scale(k) : 1;
            for (int j = k * VECTOR_LD; j < (k + 1) * VECTOR_LD; j++) {
                at_orbits += v.density[j] / unit * (v.potential[j] / unit);
                size += fabs(v.density[j] / unit * (v.potential[j] / unit));
            }
            for (size_t j = (size_t)k * v.stride; j < (size_t)k * v.stride + N_POINTS; j++)
                at_points += shell_frame.half * (v.charge[j] / unit) * (v.sum[0][j] / unit);
            ck_assert_msg(fabs(at_orbits - at_points) <= allowed[l.precision] * size,
                          "%s %s precision %d, vector %d: %.17g at orbits, %.17g at points",
                          l.kernel->name, dp_isa_name(suite_isa), l.precision, k, at_orbits,
                          at_points);
        }
    }
    vectors_free(&v);
    cloud_free(&c);
}
END_TEST

ISA_SUITE_MAIN("orbits of many vectors", 60, every_vector_matches_the_loop_for_one,
               a_vector_does_not_depend_on_others, sums_are_added_to,
               one_is_the_transpose_of_the_other)
