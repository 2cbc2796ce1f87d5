/* The scalar definitions, for r > 0. */
#ifndef DP_KERNEL_GREEN_H
#define DP_KERNEL_GREEN_H

#include "kernel/kernel.h"

double dp_laplace_value(dp_lambda lambda, double r);
double dp_laplace_slope(dp_lambda lambda, double r);
dp_radial dp_laplace_radial(dp_lambda lambda, double r);
double dp_yukawa_value(dp_lambda lambda, double r);
double dp_yukawa_slope(dp_lambda lambda, double r);
dp_radial dp_yukawa_radial(dp_lambda lambda, double r);
dp_lambda dp_yukawa_lambda(const dagpole_plan_options *options);
double dp_helmholtz_real_value(dp_lambda lambda, double r);
double dp_helmholtz_real_slope(dp_lambda lambda, double r);
double dp_helmholtz_imaginary_value(dp_lambda lambda, double r);
double dp_helmholtz_imaginary_slope(dp_lambda lambda, double r);
dp_radial dp_helmholtz_real_radial(dp_lambda lambda, double r);
dp_radial dp_helmholtz_imaginary_radial(dp_lambda lambda, double r);
dp_lambda dp_helmholtz_lambda(const dagpole_plan_options *options);

#endif
