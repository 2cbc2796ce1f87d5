#include <math.h>

#include "api/internal.h"
#include "base/sized.h"

void dagpole_context_options_init_sized(dagpole_context_options *options, size_t size) {
    dagpole_context_options defaults = {.size = sizeof defaults};
    dp_sized_init(&defaults, sizeof defaults, options, size);
}

void dagpole_plan_options_init_sized(dagpole_plan_options *options, size_t size) {
    dagpole_plan_options defaults = {
        .size = sizeof defaults, .kernel = DAGPOLE_LAPLACE, .digits = 6, .n_vectors = 1};
    dp_sized_init(&defaults, sizeof defaults, options, size);
}

void dagpole_values_init_sized(dagpole_values *values, size_t size) {
    dagpole_values defaults = {.size = sizeof defaults};
    dp_sized_init(&defaults, sizeof defaults, values, size);
}

static dagpole_status check_int(const char *name, int value, int low, int high) {
    if (value == 0 || (value >= low && value <= high))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %d: it must be 0 (automatic) or %d ... %d", name,
                   value, low, high);
}

static dagpole_status check_double(const char *name, double value, double low, double high) {
    if (value == 0 || (value >= low && value <= high))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %g: it must be 0 (automatic) or %g ... %g", name,
                   value, low, high);
}

static dagpole_status check_kernel(const dagpole_plan_options *o) {
    DP_TRY(dp_check_kernel(o->kernel));
    const dp_kernel *kernel = dp_kernel_get(o->kernel);
    for (int i = 0; i < kernel->n_parameters; i++) {
        const dp_parameter *p = &kernel->parameters[i];
        double value = *(const double *)((const char *)o + p->offset);
        if (!isfinite(value) || value < 0 || (p->is_positive && value == 0))
            return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %g: the kernel %s needs it finite and %s",
                           p->name, value, kernel->name, p->is_positive ? "above 0" : "at least 0");
    }
    return DAGPOLE_OK;
}

static dagpole_status check_user(const dagpole_plan_options *o) {
    dagpole_user_kernel user;
    DP_TRY(dp_user_kernel_take(o->user_kernel, &user));
    return dp_user_check_callbacks(&user, o->sources, o->gradients, o->hessians);
}

dagpole_status dp_check_flag(const char *name, int value) {
    if (value == 0 || value == 1)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "%s is %d: it must be 0 or 1", name, value);
}

static dagpole_status check_shape(const dagpole_plan_options *o) {
    if (o->sources < 0 || o->sources > (DAGPOLE_CHARGES | DAGPOLE_DIPOLES))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "sources is %d: it must be DAGPOLE_CHARGES (1), DAGPOLE_DIPOLES (2), both "
                       "(3) or 0, which is charges",
                       o->sources);
    DP_TRY(dp_check_flag("hessians", o->hessians));
    const dp_kernel *kernel = dp_kernel_get(o->kernel);
    if (!kernel->has_dipoles && (o->sources & DAGPOLE_DIPOLES))
        return dp_fail(DAGPOLE_UNSUPPORTED,
                       "sources is %d, but the kernel is %s: its sources carry charges alone (1)",
                       o->sources, kernel->name);
    if (!kernel->has_hessians && o->hessians)
        return dp_fail(DAGPOLE_UNSUPPORTED,
                       "hessians is 1, but the kernel is %s: of the library's own only laplace has "
                       "second derivatives",
                       kernel->name);
    return DAGPOLE_OK;
}

static dagpole_status check(const dagpole_plan_options *o) {
    DP_TRY(check_kernel(o));
    if (o->digits < 3 || o->digits > 12)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "digits is %d: it must be 3 ... 12", o->digits);
    DP_TRY(dp_check_flag("gradients", o->gradients));
    DP_TRY(check_shape(o));
    if (o->kernel == DAGPOLE_USER)
        DP_TRY(check_user(o));
    if (o->n_vectors < 1 || o->n_vectors > DP_MAX_VECTORS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_vectors is %d: it must be 1 ... 2^30",
                       o->n_vectors);
    if (o->vector_stride < 0 || o->point_stride < 0)
        return dp_fail(
            DAGPOLE_BAD_ARGUMENT,
            "vector_stride is %lld, point_stride %lld: each must be 0 (automatic) or more",
            (long long)o->vector_stride, (long long)o->point_stride);
    DP_TRY(check_int("p", o->p, 3, 22));
    DP_TRY(check_int("n_crit", o->n_crit, 1, 100000));
    if (!(o->root_side >= 0 && o->root_side <= 16 * DP_MAX_COORDINATE))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "root_side is %g: it must be 0 (automatic) or positive and at most %g",
                       o->root_side, 16 * DP_MAX_COORDINATE);
    DP_TRY(check_int("block_boxes", o->block_boxes, 1, 100000));
    DP_TRY(check_double("tolerance", o->tolerance, 1e-16, 1e-1));
    DP_TRY(check_double("svd_cutoff", o->svd_cutoff, 1e-16, 1e-2));
    return DAGPOLE_OK;
}

