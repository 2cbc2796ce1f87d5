/* P2M, P2L, L2P and M2P: kernel sums between a box's points and orbits on one of its surfaces, and
 * the matrices of the parities between these sums and the expansion. */
#include "operators/apply.h"

#include <string.h>

_Static_assert(DP_COLUMNS <= DP_MANY, "as many vectors at once as columns");

/* Sums of the two parts of a complex kernel for real and imaginary parts, each by itself: rows of
 * all vectors one behind the other, by parity and orbit. */
typedef struct parts {
    double *real, *imaginary;
    int64_t vector; /* from one row to the next */
} parts;

/* In memory for DP_COLUMNS columns, which is enough for dp_columns_at_once. */
static parts parts_in(double *memory, const dp_surface_sums *surface, int n_vectors) {
    int64_t vector = DP_N_PARITIES * (int64_t)surface->row;
    return (parts){memory, memory + 2 * n_vectors * vector, vector};
}

/* (a + i b) (x + i y), rows of the parities' orbits. */
static void add_product(const dp_surface_sums *surface, const parts *p, int v, double *column) {
    const double *ax = p->real + 2 * v * p->vector, *ay = ax + p->vector;
    const double *bx = p->imaginary + 2 * v * p->vector, *by = bx + p->vector;
    for (int a = 0; a < DP_N_PARITIES; a++, column += surface->ld)
        for (int o = 0; o < surface->row; o++) {
            int from = a * surface->row + o;
            column[o] += ax[from] - by[from];
            column[surface->row + o] += ay[from] + bx[from];
        }
}

static void add_complex(const dp_operator_set *set, const dp_surface_sums *surface,
                        const dp_frame *frame, int64_t n, dp_soa points, dp_carried carried,
                        int64_t carried_stride, int n_vectors, double *potential,
                        dp_scratch *scratch) {
    parts p = parts_in(scratch->product, surface, n_vectors);
    memset(p.real, 0, (size_t)(4 * n_vectors * p.vector) * sizeof *p.real);
    set->to_orbits_many(set->lambda, &surface->orbits, 2 * n_vectors, p.real, p.vector,
                        surface->row, frame, n, points, carried, carried_stride);
    for (int v = 0; v < n_vectors; v++)
        add_product(surface, &p, v, potential + (size_t)v * scratch->ld);
}

static int64_t flow_points(int64_t n, int64_t begin) {
    return n - begin < DP_FLOW_POINTS ? n - begin : DP_FLOW_POINTS;
}

static void add_flow(const dp_operator_set *set, const dp_surface_sums *surface,
                     const dp_frame *frame, int64_t n, dp_soa points, dp_carried carried,
                     int64_t carried_stride, int n_vectors, double *potential,
                     dp_scratch *scratch) {
    for (int64_t i = 0; i < n; i += DP_FLOW_POINTS) {
        int64_t n_here = flow_points(n, i), stride;
        dp_soa at = dp_soa_from(points, i);
        dp_carried here =
            dp_flow_carried(scratch->flow, frame, n_here, at, dp_carried_from(carried, i),
                            carried_stride, n_vectors, &stride);
        set->to_orbits_many(set->lambda, &surface->orbits, n_vectors, potential, scratch->ld,
                            surface->ld, frame, n_here, at, here, stride);
    }
}

