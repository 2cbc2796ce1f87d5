#include "cli/commands/verify_sample.h"
#include "cli/common.h"

#include <stdlib.h>
#include <string.h>

double **cli_results_array(dagpole_results *results, cli_quantity quantity) {
    double **const arrays[] = {[CLI_POTENTIALS] = &results->potentials,
                               [CLI_GRADIENTS] = &results->gradients,
                               [CLI_HESSIANS] = &results->hessians,
                               [CLI_PRESSURES] = &results->pressures};
    return arrays[quantity];
}

int cli_results_doubles(const dagpole_results *results, cli_quantity quantity) {
    const dagpole_kernel_info of = cli_kernel_info(results->kernel);
    const int doubles[] = {[CLI_POTENTIALS] = of.potential,
                           [CLI_GRADIENTS] = of.gradient,
                           [CLI_HESSIANS] = of.hessian,
                           [CLI_PRESSURES] = of.pressure};
    return doubles[quantity];
}

void cli_sample_free(cli_sample *s) {
    free(s->index);
    free(s->targets);
    free(s->near_gradients);
    free(s->near_sums);
    for (int q = 0; q < CLI_N_QUANTITIES; q++) {
        free(s->result[q]);
        free(s->direct[q]);
        free(s->random[q]);
    }
}

static dagpole_status make(double **values, int64_t n, int doubles) {
    *values = calloc(n > 0 ? (size_t)n : 1, (size_t)doubles * sizeof(double));
    return *values ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static dagpole_status make_quantity(cli_sample *s, cli_quantity q) {
    dagpole_status status = make(&s->result[q], s->n, s->doubles[q]);
    if (status == DAGPOLE_OK)
        status = make(&s->direct[q], s->n, s->doubles[q]);
    if (status == DAGPOLE_OK)
        status = make(&s->random[q], s->n, 1);
    return status;
}

static dagpole_status allocate(cli_sample *s, int64_t n, dagpole_results *results) {
    s->n = n;
    s->index = calloc(n > 0 ? (size_t)n : 1, sizeof(int64_t));
    dagpole_status status = s->index ? make(&s->targets, n, 3) : DAGPOLE_NO_MEMORY;
    for (int q = 0; status == DAGPOLE_OK && q < CLI_N_QUANTITIES; q++) {
        s->doubles[q] = cli_results_doubles(results, q);
        if (*cli_results_array(results, q))
            status = make_quantity(s, q);
    }
    if (status == DAGPOLE_OK && results->gradients)
        status = make(&s->near_gradients, n, s->doubles[CLI_GRADIENTS]);
    if (status == DAGPOLE_OK && results->gradients)
        status = make(&s->near_sums, n, s->doubles[CLI_GRADIENTS]);
    return status;
}

/* splitmix64 (Steele, Lea, Flood 2014), as a double in [0, 1). */
static double next_uniform(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void take(double *to, const double *from, int64_t at, int64_t i, int doubles) {
    if (to)
        memcpy(to + at * doubles, from + i * doubles, (size_t)doubles * sizeof *to);
}

/* Selection sampling (Knuth, volume 2, algorithm S): ascending indices, each subset equally likely.
 */
dagpole_status cli_sample_draw(cli_sample *s, int64_t wanted, uint64_t seed,
                               const dagpole_cloud *cloud, dagpole_results *results) {
    int64_t n_targets = results->n_targets;
    const double *points = cloud->targets ? cloud->targets : cloud->sources;
    dagpole_status status = allocate(s, wanted < n_targets ? wanted : n_targets, results);
    int64_t n = 0;
    for (int64_t i = 0; status == DAGPOLE_OK && n < s->n; i++) {
        if ((double)(n_targets - i) * next_uniform(&seed) >= (double)(s->n - n))
            continue;
        s->index[n] = i;
        take(s->targets, points, n, i, 3);
        for (int q = 0; q < CLI_N_QUANTITIES; q++)
            take(s->result[q], *cli_results_array(results, q), n, i, s->doubles[q]);
        n++;
    }
    return status;
}
