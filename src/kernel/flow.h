/* What a vector of pairs does by Stokes. Include after kernel/pairs.h.
 *
 * Nothing of a pair is tabulated, as near_many_tmpl.c has it for scalar kernels: of 13 numbers that
 * a source carries and 16 sums most pairs of numbers would be a pass of their own, while through
 * scalar products with n, the direction of the pair, they cost less than half as much. The
 * definition is in kernel/stokes.c. */
#ifndef DP_KERNEL_FLOW_H
#define DP_KERNEL_FLOW_H

#include "kernel/kernel.h"

/* Of sources [0][j] force j and, last, the source of flow, [1 + k][j] the dipole of force j along
 * k; of targets [0][i] velocity i and, last, pressure, [1 + k] their derivatives along k. */
typedef struct flow {
    vec of[DP_GRADIENT][DP_FLOW_PARTS];
} flow;

/* A row of dipoles or sums, and its part that is no vector's. */
enum { FLOW_SCALAR = DP_FLOW_PARTS - 1 };

VEC_INLINE vec dot(const vec a[3], const vec b[3]) {
    return vec_fma(a[2], b[2], vec_fma(a[1], b[1], a[0] * b[0]));
}

/* What doublets D_jk (force j along k) come to beside n: D n - D^T n, 3 (D n + D^T n) + n (3 tr D -
 * 15 n D n), and 3 n D n - tr D. */
typedef struct doublets {
    vec odd[3], even[3], along;
} doublets;

VEC_INLINE doublets doublets_of(const vec n[3], const flow *from) {
    const vec(*d)[DP_FLOW_PARTS] = &from->of[1];
    doublets of;
    vec by_k[3], by_j[3];
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++) {
        by_k[k] = dot(d[k], n);
        by_j[k] = vec_fma(d[2][k], n[2], vec_fma(d[1][k], n[1], d[0][k] * n[0]));
    }
    vec twice = dot(by_k, n), trace = d[0][0] + d[1][1] + d[2][2];
    vec inner = trace * 3 - twice * 15;
    of.along = twice * 3 - trace;
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++) {
        of.odd[k] = by_j[k] - by_k[k];
        of.even[k] = vec_fma(n[k], inner, (by_j[k] + by_k[k]) * 3);
    }
    return of;
}

/* Adds what `from` does at distance 1 / y to `to`. n: the direction from `from` to `to`, or where
 * sign is -1, a constant, the opposite. y = 0: nothing. With has_dipoles all is carried that there
 * is, without forces alone. Without has_pressure the last part of the sums stays as it is.
 *
 * Of forces f, source m and doublets D, with w = n f and half = y/2:
 *   velocity  half (f + n w + y (odd + n along)) + y^2 m n
 *   gradient, of component i along k
 *     n_i a_k - b_i n_k + half y^2 (D_ik - D_ki) + (i == k) (half y (w + y along) + y^3 m)
 *     a = half y (f - 3 w n + y even) - 3 y^3 m n,  b = half y (f + 3 y odd)
 * and pressures are what forces and doublets have along n or in a, times 2 y. Of the opposite
 * direction what has an odd number of n is negative. */
VEC_INLINE void add_flow(int has_dipoles, int has_gradient, int has_pressure, int sign,
                         const vec n[3], vec y, const flow *from, flow *to) {
    const vec *f = from->of[0];
    doublets more;
    const vec half = y * (real)0.5, w = dot(f, n), half_y = half * y, half_y2 = half_y * y;
    const vec signed_half_y = sign < 0 ? -half_y : half_y, twice = y + y;
    vec along = half * w, all = along, source = vec_splat(0), *sum = to->of[0];
    if (has_dipoles) {
        more = doublets_of(n, from);
        source = f[FLOW_SCALAR] * (y * y);
        along = vec_fma(signed_half_y, more.along, along);
        all = sign < 0 ? along - source : along + source;
    }
    if (has_pressure)
        sum[FLOW_SCALAR] = vec_fma(sign < 0 ? -twice : twice, along, sum[FLOW_SCALAR]);
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
        sum[i] = vec_fma(half, f[i], vec_fma(all, n[i], sum[i]));
        if (has_dipoles)
            sum[i] = vec_fma(signed_half_y, more.odd[i], sum[i]);
    }
    if (!has_gradient)
        return;
    vec a[3], b[3], thrice = signed_half_y * w * -3, three = half_y2 * 3;
    vec by_source = source * y * -3, equal = all * (sign < 0 ? -y : y);
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++) {
        b[k] = signed_half_y * f[k];
        a[k] = vec_fma(thrice, n[k], b[k]);
        if (has_dipoles) {
            a[k] = vec_fma(half_y2, more.even[k], a[k]);
            b[k] = vec_fma(three, more.odd[k], b[k]);
        }
        vec *slope = &to->of[1 + k][FLOW_SCALAR];
        if (has_pressure)
            *slope = vec_fma(sign < 0 ? -twice : twice, a[k], *slope);
        if (has_dipoles)
            a[k] = vec_fma(by_source, n[k], a[k]);
    }
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++)
#pragma GCC unroll 3
        for (int i = 0; i < 3; i++) {
            vec *slope = &to->of[1 + k][i];
            *slope = vec_fma(n[i], a[k], vec_fma(-b[i], n[k], *slope));
            if (i == k)
                *slope += equal;
            else if (has_dipoles)
                *slope = vec_fma(half_y2, from->of[1 + k][i] - from->of[1 + i][k], *slope);
        }
}

/* 1 / r of a vector of pairs; 0 for those that are left out. */
VEC_INLINE vec inverse_of(pair_grade grade, const vec *least, vec r2, vec guess, vec_mask *far) {
    return pair_rsqrt(grade, r2, guess, least, far) * pair_unit(grade);
}

#endif