dagpole_status dp_options_resolve(const dagpole_plan_options *options, dagpole_plan_options *out) {
    dagpole_plan_options o;
    dagpole_plan_options_init(&o);
    if (options)
        DP_TRY(dp_sized_take("plan options", "call dagpole_plan_options_init first", options, &o,
                             sizeof o));
    DP_TRY(check(&o));
    o.point_stride = o.point_stride ? o.point_stride : 1;
    o.sources = o.sources ? o.sources : DAGPOLE_CHARGES;
    const dp_shape shape = dp_options_shape(&o);
    const dp_accuracy accuracy = dp_accuracy_for_shape(o.digits, &shape);
    o.p = o.p ? o.p : accuracy.p + dp_kernel_get(o.kernel)->p_more;
    if (!o.tolerance) /* callers' kernels are measured box by box */
        o.tolerance =
            o.kernel == DAGPOLE_USER ? dp_accuracy_of_boxes(&accuracy) : accuracy.tolerance;
    o.svd_cutoff = o.svd_cutoff ? o.svd_cutoff : accuracy.svd_cutoff;
    *out = o;
    return DAGPOLE_OK;
}

dp_shape dp_options_shape(const dagpole_plan_options *o) {
    int n_parts = dp_kernel_get(o->kernel)->n_parts;
    dp_shape shape = {.n_vectors = n_parts,
                      .n_parts = n_parts,
                      .has_charges = (o->sources & DAGPOLE_CHARGES) != 0,
                      .has_dipoles = (o->sources & DAGPOLE_DIPOLES) != 0,
                      .n_sums = o->hessians ? DP_HESSIAN : DP_GRADIENT};
    shape.has_charges |= dp_is_flow(&shape); /* stresslets are sources of flow as well */
    return shape;
}

int dp_options_sums(const dagpole_plan_options *o) {
    return o->hessians ? DP_HESSIAN : o->gradients ? DP_GRADIENT : DP_POTENTIAL;
}

/* What experts cannot set follows from the digits. */
dp_accuracy dp_options_accuracy(const dagpole_plan_options *o) {
    const dp_shape shape = dp_options_shape(o);
    dp_accuracy accuracy = dp_accuracy_for_shape(o->digits, &shape);
    if (o->p != accuracy.p)
        accuracy.p_of_waves = 0;
    accuracy.p = o->p;
    accuracy.tolerance = o->tolerance;
    accuracy.svd_cutoff = o->svd_cutoff;
    if (o->kernel == DAGPOLE_USER)
        accuracy.precision = DP_DOUBLE;
    return accuracy;
}

dp_lambda dp_scaled_lambda(const dagpole_plan_options *o, const dp_cube *cube) {
    const dp_kernel *kernel = dp_kernel_get(o->kernel);
    dp_lambda lambda = kernel->lambda ? kernel->lambda(o) : 0;
    double damping = ldexp(dp_damping(lambda), cube->exponent),
           wave_number = ldexp(dp_wave_number(lambda), cube->exponent);
    return wave_number > 0 ? dp_lambda_of(damping, wave_number) : damping;
}

/* Surfaces of more points are not tried. */
#define MOST_POINTS 28

/* That of level 2, the coarsest that has operators, over its side. */
dagpole_status dp_check_waves(const dagpole_plan_options *o, const dp_cube *cube,
                              const dp_operators_request *r) {
    double waves = dp_wave_number(r->lambda) * r->side / 4;
    if (r->depth < DP_FIRST_LEVEL || dp_accuracy_points(&r->accuracy, waves) <= MOST_POINTS)
        return DAGPOLE_OK;
    double most = 0;
    while (dp_accuracy_points(&r->accuracy, (most + 0.1) * M_PI / 2) <= MOST_POINTS)
        most += 0.1;
    return dp_fail(DAGPOLE_UNSUPPORTED,
                   "wave_number is %g: %.4g wavelengths along the root cube's side of %g, but %d "
                   "digits are held up to %.1f of them",
                   o->wave_number, waves / (M_PI / 2), ldexp(cube->side, cube->exponent), o->digits,
                   most);
}
