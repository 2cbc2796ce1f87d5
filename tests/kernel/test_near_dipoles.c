/* Near sums of charges, dipoles or both with all kinds of sums, in every precision, against the
 * scalar loops. */
#include "isa.h"
#include "kernel/carriers.h"
#include "kernel/strip.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST = DP_STRIP_VECTORS, PIECE = 9 };

/* Of a term, whatever its order. */
static const double bounds[DP_N_PRECISIONS] = {8e-15, 8 * DP_REDUCED_ERROR, 8 * DP_SINGLE_ERROR,
                                               8 * DP_ROUGH_ERROR};

/* Points with vectors of what they carry, and their sums: rows of all vectors. */
typedef struct side {
    int n, n_vectors;
    double *point[3], *carried[4], *sum[DP_HESSIAN], *expected[DP_HESSIAN];
} side;

/* What vectors carry is of very different size. */
static double size_of(int v) {
    static const double sizes[] = {1, 1e-250, 3, 1e240, 1e-30};
    return sizes[v % 5];
}

static side side_make(int n, int n_vectors, uint64_t seed) {
    side s = {.n = n, .n_vectors = n_vectors};
    size_t all = (size_t)(n * n_vectors);
    for (int k = 0; k < 3; k++)
        s.point[k] = guarded((size_t)n);
    for (int k = 0; k < 4; k++)
        s.carried[k] = guarded(all);
    for (int k = 0; k < DP_HESSIAN; k++) {
        s.sum[k] = guarded(all);
        s.expected[k] = guarded(all);
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            s.point[k][i] = suite_uniform(&seed);
    for (int k = 0; k < 4; k++)
        for (int v = 0; v < n_vectors; v++)
            for (int i = 0; i < n; i++)
                s.carried[k][v * n + i] = size_of(v) * (2 * suite_uniform(&seed) - 1);
    return s;
}

static void side_free(side *s) {
    size_t all = (size_t)(s->n * s->n_vectors);
    for (int k = 0; k < 3; k++)
        guarded_free(s->point[k], (size_t)s->n);
    for (int k = 0; k < 4; k++)
        guarded_free(s->carried[k], all);
    for (int k = 0; k < DP_HESSIAN; k++) {
        guarded_free(s->sum[k], all);
        guarded_free(s->expected[k], all);
    }
}

static dp_soa points_of(const side *s) {
    return (dp_soa){s->point[0], s->point[1], s->point[2]};
}

/* Sums start from what is about the size of what is carried. */
static void set_rows(const side *s, double *const *row) {
    for (int k = 0; k < DP_HESSIAN; k++)
        for (int v = 0; v < s->n_vectors; v++)
            for (int i = 0; i < s->n; i++)
                row[k][v * s->n + i] = size_of(v);
}

typedef struct call {
    const dp_kernel *kernel;
    dp_precision precision;
    int kind; /* what is carried */
    dp_near near;
} call;

static void expect(const call *c, side *at, const side *of) {
    set_rows(at, at->expected);
    for (int v = 0; v < at->n_vectors; v++)
        dp_p2p_ref(c->kernel, c->near.lambda, at->n, points_of(at),
                   rows_sums(at->expected, DP_HESSIAN, v * at->n), of->n, points_of(of),
                   rows_carried(of->carried, c->kind, v * of->n));
}

/* ---- strips --------------------------------------------------------------------------------- */

static const double half = 0.5;

static double unit_of(const side *s, int kind, int v) {
    double largest = 0;
    for (int i = v * s->n; i < (v + 1) * s->n; i++) {
        if (kind & CARRY_CHARGES)
            largest = fmax(largest, fabs(s->carried[0][i]));
        for (int k = 1; kind & CARRY_DIPOLES && k < 4; k++)
            largest = fmax(largest, fabs(s->carried[k][i]) / half);
    }
    return largest;
}

/* Vectors [first, first + strip->n_vectors) of a side, in pieces. b: the other side, which has the
 * same units. */
static void pack(const call *c, const side *s, int is_target, const side *b, int first,
                 dp_strip *strip) {
    dp_strip_frame frame = {.centre = {0.5, 0.5, 0.5}, .half = half};
    for (int v = 0; v < strip->n_vectors; v++)
        frame.charge_unit[v] = dp_strip_charge_unit(
            fmax(unit_of(s, c->kind, first + v), unit_of(b, c->kind, first + v)));
    int is_alone = is_target && !c->near.is_mutual && s != b;
    dp_strip_begin(strip, c->precision >= DP_SINGLE, &frame);
    for (int i = 0, m; i < s->n; i += m) {
        int at = first * s->n + i;
        m = s->n - i < PIECE ? s->n - i : PIECE;
        ck_assert_int_ge(dp_strip_room(strip), m);
        dp_strip_add(strip, m, dp_soa_from(points_of(s), i),
                     rows_carried(s->carried, is_alone ? 0 : c->kind, at), s->n,
                     rows_sums(s->sum, c->near.n_sums, at), s->n);
    }
    dp_strip_end(strip, c->near.n_sums);
}

/* Two strips, which every call uses again: what was left in them must not matter. At first nothing
 * in their memory is a number. */
static dp_strip *strips_for(int kind, int n_vectors) {
    static dp_strip strips[CARRY_BOTH + 1][MOST + 1][2];
    dp_shape shape = {.n_vectors = n_vectors,
                      .has_charges = kind & CARRY_CHARGES,
                      .has_dipoles = kind >> 1,
                      .n_sums = DP_HESSIAN};
    dp_strip *s = strips[kind][n_vectors];
    ck_assert(!dp_strip_is_plain(&shape));
    for (int k = 0; k < 2 && !s[k].memory; k++) {
        ck_assert_int_eq(dp_strip_create(suite_isa, &shape, &s[k]), DAGPOLE_OK);
        ck_assert_int_eq(dp_strip_room(&s[k]), DP_STRIP_MANY);
        memset(s[k].memory, 0xff, (size_t)dp_strip_bytes(&shape));
    }
    return s;
}

/* All vectors, n_vectors at a time. */
static void sum_all(const call *c, side *a, side *b, int n_vectors) {
    dp_strip *strips = strips_for(c->kind, n_vectors), *targets = &strips[0], *sources = &strips[1];
    dp_near near = c->near;
    near.targets = targets;
    near.sources = a == b ? targets : sources;
    set_rows(a, a->sum);
    set_rows(b, b->sum);
    for (int v = 0, m; v < a->n_vectors; v += m) {
        m = a->n_vectors - v < n_vectors ? a->n_vectors - v : n_vectors;
        dp_strip_use_vectors(targets, m);
        dp_strip_use_vectors(sources, m);
        pack(c, a, 1, b, v, targets);
        pack(c, b, 0, a, v, sources);
        c->kernel->near_many[c->precision][suite_isa](&near);
        dp_strip_take(targets);
        if (a != b)
            dp_strip_take(sources);
    }
}

/* ---- what is checked ------------------------------------------------------------------------ */

/* Of terms by order: what rounding does to them, and in single precision to coordinates. */
static void errors_of_terms(const call *c, double r, double error[4]) {
    double of_single = 2 * FLT_EPSILON * (1 + half / fmax(r, c->near.least * half));
    sizes_of_terms(c->kernel, c->near.lambda, r, error);
    for (int order = 0; order < 4; order++) {
        double relative = bounds[c->precision] * (1 + c->near.lambda * r);
        if (c->precision >= DP_SINGLE)
            relative += (order + 1 + c->near.lambda * r) * of_single;
        error[order] *= relative;
    }
}

/* Of sums by order. */
static void allow(const call *c, const side *at, const side *of, int v, int j, double sum[3]) {
    for (int order = 0; order < 3; order++)
        sum[order] = 2 * DBL_EPSILON * size_of(v); /* sums start from it */
    for (int i = 0; i < of->n; i++) {
        double x = at->point[0][j] - of->point[0][i], y = at->point[1][j] - of->point[1][i],
               z = at->point[2][j] - of->point[2][i], r = sqrt(x * x + y * y + z * z);
        int k = v * of->n + i;
        if (!(r > DP_NEAREST))
            continue;
        double error[4], charge = c->kind & CARRY_CHARGES ? fabs(of->carried[0][k]) : 0, dipole = 0;
        if (c->kind & CARRY_DIPOLES)
            dipole = hypot(hypot(of->carried[1][k], of->carried[2][k]), of->carried[3][k]);
        errors_of_terms(c, r, error);
        for (int order = 0; order < 3; order++)
            sum[order] += charge * error[order] + dipole * error[order + 1];
    }
}

/* is_summed: all sums wanted are as expected; else, and others in any case, as they were. */
static void check_side(const call *c, const side *at, const side *of, int is_summed) {
    for (int v = 0; v < at->n_vectors; v++)
        for (int j = 0; j < at->n; j++) {
            double error[3] = {0};
            if (is_summed)
                allow(c, at, of, v, j, error);
            for (int k = 0; k < DP_HESSIAN; k++) {
                int i = v * at->n + j, has_sum = is_summed && k < c->near.n_sums;
                double e = has_sum ? at->expected[k][i] : size_of(v);
                double most = has_sum ? error[order_of(k)] : 0;
                if (!(fabs(at->sum[k][i] - e) <= most))
                    ck_abort_msg(
                        "%s, %s, carried %d, %d sums, mutual %d, %d points with %d: sum %d "
                        "of vector %d of %d at point %d is %.17g, not %.17g within %g",
                        c->kernel->name, dp_precision_name(c->precision), c->kind, c->near.n_sums,
                        c->near.is_mutual, at->n, of->n, k, v, at->n_vectors, j, at->sum[k][i], e,
                        most);
            }
        }
}

static void as_expected(const call *c, side *a, side *b) {
    sum_all(c, a, b, a->n_vectors);
    check_side(c, a, b, 1);
    if (a != b)
        check_side(c, b, a, c->near.is_mutual);
}

/* Copies of all sums of a side. */
static double *keep(const side *s) {
    size_t n = (size_t)(s->n * s->n_vectors);
    double *kept = malloc((DP_HESSIAN * n + 1) * sizeof *kept);
    for (size_t k = 0; k < DP_HESSIAN; k++)
        memcpy(kept + k * n, s->sum[k], n * sizeof *kept);
    return kept;
}

static void same_in_any_batch(const call *c, side *a, side *b) {
    static const int batches[] = {1, 2, 5};
    sum_all(c, a, b, a->n_vectors);
    double *at_a = keep(a), *at_b = keep(b);
    for (int k = 0; k < 3; k++) {
        sum_all(c, a, b, batches[k]);
        double *other_a = keep(a), *other_b = keep(b);
        size_t n = DP_HESSIAN * sizeof(double) * (size_t)a->n_vectors;
        ck_assert_mem_eq(at_a, other_a, n * (size_t)a->n);
        ck_assert_mem_eq(at_b, other_b, n * (size_t)b->n);
        free(other_b);
        free(other_a);
    }
    free(at_b);
    free(at_a);
}

typedef void check_fn(const call *c, side *a, side *b);

/* Every precision, kind and number of sums, mutually and one-sidedly. */
static void for_each_call(const dp_kernel *kernel, double least, check_fn *check, side *a,
                          side *b) {
    call c = {.kernel = kernel, .near = {.lambda = kernel_lambda(kernel, 3), .least = least}};
    for (c.kind = CARRY_CHARGES; c.kind <= CARRY_BOTH; c.kind++) {
        expect(&c, a, b);
        if (a != b)
            expect(&c, b, a);
        for (int k = 0; k < 6 * DP_N_PRECISIONS; k++) {
            c.precision = (dp_precision)(k / 6);
            c.near.n_sums = wanted[k % 3];
            c.near.is_mutual = k / 3 % 2;
            if (can_sum(c.kernel, c.near.n_sums))
                check(&c, a, b);
        }
    }
}

/* One point of the one side is one of the other, two nearly are. */
static void bring_together(side *a, side *b) {
    for (int d = 0; d < 3; d++) {
        if (a->n > 5 && b->n > 3)
            b->point[d][3] = a->point[d][5];
        if (a->n > 11 && b->n > 20)
            b->point[d][20] = a->point[d][11] + 1e-6 * (d + 1);
    }
}

static void check_sizes(int n, int m, int n_vectors) {
    side a = side_make(n, n_vectors, 1), b = side_make(m, n_vectors, 2);
    bring_together(&a, &b);
    for (int i = 0; i < DP_N_REAL_KERNELS; i++) {
        for_each_call(dp_kernel_number(i), i % 2 ? 0.5 : 1. / 64, as_expected, &a, &b);
        for_each_call(dp_kernel_number(i), i % 2 ? 1. / 64 : 0.5, as_expected, &a, &a);
    }
    side_free(&b);
    side_free(&a);
}

START_TEST(one_vector) {
    check_sizes(0, 5, 1);
    check_sizes(5, 0, 1);
    check_sizes(1, 1, 1);
    check_sizes(17, 3, 1);
    check_sizes(37, 41, 1);
}
END_TEST

START_TEST(several_vectors) {
    check_sizes(37, 41, 3);
    check_sizes(14, 19, 16);
}
END_TEST

START_TEST(full_strips) {
    check_sizes(DP_STRIP_MANY, DP_STRIP_MANY - 1, 1);
    check_sizes(DP_STRIP_MANY - 21, DP_STRIP_MANY, 2);
}
END_TEST

START_TEST(batches_leave_the_bits_alone) {
    side a = side_make(37, 7, 3), b = side_make(41, 7, 4);
    bring_together(&a, &b);
    for (int i = 0; i < DP_N_REAL_KERNELS; i++)
        for_each_call(dp_kernel_number(i), 0.2, same_in_any_batch, &a, i % 2 ? &a : &b);
    side_free(&b);
    side_free(&a);
}
END_TEST

/* Second derivatives are finite as long as their size is, and what nothing wants is not computed
 * with: nor do points far from all others spoil anything. */
START_TEST(any_distance_in_double) {
    static const double scales[] = {1e-68, 1e-25, 1e25, 1e75};
    for (int k = 0; k < 4; k++) {
        side a = side_make(45, 1, 5), b = side_make(44, 1, 6);
        bring_together(&a, &b);
        for (int d = 0; d < 3; d++) {
            for (int i = 0; i < a.n; i++)
                a.point[d][i] *= scales[k];
            for (int i = 0; i < b.n; i++)
                b.point[d][i] *= scales[k];
        }
        call c = {.kernel = dp_kernel_get(DAGPOLE_LAPLACE), .near = {.is_mutual = 1}};
        for (c.kind = CARRY_CHARGES; c.kind <= CARRY_BOTH; c.kind++)
            for (int w = 0; w < 3; w++) {
                c.near.n_sums = wanted[w];
                expect(&c, &a, &b);
                expect(&c, &b, &a);
                as_expected(&c, &a, &b);
            }
        side_free(&b);
        side_free(&a);
    }
}
END_TEST

ISA_SUITE_MAIN("near_dipoles", 120, one_vector, several_vectors, full_strips,
               batches_leave_the_bits_alone, any_distance_in_double)
