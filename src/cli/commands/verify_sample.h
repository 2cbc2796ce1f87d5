/* The targets at which `dagpole verify` compares. */
#ifndef DP_CLI_COMMANDS_VERIFY_SAMPLE_H
#define DP_CLI_COMMANDS_VERIFY_SAMPLE_H

#include <dagpole.h>

/* What results may hold. */
typedef enum cli_quantity {
    CLI_POTENTIALS,
    CLI_GRADIENTS,
    CLI_HESSIANS,
    CLI_PRESSURES,
    CLI_N_QUANTITIES
} cli_quantity;

/* n sampled targets; of each quantity, which is NULL where results have none, what they hold, the
 * direct sum and the length that charges of random sign would give; and the near field's part of
 * the gradients, exactly and as summed. */
typedef struct cli_sample {
    int64_t n, *index;
    double *targets;
    int doubles[CLI_N_QUANTITIES]; /* of a value; of a random one 1 */
    double *result[CLI_N_QUANTITIES], *direct[CLI_N_QUANTITIES], *random[CLI_N_QUANTITIES];
    double *near_gradients, *near_sums;
} cli_sample;

/* The array of a quantity; NULL: there is none. */
double **cli_results_array(dagpole_results *results, cli_quantity quantity);

/* How many doubles a value of it has. */
int cli_results_doubles(const dagpole_results *results, cli_quantity quantity);

/* Targets of one vector's results, by the seed; cli_sample_free also after a failure. NO_MEMORY. */
dagpole_status cli_sample_draw(cli_sample *sample, int64_t wanted, uint64_t seed,
                               const dagpole_cloud *cloud, dagpole_results *results);
void cli_sample_free(cli_sample *sample);

#endif
