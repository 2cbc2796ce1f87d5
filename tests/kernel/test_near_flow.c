/* Near sums of Stokes in every precision against the scalar definition. */
#include "isa.h"
#include "kernel/flow_side.h"
#include "kernel/strip.h"

#include <string.h>

enum { PIECE = 9, MOST = DP_STRIP_VECTORS };

/* Of a term, whatever its order. */
static const double bounds[DP_N_PRECISIONS] = {8e-15, 8 * DP_REDUCED_ERROR, 8 * DP_SINGLE_ERROR,
                                               8 * DP_ROUGH_ERROR};

typedef struct call {
    dp_precision precision;
    int kind; /* what is carried */
    double half;
    dp_near near;
} call;

/* ---- strips --------------------------------------------------------------------------------- */

/* Largest of what a side carries in the value of vector v, as the unit counts it. */
static double largest(const call *c, const flow_side *s, int v) {
    double most = 0;
    for (int part = 0; part < PARTS; part++)
        for (int k = 0; k < 4; k++)
            for (int i = 0; i < s->n; i++) {
                double number = fabs(s->carried[k][(v / PARTS * PARTS + part) * s->n + i]);
                most = fmax(most, part < PRESSURE && k == 0 ? number : number / c->half);
            }
    return most;
}

/* Vectors [first, first + strip->n_vectors) of a side, in pieces. b: the other side, which has the
 * same units. */
static void pack(const call *c, const flow_side *s, int is_target, const flow_side *b, int first,
                 dp_strip *strip) {
    dp_strip_frame frame = {.centre = {c->half, c->half, c->half}, .half = c->half};
    for (int v = 0; v < strip->n_vectors; v++)
        frame.charge_unit[v] =
            dp_strip_charge_unit(fmax(largest(c, s, first + v), largest(c, b, first + v)));
    int is_alone = is_target && !c->near.is_mutual && s != b;
    dp_strip_begin(strip, c->precision >= DP_SINGLE, &frame);
    for (int i = 0, m; i < s->n; i += m) {
        m = s->n - i < PIECE ? s->n - i : PIECE;
        ck_assert_int_ge(dp_strip_room(strip), m);
        dp_strip_add(strip, m, dp_soa_from(flow_points(s), i),
                     flow_carried(s, is_alone ? 0 : c->kind, first, i), s->n,
                     flow_sums(s, s->sum, c->near.n_sums, first, i), s->n);
    }
    dp_strip_end(strip, c->near.n_sums);
}

/* Two strips, which every call uses again: what was left in them must not matter. At first nothing
 * in their memory is a number. */
static dp_strip *strips_for(int kind, int n_vectors) {
    static dp_strip strips[CARRY_BOTH + 1][MOST + 1][2];
    dp_shape shape = {.n_vectors = n_vectors,
                      .has_charges = 1,
                      .has_dipoles = kind >> 1,
                      .n_sums = DP_GRADIENT,
                      .n_parts = PARTS};
    dp_strip *s = strips[kind][n_vectors];
    for (int k = 0; k < 2 && !s[k].memory; k++) {
        ck_assert_int_eq(dp_strip_create(suite_isa, &shape, &s[k]), DAGPOLE_OK);
        ck_assert_int_eq(dp_strip_room(&s[k]), DP_STRIP_MANY);
        memset(s[k].memory, 0xff, (size_t)dp_strip_bytes(&shape));
    }
    return s;
}

/* All vectors, n_vectors at a time. */
static void sum_all(const call *c, flow_side *a, flow_side *b, int n_vectors) {
    dp_strip *strips = strips_for(c->kind, n_vectors), *targets = &strips[0], *sources = &strips[1];
    dp_near near = c->near;
    near.targets = targets;
    near.sources = a == b ? targets : sources;
    flow_set(a, a->sum);
    flow_set(b, b->sum);
    for (int v = 0, m; v < a->n_vectors; v += m) {
        m = a->n_vectors - v < n_vectors ? a->n_vectors - v : n_vectors;
        dp_strip_use_vectors(targets, m);
        dp_strip_use_vectors(sources, m);
        pack(c, a, 1, b, v, targets);
        pack(c, b, 0, a, v, sources);
        dp_kernel_get(DAGPOLE_STOKES)->near_many[c->precision][suite_isa](&near);
        dp_strip_take(targets);
        if (a != b)
            dp_strip_take(sources);
    }
}

/* ---- what is checked ------------------------------------------------------------------------ */

/* Of rounding, and in single precision of that of coordinates. */
static double relative(const void *how, int order, double r) {
    const call *c = how;
    double of_single = 2 * FLT_EPSILON * (1 + c->half / fmax(r, c->near.least * c->half));
    return bounds[c->precision] + (c->precision >= DP_SINGLE ? (order + 1) * of_single : 0);
}

/* is_summed: all sums wanted are as expected; else, and others in any case, as they were. Pressures
 * that are not wanted may be anything. */
static void check_side(const call *c, const flow_side *at, const flow_side *of, int is_summed) {
    for (int v = 0; v < at->n_vectors; v++)
        for (int j = 0; j < at->n && (c->near.has_pressure || v % PARTS != PARTS - 1); j++) {
            double most[2] = {0};
            if (is_summed)
                flow_allow(relative, c, c->kind, at, of, v, j, most);
            for (int k = 0; k < DP_GRADIENT; k++) {
                int i = v * at->n + j, has_sum = is_summed && k < c->near.n_sums;
                double e = has_sum ? at->expected[k][i] : flow_size_of(v);
                if (!(fabs(at->sum[k][i] - e) <= (has_sum ? most[order_of(k)] : 0)))
                    ck_abort_msg("%s %s, carried %d, %d sums, mutual %d, least %g, %d points with "
                                 "%d: sum %d of vector %d of %d at point %d is %.17g, not %.17g "
                                 "within %g",
                                 dp_isa_name(suite_isa), dp_precision_name(c->precision), c->kind,
                                 c->near.n_sums, c->near.is_mutual, c->near.least, at->n, of->n, k,
                                 v, at->n_vectors, j, at->sum[k][i], e, most[order_of(k)]);
            }
        }
}

