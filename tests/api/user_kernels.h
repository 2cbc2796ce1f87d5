/* Kernels of the caller's for tests: G at a difference of two points, and its gradient. */
#ifndef DP_TESTS_API_USER_KERNELS_H
#define DP_TESTS_API_USER_KERNELS_H

#include "plans.h"

typedef enum shape {
    MEDIUM,    /* 1 / sqrt(r . A^-1 r), A diagonal or with xy besides */
    SOFTENED,  /* 1 / sqrt(r^2 + e^2) */
    SCREENED,  /* exp(-e r) / r */
    CURVATURE, /* the second derivative of 1/r along x: of degree -3 */
    INVERSE_SQUARE,
    DISTANCE,
    LOGARITHM,
    GAUSSIAN, /* exp(-(e r)^2) */
    ODD,      /* x / r^3 */
    PLACED    /* 1/r + target's x */
} shape;

typedef struct user_kernel {
    shape shape;
    double a[3], xy; /* of A^-1: the diagonal, and the one entry beside it */
    double e;
    double size;       /* values are times this; 0: 1 */
    double nan_within; /* values are NaN for pairs that are closer, and not at one place */
    int wrong_slope, wrong_bend;
} user_kernel;

/* Without its size. */
static inline double user_shape(const user_kernel *k, const double t[3], const double s[3]) {
    double x = t[0] - s[0], y = t[1] - s[1], z = t[2] - s[2], r2 = x * x + y * y + z * z;
    double r = sqrt(r2);
    if (r > 0 && r < k->nan_within)
        return NAN;
    switch (k->shape) {
    case MEDIUM:
        return 1 / sqrt(k->a[0] * x * x + k->a[1] * y * y + k->a[2] * z * z + 2 * k->xy * x * y);
    case SOFTENED:
        return 1 / sqrt(r2 + k->e * k->e);
    case SCREENED:
        return exp(-k->e * r) / r;
    case CURVATURE:
        return (3 * x * x - r2) / (r2 * r2 * r);
    case INVERSE_SQUARE:
        return 1 / r2;
    case DISTANCE:
        return r;
    case LOGARITHM:
        return log(r);
    case GAUSSIAN:
        return exp(-k->e * k->e * r2);
    case ODD:
        return x / (r2 * r);
    case PLACED:
        return 1 / r + t[0];
    }
    return 0;
}

static inline double user_size(const user_kernel *k) {
    return k->size != 0 ? k->size : 1;
}

static inline double user_value(const user_kernel *k, const double t[3], const double s[3]) {
    return user_size(k) * user_shape(k, t, s);
}

static inline void user_values(void *user, int64_t n_targets, const double *targets,
                               int64_t n_sources, const double *sources, double *values) {
    for (int64_t j = 0; j < n_targets; j++)
        for (int64_t i = 0; i < n_sources; i++)
            *values++ = user_value(user, targets + 3 * j, sources + 3 * i);
}

/* Of a medium with a diagonal, of softened gravity and of a screened charge. */
static inline void user_gradients(void *user, int64_t n_targets, const double *targets,
                                  int64_t n_sources, const double *sources, double *gradients) {
    const user_kernel *k = user;
    for (int64_t j = 0; j < n_targets; j++)
        for (int64_t i = 0; i < n_sources; i++) {
            const double *t = targets + 3 * j, *s = sources + 3 * i;
            double g = user_shape(k, t, s), slope = user_size(k) * (-g * g * g);
            if (k->shape == SCREENED) {
                double r2 = 0;
                for (int d = 0; d < 3; d++)
                    r2 += (t[d] - s[d]) * (t[d] - s[d]);
                slope = -user_size(k) * g * (1 + k->e * sqrt(r2)) / r2;
            }
            for (int d = 0; d < 3; d++)
                *gradients++ = slope * (k->shape == MEDIUM ? k->a[d] : 1) * (t[d] - s[d]) *
                               (k->wrong_slope ? 1.001 : 1);
        }
}

