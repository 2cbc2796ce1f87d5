#include "model/accuracy.h"

#include <math.h>

#define ROW(points, cut, cutoff, of_m2l, of_sums)                                                  \
    { .p = points, .tolerance = cut, .svd_cutoff = cutoff, .m2l_cut = of_m2l, .precision = of_sums }

/* Measured by `sweep accuracy` (perf/): with the largest tolerances and cuts at which no cloud,
 * kind of charges, leaf size or instruction set is above the promise. Lattices decide at 3 digits
 * and from 7 on, in leaves of a quarter of the chosen size: a lattice has no close pairs, so that
 * its gradients are small beside their far part, which asks for more points an edge than other
 * clouds do. The cut of an M2L shows in potentials, which have more to spare from 6 digits on; it
 * lowers ranks and so the time of M2L by a tenth. An even p: odd ones have points in the planes of
 * symmetry, which serve P2M and L2P badly (p2m_build.c). The precision of sums shows on a lattice
 * too, where errors of the few distances do not average out. */
static const dp_accuracy by_digits[] = {
    [3] = ROW(4, 3.5e-4, 1e-10, 1. / 7, DP_ROUGH),
    [4] = ROW(6, 2e-5, 1e-11, 1. / 7, DP_SINGLE),
    [5] = ROW(8, 1.5e-6, 1e-12, 1. / 7, DP_SINGLE),
    [6] = ROW(8, 2.5e-7, 1e-13, 1. / 7, DP_SINGLE),
    [7] = ROW(10, 1.6e-8, 1e-13, 1. / 4, DP_REDUCED),
    [8] = ROW(12, 2e-9, 1e-13, 1. / 7, DP_REDUCED),
    [9] = ROW(14, 1.6e-10, 1e-13, 1. / 3, DP_REDUCED),
    [10] = ROW(14, 1.2e-11, 1e-14, 1. / 3, DP_REDUCED),
    [11] = ROW(16, 1.2e-12, 1e-14, 1. / 3, DP_REDUCED),
    [12] = ROW(18, 1.3e-13, 1e-14, 1. / 3, DP_DOUBLE),
    [13] = ROW(20, 3e-14, 1e-15, 1. / 3, DP_DOUBLE),
};

/* For dipoles and second derivatives, with all else of the next digit: the largest at which no kind
 * of dipoles on a lattice of 20^3 or 30^3, in leaves of the chosen size and of a quarter of it, has
 * more than 0.8 of the promise, nor targets in a cube that touches the sources' in a corner.
 * (Smaller ones are not always better: at 6 digits 1.2e-8 takes 0.7 to 1.4, since the last
 * directions of the basis amplify what single precision rounds.) */
static const double harder_tolerance[] = {
    [3] = 1.5e-5, [4] = 9e-7,    [5] = 2e-7,   [6] = 2e-8,     [7] = 3.2e-9,
    [8] = 8e-11,  [9] = 2.3e-11, [10] = 1e-12, [11] = 1.3e-13, [12] = 1.8e-14,
};

double dp_precision_closest(dp_precision precision, const dp_shape *shape) {
    double of_charges = precision == DP_ROUGH ? 1. / 256 : 1. / 32;
    return shape->has_dipoles ? 4 * of_charges : of_charges;
}

dp_precision dp_precision_of_sums(const dp_accuracy *accuracy, int targets_are_sources,
                                  double lambda, double finest_side) {
    int may_vanish = lambda > 0 && (!targets_are_sources || lambda * finest_side > 16);
    return may_vanish && accuracy->precision != DP_DOUBLE ? DP_REDUCED : accuracy->precision;
}

/* Up to which reciprocal roots to DP_ROUGH_ERROR will do: phases do not show their error
 * (kernel/waves.h); and up to which those to DP_REDUCED_ERROR, of which phases have so many times
 * 4e-14. Only where all pairs are summed directly are there more. */
#define ROUGH_RADIANS   4
#define REDUCED_RADIANS 2000

dp_precision dp_precision_of_near_waves(dp_precision precision, double most_radians,
                                        double radians) {
    if (radians > REDUCED_RADIANS)
        return DP_DOUBLE;
    if (precision < DP_SINGLE || radians <= 0)
        return precision;
    if (radians > most_radians)
        return DP_REDUCED;
    return radians > ROUGH_RADIANS ? DP_SINGLE : precision;
}

/* Expansions amplify errors of their sums. */
dp_precision dp_precision_of_surface_waves(const dp_accuracy *accuracy, double radians) {
    return dp_precision_of_near_waves(accuracy->precision, accuracy->most_radians / 5, radians);
}

dp_accuracy dp_accuracy_for_digits(int digits) {
    return by_digits[digits];
}

/* 1 where expansions take the next digit's. */
static int is_harder(const dp_shape *shape) {
    return shape->has_dipoles || shape->n_sums > DP_GRADIENT;
}

/* For Stokes, by the same rule: velocities, their gradients and pressures of forces, where
 * gradients within a lattice of random forces decide, and of doublets, where velocities do. More
 * points an edge than the tolerance asks for elsewhere, which gradients need. */
typedef struct flow_accuracy {
    int p;
    double tolerance;
} flow_accuracy;

