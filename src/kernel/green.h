/* The scalar definitions, for r > 0. */
#ifndef DP_KERNEL_GREEN_H
#define DP_KERNEL_GREEN_H

#include "kernel/kernel.h"

double dp_laplace_value(double lambda, double r);
double dp_laplace_slope(double lambda, double r);
dp_radial dp_laplace_radial(double lambda, double r);
double dp_yukawa_value(double lambda, double r);
double dp_yukawa_slope(double lambda, double r);
dp_radial dp_yukawa_radial(double lambda, double r);

#endif
