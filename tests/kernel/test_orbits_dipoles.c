/* Sums between orbits and points that carry charges, dipoles or both, with all kinds of sums, in
 * every precision and several numbers of vectors: against the scalar loops over every image, and
 * among themselves. */
#include "isa.h"
#include "kernel/carriers.h"
#include "kernel/shell.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { VECTOR_LD = 8 * LD + 5, GAP = 3, MOST_VECTORS = 16 };

/* Of the sums of the sizes of all terms. */
static const double allowed[] = {6e-15, 8 * DP_REDUCED_ERROR, 5 * DP_SINGLE_ERROR,
                                 8 * DP_ROUGH_ERROR};

/* Vectors of what n points carry, of their sums, and of numbers at orbits; n + GAP from one vector
 * to the next. expected and size: sums and what they may be off by, before `allowed`. */
typedef struct vectors {
    int n_vectors, n, stride;
    size_t rows; /* numbers in a row of all vectors */
    double *carried[4], *sum[DP_HESSIAN], *expected[DP_HESSIAN], *size[DP_HESSIAN];
    double potential[MOST_VECTORS * VECTOR_LD], density[MOST_VECTORS * VECTOR_LD];
    double at_orbits[MOST_VECTORS * VECTOR_LD], size_at_orbits[MOST_VECTORS * LD];
} vectors;

/* Dipoles are about as strong as charges of the same vector. */
static void vectors_make(int n_vectors, int n, int n_orbits, vectors *v) {
    uint64_t seed = 7;
    v->n_vectors = n_vectors;
    v->n = n;
    v->stride = n + GAP;
    v->rows = (size_t)((n_vectors - 1) * v->stride + n);
    for (int k = 0; k < 4; k++)
        v->carried[k] = guarded(v->rows);
    for (int k = 0; k < DP_HESSIAN; k++) {
        v->sum[k] = guarded(v->rows);
        v->expected[k] = guarded(v->rows);
        v->size[k] = guarded(v->rows);
    }
    for (size_t i = 0; i < v->rows; i++)
        for (int k = 0; k < 4; k++)
            v->carried[k][i] = shell_scale((int)i / v->stride) * (k ? shell_frame.half : 1) *
                               (2 * suite_uniform(&seed) - 1);
    for (int i = 0; i < n_vectors * VECTOR_LD; i++) {
        double x = shell_scale(i / VECTOR_LD) * (2 * suite_uniform(&seed) - 1);
        int at = i % VECTOR_LD;
        v->density[i] = at < 8 * LD && at % LD < n_orbits ? x : 0;
    }
}

static void vectors_free(vectors *v) {
    for (int k = 0; k < 4; k++)
        guarded_free(v->carried[k], v->rows);
    for (int k = 0; k < DP_HESSIAN; k++) {
        guarded_free(v->sum[k], v->rows);
        guarded_free(v->expected[k], v->rows);
        guarded_free(v->size[k], v->rows);
    }
}

static void clear(vectors *v) {
    memset(v->potential, 0, sizeof v->potential);
    for (int k = 0; k < DP_HESSIAN; k++)
        memset(v->sum[k], 0, v->rows * sizeof(double));
}

typedef struct call {
    const dp_kernel *kernel;
    dp_precision precision;
    int kind, n_sums;
    const shell *s;
    dp_soa points;
} call;

static void to_orbits(const call *c, vectors *v) {
    c->kernel->to_orbits_many[c->precision][suite_isa](
        shell_lambda, &c->s->orbits, v->n_vectors, v->potential, VECTOR_LD, LD, &shell_frame, v->n,
        c->points, rows_carried(v->carried, c->kind, 0), v->stride);
}

static void from_orbits(const call *c, vectors *v) {
    c->kernel->from_orbits_many[c->precision][suite_isa](
        shell_lambda, &c->s->orbits, v->n_vectors, v->density, VECTOR_LD, LD, &shell_frame, v->n,
        c->points, rows_sums(v->sum, c->n_sums, 0), v->stride);
}

/* ---- the scalar loops ----------------------------------------------------------------------- */

/* Of terms by order, between an image and a point. */
static void sizes_at(const call *c, int image, int point, double size[4]) {
    double x = c->s->image[0][image] - c->points.x[point];
    double y = c->s->image[1][image] - c->points.y[point];
    double z = c->s->image[2][image] - c->points.z[point];
    sizes_of_terms(c->kernel, shell_lambda / shell_frame.half, sqrt(x * x + y * y + z * z), size);
}

