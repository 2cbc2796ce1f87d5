/* Near sums of several vectors of charges at once, against the loops for one vector. */
#include "isa.h"
#include "kernel/cloud.h"
#include "kernel/strip.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST = DP_STRIP_VECTORS, PIECE = 9 };

/* Points with vectors of charges and their sums. */
typedef struct side {
    cloud points;
    int n, n_vectors;
    double *charge; /* n of each vector, */
    double *sum[4]; /* and as many sums */
} side;

/* Vectors' charges are of very different size. */
static double size_of(int v) {
    static const double sizes[] = {1, 1e-290, 3, 1e280, 1e-30};
    return sizes[v % 5];
}

static side side_make(int n, int n_vectors, uint64_t seed) {
    side s = {.points = cloud_make((size_t)n, 1, seed), .n = n, .n_vectors = n_vectors};
    s.charge = guarded((size_t)(n * n_vectors));
    for (int k = 0; k < 4; k++)
        s.sum[k] = guarded((size_t)(n * n_vectors));
    for (int v = 0; v < n_vectors; v++)
        for (int i = 0; i < n; i++)
            s.charge[v * n + i] = size_of(v) * (2 * suite_uniform(&seed) - 1);
    return s;
}

static void side_free(side *s) {
    guarded_free(s->charge, (size_t)(s->n * s->n_vectors));
    for (int k = 0; k < 4; k++)
        guarded_free(s->sum[k], (size_t)(s->n * s->n_vectors));
    cloud_free(&s->points);
}

/* Sums start from what is about the charges' size. */
static void set_sums(side *s) {
    for (int k = 0; k < 4; k++)
        for (int v = 0; v < s->n_vectors; v++)
            for (int i = 0; i < s->n; i++)
                s->sum[k][v * s->n + i] = size_of(v);
}

static double unit_of(const side *s, int v) {
    double largest = 0;
    for (int i = 0; i < s->n; i++)
        largest = fmax(largest, fabs(s->charge[v * s->n + i]));
    return dp_strip_charge_unit(largest);
}

/* Vectors [first, first + strip->n_vectors) of a side, in pieces. b: the other side, whose charges
 * have the same units. */
static void pack(const side *s, const side *b, int first, int is_single, int has_gradient,
                 dp_strip *strip) {
    dp_strip_frame frame = {.centre = {0.5, 0.5, 0.5}, .half = 0.5};
    for (int v = 0; v < strip->n_vectors; v++)
        frame.charge_unit[v] = fmax(unit_of(s, first + v), unit_of(b, first + v));
    dp_strip_begin(strip, is_single, &frame);
    for (int i = 0, m; i < s->n; i += m) {
        int at = first * s->n + i;
        dp_sums out = {.potential = s->sum[0] + at,
                       .gx = s->sum[1] + at,
                       .gy = s->sum[2] + at,
                       .gz = s->sum[3] + at};
        m = s->n - i < PIECE ? s->n - i : PIECE;
        ck_assert_int_ge(dp_strip_room(strip), m);
        dp_strip_add(strip, m, dp_soa_from(cloud_points(&s->points), i),
                     (dp_carried){.charge = s->charge + at}, s->n, out, s->n);
    }
    dp_strip_end(strip, has_gradient ? DP_GRADIENT : DP_POTENTIAL);
}

typedef struct call {
    const dp_kernel *kernel;
    dp_precision precision;
    dp_near near;
} call;

/* Adds what the vectors from first on, as many as strips have in use, do to the sums of a and b. */
static void add_sums(const call *c, side *a, side *b, int first, dp_strip *targets,
                     dp_strip *sources) {
    dp_near near = c->near;
    int is_single = c->precision >= DP_SINGLE;
    near.targets = targets;
    near.sources = a == b ? targets : sources;
    pack(a, b, first, is_single, near.n_sums > 1, targets);
    pack(b, a, first, is_single, near.n_sums > 1, sources);
    if (dp_strip_is_plain(&targets->shape))
        c->kernel->near[c->precision][suite_isa](&near);
    else
        c->kernel->near_many[c->precision][suite_isa](&near);
    dp_strip_take(targets);
    if (a != b)
        dp_strip_take(sources);
}

