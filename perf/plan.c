#include "perf.h"

#include <stdlib.h>

dagpole_context *perf_context(int threads, int is_serial) {
    dagpole_context_options options;
    dagpole_context *context;
    dagpole_context_options_init(&options);
    options.threads = is_serial ? 0 : threads;
    options.serial = is_serial;
    perf_try(dagpole_context_create(&options, &context));
    return context;
}

perf_plan perf_plan_create(dagpole_context *context, const perf_scene *s, int n_crit,
                           int has_gradients) {
    perf_plan p = {.scene = s};
    dagpole_plan_options options = s->plan;
    options.gradients = has_gradients;
    options.n_crit = n_crit ? n_crit : options.n_crit;
    p.potentials = perf_alloc((size_t)(s->n * s->widths->potential), sizeof *p.potentials);
    if (has_gradients)
        p.gradients = perf_alloc((size_t)(s->n * s->widths->gradient), sizeof *p.gradients);
    double begin = dp_clock();
    perf_try(
        dagpole_plan_create(context, &options, s->n, s->charged->cloud.sources, 0, NULL, &p.plan));
    p.create_s = dp_clock() - begin;
    return p;
}

void perf_plan_destroy(perf_plan *p) {
    dagpole_plan_destroy(p->plan);
    free(p->potentials);
    free(p->gradients);
    *p = (perf_plan){0};
}

double perf_plan_evaluate(perf_plan *p, const perf_charged *c) {
    double begin = dp_clock();
    perf_try(dagpole_plan_evaluate(p->plan, c->charges, p->potentials, p->gradients));
    return dp_clock() - begin;
}

dagpole_report perf_plan_report(const perf_plan *p) {
    dagpole_report report = {.size = sizeof report};
    perf_try(dagpole_plan_report(p->plan, &report));
    return report;
}

perf_error perf_plan_check(const perf_plan *p, const perf_charged *c) {
    const perf_scene *s = p->scene;
    perf_error e = perf_error_of(s, c, p->potentials, p->gradients);
    if (perf_is_expert(s->chosen) ? !(e.potential <= 0.1) : perf_is_above(&e))
        perf_fail(
            "%s, %lld points, %s, %d digits: errors of potentials %.2e and gradients %.2e are "
            "%.2f and %.2f times what is promised",
            s->cloud, (long long)s->n, s->kernel, s->digits, e.potential, e.gradient,
            e.potential_multiple, e.gradient_multiple);
    return e;
}