/* By parity, times the half side; sizes are those of parity 0. */
static void expect_at_orbits(const call *c, vectors *v, int vector) {
    int n = c->s->orbits.n, at = vector * v->stride;
    double direct[8 * MAX_ORBITS] = {0};
    dp_p2p_ref(c->kernel, shell_lambda / shell_frame.half, 8 * n, shell_images(c->s),
               (dp_sums){.potential = direct}, v->n, c->points,
               rows_carried(v->carried, c->kind, at));
    for (int a = 0; a < 8; a++)
        for (int o = 0; o < n; o++) {
            double sum = 0;
            for (int g = 0; g < 8; g++)
                sum += shell_sign(a, g) * direct[8 * o + g];
            v->at_orbits[vector * VECTOR_LD + a * LD + o] = shell_frame.half * sum;
        }
    for (int o = 0; o < n; o++) {
        double all = 0;
        for (int j = 0; j < 8 * v->n; j++) {
            int i = at + j / 8;
            double size[4];
            sizes_at(c, 8 * o + j % 8, j / 8, size);
            if (c->kind & CARRY_CHARGES)
                all += fabs(v->carried[0][i]) * size[0];
            for (int k = 1; c->kind & CARRY_DIPOLES && k < 4; k++)
                all += fabs(v->carried[k][i]) * size[1];
        }
        v->size_at_orbits[vector * LD + o] = shell_frame.half * all;
    }
}

static void expect_at_points(const call *c, vectors *v, int vector) {
    int n = c->s->orbits.n, at = vector * v->stride;
    double density[8 * MAX_ORBITS];
    shell_densities(v->density + vector * VECTOR_LD, n, density);
    for (int k = 0; k < DP_HESSIAN; k++)
        memset(v->expected[k] + at, 0, (size_t)v->n * sizeof(double));
    dp_p2p_ref(c->kernel, shell_lambda / shell_frame.half, v->n, c->points,
               rows_sums(v->expected, DP_HESSIAN, at), 8 * n, shell_images(c->s),
               (dp_carried){.charge = density});
    for (int i = 0; i < v->n; i++) {
        double all[3] = {0}, size[4];
        for (int image = 0; image < 8 * n; image++) {
            sizes_at(c, image, i, size);
            for (int order = 0; order < 3; order++)
                all[order] += fabs(density[image]) * size[order];
        }
        for (int k = 0; k < DP_HESSIAN; k++)
            v->size[k][at + i] = all[order_of(k)];
    }
}

/* ---- against them --------------------------------------------------------------------------- */

static void expect(const call *c, const vectors *v, int vector, const char *what, int at, double x,
                   double expected, double size) {
    if (!(fabs(x - expected) <= allowed[c->precision] * size))
        ck_abort_msg("%s %s %s, %d points and %d orbits, carried %d, %d sums, vector %d of %d: %s "
                     "%d is %.17g, not %.17g within %g",
                     c->kernel->name, dp_isa_name(suite_isa), dp_precision_name(c->precision), v->n,
                     c->s->orbits.n, c->kind, c->n_sums, vector, v->n_vectors, what, at, x,
                     expected, allowed[c->precision] * size);
}

static void check_at_orbits(const call *c, const vectors *v) {
    for (int i = 0; i < v->n_vectors * VECTOR_LD; i++) {
        int vector = i / VECTOR_LD, at = i % VECTOR_LD, o = at % LD;
        if (at < 8 * LD && o < c->s->orbits.n)
            expect(c, v, vector, "number", at, v->potential[i], v->at_orbits[i],
                   v->size_at_orbits[vector * LD + o]);
        else
            expect(c, v, vector, "number", at, v->potential[i], 0, 0);
    }
}

/* What is not wanted, and what lies between the vectors, is left alone. */
static void check_at_points(const call *c, const vectors *v) {
    for (int k = 0; k < DP_HESSIAN; k++)
        for (int i = 0; i < (int)v->rows; i++)
            if (k < c->n_sums && i % v->stride < v->n)
                expect(c, v, i / v->stride, "point", i % v->stride, v->sum[k][i], v->expected[k][i],
                       v->size[k][i]);
            else
                expect(c, v, i / v->stride, "point", i % v->stride, v->sum[k][i], 0, 0);
}

