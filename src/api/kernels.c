/* Kernels and their parameters by name. */
#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "base/sized.h"

const char *dagpole_kernel_name(int i) {
    const dp_kernel *kernel = dp_kernel_number(i);
    return kernel ? kernel->name : NULL;
}

dagpole_status dagpole_kernel_find(const char *name, dagpole_kernel *kernel) {
    DP_DEFAULT_FLOATING;
    if (!kernel)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "kernel is NULL: it receives the kernel of a name");
    if (!name || !dp_kernel_find(name, kernel))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "the kernel is '%.60s': it must be one of %s",
                       name ? name : "NULL", dp_kernel_names());
    return DAGPOLE_OK;
}

dagpole_status dp_check_kernel(dagpole_kernel kernel) {
    if (dp_kernel_get(kernel))
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "kernel is %d: it must be one of %s", (int)kernel,
                   dp_kernel_names());
}

dagpole_status dagpole_kernel_query(dagpole_kernel kernel, dagpole_kernel_info *info) {
    DP_DEFAULT_FLOATING;
    DP_TRY(dp_check_kernel(kernel));
    if (!dp_sized_is_set(info))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "info is NULL or its size is not set to sizeof(dagpole_kernel_info)");
    const dp_kernel *k = dp_kernel_get(kernel);
    const dp_widths *w = dp_kernel_widths(kernel);
    dagpole_kernel_info all = {.size = sizeof all,
                               .name = k->name,
                               .n_parameters = k->n_parameters,
                               .charge = w->charge,
                               .dipole = k->has_dipoles ? w->dipole : 0,
                               .potential = w->potential,
                               .gradient = w->gradient,
                               .hessian = k->has_hessians ? DP_N_SECOND : 0,
                               .pressure = w->pressure};
    dp_sized_give(&all, sizeof all, info);
    return DAGPOLE_OK;
}

const char *dagpole_kernel_parameter(dagpole_kernel kernel, int i) {
    const dp_kernel *k = dp_kernel_get(kernel);
    return k && i >= 0 && i < k->n_parameters ? k->parameters[i].name : NULL;
}

/* "lambda", or "wave_number, damping". */
static void list_parameters(const dp_kernel *kernel, char *text, size_t bytes) {
    *text = '\0';
    for (int i = 0; i < kernel->n_parameters; i++) {
        size_t length = strlen(text);
        snprintf(text + length, bytes - length, "%s%s", i ? ", " : "", kernel->parameters[i].name);
    }
}

dagpole_status dagpole_plan_options_set(dagpole_plan_options *options, const char *parameter,
                                        double value) {
    DP_DEFAULT_FLOATING;
    char known[128];
    if (!dp_sized_is_set(options))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "options is NULL or has no size: call "
                                             "dagpole_plan_options_init first");
    DP_TRY(dp_check_kernel(options->kernel));
    const dp_kernel *kernel = dp_kernel_get(options->kernel);
    for (int i = 0; parameter && i < kernel->n_parameters; i++) {
        const dp_parameter *p = &kernel->parameters[i];
        if (strcmp(p->name, parameter) != 0)
            continue;
        if (!dp_sized_holds(options, p->offset + sizeof value))
            return dp_fail(DAGPOLE_BAD_ARGUMENT,
                           "options of %zu bytes end before %s: call dagpole_plan_options_init",
                           options->size, p->name);
        *(double *)((char *)options + p->offset) = value;
        return DAGPOLE_OK;
    }
    list_parameters(kernel, known, sizeof known);
    return dp_fail(DAGPOLE_BAD_ARGUMENT, "the parameter is '%.60s': the kernel %s has %s",
                   parameter ? parameter : "NULL", kernel->name, *known ? known : "none");
}
