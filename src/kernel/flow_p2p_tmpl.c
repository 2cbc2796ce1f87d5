/* Direct sums of Stokes in double, to the last bit, and sums of squares; compiled once per
 * instruction set (meson.build). Lanes are targets, and each source is broadcast to them. */
#include "kernel/p2p.h"
#include "kernel/pairs.h"

#include "base/per_isa.h"
#include "kernel/ahead.h"
#include "kernel/flow.h"

typedef struct problem {
    int64_t n_targets, n_sources;
    dp_soa targets, sources;
    dp_sums out;
    int64_t out_stride, carried_stride;
    const double *charge, *dipole[3];
} problem;

/* All that source i carries, as far as it is there. */
VEC_INLINE flow load_source(int has_dipoles, const problem *p, int64_t i) {
    flow from;
    for (int part = 0; part < DP_FLOW_PARTS; part++, i += p->carried_stride) {
        if (part == FLOW_SCALAR && !has_dipoles)
            continue;
        from.of[0][part] = vec_splat(p->charge[i]);
        for (int k = 0; has_dipoles && part < FLOW_SCALAR && k < 3; k++)
            from.of[1 + k][part] = vec_splat(p->dipole[k][i]);
    }
    return from;
}

/* n targets from j on, in the lanes, and source i: the direction between them, and 1 / distance. */
typedef struct place {
    vec x, y, z;
} place;

VEC_INLINE vec meet(const problem *p, const place *t, int64_t i, vec n[3]) {
    const vec least = vec_splat(DP_NEAREST);
    vec_mask far;
    n[0] = t->x - p->sources.x[i];
    n[1] = t->y - p->sources.y[i];
    n[2] = t->z - p->sources.z[i];
    vec r2 = square(n[0], n[1], n[2]);
    vec inverse = inverse_of(EXACT, &least, r2, vec_guess(r2), &far);
    for (int k = 0; k < 3; k++)
        n[k] *= inverse;
    return inverse;
}

typedef void add_fn(const problem *p, const place *t, flow *sums);

VEC_INLINE void add_sources(int has_dipoles, int has_gradient, const problem *p, const place *t,
                            flow *sums) {
    flow sum = *sums;
    for (int64_t i = 0; i < p->n_sources; i++) {
        vec n[3], inverse = meet(p, t, i, n);
        const flow from = load_source(has_dipoles, p, i);
        add_flow(has_dipoles, has_gradient, 1, 1, n, inverse, &from, &sum);
    }
    *sums = sum;
}

#define DEFINE_ADD(name, has_dipoles, has_gradient)                                                \
    static void name(const problem *p, const place *t, flow *sums) {                               \
        add_sources(has_dipoles, has_gradient, p, t, sums);                                        \
    }

DEFINE_ADD(velocity_of_forces, 0, 0)
DEFINE_ADD(gradient_of_forces, 0, 1)
DEFINE_ADD(velocity_of_dipoles, 1, 0)
DEFINE_ADD(gradient_of_dipoles, 1, 1)

/* ---- squares ---- */

/* Squares of a source's charges: of force j the squares of all velocities come to (1 + 3 n_j^2) /
 * (2 r)^2, those of their derivatives to (1/2 + n_j^2) / r^4, and so on. q: the charges' squares.
 */
VEC_INLINE void add_square_charges(int has_source, const vec q[DP_FLOW_PARTS], const vec n[3],
                                   vec y, flow *sums) {
    vec y2 = y * y, y4 = y2 * y2, y6 = y4 * y2;
    for (int j = 0; j < 3; j++) {
        vec n2 = n[j] * n[j], q4 = q[j] * y4;
        sums->of[0][0] += q[j] * y2 * (n2 * 0.75 + 0.25);
        sums->of[0][FLOW_SCALAR] += q4 * n2;
        sums->of[1][0] += q4 * (n2 + 0.5);
        sums->of[1][FLOW_SCALAR] += q[j] * y6 * (n2 * 3 + 1);
    }
    if (has_source) {
        sums->of[0][0] += q[FLOW_SCALAR] * y4;
        sums->of[1][0] += q[FLOW_SCALAR] * y6 * 6;
    }
}