void dp_surface_potentials(const dp_operator_set *set, const dp_surface_sums *surface,
                           const dp_frame *frame, int64_t n, dp_soa points, dp_carried carried,
                           int64_t carried_stride, int n_vectors, int is_first, int first_column,
                           dp_scratch *scratch) {
    double *potential = scratch->columns + (size_t)first_column * scratch->ld;
    for (int v = 0; is_first && v < n_vectors; v++)
        memset(potential + (size_t)v * scratch->ld, 0,
               (size_t)(DP_N_PARITIES * surface->ld) * sizeof *potential);
    if (scratch->flow)
        add_flow(set, surface, frame, n, points, carried, carried_stride, n_vectors, potential,
                 scratch);
    else if (scratch->user)
        dp_user_to_orbits(scratch->user, &surface->orbits, n_vectors, potential, scratch->ld,
                          surface->ld, frame, n, points, carried, carried_stride);
    else if (set->n_components == 2)
        add_complex(set, surface, frame, n, points, carried, carried_stride, n_vectors, potential,
                    scratch);
    else if (n_vectors == 1 && !carried.dipole.x)
        set->to_orbits(set->lambda, &surface->orbits, potential, surface->ld, frame, n, points,
                       carried.charge);
    else
        set->to_orbits_many(set->lambda, &surface->orbits, n_vectors, potential, scratch->ld,
                            surface->ld, frame, n, points, carried, carried_stride);
}

void dp_moments(const dp_operator_set *set, const dp_frame *frame, int64_t n, dp_soa points,
                dp_carried carried, int64_t carried_stride, int n_vectors,
                const dp_scratch *scratch, double *moments) {
    const int n_parts = set->isotropic.n_parts;
    memset(moments, 0, (size_t)(n_vectors * n_parts) * sizeof *moments);
    for (int64_t begin = 0; n_parts && begin < n; begin += DP_FLOW_POINTS) {
        int64_t n_here = flow_points(n, begin), stride = carried_stride;
        dp_soa at = dp_soa_from(points, begin);
        dp_carried here = dp_carried_from(carried, begin);
        if (scratch->flow)
            here = dp_flow_carried(scratch->flow, frame, n_here, at, here, carried_stride,
                                   n_vectors, &stride);
        dp_isotropic_add_moments(&set->isotropic, frame, n_here, at, here, stride, n_vectors,
                                 moments);
    }
}

void dp_surface_to_expansions(const dp_operator_set *set, const dp_surface_sums *surface,
                              int n_columns, double *const *expansion, dp_scratch *scratch) {
    const double *none = set->flip; /* the identity's */
    for (int a = 0; a < DP_N_PARITIES; a++)
        dp_panel_apply_add(set->isa, &surface->to_expansion[a], n_columns,
                           scratch->columns + a * surface->ld, scratch->ld, expansion, none);
}

void dp_surface_densities(const dp_operator_set *set, const dp_surface_sums *surface, int n_columns,
                          const double *const *expansion, dp_scratch *scratch) {
    for (int a = 0; a < DP_N_PARITIES; a++)
        dp_panel_apply_from(set->isa, &surface->from_expansion[a], &set->of_parity[a], n_columns,
                            expansion, scratch->product + a * surface->ld, scratch->ld);
    memset(scratch->isotropic, 0, sizeof scratch->isotropic);
}

void dp_surface_take_isotropic(const dp_operator_set *set, int n_columns,
                               const double *const *local, dp_scratch *scratch) {
    const dp_surface_sums *surface = &set->outer;
    const int n_parts = set->isotropic.n_parts;
    for (int c = 0; c < n_columns; c++)
        for (int part = 0; part < n_parts; part++) {
            double size = dp_isotropic_size(&set->isotropic, part, local[c]);
            const double *of_one = surface->isotropic + (size_t)part * (size_t)surface->ld;
            double *density = scratch->product + (size_t)c * (size_t)scratch->ld;
            for (int o = 0; o < surface->ld; o++)
                density[o] -= size * of_one[o];
            scratch->isotropic[c * n_parts + part] = size;
        }
}

/* A column's densities as they are, for the real part of the kernel, and times i for the imaginary
 * one. */
static void turn(const dp_surface_sums *surface, const double *column, int v, const parts *p) {
    double *x = p->real + 2 * v * p->vector, *y = x + p->vector;
    double *ix = p->imaginary + 2 * v * p->vector, *iy = ix + p->vector;
    for (int a = 0; a < DP_N_PARITIES; a++, column += surface->ld)
        for (int o = 0; o < surface->row; o++) {
            int to = a * surface->row + o;
            x[to] = iy[to] = column[o];
            y[to] = column[surface->row + o];
            ix[to] = -column[surface->row + o];
        }
}

