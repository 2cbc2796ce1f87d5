/* The grid of points on a cube's surface that carries equivalent densities and check potentials,
 * and its symmetries.
 *
 * The grid is invariant under the 48 symmetries of the cube: 8 reflections (bit d set: coordinate d
 * changes sign) and 6 permutations of the axes. A vector on the grid splits into 8 parities (bit d
 * set: odd in coordinate d), and an operator that commutes with the reflections becomes block
 * diagonal: factorisations of size n become 8 of size n / 8. Permutations of the axes become pure
 * permutations of the parity coefficients. */
#ifndef DP_OPERATORS_SURFACE_H
#define DP_OPERATORS_SURFACE_H

#include "base/memory.h"
#include "geometry/offsets.h"
#include "kernel/kernel.h"

#define DP_N_PARITIES 8

typedef struct dp_surface {
    int p, n;          /* points along an edge; n = 6 (p - 1)^2 + 2 */
    double *x, *y, *z; /* n each, on the surface of [-1, 1]^3 */
    int n_orbits;      /* points with no negative coordinate */
    int *image;        /* n_orbits x 8: the point that reflection g sends orbit i's point to */
    double *weight;    /* n_orbits: sqrt(size of the orbit) / 8 */
    int *coefficient;  /* n_orbits x 8: index of (orbit, parity) among the n parity coefficients,
                          -1 where the orbit has no such parity */
    int parity_begin[DP_N_PARITIES + 1]; /* coefficients of parity a: [begin[a], begin[a+1]) */
    int *permuted[DP_N_PERMUTATIONS];    /* n: where permutation i sends a coefficient */
} dp_surface;

/* Parity after permutation i of the axes. */
int dp_parity_permuted(int permutation, int parity);

dagpole_status dp_surface_create(int p, dp_surface **surface);
void dp_surface_destroy(dp_surface *surface);

/* Points scaled and shifted: x[i] = centre[0] + scale * surface x[i], ...; x, y, z hold n each. */
void dp_surface_place(const dp_surface *surface, double scale, const double centre[3], double *x,
                      double *y, double *z);

/* Rows (of every column of the column-major n x n_columns matrix, ld n) from points to parity
 * coefficients, an orthogonal change of basis, and back. work: n doubles. */
void dp_surface_to_parity(const dp_surface *surface, int n_columns, double *matrix, double *work);
void dp_surface_from_parity(const dp_surface *surface, int n_columns, double *matrix, double *work);

/* In place transpose of an n x n matrix. */
void dp_transpose_square(int n, double *matrix);

#endif
