#include "kernel/green.h"

#include <math.h>

double dp_yukawa_value(double lambda, double r) {
    return exp(-lambda * r) / r;
}

double dp_yukawa_slope(double lambda, double r) {
    return -(lambda + 1 / r) * exp(-lambda * r) / r;
}

/* Beyond `most` exp(-x) is 0, and powers of x shall not overflow beside it. */
dp_radial dp_yukawa_radial(double lambda, double r) {
    const double most = 800;
    double x = fmin(lambda * r, most), g = dp_yukawa_value(lambda, r), slope = g / r / r;
    return (dp_radial){g, slope * (1 + x), slope * (3 + x * (3 + x)),
                       slope * (15 + x * (15 + x * (6 + x)))};
}
