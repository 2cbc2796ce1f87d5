/* What an accuracy means for the method: the parameters that operators are built for. */
#ifndef DP_MODEL_ACCURACY_H
#define DP_MODEL_ACCURACY_H

#include "kernel/kernel.h"

typedef struct dp_accuracy {
    int p;             /* points along an edge of the surfaces */
    double tolerance;  /* cut of the compressed basis, relative to the largest singular value */
    double svd_cutoff; /* cut of the pseudo-inverse, likewise */
    double m2l_cut;    /* cut of each M2L, over that of the basis */
    dp_precision precision; /* of sums over pairs; the matrices do not depend on it */
    /* Of complex kernels: where waves are short p is more (dp_accuracy_points; 0: it is not), P2M
     * and L2P visit so many more orbits a coefficient, and the precision may be single up to so
     * many radians of a wave along a box's side. */
    double p_of_waves, more_orbits, most_radians;
} dp_accuracy;

/* The parameters for 3 ... 12 digits, calibrated by `sweep accuracy` on the clouds of the accuracy
 * contract; the table is in accuracy.c. */
dp_accuracy dp_accuracy_for_digits(int digits);

/* Of boxes whose side is so many radians of a wave. Measured with pairs of boxes: surfaces need
 * about 2.5 points a wavelength more. */
#define DP_POINTS_PER_RADIAN 0.4
int dp_accuracy_points(const dp_accuracy *accuracy, double wave_number);

/* And the cut of their basis: up to three times that of boxes that see no wave. */
double dp_accuracy_tolerance(const dp_accuracy *accuracy, double wave_number);

/* The cut at which digits hold between any two boxes, not in sums over a cloud alone. */
double dp_accuracy_of_boxes(const dp_accuracy *accuracy);

/* The same for such a shape. The far potential of dipoles errs as the far gradient of charges does,
 * and within a lattice of equal charges second derivatives nearly vanish beside their far part:
 * with either, expansions have a digit more. Velocities of Stokes are made of gradients (a digit
 * more), those of stresslets of dipoles' gradients (two). Near sums do not need it. */
dp_accuracy dp_accuracy_for_shape(int digits, const dp_shape *shape);

/* The precision of sums for points whose finest leaves have this side. Screened potentials may all
 * lie below what single precision can hold: where the targets are not among the sources, or where
 * exp(-lambda r) is small even within the finest leaves. */
dp_precision dp_precision_of_sums(const dp_accuracy *accuracy, int targets_are_sources,
                                  double lambda, double finest_side);

/* That where a box's side is so many radians of a wave: single precision rounds phases by 2^-24 of
 * the distance. For near sums, and between points and surfaces, which are further apart. */
dp_precision dp_precision_of_near_waves(dp_precision precision, double most_radians,
                                        double radians);
dp_precision dp_precision_of_surface_waves(const dp_accuracy *accuracy, double radians);

/* The closest pair that sums in single precision do not leave to double, in half sides of a leaf
 * (kernel/strip.h). A dipole along the normal of a surface has p . d nearly vanish for its
 * neighbours there, so that the rounding of d shows. */
double dp_precision_closest(dp_precision precision, const dp_shape *shape);

#endif