static void as_expected(const call *c, flow_side *a, flow_side *b) {
    sum_all(c, a, b, a->n_vectors);
    check_side(c, a, b, 1);
    if (a != b)
        check_side(c, b, a, c->near.is_mutual);
}

/* Copies of all sums of a side. */
static double *keep(const flow_side *s) {
    size_t n = (size_t)(s->n * s->n_vectors);
    double *kept = malloc((DP_GRADIENT * n + 1) * sizeof *kept);
    for (size_t k = 0; k < DP_GRADIENT; k++)
        memcpy(kept + k * n, s->sum[k], n * sizeof *kept);
    return kept;
}

/* In batches of one value, and in strips that are for more than they get. */
static void same_in_any_batch(const call *c, flow_side *a, flow_side *b) {
    sum_all(c, a, b, a->n_vectors);
    double *at_a = keep(a), *at_b = keep(b);
    for (int k = 1; k < 3; k++) {
        sum_all(c, a, b, k * PARTS);
        double *other_a = keep(a), *other_b = keep(b);
        size_t n = DP_GRADIENT * sizeof(double) * (size_t)a->n_vectors;
        ck_assert_mem_eq(at_a, other_a, n * (size_t)a->n);
        ck_assert_mem_eq(at_b, other_b, n * (size_t)b->n);
        free(other_b);
        free(other_a);
    }
    free(at_b);
    free(at_a);
}

typedef void check_fn(const call *c, flow_side *a, flow_side *b);

/* Every precision, forces without and with dipoles, velocities without and with gradients and
 * pressures, mutually and one-sidedly. Dipoles come with forces. */
static void for_each_call(double half, double least, check_fn *check, flow_side *a, flow_side *b) {
    static const int kinds[] = {CARRY_CHARGES, CARRY_BOTH};
    call c = {.half = half, .near = {.least = least}};
    for (int i = 0; i < 2; i++) {
        c.kind = kinds[i];
        flow_expect(c.kind, a, b);
        if (a != b)
            flow_expect(c.kind, b, a);
        for (int k = 0; k < 8 * DP_N_PRECISIONS; k++) {
            c.precision = (dp_precision)(k / 8);
            c.near.has_pressure = k / 4 % 2;
            c.near.n_sums = wanted[k % 2];
            c.near.is_mutual = k / 2 % 2;
            check(&c, a, b);
        }
    }
}

/* half: of the frame, in which the points are all. Sizes of values leave room for one of 1e-6. */
static void check_sizes(int n, int m, int n_values, double half) {
    flow_side a = flow_make(n, n_values, 2 * half, 1), b = flow_make(m, n_values, 2 * half, 2);
    flow_bring_together(&a, &b, half);
    for_each_call(half, 1. / 64, as_expected, &a, &b);
    for_each_call(half, 0.5, as_expected, &a, &a);
    flow_free(&b);
    flow_free(&a);
}

START_TEST(one_value) {
    check_sizes(0, 5, 1, 0.5);
    check_sizes(5, 0, 1, 0.5);
    check_sizes(1, 1, 1, 0.5);
    check_sizes(17, 3, 1, 0.5);
    check_sizes(37, 41, 1, 0.5);
}
END_TEST

START_TEST(several_values) {
    check_sizes(37, 41, 2, 0.5);
    check_sizes(14, 19, 4, 0.5);
}
END_TEST

/* Parts are of different orders of length: a frame of another size shows it. */
START_TEST(frames_of_any_size) {
    check_sizes(21, 34, 2, 1. / 1024);
    check_sizes(21, 34, 1, 3000);
}
END_TEST

START_TEST(full_strips) {
    check_sizes(DP_STRIP_MANY, DP_STRIP_MANY - 1, 1, 0.5);
    check_sizes(DP_STRIP_MANY - 21, DP_STRIP_MANY, 2, 0.5);
}
END_TEST

START_TEST(batches_leave_the_bits_alone) {
    flow_side a = flow_make(37, 4, 1, 3), b = flow_make(41, 4, 1, 4);
    flow_bring_together(&a, &b, 1);
    for_each_call(0.5, 0.2, same_in_any_batch, &a, &b);
    for_each_call(0.5, 0.2, same_in_any_batch, &a, &a);
    flow_free(&b);
    flow_free(&a);
}
END_TEST

/* What is as large as a sum or smaller is finite on the way there. */
START_TEST(any_distance_in_double) {
    static const double scales[] = {1e-68, 1e-25, 1e25, 1e75, 1e160};
    for (int k = 0; k < 5; k++) {
        flow_side a = flow_make(45, 1, scales[k], 5), b = flow_make(44, 1, scales[k], 6);
        flow_bring_together(&a, &b, scales[k]);
        call c = {
            .kind = CARRY_BOTH, .half = scales[k] / 2, .near = {.has_pressure = 1, .is_mutual = 1}};
        flow_expect(c.kind, &a, &b);
        flow_expect(c.kind, &b, &a);
        for (int w = 0; w < 2; w++) {
            c.near.n_sums = wanted[w];
            as_expected(&c, &a, &b);
        }
        flow_free(&b);
        flow_free(&a);
    }
}
END_TEST

ISA_SUITE_MAIN("near_flow", 120, one_value, several_values, frames_of_any_size, full_strips,
               batches_leave_the_bits_alone, any_distance_in_double)
