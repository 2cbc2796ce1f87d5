/* The real and the imaginary part of exp(i k r - damping r)/r, each a kernel of its own, and both
 * at once. A part of kernel/pairs.h. */
#ifndef DP_KERNEL_WAVES_H
#define DP_KERNEL_WAVES_H

typedef struct wave {
    vec cosine, sine;
} wave;

/* With x = n pi/2 + t and |t| <= pi/4, sin t = t + t^3 q(t^2) and cos t = 1 - t^2/2 + t^4 p(t^2): q
 * and p are the Chebyshev interpolants of degree 5, good to 2e-17, in single of degree 2, good to
 * 1.3e-8. As for exp_minus, the sum of 2 x / pi and EXP_SHIFT has n in its lowest bits. Up to
 * WAVE_END n stays in these bits. Neither part is ever exactly 0, so that each divides: WAVE_LEAST
 * is lost on all but 0. */
#ifdef SIMD_SINGLE
typedef uint32_t pair_bits __attribute__((vector_size(sizeof(vec))));
#define SIGN_OF_2  30
#define WAVE_END   0x1p20f
#define WAVE_LEAST 0x1p-90f
#define PI_2_HIGH  0x1.922p0f /* 12 bits: its product with n is exact */
#define PI_2_LOW   -0x1.2aeef4p-18f
static const float sine_coefficients[] = {-0x1.9ac98ep-13f, 0x1.110c28p-7f, -0x1.555552p-3f};
static const float cosine_coefficients[] = {0x1.9bd88p-16f, -0x1.6c12d2p-10f, 0x1.555554p-5f};
#else
typedef uint64_t pair_bits __attribute__((vector_size(sizeof(vec))));
#define SIGN_OF_2  62
#define WAVE_END   0x1p40
#define WAVE_LEAST 0x1p-600
#define PI_2_HIGH  0x1.921fb54442d18p+0
#define PI_2_LOW   0x1.1a62633145c07p-54
static const double sine_coefficients[] = {0x1.5e098556d302ep-33, -0x1.ae60069e53ef1p-26,
                                           0x1.71de379252004p-19, -0x1.a01a019e80693p-13,
                                           0x1.1111111110ba5p-7,  -0x1.5555555555555p-3};
static const double cosine_coefficients[] = {-0x1.907c0e63adbb6p-37, 0x1.1eeb66b683028p-29,
                                             -0x1.27e4fa15bd814p-22, 0x1.a01a019f4d0edp-16,
                                             -0x1.6c16c16c16960p-10, 0x1.5555555555555p-5};
#endif
#define N_WAVE_COEFFICIENTS (int)(sizeof sine_coefficients / sizeof sine_coefficients[0])

VEC_INLINE vec wave_polynomial(const real *coefficients, vec u) {
    vec p = vec_splat(coefficients[0]);
#pragma GCC unroll 5
    for (int k = 1; k < N_WAVE_COEFFICIENTS; k++)
        p = vec_fma(p, u, vec_splat(coefficients[k]));
    return p;
}

/* Bits of a where those of mask are set, else of b. */
VEC_INLINE pair_bits select_bits(pair_bits mask, vec a, vec b) {
    return (mask & (pair_bits)a) | (~mask & (pair_bits)b);
}

VEC_INLINE wave wave_of(vec x) {
    vec shifted = vec_fma(x, vec_splat((real)0x1.45f306dc9c883p-1), vec_splat(EXP_SHIFT));
    vec n = shifted - EXP_SHIFT;
    vec t = vec_fma(n, vec_splat(-PI_2_HIGH), x);
    t = vec_fma(n, vec_splat(-PI_2_LOW), t);
    vec u = t * t;
    vec sine = vec_fma(t * u, wave_polynomial(sine_coefficients, u), t);
    vec cosine = vec_fma(u * u, wave_polynomial(cosine_coefficients, u),
                         vec_fma(u, vec_splat((real)-0.5), vec_splat(1)));
    pair_bits quarters = (pair_bits)shifted, is_odd = -(quarters & 1);
    pair_bits of_cosine = select_bits(is_odd, sine, cosine) ^ ((quarters + 1) & 2) << SIGN_OF_2;
    pair_bits of_sine = select_bits(is_odd, cosine, sine) ^ (quarters & 2) << SIGN_OF_2;
    return (wave){(vec)of_cosine + WAVE_LEAST, (vec)of_sine + WAVE_LEAST};
}

