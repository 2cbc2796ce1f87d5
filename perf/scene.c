#include "perf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double norm(int64_t n, const double *a) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * a[i];
    return sqrt(sum);
}

/* One of each of n_samples runs. Where in it varies, since a lattice has periods of its own. */
static void choose_samples(perf_charged *c) {
    double run = (double)c->cloud.n_sources / (double)c->n_samples;
    for (int64_t i = 0; i < c->n_samples; i++) {
        double within = fmod(0.61803398874989485 * (double)i, 1);
        c->sample[i] = (int64_t)(((double)i + within) * run);
        memcpy(c->targets + 3 * i, c->cloud.sources + 3 * c->sample[i], 3 * sizeof(double));
    }
}

/* What is right, and what charges of random sign would give: one number a sample. */
static void sum_directly(const perf_scene *s, perf_charged *c) {
    int64_t n = c->n_samples;
    double lambda = s->chosen->lambda, *random = perf_alloc((size_t)n, 2 * sizeof *random);
    perf_try(dagpole_direct(NULL, s->plan.kernel, lambda, s->n, c->cloud.sources, c->charges, n,
                            c->targets, c->potentials, c->gradients));
    perf_try(dagpole_direct_rms(NULL, s->plan.kernel, lambda, s->n, c->cloud.sources, c->charges, n,
                                c->targets, random, random + n));
    c->potential_norm = norm(n * s->widths->potential, c->potentials);
    c->gradient_norm = norm(n * s->widths->gradient, c->gradients);
    c->potential_unit = fmax(c->potential_norm, norm(n, random));
    c->gradient_unit = fmax(c->gradient_norm, norm(n, random + n));
    free(random);
}

/* Where a charge of the kernel is several numbers and the cloud has one a point, the others are
 * those of the points behind it. */
static double *widen(const perf_scene *s, const dagpole_cloud *cloud) {
    int64_t width = s->widths->charge, given = dp_kernel_widths(cloud->kernel)->charge;
    double *charges = perf_alloc((size_t)(s->n * width), sizeof *charges);
    if (!cloud->charges || (given > 1 && given != width))
        perf_fail("these charges are not those of the kernel %s", s->kernel);
    for (int64_t i = 0; i < s->n * width; i++)
        charges[i] = cloud->charges[(i / width * given + i % width) % (s->n * given)];
    return charges;
}

static void charge(perf_scene *s, const char *kind) {
    perf_charged *c = &s->kind[s->n_kinds++];
    c->kind = kind;
    perf_try(dagpole_cloud_generate(s->cloud, s->n, (uint64_t)s->chosen->seed, kind, &c->cloud));
    c->n_samples = s->chosen->samples < s->n ? s->chosen->samples : s->n;
    c->charges = widen(s, &c->cloud);
    int n = (int)c->n_samples, doubles = 3 + s->widths->potential + s->widths->gradient;
    c->sample = perf_alloc((size_t)n, sizeof *c->sample);
    c->targets = perf_alloc((size_t)n, (size_t)doubles * sizeof *c->targets);
    c->potentials = c->targets + 3 * n;
    c->gradients = c->potentials + n * s->widths->potential;
    choose_samples(c);
    sum_directly(s, c);
}

static void discharge(perf_charged *c) {
    dagpole_cloud_free(&c->cloud);
    free(c->charges);
    free(c->sample);
    free(c->targets);
}

static void choose_kernel(perf_scene *s, const char *name) {
    s->kernel = name;
    s->plan = s->chosen->plan;
    if (!dp_kernel_find(name, &s->plan.kernel) || s->plan.kernel == DAGPOLE_USER)
        perf_fail("there is no kernel '%s'", name);
    s->widths = dp_kernel_widths(s->plan.kernel);
    *(dp_kernel_is_complex(s->plan.kernel) ? &s->plan.wave_number : &s->plan.lambda) =
        s->chosen->lambda;
}

/* Leaves what is loaded for so many kinds of charges, from this one on. */
static void change(perf_scene *s, int first, int n_kinds) {
    for (int k = 0; k < s->n_kinds; k++)
        discharge(&s->kind[k]);
    for (s->n_kinds = 0; s->n_kinds < n_kinds;)
        charge(s, s->kinds.word[first + s->n_kinds]);
}

static perf_scene *first_scene(const perf_choice *o) {
    perf_scene *s = perf_alloc(1, sizeof *s);
    s->chosen = o;
    perf_words(o->clouds, &s->clouds);
    perf_words(o->charges, &s->kinds);
    perf_words(o->kernels, &s->kernels);
    if (s->kinds.n > PERF_KINDS)
        perf_fail("--charges takes at most %d kinds", PERF_KINDS);
    return s;
}

perf_scene *perf_next(const perf_choice *o, perf_scene *s) {
    double n[PERF_LIST], digits[PERF_LIST], threads[PERF_LIST];
    int n_digits = perf_numbers("digits", o->digits, 3, 12, 1, digits);
    int n_threads = perf_numbers("threads", o->threads, 0, 65536, 1, threads);
    int n_sizes = perf_numbers("n", o->n, 1, 1e12, 1, n);
    s = s ? s : first_scene(o);
    int n_clouds = s->clouds.n, n_kernels = s->kernels.n;
    int n_kinds = o->has_all_kinds ? s->kinds.n : 1, n_turns = s->kinds.n / n_kinds;
    int at = s->index % (n_digits * n_threads), turn = s->index++ / (n_digits * n_threads);
    int outer = turn / n_turns;
    if (outer == n_sizes * n_kernels * n_clouds) {
        change(s, 0, 0);
        free(s);
        return NULL;
    }
    if (at == 0) {
        s->n = (int64_t)n[outer / n_clouds / n_kernels];
        s->cloud = s->clouds.word[outer % n_clouds];
        choose_kernel(s, s->kernels.word[outer / n_clouds % n_kernels]);
        change(s, turn % n_turns, n_kinds);
    }
    s->thread = at % n_threads;
    s->threads = (int)threads[s->thread];
    s->digits = s->plan.digits = (int)digits[at / n_threads];
    s->charged = &s->kind[0];
    return s;
}

void perf_scene_row(const perf_scene *s, perf_table *t) {
    perf_row_begin(t);
    perf_cells(t, WORD("cloud", s->cloud), WORD("charges", s->charged->kind),
               WORD("kernel", s->kernel), COUNT("n", s->n), COUNT("digits", s->digits));
}

/* ---- errors --------------------------------------------------------------------------------- */

static double distance(const perf_charged *c, int width, const double *is, const double *right) {
    double sum = 0;
    for (int64_t i = 0; i < width * c->n_samples; i++) {
        double difference = is[c->sample[i / width] * width + i % width] - right[i];
        sum += difference * difference;
    }
    return sqrt(sum);
}

static double over(double a, double b) {
    return b > 0 ? a / b : a;
}

perf_error perf_error_of(const perf_scene *s, const perf_charged *c, const double *potentials,
                         const double *gradients) {
    double unit = pow(10, s->digits),
           error = distance(c, s->widths->potential, potentials, c->potentials);
    perf_error e = {.potential = over(error, c->potential_norm),
                    .potential_multiple = unit * over(error, c->potential_unit)};
    if (!gradients)
        return e;
    error = distance(c, s->widths->gradient, gradients, c->gradients);
    e.gradient = over(error, c->gradient_norm);
    e.gradient_multiple = unit / 10 * over(error, c->gradient_unit);
    return e;
}

int perf_is_above(const perf_error *e) {
    return !(e->potential_multiple <= 1) || !(e->gradient_multiple <= 1);
}
