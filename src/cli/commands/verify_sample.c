#include "cli/commands/verify_sample.h"
#include "cli/common.h"

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

/* 0 where an array is wanted and there is no memory for it. */
static int make(double **values, int is_wanted, size_t n, int doubles) {
    if (is_wanted)
        *values = calloc(n, (size_t)doubles * sizeof(double));
    return !is_wanted || *values;
}

static dagpole_status allocate(cli_sample *s, int64_t n, const dagpole_results *results) {
    size_t room = n > 0 ? (size_t)n : 1;
    int with_gradients = results->gradients != NULL, with_hessians = results->hessians != NULL;
    dagpole_kernel_info of = cli_kernel_info(results->kernel);
    s->n = n;
    s->of = of;
    s->index = calloc(room, sizeof(int64_t));
    int is_complete = s->index && make(&s->targets, 1, room, 3) &&
                      make(&s->potentials, 1, room, of.potential) &&
                      make(&s->direct_potentials, 1, room, of.potential) &&
                      make(&s->random_potentials, 1, room, 1) &&
                      make(&s->gradients, with_gradients, room, of.gradient) &&
                      make(&s->direct_gradients, with_gradients, room, of.gradient) &&
                      make(&s->near_gradients, with_gradients, room, of.gradient) &&
                      make(&s->near_sums, with_gradients, room, of.gradient) &&
                      make(&s->random_gradients, with_gradients, room, 1) &&
                      make(&s->hessians, with_hessians, room, of.hessian) &&
                      make(&s->direct_hessians, with_hessians, room, of.hessian) &&
                      make(&s->random_hessians, with_hessians, room, 1);
    return is_complete ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
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
                               const dagpole_cloud *cloud, const dagpole_results *results) {
    int64_t n_targets = results->n_targets;
    const double *points = cloud->targets ? cloud->targets : cloud->sources;
    dagpole_status status = allocate(s, wanted < n_targets ? wanted : n_targets, results);
    int64_t n = 0;
    for (int64_t i = 0; status == DAGPOLE_OK && n < s->n; i++) {
        if ((double)(n_targets - i) * next_uniform(&seed) >= (double)(s->n - n))
            continue;
        s->index[n] = i;
        take(s->targets, points, n, i, 3);
        take(s->potentials, results->potentials, n, i, s->of.potential);
        take(s->gradients, results->gradients, n, i, s->of.gradient);
        take(s->hessians, results->hessians, n, i, s->of.hessian);
        n++;
    }
    return status;
}
