#include "cli/wanted.h"

#include <stdlib.h>

int cli_wanted_check(const cli_command *command, cli_wanted *wanted, cli_plan_choice *plan) {
    if (wanted->pressures && !cli_kernel_info(plan->plan.kernel).pressure)
        return cli_usage(command, "--pressures: the kernel %s has none", plan->kernel);
    wanted->gradients |= wanted->hessians;
    plan->plan.gradients = wanted->gradients;
    plan->plan.hessians = wanted->hessians;
    return CLI_PROCEED;
}

static double *calloc_values(int is_wanted, size_t n, int doubles) {
    return is_wanted ? calloc(n, (size_t)doubles * sizeof(double)) : NULL;
}

dagpole_status cli_wanted_allocate(const cli_wanted *wanted, const dagpole_cloud *cloud,
                                   dagpole_results *results) {
    dagpole_kernel_info info = cli_kernel_info(cloud->kernel);
    results->n_targets = cloud->targets ? cloud->n_targets : cloud->n_sources;
    results->n_vectors = cloud->n_vectors;
    results->kernel = cloud->kernel;
    size_t n = (size_t)results->n_targets * (size_t)results->n_vectors + 1;
    results->potentials = calloc_values(1, n, info.potential);
    results->gradients = calloc_values(wanted->gradients, n, info.gradient);
    results->hessians = calloc_values(wanted->hessians, n, info.hessian);
    results->pressures = calloc_values(wanted->pressures, n, info.pressure);
    int is_complete = results->potentials && (results->gradients || !wanted->gradients) &&
                      (results->hessians || !wanted->hessians) &&
                      (results->pressures || !wanted->pressures);
    return is_complete ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

void cli_wanted_free(dagpole_results *results) {
    free(results->potentials);
    free(results->gradients);
    free(results->hessians);
    free(results->pressures);
}
