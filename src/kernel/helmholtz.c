#include "kernel/loops.h"

#include <math.h>

static dp_lambda lambda(const dagpole_plan_options *options) {
    return dp_lambda_of(options->damping, options->wave_number);
}

/* exp(-lambda r)/r with lambda = damping - i k: exp(-damping r) (cos k r + i sin k r)/r. The slope
 * is -(lambda + 1/r) times that. */
static double real_value(dp_lambda lambda, double r) {
    return exp(-dp_damping(lambda) * r) * cos(dp_wave_number(lambda) * r) / r;
}

static double imaginary_value(dp_lambda lambda, double r) {
    return exp(-dp_damping(lambda) * r) * sin(dp_wave_number(lambda) * r) / r;
}

static double real_slope(dp_lambda lambda, double r) {
    return -(dp_damping(lambda) + 1 / r) * real_value(lambda, r) -
           dp_wave_number(lambda) * imaginary_value(lambda, r);
}

static double imaginary_slope(dp_lambda lambda, double r) {
    return -(dp_damping(lambda) + 1 / r) * imaginary_value(lambda, r) +
           dp_wave_number(lambda) * real_value(lambda, r);
}

typedef double _Complex number;

/* With z = lambda r as for yukawa: 1 + z, 3 + 3 z + z^2 and 15 + 15 z + 6 z^2 + z^3 times
 * exp(-z)/r^3. Beyond `most` exp(-x) is 0, and powers shall not overflow beside it. */
static void derive(dp_lambda lambda, double r, number e[4]) {
    const double most = 800;
    number z = dp_damping(lambda) * r > most ? most : lambda * r;
    e[0] = __builtin_complex(real_value(lambda, r), imaginary_value(lambda, r));
    number slope = e[0] / r / r;
    e[1] = slope * (1 + z);
    e[2] = slope * (3 + z * (3 + z));
    e[3] = slope * (15 + z * (15 + z * (6 + z)));
}

static dp_radial real_radial(dp_lambda lambda, double r) {
    number e[4];
    derive(lambda, r, e);
    return (dp_radial){__real__ e[0], __real__ e[1], __real__ e[2], __real__ e[3]};
}

static dp_radial imaginary_radial(dp_lambda lambda, double r) {
    number e[4];
    derive(lambda, r, e);
    return (dp_radial){__imag__ e[0], __imag__ e[1], __imag__ e[2], __imag__ e[3]};
}

static const dp_kernel imaginary_part = {
    .id = DAGPOLE_HELMHOLTZ,
    .name = "helmholtz",
    .value = imaginary_value,
    .slope = imaginary_slope,
    .radial = imaginary_radial,
    .cost = 1,
    DP_DIRECT_LOOPS(helmholtz_imaginary),
};

static const dp_parameter parameters[] = {DP_PARAMETER(wave_number, 0), DP_PARAMETER(damping, 0)};

const dp_kernel dp_kernel_helmholtz = {
    .id = DAGPOLE_HELMHOLTZ,
    .name = "helmholtz",
    DP_PARAMETERS(parameters),
    .lambda = lambda,
    .has_dipoles = 1,
    .value = real_value,
    .slope = real_slope,
    .radial = real_radial,
    .degree = -1,
    .has_isotropic = 1,
    .has_permutations = 1,
    .rates = DP_REAL_YUKAWA,
    .cost = 1.6, /* sines beside the exponential */
    .imaginary = &imaginary_part,
    .n_parts = 2,
    .near_many = DP_BY_PRECISION(dp_near_many, helmholtz),
    .to_orbits_many = DP_BY_PRECISION(dp_to_orbits_many, helmholtz),
    .from_orbits_many = DP_BY_PRECISION(dp_from_orbits_many, helmholtz),
    DP_DIRECT_LOOPS(helmholtz_real),
};