VEC_INLINE void add_square_flow(const flow *of, flow *sums) {
    for (int k = 0; k < DP_GRADIENT; k++) {
        const vec *u = of->of[k];
        int to = k > 0;
        sums->of[to][0] += square(u[0], u[1], u[2]);
        sums->of[to][FLOW_SCALAR] += u[FLOW_SCALAR] * u[FLOW_SCALAR];
    }
}

static void add_squares(const problem *p, const place *t, flow *sums) {
    int has_dipoles = p->dipole[0] != NULL;
    for (int64_t i = 0; i < p->n_sources; i++) {
        vec n[3], inverse = meet(p, t, i, n);
        const flow from = load_source(has_dipoles, p, i);
        add_square_charges(has_dipoles, from.of[0], n, inverse, sums);
        for (int j = 0; has_dipoles && j < 3; j++) {
            flow one = {0}, does = {0};
            for (int k = 1; k < DP_GRADIENT; k++)
                one.of[k][j] = from.of[k][j];
            add_flow(1, 1, 1, 1, n, inverse, &one, &does);
            add_square_flow(&does, sums);
        }
    }
}

/* ---- both ---- */

static double *row_of(const problem *p, int k, int part) {
    return dp_sums_row(&p->out, k) + part * p->out_stride;
}

static void sum_all(const problem *p, add_fn *add, int is_squares) {
    int n_rows = dp_n_sums(&p->out), n_of_squares = n_rows > DP_POTENTIAL ? 2 : 1;
    for (int64_t j = 0; j < p->n_targets; j += VEC_WIDTH) {
        int n = p->n_targets - j < VEC_WIDTH ? (int)(p->n_targets - j) : VEC_WIDTH;
        const place t = {vec_load(p->targets.x + j, n), vec_load(p->targets.y + j, n),
                         vec_load(p->targets.z + j, n)};
        flow sums = {0};
        add(p, &t, &sums);
        for (int k = 0; k < (is_squares ? n_of_squares : n_rows); k++)
            for (int part = 0; part < DP_FLOW_PARTS; part += is_squares ? FLOW_SCALAR : 1)
                vec_add_to(row_of(p, k, part) + j, sums.of[k][part], n);
    }
}

static problem problem_of(int64_t n_targets, dp_soa targets, dp_sums out, int64_t out_stride,
                          int64_t n_sources, dp_soa sources, dp_carried carried,
                          int64_t carried_stride) {
    return (problem){.n_targets = n_targets,
                     .n_sources = n_sources,
                     .targets = targets,
                     .sources = sources,
                     .out = out,
                     .out_stride = out_stride,
                     .carried_stride = carried_stride,
                     .charge = carried.charge,
                     .dipole = {carried.dipole.x, carried.dipole.y, carried.dipole.z}};
}

P2P_PARTS_FUNCTION(DP_PER_ISA(dp_p2p_flow)) {
    static add_fn *const by_what[2][2] = {{velocity_of_forces, gradient_of_forces},
                                          {velocity_of_dipoles, gradient_of_dipoles}};
    const problem p = problem_of(n_targets, targets, out, out_stride, n_sources, sources, carried,
                                 carried_stride);
    (void)lambda;
    sum_all(&p, by_what[carried.dipole.x != NULL][out.gx != NULL], 0);
}

P2P_PARTS_FUNCTION(DP_PER_ISA(dp_p2p_squares_flow)) {
    const problem p = problem_of(n_targets, targets, out, out_stride, n_sources, sources, carried,
                                 carried_stride);
    (void)lambda;
    sum_all(&p, add_squares, 1);
}
