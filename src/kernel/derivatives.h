/* Derivatives of a vector of pairs up to an order, and what they do to which sums. Include after
 * kernel/pairs.h. */
#ifndef DP_KERNEL_DERIVATIVES_H
#define DP_KERNEL_DERIVATIVES_H

#include "kernel/kernel.h"

enum { MOST_ORDER = 3, N_DERIVATIVES = 20 };

/* How many there are up to an order: 1, 4, 10, 20. */
#define N_UP_TO(order) (((order) + 1) * ((order) + 2) * ((order) + 3) / 6)

/* A derivative: its order, how often it is along y or z, and how often along z. The order of sums
 * in dp_sums, and of rows that sources carry: a charge is like the potential, a dipole's components
 * like the gradient's. */
typedef struct derivative {
    int order, yz, z;
} derivative;

static const derivative derivatives[DP_HESSIAN] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {1, 1, 1},
                                                   {2, 0, 0}, {2, 1, 0}, {2, 1, 1}, {2, 2, 0},
                                                   {2, 2, 1}, {2, 2, 2}};

/* Place, in what derive() makes, of what sources' row b does to sums a: at targets the sum of its
 * products with what sources carry, times sign_of(b); at sources, of what targets carry, times
 * sign_of(a). */
static inline int place_of(int a, int b) {
    int order = derivatives[a].order + derivatives[b].order;
    int yz = derivatives[a].yz + derivatives[b].yz, z = derivatives[a].z + derivatives[b].z;
    return (order ? N_UP_TO(order - 1) : 0) + yz * (yz + 1) / 2 + z;
}

static inline int sign_of(int row) {
    return derivatives[row].order % 2 ? -1 : 1;
}

VEC_INLINE void derive_first(vec e1, vec dx, vec dy, vec dz, vec *to, int step) {
    to[step] = e1 * dx;
    to[2 * step] = e1 * dy;
    to[3 * step] = e1 * dz;
}

VEC_INLINE void derive_second(vec e1, vec e2, vec nx, vec ny, vec nz, vec *to, int step) {
    vec x = e2 * nx, y = e2 * ny, z = e2 * nz;
    to[4 * step] = vec_fma(x, nx, -e1);
    to[5 * step] = x * ny;
    to[6 * step] = x * nz;
    to[7 * step] = vec_fma(y, ny, -e1);
    to[8 * step] = y * nz;
    to[9 * step] = vec_fma(z, nz, -e1);
}

/* x, y, z; xx, xy, xz, yy, yz, zz; xxx, xxy, xxz, xyy, xyz, xzz, yyy, yyz, yzz, zzz with respect to
 * the target behind the value, `step` vectors apart. d: from target to source. The value is in
 * pair_unit, all others in its third power. Second derivatives go through the unit vector n, so
 * that they are finite down to DP_NEAREST. What is left out comes to 0, because value and root do.
 */
VEC_INLINE void derive(int order, pair_grade grade, const pair *g, vec dx, vec dy, vec dz, vec *to,
                       int step) {
    to[0] = g->value;
    if (order < 1)
        return;
    vec e1 = g->value * g->ratio;
    derive_first(e1, dx, dy, dz, to, step);
    if (order < 2)
        return;
    vec inverse = g->root * pair_unit(grade), e2 = g->value * g->second;
    vec nx = dx * inverse, ny = dy * inverse, nz = dz * inverse;
    derive_second(e1, e2, nx, ny, nz, to, step);
    if (order < 3)
        return;
    e2 *= inverse;
    vec e3 = g->value * g->third * inverse;
    vec x = e3 * nx, y = e3 * ny, z = e3 * nz;
    vec xx = vec_fma(x, nx, -e2), yy = vec_fma(y, ny, -e2), zz = vec_fma(z, nz, -e2);
    to[10 * step] = (xx - 2 * e2) * nx;
    to[11 * step] = xx * ny;
    to[12 * step] = xx * nz;
    to[13 * step] = yy * nx;
    to[14 * step] = x * ny * nz;
    to[15 * step] = zz * nx;
    to[16 * step] = (yy - 2 * e2) * ny;
    to[17 * step] = yy * nz;
    to[18 * step] = zz * ny;
    to[19 * step] = (zz - 2 * e2) * nz;
}

/* The same of both parts of a complex kernel, up to the second order; the imaginary part's are
 * `part` vectors behind. */
VEC_INLINE void derive_waves(int order, pair_grade grade, const waves *w, vec dx, vec dy, vec dz,
                             vec *to, int step, int part) {
    vec inverse = w->root * pair_unit(grade);
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++, to += part) {
        to[0] = w->value[k];
        if (order > 0)
            derive_first(w->e1[k], dx, dy, dz, to, step);
        if (order > 1)
            derive_second(w->e1[k], w->e2[k], dx * inverse, dy * inverse, dz * inverse, to, step);
    }
}

#endif