/* With z = lambda r = x - i y, x the damping's share and y the wave's (iz2 and iz3 stand for the
 * negated imaginary parts of powers of z), derivatives are those of yukawa at z: 1 + z, 3 + 3 z +
 * z^2 and 15 + 15 z + 6 z^2 + z^3 times exp(-z)/r. Relative to the real part of that, the real part
 * of a product with P is Re P - Im P tan y, relative to the imaginary part the imaginary part is Re
 * P + Im P / tan y. */
VEC_INLINE pair wave_pair(vec value, vec tangent, vec x, vec y, vec root, vec_mask far) {
    vec square = root * root, z2 = vec_fma(x, x, -(y * y)), iz2 = x * y * 2;
    vec z3 = vec_fma(z2, x, -(iz2 * y)), iz3 = vec_fma(iz2, x, z2 * y);
    vec ratio = vec_fma(tangent, y, x + 1);
    vec second = vec_fma(x, vec_splat(3), z2) + 3 + tangent * vec_fma(y, vec_splat(3), iz2);
    vec third = vec_fma(z2, vec_splat(6), z3) + vec_fma(x, vec_splat(15), vec_splat(15)) +
                tangent * (vec_fma(iz2, vec_splat(6), iz3) + y * 15);
    return (pair){value, ratio * square, second * square, third * square, root, far};
}

typedef struct damped_wave {
    vec x, y, root, size; /* size: exp(-x)/r */
    wave wave;
    vec_mask far;
} damped_wave;

/* r over u, from its square and 1/r over u. In single precision a phase would show the error of the
 * root, which a step of Newton's takes from r. */
VEC_INLINE vec distance_of(pair_grade grade, vec r2, vec root) {
    vec r = r2 * root;
#ifdef SIMD_SINGLE
    vec error = vec_fma(r * -(pair_unit(grade) * pair_unit(grade)), r, r2);
    r = vec_fma(error * 0.5f, root, r);
#endif
    (void)grade;
    return r;
}

/* Bounds as in yukawa. */
VEC_INLINE damped_wave damped_wave_of(pair_grade grade, vec_lambda unit_lambda, const vec *least,
                                      vec r2, vec guess) {
    damped_wave w;
    w.root = pair_rsqrt(grade, r2, guess, least, &w.far);
    vec r = distance_of(grade, r2, w.root);
    w.x = vec_splat(0);
    w.y = vec_min(unit_lambda.wave_number * r, vec_splat(WAVE_END));
    w.size = w.root;
    if (unit_lambda.is_damped) {
        w.x = vec_min(unit_lambda.damping * r, vec_splat(EXP_MINUS_END));
        w.size *= exp_minus(grade, w.x);
    }
    w.wave = wave_of(w.y);
    return w;
}

VEC_INLINE pair helmholtz_real(pair_grade grade, vec_lambda unit_lambda, const vec *least, vec r2,
                               vec guess) {
    damped_wave w = damped_wave_of(grade, unit_lambda, least, r2, guess);
    return wave_pair(w.size * w.wave.cosine, w.wave.sine / w.wave.cosine, w.x, w.y, w.root, w.far);
}

VEC_INLINE pair helmholtz_imaginary(pair_grade grade, vec_lambda unit_lambda, const vec *least,
                                    vec r2, vec guess) {
    damped_wave w = damped_wave_of(grade, unit_lambda, least, r2, guess);
    return wave_pair(w.size * w.wave.sine, -(w.wave.cosine / w.wave.sine), w.x, w.y, w.root, w.far);
}

/* Both parts at once: value, e1 and e2 as pair has them, e1 = u^3 value ratio and so on. */
typedef struct waves {
    vec value[2], e1[2], e2[2], root;
    vec_mask far;
} waves;

VEC_INLINE waves waves_of(pair_grade grade, vec_lambda unit_lambda, const vec *least, vec r2,
                          vec guess) {
    damped_wave w = damped_wave_of(grade, unit_lambda, least, r2, guess);
    vec c = w.size * w.wave.cosine, s = w.size * w.wave.sine, square = w.root * w.root;
    vec p = w.x + 1, c1 = c * square, s1 = s * square;
    vec p2 = vec_fma(w.x, w.x + 3, vec_fma(-w.y, w.y, vec_splat(3))), q2 = w.y * (2 * w.x + 3);
    return (waves){.value = {c, s},
                   .e1 = {vec_fma(c1, p, s1 * w.y), vec_fma(s1, p, -(c1 * w.y))},
                   .e2 = {vec_fma(c1, p2, s1 * q2), vec_fma(s1, p2, -(c1 * q2))},
                   .root = w.root,
                   .far = w.far};
}

#endif
