#include "kernel/green.h"

double dp_laplace_value(double lambda, double r) {
    (void)lambda;
    return 1 / r;
}

double dp_laplace_slope(double lambda, double r) {
    (void)lambda;
    return -1 / r / r;
}
