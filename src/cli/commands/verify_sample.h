/* The targets at which `dagpole verify` compares. */
#ifndef DP_CLI_COMMANDS_VERIFY_SAMPLE_H
#define DP_CLI_COMMANDS_VERIFY_SAMPLE_H

#include <dagpole.h>

/* n sampled targets; values that results hold, values of the direct sum, and the near field's part
 * of the gradients, exactly and as summed. Gradients and hessians are NULL where results have none.
 */
typedef struct cli_sample {
    int64_t n, *index;
    dagpole_kernel_info of; /* how many doubles a value has */
    double *targets, *potentials, *gradients, *hessians;
    double *direct_potentials, *direct_gradients, *direct_hessians, *near_gradients, *near_sums;
    double *random_potentials, *random_gradients, *random_hessians; /* n lengths each */
} cli_sample;

/* Targets of one vector's results, by the seed; cli_sample_free also after a failure. NO_MEMORY. */
dagpole_status cli_sample_draw(cli_sample *sample, int64_t wanted, uint64_t seed,
                               const dagpole_cloud *cloud, const dagpole_results *results);
void cli_sample_free(cli_sample *sample);

#endif