static void check_size(int n_vectors, int n, int n_orbits) {
    static shell s;
    static vectors v;
    cloud points = shell_points((size_t)n, 1);
    shell_fill(n_orbits, &s);
    vectors_make(n_vectors, n, n_orbits, &v);
    for (int kernel = 0; kernel < DP_N_REAL_KERNELS; kernel++) {
        call c = {.kernel = dp_kernel_number(kernel), .s = &s, .points = cloud_points(&points)};
        for (c.kind = CARRY_CHARGES; c.kind <= CARRY_BOTH; c.kind++) {
            for (int i = 0; i < n_vectors; i++)
                expect_at_orbits(&c, &v, i);
            for (int precision = 0; precision < DP_N_PRECISIONS; precision++) {
                c.precision = (dp_precision)precision;
                clear(&v);
                to_orbits(&c, &v);
                check_at_orbits(&c, &v);
            }
        }
        for (int i = 0; i < n_vectors; i++)
            expect_at_points(&c, &v, i);
        for (int k = 0; k < 3 * DP_N_PRECISIONS; k++) {
            c.precision = (dp_precision)(k / 3);
            c.n_sums = wanted[k % 3];
            if (!can_sum(c.kernel, c.n_sums))
                continue;
            clear(&v);
            from_orbits(&c, &v);
            check_at_points(&c, &v);
        }
    }
    vectors_free(&v);
    cloud_free(&points);
}

/* Sizes on both sides of a vector, a chunk of guesses, a tile and a chunk of points or orbits. */
START_TEST(one_vector_matches_ref) {
    static const int sizes[][2] = {{0, 8}, {1, 1}, {7, 6}, {8, 33}, {33, 25}, {129, 17}};
    for (int i = 0; i < COUNT(sizes); i++)
        check_size(1, sizes[i][0], sizes[i][1]);
    check_size(1, MAX_POINTS, 9);
    check_size(1, 20, MAX_ORBITS);
}
END_TEST

START_TEST(several_vectors_match_ref) {
    check_size(2, 300, 7);
    check_size(3, 61, 25);
    check_size(MOST_VECTORS, 17, 12);
}
END_TEST

/* ---- bits ------------------------------------------------------------------------------------ */

enum { N_POINTS = 21, N_ORBITS = 18 };

/* One vector alone, or at a place between others that spoil whatever they meet. */
static void place_among(const vectors *from, int vector, int place, vectors *to) {
    for (int v = 0; v < to->n_vectors; v++) {
        double other = v % 2 ? NAN : 1e300;
        for (int k = 0; k < 4; k++)
            for (int i = 0; i < N_POINTS; i++)
                to->carried[k][v * to->stride + i] =
                    v == place ? from->carried[k][vector * from->stride + i] : other;
        for (int i = 0; i < VECTOR_LD; i++)
            to->density[v * VECTOR_LD + i] =
                v == place ? from->density[vector * VECTOR_LD + i] : other;
    }
}

static void expect_same_bits(const vectors *all, int vector, const vectors *some, int place,
                             int n_sums) {
    ck_assert_mem_eq(some->potential + place * VECTOR_LD, all->potential + vector * VECTOR_LD,
                     VECTOR_LD * sizeof(double));
    for (int k = 0; k < n_sums; k++)
        ck_assert_mem_eq(some->sum[k] + place * some->stride, all->sum[k] + vector * all->stride,
                         N_POINTS * sizeof(double));
}

/* Calls with dipoles, with all that a kernel's targets may want. */
enum { N_CALLS = 2 * DP_N_REAL_KERNELS * DP_N_PRECISIONS };

static call call_of(int i, const shell *s, dp_soa points) {
    const dp_kernel *kernel = dp_kernel_number(i % DP_N_REAL_KERNELS);
    int other = i / DP_N_REAL_KERNELS;
    return (call){.kernel = kernel,
                  .precision = (dp_precision)(other / 2),
                  .kind = other % 2 ? CARRY_DIPOLES : CARRY_BOTH,
                  .n_sums = kernel->has_hessians ? DP_HESSIAN : DP_GRADIENT,
                  .s = s,
                  .points = points};
}

static void sum_both_ways(const call *c, vectors *v) {
    clear(v);
    to_orbits(c, v);
    from_orbits(c, v);
}

