/* A kernel of the caller's: what is given, and whether it is what it has to be. */
#include <math.h>
#include <string.h>

#include "api/user.h"
#include "base/sized.h"

/* Of a pair, in times of Laplace's: a root and a division in plain C. */
#define COST 15

/* Letters of a version. */
enum { MOST_LETTERS = 40 };

void dagpole_user_kernel_init_sized(dagpole_user_kernel *kernel, size_t size) {
    dagpole_user_kernel defaults = {.size = sizeof defaults, .degree = -1};
    dp_sized_init(&defaults, sizeof defaults, kernel, size);
}

static dagpole_status check_version(const char *version) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (!version)
        return DAGPOLE_OK;
    size_t n = strlen(version), n_good = strspn(version, letters);
    if (n == n_good && n >= 1 && n <= MOST_LETTERS)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT,
                   "user_kernel.version is '%.60s': it must be NULL or 1 to %d letters, digits, "
                   "'.', '_' and '-'",
                   version, MOST_LETTERS);
}

dagpole_status dp_user_kernel_take(const dagpole_user_kernel *given, dagpole_user_kernel *taken) {
    dagpole_user_kernel_init(taken);
    if (!given)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "user_kernel is NULL: kernel is DAGPOLE_USER (4)");
    DP_TRY(dp_sized_take("user_kernel", "call dagpole_user_kernel_init first", given, taken,
                         sizeof *taken));
    if (!taken->values)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "user_kernel.values is NULL: it must be a callback that fills values");
    if (taken->hessians && !taken->gradients)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "user_kernel.gradients is NULL, but hessians is not: they are held against "
                       "differences of gradients");
    DP_TRY(dp_check_flag("user_kernel.is_homogeneous", taken->is_homogeneous));
    if (taken->is_homogeneous && !(taken->degree >= -8 && taken->degree <= 8))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "user_kernel.degree is %g: it must be -8 ... 8",
                       taken->degree);
    if (!(taken->cost == 0 || (taken->cost >= 1 && taken->cost <= 1e6)))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "user_kernel.cost is %g: it must be 0 (automatic) or 1 ... 1e6",
                       taken->cost);
    taken->cost = taken->cost ? taken->cost : COST;
    return check_version(taken->version);
}

dagpole_status dp_options_kernel(const dagpole_plan_options *o, const dp_kernel **kernel,
                                 dp_user **user) {
    dagpole_user_kernel taken;
    *user = NULL;
    *kernel = dp_kernel_get(o->kernel);
    if (o->kernel != DAGPOLE_USER)
        return DAGPOLE_OK;
    DP_TRY(dp_user_kernel_take(o->user_kernel, &taken));
    DP_TRY(dp_user_create(&taken, user));
    *kernel = &(*user)->kernel;
    return DAGPOLE_OK;
}

static dagpole_status refuse_gradients(const char *what) {
    return dp_fail(DAGPOLE_UNSUPPORTED,
                   "%s, but user_kernel has no callback for gradients (it is NULL)", what);
}

static dagpole_status refuse_hessians(const char *what) {
    return dp_fail(DAGPOLE_UNSUPPORTED,
                   "%s, but user_kernel has no callback for second derivatives (hessians is NULL)",
                   what);
}

dagpole_status dp_user_check_callbacks(const dagpole_user_kernel *k, int sources, int has_gradients,
                                       int has_hessians) {
    int has_dipoles = sources & DAGPOLE_DIPOLES;
    if (has_dipoles && !k->gradients)
        return refuse_gradients("sources carry dipoles, whose potentials are made of gradients");
    if (has_dipoles && has_hessians)
        return dp_fail(DAGPOLE_UNSUPPORTED,
                       "second derivatives of dipoles are asked for, but a user_kernel has no "
                       "callback for the third derivatives that they are made of");
    if (has_gradients && !k->gradients)
        return refuse_gradients("gradients are asked for");
    if (has_dipoles && has_gradients && !k->hessians)
        return refuse_hessians("gradients of dipoles are asked for");
    if (has_hessians && !k->hessians)
        return refuse_hessians("second derivatives are asked for");
    return DAGPOLE_OK;
}

dagpole_status dp_user_check_results(const dp_user *user, int sources, int has_gradients,
                                     int has_hessians) {
    if (!user)
        return DAGPOLE_OK;
    return dp_user_check_callbacks(&user->given, sources, has_gradients, has_hessians);
}
