/* What one source's charge or dipole does to the sums of a target, for a vector of pairs in double,
 * by the formulas of kernel/kernel.h. Include after kernel/pairs.h and kernel/ahead.h. */
#ifndef DP_KERNEL_TERMS_H
#define DP_KERNEL_TERMS_H

/* Of a vector of pairs (kernel/kernel.h). */
typedef struct radial {
    vec g, e1, e2, e3, inverse; /* inverse: 1 / r */
    vec d[3], n[3];
} radial;

VEC_INLINE vec dot(const vec a[3], const vec b[3]) {
    return vec_fma(a[2], b[2], vec_fma(a[1], b[1], a[0] * b[0]));
}

/* Of one source: what its charge or its dipole does. */
typedef vec terms[DP_HESSIAN];

static const int second[DP_N_SECOND][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};

/* To the last bit; pairs that coincide have zeros. */
VEC_INLINE radial radial_of(pair_fn *kernel, vec unit_lambda, const vec *least, vec dx, vec dy,
                            vec dz) {
    const double unit = pair_unit(EXACT);
    vec r2 = square(dx, dy, dz);
    pair pair = kernel(EXACT, unit_lambda, least, r2, vec_guess(r2));
    vec value = pair.value * (unit * unit * unit);
    radial e = {.g = pair.value * unit,
                .e1 = value * pair.ratio,
                .e2 = value * pair.second,
                .e3 = value * pair.third,
                .inverse = pair.root * unit,
                .d = {dx, dy, dz}};
#pragma GCC unroll 3
    for (int a = 0; a < 3; a++)
        e.n[a] = e.d[a] * e.inverse;
    return e;
}

VEC_INLINE void take_charge(int n_sums, const radial *e, vec q, terms to) {
    to[0] = q * e->g;
    if (n_sums < DP_GRADIENT)
        return;
    vec e1 = q * e->e1, e2 = q * e->e2;
#pragma GCC unroll 3
    for (int a = 0; a < 3; a++)
        to[1 + a] = -e1 * e->d[a];
    if (n_sums < DP_HESSIAN)
        return;
#pragma GCC unroll 6
    for (int k = 0; k < DP_N_SECOND; k++) {
        int a = second[k][0], b = second[k][1];
        to[4 + k] = e2 * e->n[a] * e->n[b];
        if (a == b)
            to[4 + k] -= e1;
    }
}

VEC_INLINE void take_dipole(int n_sums, const radial *e, const vec p[3], terms to) {
    to[0] = e->e1 * dot(p, e->d);
    if (n_sums < DP_GRADIENT)
        return;
    vec along = dot(p, e->n), e2 = e->e2 * along;
#pragma GCC unroll 3
    for (int a = 0; a < 3; a++)
        to[1 + a] = e->e1 * p[a] - e2 * e->n[a];
    if (n_sums < DP_HESSIAN)
        return;
    vec e3 = e->e3 * along;
#pragma GCC unroll 6
    for (int k = 0; k < DP_N_SECOND; k++) {
        int a = second[k][0], b = second[k][1];
        vec mixed = e->e2 * (p[a] * e->n[b] + p[b] * e->n[a]);
        if (a == b)
            mixed += e2;
        to[4 + k] = (e3 * e->n[a] * e->n[b] - mixed) * e->inverse;
    }
}

#endif
