#include "tuning/pairs.h"

#include <math.h>
#include <string.h>

#include "layout/problem.h"
#include "model/accuracy.h"

/* In units of the box's half side. */
#define SURFACE_RADIUS 2.95

static const dp_frame frame = {{0.5, 0.5, 0.5}, 0.5};

double dp_spread(int k, int64_t i) {
    static const double step[] = {0.6180339887, 0.7548776662, 0.5698402910, 0.8191725134};
    return fmod(0.5 + step[k] * (double)(i + 1), 1);
}

static void fill(dp_pairs *p) {
    for (int side = 0; side < 2; side++)
        for (int k = 0; k < 4; k++)
            for (int i = 0; i < DP_PAIRS_MOST; i++)
                p->point[side][k][i] = dp_spread(k, side * DP_PAIRS_MOST + i);
    for (int k = 0; k < 3; k++)
        for (int o = 0; o < DP_PAIRS_ORBITS; o++)
            p->orbit[k][o] = SURFACE_RADIUS * (o % 3 == k ? 1 : dp_spread(k, o));
    for (int i = 0; i < DP_PAIRS_IMAGES; i++)
        p->density[i] = dp_spread(3, i);
}

dagpole_status dp_pairs_create(const dp_pairs_request *request, dp_pairs *p) {
    *p = (dp_pairs){.request = *request};
    if (request->lambda == 0)
        p->request.lambda = 1;
    fill(p);
    dp_shape shape = request->shape;
    p->n_surface = dp_shape_at_once(&shape, DP_MANY / dp_n_parts(&shape));
    p->n_near = shape.n_vectors = dp_shape_at_once(&shape, DP_STRIP_VECTORS);
    DP_TRY(dp_strip_create(request->isa, &shape, &p->strip[0]));
    return dp_strip_create(request->isa, &shape, &p->strip[1]);
}

void dp_pairs_free(dp_pairs *p) {
    dp_strip_free(&p->strip[1]);
    dp_strip_free(&p->strip[0]);
}

dp_soa dp_pairs_points(const dp_pairs *p, int side) {
    return (dp_soa){p->point[side][0], p->point[side][1], p->point[side][2]};
}

dp_sums dp_pairs_sums(dp_pairs *p, int side) {
    double(*sums)[DP_PAIRS_MOST] = p->sums[side];
    return dp_sums_of_rows(sums[0], DP_PAIRS_MOST, p->request.n_sums);
}

/* A dipole is as long as the point is from the origin. */
dp_carried dp_pairs_carried(const dp_pairs *p, int side) {
    const dp_shape *shape = &p->request.shape;
    dp_carried carried = {.charge = shape->has_charges ? p->point[side][3] : NULL};
    if (shape->has_dipoles)
        carried.dipole = dp_pairs_points(p, side);
    return carried;
}

/* All vectors have the same charges, and their sums go to the same place. */
void dp_pairs_pack(dp_pairs *p, int side) {
    dp_strip_frame of_box = {.centre = {0.5, 0.5, 0.5}, .half = 0.5};
    for (int v = 0; v < DP_STRIP_VECTORS; v++)
        of_box.charge_unit[v] = 1;
    dp_strip *strip = &p->strip[side];
    dp_strip_begin(strip, p->request.precision >= DP_SINGLE, &of_box);
    dp_strip_add(strip, p->n, dp_pairs_points(p, side), dp_pairs_carried(p, side), 0,
                 dp_pairs_sums(p, side), 0);
    dp_strip_end(strip, p->request.n_sums);
}

void dp_pairs_run_near(void *pairs, int64_t repeats) {
    dp_pairs *p = pairs;
    const dp_pairs_request *r = &p->request;
    dp_near near = {.lambda = r->lambda,
                    .least = dp_precision_closest(r->precision, &r->shape),
                    .n_sums = r->n_sums,
                    .is_mutual = r->is_mutual,
                    .is_apart = r->is_mutual,
                    .targets = &p->strip[0],
                    .sources = &p->strip[1]};
    dp_near_fn sum =
        (dp_strip_is_plain(&p->strip[0].shape) ? r->kernel->near
                                               : r->kernel->near_many)[r->precision][r->isa];
    memset(p->sums, 0, sizeof p->sums);
    for (int side = 0; side < 2; side++)
        dp_pairs_pack(p, side);
    for (int64_t i = 0; i < repeats; i++)
        sum(&near);
    for (int side = 0; side < 2; side++)
        dp_strip_take(&p->strip[side]);
}

static dp_orbits orbits_of(dp_pairs *p) {
    return (dp_orbits){DP_PAIRS_ORBITS, p->orbit[0], p->orbit[1], p->orbit[2]};
}

/* What sums with surfaces are taken by: of flow Laplace's loops, with a derivative more. */
static const dp_kernel *of_surface(const dp_pairs_request *r, int *n_sums) {
    *n_sums = r->n_sums;
    if (r->kernel->far)
        *n_sums = r->n_sums == DP_POTENTIAL ? DP_GRADIENT : DP_HESSIAN;
    return dp_kernel_far(r->kernel);
}

void dp_pairs_run_to_surface(void *pairs, int64_t repeats) {
    dp_pairs *p = pairs;
    const dp_pairs_request *r = &p->request;
    dp_orbits orbits = orbits_of(p);
    int n_sums;
    const dp_kernel *kernel = of_surface(r, &n_sums);
    dp_to_orbits_fn one = kernel->to_orbits[r->precision][r->isa];
    dp_to_orbits_many_fn many = kernel->to_orbits_many[r->precision][r->isa];
    memset(p->potential, 0, sizeof p->potential);
    for (int64_t i = 0; i < repeats; i++)
        if (p->n_surface > 1 || r->shape.has_dipoles)
            many(r->lambda, &orbits, p->n_surface, p->potential, 0, DP_PAIRS_ORBITS, &frame, p->n,
                 dp_pairs_points(p, 0), dp_pairs_carried(p, 0), 0);
        else
            one(r->lambda, &orbits, p->potential, DP_PAIRS_ORBITS, &frame, p->n,
                dp_pairs_points(p, 0), p->point[0][3]);
}

void dp_pairs_run_from_surface(void *pairs, int64_t repeats) {
    dp_pairs *p = pairs;
    const dp_pairs_request *r = &p->request;
    dp_orbits orbits = orbits_of(p);
    int n_sums;
    const dp_kernel *kernel = of_surface(r, &n_sums);
    dp_from_orbits_fn one = kernel->from_orbits[r->precision][r->isa];
    dp_from_orbits_many_fn many = kernel->from_orbits_many[r->precision][r->isa];
    const dp_sums sums = dp_sums_of_rows(p->sums[0][0], DP_PAIRS_MOST, n_sums);
    memset(p->sums, 0, sizeof p->sums);
    for (int64_t i = 0; i < repeats; i++)
        if (p->n_surface > 1 || n_sums > DP_GRADIENT)
            many(r->lambda, &orbits, p->n_surface, p->density, 0, DP_PAIRS_ORBITS, &frame, p->n,
                 dp_pairs_points(p, 0), sums, 0);
        else
            one(r->lambda, &orbits, p->density, DP_PAIRS_ORBITS, &frame, p->n,
                dp_pairs_points(p, 0), sums);
}
