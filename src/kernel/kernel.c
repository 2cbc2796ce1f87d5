#include "kernel/kernel.h"

#include "base/per_isa.h"
#include "kernel/green.h"
#include "kernel/near.h"
#include "kernel/orbits.h"
#include "kernel/p2p.h"

#include <math.h>

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

static const dp_kernel kernels[] = {
    {
        .id = DAGPOLE_LAPLACE,
        .name = "laplace",
        .is_homogeneous = 1,
        .value = dp_laplace_value,
        .slope = dp_laplace_slope,
        LOOPS(laplace),
    },
    {
        .id = DAGPOLE_YUKAWA,
        .name = "yukawa",
        .value = dp_yukawa_value,
        .slope = dp_yukawa_slope,
        LOOPS(yukawa),
    },
};

const dp_kernel *dp_kernel_get(dagpole_kernel id) {
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++)
        if (kernels[k].id == id)
            return &kernels[k];
    return NULL;
}

const char *dp_precision_name(dp_precision precision) {
    static const char *const names[DP_N_PRECISIONS] = {"double", "reduced", "single", "rough"};
    return names[precision];
}

typedef struct difference {
    double x, y, z, r;
} difference;

static difference subtract(dp_soa targets, int64_t j, dp_soa sources, int64_t i) {
    difference d = {targets.x[j] - sources.x[i], targets.y[j] - sources.y[i],
                    targets.z[j] - sources.z[i], 0};
    d.r = sqrt(d.x * d.x + d.y * d.y + d.z * d.z);
    return d;
}

void dp_kernel_matrix(const dp_kernel *kernel, double lambda, int n_targets, dp_soa targets,
                      int n_sources, dp_soa sources, double *matrix) {
    for (int i = 0; i < n_sources; i++)
        for (int j = 0; j < n_targets; j++) {
            double r = subtract(targets, j, sources, i).r;
            *matrix++ = r > DP_NEAREST ? kernel->value(lambda, r) : 0;
        }
}

void dp_p2p_ref(const dp_kernel *kernel, double lambda, int64_t n_targets, dp_soa targets,
                dp_sums out, int64_t n_sources, dp_soa sources, dp_carried carried) {
    for (int64_t j = 0; j < n_targets; j++)
        for (int64_t i = 0; i < n_sources; i++) {
            difference d = subtract(targets, j, sources, i);
            if (!(d.r > DP_NEAREST))
                continue;
            out.potential[j] += carried.charge[i] * kernel->value(lambda, d.r);
            if (!out.gx)
                continue;
            double weight = carried.charge[i] * kernel->slope(lambda, d.r) / d.r;
            out.gx[j] += weight * d.x;
            out.gy[j] += weight * d.y;
            out.gz[j] += weight * d.z;
        }
}
