/* Charges and targets in boxes, and operators that are cheap to build. */
#ifndef DP_TESTS_OPERATORS_BOXES_H
#define DP_TESTS_OPERATORS_BOXES_H

#include <math.h>
#include <string.h>

#include "operators/apply.h"
#include "suite.h"

enum { N_POINTS = 40 };

/* Points of one box and what is summed at them. */
typedef struct box {
    double centre[3], half;
    double x[N_POINTS], y[N_POINTS], z[N_POINTS];
    double charge[N_POINTS];
    double sums[4][N_POINTS], expected[4][N_POINTS]; /* potential and gradient */
} box;

static inline dp_soa box_points(const box *b) {
    return (dp_soa){b->x, b->y, b->z};
}

static inline dp_frame box_frame(const box *b) {
    return (dp_frame){{b->centre[0], b->centre[1], b->centre[2]}, b->half};
}

/* Of zeros: dp_free. */
static inline double *box_expansion(const dp_operator_set *set) {
    double *expansion = dp_alloc_zero((size_t)set->k_padded, sizeof *expansion);
    ck_assert_ptr_nonnull(expansion);
    return expansion;
}

static inline dp_sums box_sums(double sums[4][N_POINTS]) {
    return dp_sums_of_rows(sums[0], N_POINTS, DP_GRADIENT);
}

static inline box box_make(const double centre[3], double half, uint64_t seed) {
    uint64_t state = 31 * seed + 5;
    box b = {.centre = {centre[0], centre[1], centre[2]}, .half = half};
    for (int i = 0; i < N_POINTS; i++) {
        b.x[i] = centre[0] + half * (2 * suite_uniform(&state) - 1);
        b.y[i] = centre[1] + half * (2 * suite_uniform(&state) - 1);
        b.z[i] = centre[2] + half * (2 * suite_uniform(&state) - 1);
        b.charge[i] = 0.2 + suite_uniform(&state);
    }
    return b;
}

/* The box at this position, in sides, from another. */
static inline box box_at(const box *b, const int v[3], uint64_t seed) {
    double centre[3];
    for (int d = 0; d < 3; d++)
        centre[d] = b->centre[d] + 2 * b->half * v[d];
    return box_make(centre, b->half, seed);
}

/* Child in the octant whose bit d says that it is the upper one in coordinate d. */
static inline box box_child(const box *b, int octant, uint64_t seed) {
    double centre[3];
    for (int d = 0; d < 3; d++)
        centre[d] = b->centre[d] + ((octant >> d) & 1 ? 0.5 : -0.5) * b->half;
    return box_make(centre, 0.5 * b->half, seed);
}

static inline void box_direct(const dp_kernel *kernel, double lambda, const box *source,
                              box *target) {
    dp_p2p_ref(kernel, lambda, N_POINTS, box_points(target), box_sums(target->expected), N_POINTS,
               box_points(source), (dp_carried){.charge = source->charge});
}

/* Relative L2 error, or relative to values of the size `least` where that is more. */
static inline double relative_error(int n, const double *is, const double *expected, double least) {
    double error = 0, size = 0;
    for (int i = 0; i < n; i++) {
        error += (is[i] - expected[i]) * (is[i] - expected[i]);
        size += expected[i] * expected[i];
    }
    return sqrt(error / fmax(size, n * least * least));
}

static inline double potential_error(const box *b, double least) {
    return relative_error(N_POINTS, b->sums[0], b->expected[0], least);
}

static inline double gradient_error(const box *b, double least) {
    return relative_error(3 * N_POINTS, b->sums[1], b->expected[1], least);
}

/* The bits of two arrays. */
static inline int is_same(const void *a, const void *b, size_t n_doubles) {
    return n_doubles == 0 || memcmp(a, b, n_doubles * sizeof(double)) == 0;
}

static inline int is_same_panel(const dp_panel *a, const dp_panel *b) {
    size_t at_bytes = (size_t)(a->m_padded / DP_PAD) * sizeof *a->at;
    return a->m == b->m && a->n == b->n && !a->at == !b->at &&
           (!a->at || memcmp(a->at, b->at, at_bytes) == 0) && a->is_single == b->is_single &&
           (!a->data || memcmp(a->data, b->data, dp_panel_data_bytes(a)) == 0);
}

static inline int is_same_sums(const dp_surface_sums *a, const dp_surface_sums *b) {
    const dp_orbits *o = &a->orbits, *p = &b->orbits;
    size_t n = (size_t)o->n;
    int same =
        o->n == p->n && is_same(o->x, p->x, n) && is_same(o->y, p->y, n) && is_same(o->z, p->z, n);
    for (int i = 0; same && i < DP_N_PARITIES; i++)
        same = is_same_panel(&a->to_expansion[i], &b->to_expansion[i]) &&
               is_same_panel(&a->from_expansion[i], &b->from_expansion[i]);
    return same;
}

static inline int is_same_set(const dp_operator_set *a, const dp_operator_set *b) {
    int same = a->k == b->k && a->lambda == b->lambda && is_same_sums(&a->outer, &b->outer) &&
               is_same_sums(&a->inner, &b->inner) &&
               is_same(a->flip, b->flip, 8 * (size_t)a->k_padded);
    for (int f = 0; same && f < DP_N_FOLDED; f++) {
        same = a->m2l[f].n == b->m2l[f].n;
        for (int p = 0; same && p < a->m2l[f].n; p++)
            same = is_same_panel(&a->m2l[f].part[p].a, &b->m2l[f].part[p].a) &&
                   is_same_panel(&a->m2l[f].part[p].b, &b->m2l[f].part[p].b) &&
                   is_same_panel(&a->m2l[f].part[p].rounded_a, &b->m2l[f].part[p].rounded_a) &&
                   is_same_panel(&a->m2l[f].part[p].rounded_b, &b->m2l[f].part[p].rounded_b);
    }
    return same;
}

static inline int is_same_operators(const dp_operators *a, const dp_operators *b) {
    int same = a->depth == b->depth && a->n_sets == b->n_sets;
    for (int i = 0; same && i < a->n_sets; i++)
        same = is_same_set(&a->sets[i], &b->sets[i]) &&
               is_same_panel(&a->transfers[i].m2m, &b->transfers[i].m2m) &&
               is_same_panel(&a->transfers[i].l2l, &b->transfers[i].l2l);
    return same;
}

#endif
