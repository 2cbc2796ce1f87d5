#include "kernel/green.h"

#include <math.h>

dp_lambda dp_helmholtz_lambda(const dagpole_plan_options *options) {
    return dp_lambda_of(options->damping, options->wave_number);
}

/* exp(-lambda r)/r with lambda = damping - i k: exp(-damping r) (cos k r + i sin k r)/r. The slope
 * is -(lambda + 1/r) times that. */
double dp_helmholtz_real_value(dp_lambda lambda, double r) {
    return exp(-dp_damping(lambda) * r) * cos(dp_wave_number(lambda) * r) / r;
}

double dp_helmholtz_imaginary_value(dp_lambda lambda, double r) {
    return exp(-dp_damping(lambda) * r) * sin(dp_wave_number(lambda) * r) / r;
}

double dp_helmholtz_real_slope(dp_lambda lambda, double r) {
    return -(dp_damping(lambda) + 1 / r) * dp_helmholtz_real_value(lambda, r) -
           dp_wave_number(lambda) * dp_helmholtz_imaginary_value(lambda, r);
}

double dp_helmholtz_imaginary_slope(dp_lambda lambda, double r) {
    return -(dp_damping(lambda) + 1 / r) * dp_helmholtz_imaginary_value(lambda, r) +
           dp_wave_number(lambda) * dp_helmholtz_real_value(lambda, r);
}

typedef double _Complex number;

/* With z = lambda r as for yukawa: 1 + z, 3 + 3 z + z^2 and 15 + 15 z + 6 z^2 + z^3 times
 * exp(-z)/r^3. Beyond `most` exp(-x) is 0, and powers shall not overflow beside it. */
static void derive(dp_lambda lambda, double r, number e[4]) {
    const double most = 800;
    number z = dp_damping(lambda) * r > most ? most : lambda * r;
    e[0] = __builtin_complex(dp_helmholtz_real_value(lambda, r),
                             dp_helmholtz_imaginary_value(lambda, r));
    number slope = e[0] / r / r;
    e[1] = slope * (1 + z);
    e[2] = slope * (3 + z * (3 + z));
    e[3] = slope * (15 + z * (15 + z * (6 + z)));
}

dp_radial dp_helmholtz_real_radial(dp_lambda lambda, double r) {
    number e[4];
    derive(lambda, r, e);
    return (dp_radial){__real__ e[0], __real__ e[1], __real__ e[2], __real__ e[3]};
}

dp_radial dp_helmholtz_imaginary_radial(dp_lambda lambda, double r) {
    number e[4];
    derive(lambda, r, e);
    return (dp_radial){__imag__ e[0], __imag__ e[1], __imag__ e[2], __imag__ e[3]};
}