/* Of the first two. */
static inline void user_hessians(void *user, int64_t n_targets, const double *targets,
                                 int64_t n_sources, const double *sources, double *hessians) {
    static const int axes[6][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};
    const user_kernel *k = user;
    for (int64_t j = 0; j < n_targets; j++)
        for (int64_t i = 0; i < n_sources; i++) {
            const double *t = targets + 3 * j, *s = sources + 3 * i;
            double g = user_shape(k, t, s), cube = user_size(k) * g * g * g, a[3];
            for (int d = 0; d < 3; d++)
                a[d] = k->shape == MEDIUM ? k->a[d] : 1;
            for (int c = 0; c < 6; c++) {
                int d = axes[c][0], e = axes[c][1];
                double bend = 3 * g * (a[d] * (t[d] - s[d])) * (g * (a[e] * (t[e] - s[e])));
                *hessians++ =
                    cube * (bend - (d == e ? a[d] : 0)) * (k->wrong_bend && c == 4 ? 1.001 : 1);
            }
        }
}

static inline dagpole_user_kernel user_describe(user_kernel *k) {
    dagpole_user_kernel described;
    dagpole_user_kernel_init(&described);
    described.values = user_values;
    described.user = k;
    if (k->shape == MEDIUM || k->shape == SOFTENED)
        described.gradients = user_gradients;
    described.is_homogeneous = k->shape == MEDIUM;
    return described;
}

/* The issue of A = diag(2, 1, 1): A^-1 has 1/2. */
static inline user_kernel user_medium(void) {
    return (user_kernel){.shape = MEDIUM, .a = {0.5, 1, 1}};
}

static inline user_kernel user_of(shape shape, double e) {
    return (user_kernel){.shape = shape, .a = {1, 1, 1}, .e = e};
}

static inline dagpole_plan_options user_options(const dagpole_user_kernel *kernel, int digits,
                                                int n_crit) {
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    options.kernel = DAGPOLE_USER;
    options.user_kernel = kernel;
    options.digits = digits;
    options.n_crit = n_crit;
    return options;
}

/* Sums over all sources at every target: potential and gradient, and the same of random signs. */
typedef struct user_sums {
    double *potential, *gradient, random, random_gradient;
} user_sums;

static inline user_sums user_direct(const user_kernel *k, int64_t n_sources, const double *sources,
                                    const double *charges, int64_t n_targets,
                                    const double *targets) {
    user_sums sums = {.potential = make_results(n_targets),
                      .gradient = make_results(3 * n_targets)};
    for (int64_t j = 0; j < n_targets; j++) {
        long double sum[4] = {0};
        for (int64_t i = 0; i < n_sources; i++) {
            const double *t = targets + 3 * j, *s = sources + 3 * i;
            double slope[3] = {0};
            if (memcmp(t, s, 3 * sizeof *t) == 0)
                continue;
            double value = charges[i] * user_value(k, t, s);
            if (k->shape == MEDIUM || k->shape == SOFTENED)
                user_gradients((void *)k, 1, t, 1, s, slope);
            sum[0] += value;
            sums.random += value * value;
            for (int d = 0; d < 3; d++) {
                sum[1 + d] += charges[i] * slope[d];
                sums.random_gradient += pow(charges[i] * slope[d], 2);
            }
        }
        sums.potential[j] = (double)sum[0];
        for (int d = 0; d < 3; d++)
            sums.gradient[3 * j + d] = (double)sum[1 + d];
    }
    sums.random = sqrt(sums.random);
    sums.random_gradient = sqrt(sums.random_gradient);
    return sums;
}

static inline void user_sums_free(user_sums *sums) {
    free(sums->potential);
    free(sums->gradient);
}

enum { USER_N = 2500 };

/* No plan of points in a cube is made with these. */
static inline void expect_no_plan(dagpole_plan_options options, dagpole_status status,
                                  const char *text) {
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, USER_N, 5);
    dagpole_plan *plan;
    int64_t live = dp_memory_live();
    expect_failure(dagpole_plan_create(context, &options, USER_N, points, 0, NULL, &plan), status,
                   text);
    ck_assert_ptr_null(plan);
    ck_assert_int_eq(dp_memory_live(), live);
    dagpole_context_destroy(context);
    free(points);
}

static inline void expect_refusal_of(const dagpole_user_kernel *described, int digits, int n_crit,
                                     dagpole_status status, const char *text) {
    expect_no_plan(user_options(described, digits, n_crit), status, text);
}

static inline void expect_refusal(user_kernel k, int digits, const char *text) {
    dagpole_user_kernel described = user_describe(&k);
    expect_refusal_of(&described, digits, 60, DAGPOLE_UNSUPPORTED, text);
}

#endif