static const flow_accuracy of_forces[] = {
    [3] = {6, 3e-5},    [4] = {8, 1.3e-6},   [5] = {8, 1e-7},     [6] = {12, 1e-8},
    [7] = {12, 4e-10},  [8] = {16, 2e-11},   [9] = {18, 3.5e-12}, [10] = {20, 3e-13},
    [11] = {20, 2e-14}, [12] = {22, 1.5e-15}};
static const flow_accuracy of_doublets[] = {
    [3] = {8, 1.2e-6},  [4] = {8, 1.5e-7},   [5] = {10, 2e-8},  [6] = {12, 2.2e-9},
    [7] = {14, 9e-11},  [8] = {16, 1.2e-11}, [9] = {18, 1e-12}, [10] = {20, 6e-14},
    [11] = {20, 5e-15}, [12] = {22, 5e-16}};

static dp_accuracy accuracy_of_flow(int digits, const dp_shape *shape) {
    const flow_accuracy *flow = (shape->has_dipoles ? of_doublets : of_forces) + digits;
    int finer = digits + 1 + shape->has_dipoles;
    dp_accuracy accuracy = by_digits[finer > 13 ? 13 : finer];
    accuracy.p = flow->p;
    accuracy.tolerance = flow->tolerance;
    accuracy.precision = by_digits[digits].precision;
    return accuracy;
}

static dp_accuracy accuracy_for_rows(int digits, const dp_shape *shape) {
    if (dp_is_flow(shape))
        return accuracy_of_flow(digits, shape);
    if (!is_harder(shape))
        return by_digits[digits];
    dp_accuracy accuracy = by_digits[digits + 1];
    accuracy.tolerance = harder_tolerance[digits];
    accuracy.precision = by_digits[digits].precision;
    return accuracy;
}

/* Of complex kernels, by the same rule: lattices of alternating, equal and random charges, of 20^3
 * and 30^3 at 0.01 to 60 radians along the cloud, in leaves of the chosen size and of a quarter of
 * it. Densities of two components on two shells need more points an edge than Laplace's, and the
 * fit of P2M more orbits: with 1.1 a coefficient alternating charges in boxes of 8 err by up to
 * twenty times the promise. */
typedef struct wave_accuracy {
    int more_p;
    double points; /* an edge beside what dp_accuracy_points adds */
    double finer;  /* what the tolerance is divided by */
    double more_orbits, most_radians;
} wave_accuracy;

static const wave_accuracy of_waves[] = {
    [3] = {2, 4, 1.75, 0.9, 60}, [4] = {2, 4.7, 1.6, 0.2, 30}, [5] = {0, 5.3, 1.4, 0.2, 15},
    [6] = {2, 6, 1.2, 0.2, 6},   [7] = {2, 7.3, 0.96, 0.2, 0}, [8] = {2, 8.7, 1, 0.2, 0},
    [9] = {2, 10, 1, 0.2, 0},    [10] = {2, 11.3, 1, 0.2, 0},  [11] = {2, 12.7, 1, 0.2, 0},
    [12] = {2, 14, 1, 0.2, 0},   [13] = {2, 16, 1, 0.2, 0}};

/* What dipoles' tolerance is divided by, beside that. */
#define HARDER_WAVES 1.5

/* From 10 digits on complex kernels have exact roots, whose errors waves multiply by wave number
 * times distance. */
dp_accuracy dp_accuracy_for_shape(int digits, const dp_shape *shape) {
    dp_accuracy accuracy = accuracy_for_rows(digits, shape);
    if (!dp_is_complex(shape))
        return accuracy;
    const wave_accuracy *waves = &of_waves[digits], *of_far = waves + is_harder(shape);
    accuracy.precision = digits >= 10 ? DP_DOUBLE : accuracy.precision;
    accuracy.most_radians = waves->most_radians;
    accuracy.p += of_far->more_p;
    accuracy.p_of_waves = of_far->points;
    accuracy.tolerance /= of_far->finer * (is_harder(shape) ? HARDER_WAVES : 1);
    accuracy.more_orbits = of_far->more_orbits;
    return accuracy;
}

/* More than anybody builds surfaces of. */
enum { FAR_TOO_MANY = 1000 };

/* Even: see above. From 20 radians on 6 digits and more need a little more. */
int dp_accuracy_points(const dp_accuracy *accuracy, double wave_number) {
    double most = accuracy->p_of_waves + DP_POINTS_PER_RADIAN * wave_number;
    int p = accuracy->p;
    if (accuracy->p_of_waves >= 6 && wave_number > 20)
        most += DP_POINTS_PER_RADIAN / 4 * (wave_number - 20);
    while (accuracy->p_of_waves > 0 && p < most - 0.01 && p < FAR_TOO_MANY)
        p += 2;
    return p;
}

/* 3 digits of Laplace's hold in sums over a cloud, but not between any two boxes. */
double dp_accuracy_of_boxes(const dp_accuracy *accuracy) {
    return fmin(accuracy->tolerance, 2e-4);
}

double dp_accuracy_tolerance(const dp_accuracy *accuracy, double wave_number) {
    return accuracy->tolerance * fmin(fmax(wave_number, 1), 3);
}
