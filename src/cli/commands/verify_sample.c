#include "cli/commands/verify_sample.h"

#include <stdlib.h>
#include <string.h>

void cli_sample_free(cli_sample *s) {
    free(s->index);
    free(s->targets);
    free(s->potentials);
    free(s->gradients);
    free(s->direct_potentials);
    free(s->direct_gradients);
    free(s->near_gradients);
    free(s->near_sums);
    free(s->random_potentials);
    free(s->random_gradients);
    free(s->hessians);
    free(s->direct_hessians);
    free(s->random_hessians);
}

static dagpole_status allocate(cli_sample *s, int64_t n, int with_gradients, int with_hessians) {
    size_t room = n > 0 ? (size_t)n : 1;
    s->n = n;
    s->index = calloc(room, sizeof(int64_t));
    s->targets = calloc(room, 3 * sizeof(double));
    s->potentials = calloc(room, sizeof(double));
    s->direct_potentials = calloc(room, sizeof(double));
    s->random_potentials = calloc(room, sizeof(double));
    if (with_gradients) {
        s->random_gradients = calloc(room, sizeof(double));
        s->gradients = calloc(room, 3 * sizeof(double));
        s->direct_gradients = calloc(room, 3 * sizeof(double));
        s->near_gradients = calloc(room, 3 * sizeof(double));
        s->near_sums = calloc(room, 3 * sizeof(double));
    }
    if (with_hessians) {
        s->random_hessians = calloc(room, sizeof(double));
        s->hessians = calloc(room, 6 * sizeof(double));
        s->direct_hessians = calloc(room, 6 * sizeof(double));
    }
    int is_complete =
        s->index && s->targets && s->potentials && s->direct_potentials && s->random_potentials;
    if (with_gradients)
        is_complete = is_complete && s->gradients && s->direct_gradients && s->near_gradients &&
                      s->near_sums && s->random_gradients;
    if (with_hessians)
        is_complete = is_complete && s->hessians && s->direct_hessians && s->random_hessians;
    return is_complete ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

/* splitmix64 (Steele, Lea, Flood 2014), as a double in [0, 1). */
static double next_uniform(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Selection sampling (Knuth, volume 2, algorithm S): ascending indices, each subset equally likely.
 */
dagpole_status cli_sample_draw(cli_sample *s, int64_t wanted, uint64_t seed,
                               const dagpole_cloud *cloud, const dagpole_results *results) {
    int64_t n_targets = results->n_targets;
    const double *points = cloud->targets ? cloud->targets : cloud->sources;
    dagpole_status status = allocate(s, wanted < n_targets ? wanted : n_targets,
                                     results->gradients != NULL, results->hessians != NULL);
    int64_t n = 0;
    for (int64_t i = 0; status == DAGPOLE_OK && n < s->n; i++) {
        if ((double)(n_targets - i) * next_uniform(&seed) >= (double)(s->n - n))
            continue;
        s->index[n] = i;
        memcpy(s->targets + 3 * n, points + 3 * i, 3 * sizeof(double));
        s->potentials[n] = results->potentials[i];
        if (s->gradients)
            memcpy(s->gradients + 3 * n, results->gradients + 3 * i, 3 * sizeof(double));
        if (s->hessians)
            memcpy(s->hessians + 6 * n, results->hessians + 6 * i, 6 * sizeof(double));
        n++;
    }
    return status;
}
