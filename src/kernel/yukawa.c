#include "kernel/green.h"

#include <math.h>

dp_lambda dp_yukawa_lambda(const dagpole_plan_options *options) {
    return options->lambda;
}

double dp_yukawa_value(dp_lambda lambda, double r) {
    return exp(-dp_damping(lambda) * r) / r;
}

double dp_yukawa_slope(dp_lambda lambda, double r) {
    return -(dp_damping(lambda) + 1 / r) * exp(-dp_damping(lambda) * r) / r;
}

/* Beyond `most` exp(-x) is 0, and powers of x shall not overflow beside it. */
dp_radial dp_yukawa_radial(dp_lambda lambda, double r) {
    const double most = 800;
    double x = fmin(dp_damping(lambda) * r, most), g = dp_yukawa_value(lambda, r),
           slope = g / r / r;
    return (dp_radial){g, slope * (1 + x), slope * (3 + x * (3 + x)),
                       slope * (15 + x * (15 + x * (6 + x)))};
}
