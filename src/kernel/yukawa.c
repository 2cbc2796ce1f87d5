#include "kernel/green.h"

#include <math.h>

double dp_yukawa_value(double lambda, double r) {
    return exp(-lambda * r) / r;
}

double dp_yukawa_slope(double lambda, double r) {
    return -(lambda + 1 / r) * exp(-lambda * r) / r;
}