static void evaluate_complex(const dp_operator_set *set, const dp_surface_sums *surface, int is_far,
                             const dp_frame *frame, const double *density, int n_vectors, int64_t n,
                             dp_soa points, dp_sums out, int64_t out_stride, dp_scratch *scratch) {
    parts p = parts_in(scratch->columns, surface, n_vectors);
    for (int v = 0; v < n_vectors; v++)
        turn(surface, density + (size_t)v * scratch->ld, v, &p);
    (is_far ? set->from_orbits_many_far
            : set->from_orbits_many)(set->lambda, &surface->orbits, 2 * n_vectors, p.real, p.vector,
                                     surface->row, frame, n, points, out, out_stride);
}

static void add_isotropic(const dp_operator_set *set, const dp_surface_sums *surface,
                          const dp_frame *frame, int first_column, int n_vectors, int64_t n,
                          dp_soa points, dp_sums out, int64_t out_stride,
                          const dp_scratch *scratch) {
    if (surface->isotropic)
        dp_isotropic_evaluate(&set->isotropic,
                              scratch->isotropic + first_column * set->isotropic.n_parts, frame,
                              n_vectors, n, points, out, out_stride);
}

static void evaluate_flow(const dp_operator_set *set, const dp_surface_sums *surface, int is_far,
                          const dp_frame *frame, int first_column, int n_vectors, int64_t n,
                          dp_soa points, dp_sums out, int64_t out_stride, dp_scratch *scratch) {
    const double *density = scratch->product + (size_t)first_column * scratch->ld;
    for (int64_t i = 0; i < n; i += DP_FLOW_POINTS) {
        int64_t n_here = flow_points(n, i), stride;
        dp_soa at = dp_soa_from(points, i);
        dp_sums here = dp_sums_from(out, i),
                sums = dp_flow_begin_sums(scratch->flow, n_here, here, n_vectors, &stride);
        (is_far ? set->from_orbits_many_far
                : set->from_orbits_many)(set->lambda, &surface->orbits, n_vectors, density,
                                         scratch->ld, surface->ld, frame, n_here, at, sums, stride);
        add_isotropic(set, surface, frame, first_column, n_vectors, n_here, at, sums, stride,
                      scratch);
        dp_flow_end_sums(scratch->flow, frame, n_here, at, n_vectors, here, out_stride);
    }
}

void dp_surface_evaluate(const dp_operator_set *set, const dp_surface_sums *surface, int is_far,
                         const dp_frame *frame, int first_column, int n_vectors, int64_t n,
                         dp_soa points, dp_sums out, int64_t out_stride, dp_scratch *scratch) {
    const double *density = scratch->product + (size_t)first_column * scratch->ld;
    if (scratch->flow) {
        evaluate_flow(set, surface, is_far, frame, first_column, n_vectors, n, points, out,
                      out_stride, scratch);
        return;
    }
    if (scratch->user)
        dp_user_from_orbits(scratch->user, &surface->orbits, n_vectors, density, scratch->ld,
                            surface->ld, frame, n, points, out, out_stride);
    else if (set->n_components == 2)
        evaluate_complex(set, surface, is_far, frame, density, n_vectors, n, points, out,
                         out_stride, scratch);
    else if (n_vectors == 1 && !out.hessian[0])
        (is_far ? set->from_orbits_far : set->from_orbits)(set->lambda, &surface->orbits, density,
                                                           surface->ld, frame, n, points, out);
    else
        (is_far ? set->from_orbits_many_far : set->from_orbits_many)(
            set->lambda, &surface->orbits, n_vectors, density, scratch->ld, surface->ld, frame, n,
            points, out, out_stride);
    add_isotropic(set, surface, frame, first_column, n_vectors, n, points, out, out_stride,
                  scratch);
}
