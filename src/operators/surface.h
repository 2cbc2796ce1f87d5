/* The grid of points on a cube's surface that carries equivalent densities and check potentials,
 * and its symmetries.
 *
 * The grid is invariant under the 48 symmetries of the cube: 8 reflections (bit d set: coordinate d
 * changes sign) and 6 permutations of the axes. A vector on the grid splits into 8 parities (bit d
 * set: odd in coordinate d), and an operator that commutes with the reflections becomes block
 * diagonal: factorisations of size n become 8 of size n / 8. Permutations of the axes become pure
 * permutations of the parity coefficients.
 *
 * A complex kernel G is a real symmetric one of two components: from the real and imaginary part of
 * densities to the real and the negated imaginary part of potentials,
 *
 *     Re G  -Im G
 *    -Im G  -Re G
 *
 * so that every matrix of the method is real, and downward ones are transposes of upward ones as
 * ever. Each place has a point for each component then, those of the first before those of the
 * second. Its surface has an inner shell: densities on a single closed surface have no far field
 * where the wave number is one of the resonances of the cube inside, and cannot make others. */
#ifndef DP_OPERATORS_SURFACE_H
#define DP_OPERATORS_SURFACE_H

#include "base/memory.h"
#include "geometry/offsets.h"
#include "kernel/kernel.h"

#define DP_N_PARITIES 8

/* The half side of the inner shell over that of the surface: of 1.05 the wave number sees 0.6,
 * which has none of the resonances that matter. On the check surface it only has to lie outside all
 * that it checks. */
#define DP_INNER_NEAR (0.6 / 1.05)
#define DP_INNER_FAR  0.8

typedef struct dp_surface {
    int p;             /* points along an edge */
    int n_components;  /* 1, or 2 of a complex kernel, with an inner shell */
    int inner_p;       /* points along its edge */
    int n;             /* points, of all components; of one 6 (p - 1)^2 + 2, and the shell's */
    int n_outer;       /* of one component, without the shell's, which follow */
    double *x, *y, *z; /* n each, on the surface of [-1, 1]^3; the shell's within */
    int n_orbits;      /* points with no negative coordinate, of all components */
    int *image;        /* n_orbits x 8: the point that reflection g sends orbit i's point to */
    double *weight;    /* n_orbits: sqrt(size of the orbit) / 8 */
    int *coefficient;  /* n_orbits x 8: index of (orbit, parity) among the n parity coefficients,
                          -1 where the orbit has no such parity */
    int parity_begin[DP_N_PARITIES + 1]; /* coefficients of parity a: [begin[a], begin[a+1]) */
    int *permuted[DP_N_PERMUTATIONS];    /* n: where permutation i sends a coefficient */
} dp_surface;

/* Parity after permutation i of the axes. */
int dp_parity_permuted(int permutation, int parity);

/* Orbits of places, whatever the components. Orbit o of component c is number c dp_n_places + o. */
static inline int dp_n_places(const dp_surface *surface) {
    return surface->n_orbits / surface->n_components;
}

/* Of p points an edge, and an inner shell of inner_p, which is of two components; 0: of one. */
dagpole_status dp_surface_create(int p, int inner_p, dp_surface **surface);

/* Points an edge of the inner shell where a box's side is so many radians. The higher the wave
 * number, the more resonances a cube has at once. With 4 points at 44 radians, which is 28
 * wavelengths along the root cube, 3 digits have 2.9 times the promise, with 6 points 0.9, with 8
 * 0.06. */
int dp_surface_inner_points(double radians);

/* A surface of one component with the places of `surface`: what complex numbers are kept for where
 * a matrix is not needed as a real one yet. Coefficient i of its parity a is the same place's as
 * coefficient i of the first component. */
dagpole_status dp_surface_create_component(const dp_surface *surface, dp_surface **component);
void dp_surface_destroy(dp_surface *surface);

/* Points scaled and shifted: x[i] = centre[0] + scale * surface x[i], ...; x, y, z hold n each.
 * is_far: as a check surface, whose shell lies elsewhere. */
void dp_surface_place(const dp_surface *surface, int is_far, double scale, const double centre[3],
                      double *x, double *y, double *z);

/* Rows (of every column of the column-major n x n_columns matrix, ld n) from points to parity
 * coefficients, an orthogonal change of basis, and back. work: n doubles. */
void dp_surface_to_parity(const dp_surface *surface, int n_columns, double *matrix, double *work);
void dp_surface_from_parity(const dp_surface *surface, int n_columns, double *matrix, double *work);

/* The same of one column of numbers of `parts` (platform/linalg.h), from one array to another. */
void dp_surface_column_to_parity(const dp_surface *surface, int parts, const double *from,
                                 double *to);

#endif