static dp_shape shape_of(int n_vectors) {
    return (dp_shape){.n_vectors = n_vectors, .has_charges = 1, .n_sums = DP_GRADIENT};
}

/* Two strips for most_vectors, which every call uses again: what was left in them must not matter.
 */
static dp_strip *strips_for(int most_vectors) {
    static dp_strip strips[MOST + 1][2];
    dp_strip *s = strips[most_vectors];
    dp_shape shape = shape_of(most_vectors);
    for (int k = 0; k < 2; k++)
        if (!s[k].memory)
            ck_assert_int_eq(dp_strip_create(suite_isa, &shape, &s[k]), DAGPOLE_OK);
    return s;
}

/* All vectors in strips for most_vectors of them, n_vectors at a time. */
static void sum_all(const call *c, side *a, side *b, int most_vectors, int n_vectors) {
    dp_strip *strips = strips_for(most_vectors);
    set_sums(a);
    set_sums(b);
    for (int v = 0, m; v < a->n_vectors; v += m) {
        m = a->n_vectors - v < n_vectors ? a->n_vectors - v : n_vectors;
        dp_strip_use_vectors(&strips[0], m);
        dp_strip_use_vectors(&strips[1], m);
        add_sums(c, a, b, v, &strips[0], &strips[1]);
    }
}

/* A copy of all sums of a side. */
static double *keep(const side *s) {
    size_t n = (size_t)(s->n * s->n_vectors);
    double *kept = malloc((4 * n + 1) * sizeof *kept);
    for (size_t k = 0; k < 4; k++)
        memcpy(kept + k * n, s->sum[k], n * sizeof *kept);
    return kept;
}

/* The sums of |terms| at point j: of the potential, and of |q slope|, which bounds a gradient's. */
static void magnitudes(const call *c, const side *at, const side *of, int v, int j,
                       double magnitude[2]) {
    double *const *x = at->points.w, *const *y = of->points.w;
    magnitude[0] = magnitude[1] = size_of(v); /* sums start from it */
    for (int i = 0; i < of->n; i++) {
        double dx = x[0][j] - y[0][i], dy = x[1][j] - y[1][i], dz = x[2][j] - y[2][i];
        double r = sqrt(dx * dx + dy * dy + dz * dz), q = fabs(of->charge[v * of->n + i]);
        if (!(r > DP_NEAREST))
            continue;
        magnitude[0] += q * c->kernel->value(c->near.lambda, r);
        magnitude[1] += q * fabs(c->kernel->slope(c->near.lambda, r));
    }
}

/* Both loops have the same values of pairs, so that nothing but roundings of the arithmetic may
 * differ, even where the values are rough. */
static void is_close(const call *c, const side *at, const side *of, const double *expected) {
    double bound = 12 * (c->precision >= DP_SINGLE ? FLT_EPSILON / 2 : DBL_EPSILON / 2);
    for (int v = 0; v < at->n_vectors; v++)
        for (int j = 0; j < at->n; j++) {
            double magnitude[2];
            magnitudes(c, at, of, v, j, magnitude);
            for (int k = 0; k < 4; k++) {
                double e = expected[(k * at->n_vectors + v) * at->n + j];
                double error = fabs(at->sum[k][v * at->n + j] - e);
                if (!(error <= bound * magnitude[k > 0]))
                    ck_abort_msg(
                        "%s, precision %d, gradient %d, mutual %d, %d points with %d: sum %d "
                        "of vector %d at point %d is off by %g of %g",
                        c->kernel->name, (int)c->precision, c->near.n_sums > 1, c->near.is_mutual,
                        at->n, of->n, k, v, j, error, magnitude[k > 0]);
            }
        }
}

/* Runs `check` for each precision, with gradients and without, mutually and one-sidedly. */
static void for_each_call(const dp_kernel *kernel, double least,
                          void (*check)(const call *c, side *a, side *b), side *a, side *b) {
    for (int k = 0; k < 4 * DP_N_PRECISIONS; k++) {
        call c = {kernel, (dp_precision)(k / 4),
                  (dp_near){.lambda = kernel_lambda(kernel, 3),
                            .least = least,
                            .n_sums = k & 1 ? DP_GRADIENT : DP_POTENTIAL,
                            .is_mutual = k >> 1 & 1}};
        check(&c, a, b);
    }
}

