#include "kernel/kernel.h"

#include "kernel/user.h"

#include <math.h>

#define DECLARE(id, number, name, ...) extern const dp_kernel dp_kernel_##name;
DP_EACH_KERNEL(DECLARE)

#define ENTRY(id, number, name, ...) &dp_kernel_##name,
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
        int a = dp_second_axes[k][0], b = dp_second_axes[k][1];
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
        int a = dp_second_axes[k][0], b = dp_second_axes[k][1];
        double mixed = (a == b ? along : 0) + p[a] * n[b] + p[b] * n[a];
        out.hessian[k][j] += (e.e3 * n[a] * n[b] * along - e.e2 * mixed) / to->r;
    }
}

/* What a part of a source does to one of a target; of: value and derivatives. */
static void add_part(const double of[DP_HESSIAN], dp_sums out, dp_carried carried) {
    for (int a = 0; a < dp_n_sums(&out); a++) {
        double *sum = dp_sums_row(&out, a);
        if (carried.charge)
            *sum += *carried.charge * of[a];
        if (carried.dipole.x) {
            const double p[3] = {*carried.dipole.x, *carried.dipole.y, *carried.dipole.z};
            for (int k = 0; k < 3; k++)
                *sum -= p[k] * of[a ? DP_GRADIENT + dp_second_along(a - 1, k) : 1 + k];
        }
    }
}

void dp_p2p_parts_ref(const dp_kernel *kernel, int64_t n_targets, dp_soa targets, dp_sums out,
                      int64_t out_stride, int64_t n_sources, dp_soa sources, dp_carried carried,
                      int64_t carried_stride) {
    for (int64_t j = 0; j < n_targets; j++)
        for (int64_t i = 0; i < n_sources; i++) {
            difference to = subtract(targets, j, sources, i);
            double of[DP_FLOW_PARTS][DP_FLOW_PARTS][DP_HESSIAN];
            if (!(to.r > DP_NEAREST) || isinf(to.r))
                continue;
            kernel->parts(to.d, of);
            for (int at = 0; at < DP_FLOW_PARTS; at++)
                for (int from = 0; from < DP_FLOW_PARTS; from++)
                    add_part(of[at][from], dp_sums_from(out, at * out_stride + j),
                             dp_carried_from(dp_carried_of_flow(carried, from),
                                             from * carried_stride + i));
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
