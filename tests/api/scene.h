/* Points, what they carry and what is wanted of them, for tests of whole evaluations by any kernel.
 * A test sets the options of its kernel, opens a scene and may move everything in it. */
#ifndef DP_TESTS_API_SCENE_H
#define DP_TESTS_API_SCENE_H

#include "plans.h"

/* Room for the most vectors of a scene. */
enum { SCENE_VECTORS = 3 };

typedef struct scene {
    dagpole_context *context;
    dagpole_plan_options options;
    int64_t n_sources, n_targets;
    double *sources, *targets; /* targets NULL: the sources */
    /* Values of the kernel, vector behind vector: of Stokes charges are forces, dipoles stresslets
     * and potentials velocities. */
    double *charges, *dipoles;
    double *potentials, *gradients, *hessians, *pressures; /* pressures NULL: it has none */
} scene;

enum { N_QUANTITIES = 4 };

/* order: of derivatives. Digits are as many fewer. */
static const struct {
    const char *name;
    int order;
} quantities[N_QUANTITIES] = {
    {"potentials", 0}, {"gradients", 1}, {"second derivatives", 2}, {"pressures", 1}};

static inline dagpole_kernel_info info_of(const scene *s) {
    dagpole_kernel_info info = {.size = sizeof info};
    must(dagpole_kernel_query(s->options.kernel, &info));
    return info;
}

/* Numbers of a quantity at a target. */
static inline int width_of(const scene *s, int quantity) {
    const dagpole_kernel_info info = info_of(s);
    return (int[N_QUANTITIES]){info.potential, info.gradient, info.hessian,
                               info.pressure}[quantity];
}

static inline double *make_random(int64_t n, double size, uint64_t *seed) {
    double *numbers = make_results(n);
    for (int64_t i = 0; i < n; i++)
        numbers[i] = size * (2 * suite_uniform(seed) - 1);
    return numbers;
}

/* n_targets 0: the sources. Charges are random in [-1, 1], and dipoles so many times that: where
 * they are about as strong as points are apart neither hides the other. */
static inline scene *open_scene(const dagpole_plan_options *options, cloud kind, int64_t n_sources,
                                int64_t n_targets, double dipole_size) {
    scene *s = calloc(1, sizeof *s);
    uint64_t seed = 11;
    s->context = open_with_cache();
    s->options = *options;
    s->n_sources = n_sources;
    s->n_targets = n_targets ? n_targets : n_sources;
    s->sources = cloud_make(kind, n_sources, 5);
    s->targets = n_targets ? cloud_make(kind, n_targets, 6) : NULL;
    const dagpole_kernel_info info = info_of(s);
    const int64_t n = SCENE_VECTORS * n_sources, m = SCENE_VECTORS * s->n_targets;
    s->charges = make_random(info.charge * n, 1, &seed);
    s->dipoles = make_random(info.dipole * n, dipole_size, &seed);
    s->potentials = make_results(info.potential * m);
    s->gradients = make_results(info.gradient * m);
    s->hessians = make_results(info.hessian * m);
    s->pressures = info.pressure ? make_results(info.pressure * m) : NULL;
    return s;
}

static inline void close_scene(scene *s) {
    dagpole_context_destroy(s->context);
    double *const arrays[] = {s->sources,    s->targets,   s->charges,  s->dipoles,
                              s->potentials, s->gradients, s->hessians, s->pressures};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
    free(s);
}

static inline dagpole_plan *plan_of(const scene *s) {
    return open_plan(s->context, s->options, s->n_sources, s->sources,
                     s->targets ? s->n_targets : 0, s->targets);
}

/* What the scene's sources carry, and its results; second derivatives where the options ask. */
static inline dagpole_values values_of(const scene *s) {
    dagpole_values values;
    dagpole_values_init(&values);
    if (s->options.sources != DAGPOLE_DIPOLES)
        values.charges = s->charges;
    if (s->options.sources & DAGPOLE_DIPOLES)
        values.dipoles = s->dipoles;
    values.potentials = s->potentials;
    values.gradients = s->gradients;
    if (s->options.hessians)
        values.hessians = s->hessians;
    values.pressures = s->pressures;
    return values;
}

/* The same values with arrays of their own for results. */
static inline dagpole_values values_beside(const scene *s) {
    dagpole_values values = values_of(s);
    double **const arrays[N_QUANTITIES] = {&values.potentials, &values.gradients, &values.hessians,
                                           &values.pressures};
    for (int q = 0; q < N_QUANTITIES; q++)
        if (*arrays[q])
            *arrays[q] = make_results(width_of(s, q) * s->options.n_vectors * s->n_targets);
    return values;
}

static inline void free_values(dagpole_values *values) {
    free(values->potentials);
    free(values->gradients);
    free(values->hessians);
    free(values->pressures);
}

static inline void apply(scene *s) {
    dagpole_values values = values_of(s);
    dagpole_plan *plan = plan_of(s);
    must(dagpole_plan_apply(plan, &values));
    dagpole_plan_destroy(plan);
}

static inline void apply_direct(const scene *s, int is_rms, dagpole_values values) {
    must(dagpole_direct_apply(NULL, &s->options, s->n_sources, s->sources,
                              s->targets ? s->n_targets : 0, s->targets, is_rms, &values));
}

/* The scene's results hold the digits beside what is expected, each vector by itself. random: what
 * random signs would give, one number of each quantity a target. */
static inline void check_against(const scene *s, const dagpole_values *expected,
                                 const dagpole_values *random) {
    const dagpole_plan_options *o = &s->options;
    const double *is[] = {s->potentials, s->gradients, s->hessians, s->pressures};
    const double *should[] = {expected->potentials, expected->gradients, expected->hessians,
                              expected->pressures};
    const double *size[] = {random->potentials, random->gradients, random->hessians,
                            random->pressures};
    for (int q = 0; q < N_QUANTITIES; q++)
        for (int64_t v = 0; should[q] && v < o->n_vectors; v++) {
            int64_t n = s->n_targets, first = width_of(s, q) * v * n;
            double error = promised_error(width_of(s, q) * n, is[q] + first, should[q] + first,
                                          norm_of(n, size[q] + v * n));
            ck_assert_msg(error <= pow(10, quantities[q].order - o->digits),
                          "%s, %d digits, sources %d, wave number %.17g, damping %g, leaves of %d: "
                          "%s of vector %d err by %g",
                          info_of(s).name, o->digits, o->sources, o->wave_number, o->damping,
                          o->n_crit, quantities[q].name, (int)v, error);
        }
}

/* Beside the direct sums. */
static inline void check_digits(const scene *s) {
    dagpole_values direct = values_beside(s), random = values_beside(s);
    apply_direct(s, 0, direct);
    apply_direct(s, 1, random);
    check_against(s, &direct, &random);
    free_values(&direct);
    free_values(&random);
}

#endif
