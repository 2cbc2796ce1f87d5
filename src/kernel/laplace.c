#include "kernel/green.h"

double dp_laplace_value(dp_lambda lambda, double r) {
    (void)lambda;
    return 1 / r;
}

double dp_laplace_slope(dp_lambda lambda, double r) {
    (void)lambda;
    return -1 / r / r;
}

dp_radial dp_laplace_radial(dp_lambda lambda, double r) {
    (void)lambda;
    double e1 = 1 / r / r / r;
    return (dp_radial){1 / r, e1, 3 * e1, 15 * e1};
}