START_TEST(a_vector_does_not_depend_on_others) {
    static const int cases[][3] = {
        {0, 1, 0}, {1, 2, 1}, {2, 3, 2}, {4, 7, 3}, {6, MOST_VECTORS, 9}};
    static shell s;
    static vectors all, some;
    cloud points = shell_points(N_POINTS, 1);
    shell_fill(N_ORBITS, &s);
    vectors_make(7, N_POINTS, N_ORBITS, &all);
    for (int k = 0; k < COUNT(cases); k++) {
        int vector = cases[k][0], place = cases[k][2]; /* of so many */
        vectors_make(cases[k][1], N_POINTS, N_ORBITS, &some);
        place_among(&all, vector, place, &some);
        for (int i = 0; i < N_CALLS; i++) {
            call c = call_of(i, &s, cloud_points(&points));
            sum_both_ways(&c, &all);
            sum_both_ways(&c, &some);
            expect_same_bits(&all, vector, &some, place, DP_HESSIAN);
        }
        vectors_free(&some);
    }
    vectors_free(&all);
    cloud_free(&points);
}
END_TEST

START_TEST(second_derivatives_leave_gradients_as_they_are) {
    static shell s;
    static vectors with, without;
    cloud points = shell_points(N_POINTS, 1);
    shell_fill(N_ORBITS, &s);
    vectors_make(3, N_POINTS, N_ORBITS, &with);
    vectors_make(3, N_POINTS, N_ORBITS, &without);
    for (int i = 0; i < N_CALLS; i++) {
        call c = call_of(i, &s, cloud_points(&points));
        if (!c.kernel->has_hessians)
            continue;
        sum_both_ways(&c, &with);
        c.n_sums = DP_GRADIENT;
        sum_both_ways(&c, &without);
        for (int v = 0; v < 3; v++)
            expect_same_bits(&with, v, &without, v, DP_GRADIENT);
    }
    vectors_free(&without);
    vectors_free(&with);
    cloud_free(&points);
}
END_TEST

START_TEST(sums_are_added_to) {
    static shell s;
    static vectors once, twice;
    cloud points = shell_points(N_POINTS, 1);
    shell_fill(N_ORBITS, &s);
    vectors_make(3, N_POINTS, N_ORBITS, &once);
    vectors_make(3, N_POINTS, N_ORBITS, &twice);
    for (int i = 0; i < N_CALLS; i++) {
        call c = call_of(i, &s, cloud_points(&points));
        sum_both_ways(&c, &once);
        sum_both_ways(&c, &twice);
        to_orbits(&c, &twice);
        from_orbits(&c, &twice);
        int n_wrong = 0;
        for (int k = 0; k < 3 * VECTOR_LD; k++)
            n_wrong += !(twice.potential[k] == 2 * once.potential[k]);
        for (int k = 0; k < DP_HESSIAN; k++)
            for (size_t j = 0; j < once.rows; j++)
                n_wrong += !(twice.sum[k][j] == 2 * once.sum[k][j]);
        ck_assert_int_eq(n_wrong, 0);
    }
    vectors_free(&twice);
    vectors_free(&once);
    cloud_free(&points);
}
END_TEST

/* The least dipoles, in a box so small that single precision could hold neither by itself. */
START_TEST(least_dipoles_in_the_smallest_box) {
    const dp_frame frame = {.half = 0x1p-40};
    double x[DP_ORBIT_PAD] = {2.95}, y[DP_ORBIT_PAD] = {1}, z[DP_ORBIT_PAD] = {-0.5};
    const dp_orbits orbits = {1, x, y, z};
    double at[] = {0x1p-42, 0x1p-41, -0x1p-42}, p[] = {3e-315, -2e-316, 1e-315};
    dp_carried carried = {.dipole = {&p[0], &p[1], &p[2]}};
    double sums[DP_N_PRECISIONS][8 * DP_ORBIT_PAD] = {{0}};
    for (int precision = 0; precision < DP_N_PRECISIONS; precision++)
        dp_kernel_get(DAGPOLE_LAPLACE)
            ->to_orbits_many[precision][suite_isa](0, &orbits, 1, sums[precision], 0, DP_ORBIT_PAD,
                                                   &frame, 1, (dp_soa){&at[0], &at[1], &at[2]},
                                                   carried, 0);
    for (int i = 0; i < 8; i++)
        for (int precision = 0; precision < DP_N_PRECISIONS; precision++) {
            double is = sums[precision][i * DP_ORBIT_PAD], expected = sums[0][i * DP_ORBIT_PAD];
            ck_assert(fabs(expected) > 0 && fabs(expected) < 1e-292);
            ck_assert_double_le(fabs(is - expected), 8 * allowed[precision] * fabs(sums[0][0]));
        }
}
END_TEST

ISA_SUITE_MAIN("orbits of dipoles", 60, one_vector_matches_ref, several_vectors_match_ref,
               a_vector_does_not_depend_on_others, second_derivatives_leave_gradients_as_they_are,
               sums_are_added_to, least_dipoles_in_the_smallest_box)