static void same_as_one_by_one(const call *c, side *a, side *b) {
    sum_all(c, a, b, 1, 1);
    double *at_a = keep(a), *at_b = keep(b);
    sum_all(c, a, b, a->n_vectors, a->n_vectors);
    is_close(c, a, b, at_a);
    is_close(c, b, a, at_b);
    free(at_b);
    free(at_a);
}

/* One point of the one side is one of the other, two nearly are. */
static void bring_together(side *a, side *b) {
    for (int d = 0; d < 3; d++) {
        if (a->n > 5 && b->n > 3)
            b->points.w[d][3] = a->points.w[d][5];
        if (a->n > 11 && b->n > 20)
            b->points.w[d][20] = a->points.w[d][11] + 1e-9;
    }
}

static void check_sizes(int n, int m, int n_vectors) {
    side a = side_make(n, n_vectors, 1), b = side_make(m, n_vectors, 2);
    bring_together(&a, &b);
    for (int i = 0; i < DP_N_REAL_KERNELS; i++) {
        for_each_call(dp_kernel_number(i), i % 2 ? 0.5 : 1. / 64, same_as_one_by_one, &a, &b);
        for_each_call(dp_kernel_number(i), i % 2 ? 1. / 64 : 0.5, same_as_one_by_one, &a, &a);
    }
    side_free(&b);
    side_free(&a);
}

static const int numbers[] = {2, 3, 7, 16};

START_TEST(as_one_by_one) {
    for (int k = 0; k < 4; k++) {
        check_sizes(37, 41, numbers[k]);
        check_sizes(17, 3, numbers[k]);
    }
}
END_TEST

START_TEST(next_to_nothing_and_full_strips) {
    check_sizes(0, 5, 3);
    check_sizes(1, 1, 7);
    check_sizes(DP_STRIP_MANY, DP_STRIP_MANY - 1, 3);
    check_sizes(DP_STRIP_MANY - 21, DP_STRIP_MANY, 16);
}
END_TEST

START_TEST(strips_are_full_at_most) {
    for (int k = 0; k < 4; k++) {
        dp_strip strip;
        dp_shape shape = shape_of(numbers[k]);
        ck_assert_int_eq(dp_strip_create(suite_isa, &shape, &strip), DAGPOLE_OK);
        ck_assert_int_eq(dp_strip_room(&strip), DP_STRIP_MANY);
        dp_strip_free(&strip);
    }
}
END_TEST

/* In strips for any number of vectors, in batches of any size, a vector's sums have the same bits.
 */
static void same_in_any_batch(const call *c, side *a, side *b) {
    static const int batches[][2] = {{2, 2}, {3, 3}, {7, 7}, {16, 1}, {16, 5}, {9, 9}};
    sum_all(c, a, b, MOST, MOST);
    double *at_a = keep(a), *at_b = keep(b);
    for (int k = 0; k < 6; k++) {
        sum_all(c, a, b, batches[k][0], batches[k][1]);
        double *other_a = keep(a), *other_b = keep(b);
        ck_assert_mem_eq(at_a, other_a, (size_t)(4 * a->n * a->n_vectors) * sizeof(double));
        ck_assert_mem_eq(at_b, other_b, (size_t)(4 * b->n * b->n_vectors) * sizeof(double));
        free(other_b);
        free(other_a);
    }
    free(at_b);
    free(at_a);
}

START_TEST(batches_leave_the_bits_alone) {
    side a = side_make(57, MOST, 3), b = side_make(38, MOST, 4);
    bring_together(&a, &b);
    for (int i = 0; i < DP_N_REAL_KERNELS; i++)
        for_each_call(dp_kernel_number(i), 0.2, same_in_any_batch, &a, i % 2 ? &a : &b);
    side_free(&b);
    side_free(&a);
}
END_TEST

ISA_SUITE_MAIN("near_many", 120, as_one_by_one, next_to_nothing_and_full_strips,
               strips_are_full_at_most, batches_leave_the_bits_alone)
