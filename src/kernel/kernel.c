#include "kernel/kernel.h"

#include "base/per_isa.h"
#include "kernel/green.h"
#include "kernel/near.h"
#include "kernel/orbits.h"
#include "kernel/p2p.h"
#include "kernel/user.h"

#include <math.h>
#include <stddef.h>

#define BY_PRECISION(loop, kernel)                                                                 \
    {                                                                                              \
        [DP_DOUBLE] = DP_OF_EACH_ISA(loop##_##kernel),                                             \
        [DP_REDUCED] = DP_OF_EACH_ISA(loop##_reduced_##kernel),                                    \
        [DP_SINGLE] = DP_OF_EACH_ISA(loop##_single_##kernel),                                      \
        [DP_ROUGH] = DP_OF_EACH_ISA(loop##_rough_##kernel)                                         \
    }

#define LOOPS(kernel)                                                                              \
    .p2p = DP_OF_EACH_ISA(dp_p2p_##kernel), .squares = DP_OF_EACH_ISA(dp_p2p_squares_##kernel),    \
    .near = BY_PRECISION(dp_near, kernel), .near_many = BY_PRECISION(dp_near_many, kernel),        \
    .to_orbits = BY_PRECISION(dp_to_orbits, kernel),                                               \
    .from_orbits = BY_PRECISION(dp_from_orbits, kernel),                                           \
    .to_orbits_many = BY_PRECISION(dp_to_orbits_many, kernel),                                     \
    .from_orbits_many = BY_PRECISION(dp_from_orbits_many, kernel)

/* What a complex kernel has, whose sums are always for several vectors and in double. */
#define IN_DOUBLE(loop, kernel)                                                                    \
    {                                                                                              \
        [DP_DOUBLE] = DP_OF_EACH_ISA(loop##_##kernel), [DP_REDUCED] =                              \
                                                           DP_OF_EACH_ISA(loop##_reduced_##kernel) \
    }

#define DIRECT_LOOPS(kernel)                                                                       \
    .p2p = DP_OF_EACH_ISA(dp_p2p_##kernel), .squares = DP_OF_EACH_ISA(dp_p2p_squares_##kernel)

#define PARAMETER(member, is_positive)                                                             \
    { #member, offsetof(dagpole_plan_options, member), is_positive }
#define PARAMETERS(list) .parameters = (list), .n_parameters = sizeof(list) / sizeof(list)[0]

static const dp_parameter yukawa_parameters[] = {PARAMETER(lambda, 1)};
static const dp_parameter helmholtz_parameters[] = {PARAMETER(wave_number, 0),
                                                    PARAMETER(damping, 0)};

static const dp_kernel helmholtz_imaginary = {
    .id = DAGPOLE_HELMHOLTZ,
    .name = "helmholtz",
    .value = dp_helmholtz_imaginary_value,
    .slope = dp_helmholtz_imaginary_slope,
    .radial = dp_helmholtz_imaginary_radial,
    .cost = 1,
    DIRECT_LOOPS(helmholtz_imaginary),
};

static const dp_kernel helmholtz = {
    .id = DAGPOLE_HELMHOLTZ,
    .name = "helmholtz",
    PARAMETERS(helmholtz_parameters),
    .lambda = dp_helmholtz_lambda,
    .has_dipoles = 1,
    .value = dp_helmholtz_real_value,
    .slope = dp_helmholtz_real_slope,
    .radial = dp_helmholtz_real_radial,
    .degree = -1,
    .has_permutations = 1,
    .rates = DAGPOLE_YUKAWA,
    .cost = 1.6, /* sines beside the exponential */
    .imaginary = &helmholtz_imaginary,
    .near_many = IN_DOUBLE(dp_near_many, helmholtz),
    .to_orbits_many = IN_DOUBLE(dp_to_orbits_many, helmholtz),
    .from_orbits_many = IN_DOUBLE(dp_from_orbits_many, helmholtz),
    DIRECT_LOOPS(helmholtz_real),
};

static const dp_kernel laplace = {
    .id = DAGPOLE_LAPLACE,
    .name = "laplace",
    .has_dipoles = 1,
    .has_hessians = 1,
    .is_homogeneous = 1,
    .degree = -1,
    .has_permutations = 1,
    .cost = 1,
    .value = dp_laplace_value,
    .slope = dp_laplace_slope,
    .radial = dp_laplace_radial,
    LOOPS(laplace),
};

/* A screened field bends more across a box: one more point an edge keeps the same digits. */
static const dp_kernel yukawa = {
    .id = DAGPOLE_YUKAWA,
    .name = "yukawa",
    PARAMETERS(yukawa_parameters),
    .lambda = dp_yukawa_lambda,
    .has_dipoles = 1,
    .p_more = 1,
    .degree = -1,
    .has_permutations = 1,
    .rates = DAGPOLE_YUKAWA,
    .cost = 1,
    .value = dp_yukawa_value,
    .slope = dp_yukawa_slope,
    .radial = dp_yukawa_radial,
    LOOPS(yukawa),
};

/* The caller's: what it is made of comes with a plan (kernel/user.h). */
static const dp_kernel user = {.id = DAGPOLE_USER, .name = "user", .degree = -1, .cost = 1};

#define ENTRY(id, name, ...) &name,
static const dp_kernel *const kernels[] = {DP_EACH_KERNEL(ENTRY)};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

const dp_kernel *dp_kernel_number(int i) {
    return i >= 0 && i < N_KERNELS ? kernels[i] : NULL;
}

const dp_kernel *dp_kernel_get(dagpole_kernel id) {
    for (int i = 0; i < N_KERNELS; i++)
        if (kernels[i]->id == id)
            return kernels[i];
    return NULL;
}

const char *dp_precision_name(dp_precision precision) {
    static const char *const names[DP_N_PRECISIONS] = {"double", "reduced", "single", "rough"};
    return names[precision];
}

typedef struct difference {
    double d[3], r;
} difference;

static difference subtract(dp_soa targets, int64_t j, dp_soa sources, int64_t i) {
    difference to = {
        {targets.x[j] - sources.x[i], targets.y[j] - sources.y[i], targets.z[j] - sources.z[i]}, 0};
    to.r = sqrt(to.d[0] * to.d[0] + to.d[1] * to.d[1] + to.d[2] * to.d[2]);
    return to;
}

void dp_kernel_matrix(const dp_kernel *kernel, dp_lambda lambda, int n_targets, dp_soa targets,
                      int n_sources, dp_soa sources, double *matrix) {
    if (kernel->user) {
        dp_user_matrix(kernel->user, dp_damping(lambda), n_targets, targets, n_sources, sources,
                       matrix);
        return;
    }
    for (int i = 0; i < n_sources; i++)
        for (int j = 0; j < n_targets; j++) {
            double r = subtract(targets, j, sources, i).r;
            *matrix++ = r > DP_NEAREST ? kernel->value(lambda, r) : 0;
        }
}

/* Axes of the second derivatives. */
static const int second[DP_N_SECOND][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};

/* A charge's sums at target j. */
static void add_charge(const dp_kernel *kernel, dp_lambda lambda, const difference *to,
                       double charge, dp_sums out, int64_t j) {
    out.potential[j] += charge * kernel->value(lambda, to->r);
    double weight = out.gx ? charge * kernel->slope(lambda, to->r) / to->r : 0;
    for (int a = 0; out.gx && a < 3; a++)
        dp_sums_row(&out, 1 + a)[j] += weight * to->d[a];
    if (!out.hessian[0])
        return;
    const dp_radial e = kernel->radial(lambda, to->r);
    for (int k = 0; k < DP_N_SECOND; k++) {
        int a = second[k][0], b = second[k][1];
        double n_n = to->d[a] / to->r * (to->d[b] / to->r);
        out.hessian[k][j] += charge * (e.e2 * n_n - (a == b ? e.e1 : 0));
    }
}

/* A dipole's: -p . grad g, the derivative along p by the source's position, and derivatives of
 * that. */
static void add_dipole(const dp_kernel *kernel, dp_lambda lambda, const difference *to,
                       const double p[3], dp_sums out, int64_t j) {
    const dp_radial e = kernel->radial(lambda, to->r);
    double n[3] = {to->d[0] / to->r, to->d[1] / to->r, to->d[2] / to->r};
    double along = p[0] * n[0] + p[1] * n[1] + p[2] * n[2];
    out.potential[j] += e.e1 * to->r * along;
    for (int a = 0; out.gx && a < 3; a++)
        dp_sums_row(&out, 1 + a)[j] += e.e1 * p[a] - e.e2 * n[a] * along;
    for (int k = 0; out.hessian[0] && k < DP_N_SECOND; k++) {
        int a = second[k][0], b = second[k][1];
        double mixed = (a == b ? along : 0) + p[a] * n[b] + p[b] * n[a];
        out.hessian[k][j] += (e.e3 * n[a] * n[b] * along - e.e2 * mixed) / to->r;
    }
}

void dp_p2p_ref(const dp_kernel *kernel, dp_lambda lambda, int64_t n_targets, dp_soa targets,
                dp_sums out, int64_t n_sources, dp_soa sources, dp_carried carried) {
    const dp_soa *p = &carried.dipole;
    for (int64_t j = 0; j < n_targets; j++)
        for (int64_t i = 0; i < n_sources; i++) {
            difference to = subtract(targets, j, sources, i);
            if (!(to.r > DP_NEAREST) || isinf(to.r))
                continue;
            if (carried.charge)
                add_charge(kernel, lambda, &to, carried.charge[i], out, j);
            if (p->x)
                add_dipole(kernel, lambda, &to, (double[]){p->x[i], p->y[i], p->z[i]}, out, j);
        }
}
