#include "model/cost.h"

#include <math.h>

#include "geometry/offsets.h"

/* Shorter tasks are not worth what the runtime takes for one. */
#define LEAST_TASK_S 2e-4

/* Outer caches, a byte from them, and a byte from memory. */
#define CACHE_BYTES   19e6
#define CACHE_BYTE_S  1.6e-11
#define MEMORY_BYTE_S 1e-10

/* What each further vector of charges adds to the sums of one over points: a multiply-add beside
 * the pair's value, which is dearer in double (src/README.md has the figures). */
typedef struct more {
    double near, pair;
} more;

static const more per_vector[DP_N_PRECISIONS] = {[DP_DOUBLE] = {0.13, 0.13},
                                                 [DP_REDUCED] = {0.15, 0.15},
                                                 [DP_SINGLE] = {0.2, 0.3},
                                                 [DP_ROUGH] = {0.2, 0.3}};

/* By what is wanted: potentials, gradients, second derivatives. */
enum { N_WANTED = 3 };

static int wanted(int n_sums) {
    return n_sums >= DP_HESSIAN ? 2 : n_sums >= DP_GRADIENT ? 1 : 0;
}

/* By what is carried: charges, dipoles, both. */
static int carried(const dp_shape *shape) {
    return shape->has_dipoles ? 1 + shape->has_charges : 0;
}

/* Near pairs of one vector in times of charges' potentials, and what a further vector takes in
 * times of what it adds to those. The means of both precisions in src/README.md. */
static const double near_first[][N_WANTED] = {{1, 2.5, 4.5}, {1.75, 4.8, 10}, {1.95, 5.5, 13}};
static const double near_more[][N_WANTED] = {{1, 5, 12}, {3, 15, 36}, {4, 20, 48}};

/* Sums to a surface of what is carried, and from one to what is wanted, in times of potentials of
 * charges. */
static const double pair_to[] = {1, 1.7, 1.8};
static const double pair_from[N_WANTED] = {1, 1.7, 3};

/* Near pairs of a flow in times of potentials of charges, by what is carried: velocities, and with
 * their gradients. Its far field is of four vectors, and of one derivative more. */
static const double near_flow[2][2] = {{3.8, 12}, {9, 22}};

static void scale_for_flow(const more *each, const dp_shape *shape, int n_sums, dp_cost *cost) {
    const int c = carried(shape), w = wanted(n_sums);
    const double n_more = shape->n_vectors - 1;
    cost->pair *= (1 + n_more * each->pair) * (pair_to[c] + pair_from[w + 1]) / 2;
    cost->near *= dp_n_values(shape) * near_flow[shape->has_dipoles != 0][w > 0];
}

static void scale_for_shape(const more *each, const dp_shape *shape, int n_sums, dp_cost *cost) {
    const int c = carried(shape), w = wanted(n_sums);
    /* Each part of a value takes what both parts of another give. */
    const double n_more = dp_n_parts(shape) * shape->n_vectors - 1;
    cost->pair *= (1 + n_more * each->pair) * (pair_to[c] + pair_from[w]) / 2;
    cost->near *= near_first[c][w] + n_more * each->near * near_more[c][w];
}

dp_cost dp_cost_of(const dp_rates *rates, const dp_kernel *kernel, dp_precision precision,
                   const dp_shape *shape, int n_sums) {
    const double n_columns = dp_n_columns(shape);
    dp_cost cost = {.pair = rates->pair[kernel->rates][precision] * kernel->cost,
                    .near = rates->near[kernel->rates][precision] * kernel->cost,
                    .leaf_pair = rates->leaf_pair,
                    .flop = rates->flop * n_columns,
                    .column = rates->column * n_columns,
                    .coefficient = rates->coefficient * n_columns,
                    .point = rates->point * shape->n_vectors,
                    .surface_point = rates->surface_point * (3 + n_columns) / 4,
                    .task = LEAST_TASK_S};
    (dp_is_flow(shape) ? scale_for_flow : scale_for_shape)(&per_vector[precision], shape, n_sums,
                                                           &cost);
    return cost;
}

double dp_cost_surface(const dp_cost *cost, int n_surface) {
    return 1.2 * cost->pair * n_surface;
}

double dp_cost_m2l(const dp_cost *cost, double flops, int k_padded) {
    return cost->flop * flops + cost->column + cost->coefficient * k_padded;
}

/* 34, 158, 407 and 759 at 3, 6, 9 and 12 digits (this fit: 34, 156, 394, 751). */
double dp_cost_expansion_size(double tolerance) {
    return 40 * pow(-log10(tolerance) / 3.7, 2.35);
}

/* With what matrices are padded by, at 3, 6, 9 and 12 digits: 9.2, 17.6, 34.8 and 59.9 in double
 * (this fit: 8.5, 17.5, 35.3, 61.0). With floats at 6, 9 and 12 digits 9.6, 22.5 and 38.5 (9.5,
 * 22.7, 38.7): up to 6 digits all ranks are floats, then those but the first. */
double dp_cost_mean_rank(double expansion_size, int has_floats) {
    if (!has_floats)
        return 6 + 0.0725 * expansion_size;
    return expansion_size < 200 ? 6 + 0.022 * expansion_size : 4.5 + 0.045 * expansion_size;
}

/* Fits 0.6, 4 and 45 us at 6, 9 and 12 digits in double, on 1e4 points. Sets that no cache holds
 * come from memory, at its bandwidth. */
double dp_cost_fetch(double expansion_size, int has_floats) {
    double rank = dp_cost_mean_rank(expansion_size, has_floats);
    double bytes = 2 * sizeof(double) * expansion_size * rank;
    double of_caches = DP_N_FOLDED * bytes / CACHE_BYTES;
    return bytes * fmin(CACHE_BYTE_S * (1 + of_caches * of_caches), MEMORY_BYTE_S);
}
