#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Figures of one quantity while they are taken. */
typedef struct runs {
    int n;
    double value[PERF_MAX_RUNS];
} runs;

typedef struct session {
    const perf_case *c;
    dagpole_context *context;
    dagpole_plan *plan, *gradient_plan; /* the second where the case has gradients: leaves differ */
    double *potentials, *gradients;     /* gradients NULL where the case has none */
    runs setup, operators, first, evaluate, with_gradients, total;
} session;

static void push(runs *r, double value) {
    if (r->n < PERF_MAX_RUNS)
        r->value[r->n++] = value;
}

static double evaluate(session *s, dagpole_plan *plan, double *gradients) {
    double begin = dp_clock();
    perf_try(dagpole_plan_evaluate(plan, s->c->cloud->charges, s->potentials, gradients));
    return dp_clock() - begin;
}

static double create(session *s, int has_gradients, dagpole_plan **plan) {
    const dagpole_cloud *cloud = s->c->cloud;
    dagpole_plan_options options = s->c->plan;
    options.gradients = has_gradients;
    double begin = dp_clock();
    perf_try(
        dagpole_plan_create(s->context, &options, cloud->n_sources, cloud->sources, 0, NULL, plan));
    return dp_clock() - begin;
}

static void check(const perf_case *c, const perf_error *e) {
    int digits = perf_is_expert(&c->plan) ? 1 : c->plan.digits;
    if (!perf_error_is_kept(e, digits))
        perf_fail("%lld points, %d digits: errors of potentials %.2e, gradients %.2e, their far "
                  "part %.2e are above the promise",
                  (long long)c->cloud->n_sources, c->plan.digits, e->potential, e->gradient,
                  e->far_gradient);
}

static int64_t peak_bytes(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

static void run_plan(session *s, perf_outcome *out) {
    double setup_s = create(s, 0, &s->plan), first_s = evaluate(s, s->plan, NULL);
    push(&s->setup, setup_s);
    push(&s->first, first_s);
    push(&s->total, setup_s + first_s);
    if (!out->peak_bytes)
        out->peak_bytes = peak_bytes();
    if (s->gradients) {
        create(s, 1, &s->gradient_plan);
        evaluate(s, s->gradient_plan, s->gradients); /* its memory is touched first */
    }
    for (int i = 0; i < s->c->n_evaluations; i++) {
        push(&s->evaluate, evaluate(s, s->plan, NULL));
        if (s->gradients)
            push(&s->with_gradients, evaluate(s, s->gradient_plan, s->gradients));
    }
    out->report.size = sizeof out->report;
    perf_try(dagpole_plan_report(s->plan, &out->report));
    push(&s->operators, out->report.operators_s);
    if (s->gradients) {
        dagpole_report report = {.size = sizeof report};
        perf_try(dagpole_plan_report(s->gradient_plan, &report));
        out->gradient_n_crit = report.n_crit;
    }
}

static void check_plan(session *s, perf_outcome *out) {
    out->error = perf_error_of(s->c->reference, s->gradients ? s->gradient_plan : s->plan,
                               s->c->cloud->charges, s->potentials, s->gradients);
    check(s->c, &out->error);
}

/* Nothing counts where the first plan had to build its operators: the next process finds them. */
static void run_plans(session *s, perf_outcome *out, int must_be_warm) {
    for (int i = 0; i < s->c->n_plans; i++) {
        run_plan(s, out);
        out->is_warm = out->is_warm || i > 0 || out->report.operators_cached;
        if (must_be_warm && !out->is_warm)
            return;
        check_plan(s, out);
        dagpole_plan_destroy(s->gradient_plan);
        dagpole_plan_destroy(s->plan);
        s->gradient_plan = s->plan = NULL;
    }
}

static void run_here(const perf_case *c, perf_outcome *out, int must_be_warm) {
    size_t n = (size_t)c->cloud->n_sources;
    session *s = perf_alloc(1, sizeof *s);
    dagpole_context_options options;
    dagpole_context_options_init(&options);
    options.threads = c->threads;
    s->c = c;
    s->potentials = perf_alloc(n, sizeof(double));
    s->gradients = c->has_gradients ? perf_alloc(n, 3 * sizeof(double)) : NULL;
    perf_try(dagpole_context_create(&options, &s->context));
    run_plans(s, out, must_be_warm);
    if (must_be_warm && !out->is_warm)
        return; /* the process ends */
    dagpole_context_destroy(s->context);
    out->setup = perf_figure_of(s->setup.n, s->setup.value);
    out->operators = perf_figure_of(s->operators.n, s->operators.value);
    out->first = perf_figure_of(s->first.n, s->first.value);
    out->evaluate = perf_figure_of(s->evaluate.n, s->evaluate.value);
    out->gradients = perf_figure_of(s->with_gradients.n, s->with_gradients.value);
    out->total = perf_figure_of(s->total.n, s->total.value);
    free(s->gradients);
    free(s->potentials);
    free(s);
}

static int run_apart(const perf_case *c, perf_outcome *outcome, int must_be_warm) {
    int ends[2], status;
    fflush(stdout);
    if (pipe(ends))
        perf_fail("no pipe to a process of its own");
    pid_t child = fork();
    if (child < 0)
        perf_fail("no process for a case");
    if (child == 0) {
        *outcome = (perf_outcome){0};
        run_here(c, outcome, must_be_warm);
        ssize_t written = write(ends[1], outcome, sizeof *outcome);
        _exit(written == (ssize_t)sizeof *outcome ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], outcome, sizeof *outcome);
    close(ends[0]);
    waitpid(child, &status, 0);
    return status == 0 && got == (ssize_t)sizeof *outcome;
}

int perf_case_run(const perf_case *c, perf_outcome *outcome) {
    return run_apart(c, outcome, 1) && (outcome->is_warm || run_apart(c, outcome, 0));
}

static void json_error(cli_json *json, const perf_case *c, const perf_error *e) {
    cli_json_real(json, "error", e->potential);
    cli_json_real(json, "max_error", e->max_potential);
    if (c->has_gradients) {
        cli_json_real(json, "gradient_error", e->gradient);
        cli_json_real(json, "far_gradient_error", e->far_gradient);
    }
}

void perf_case_json(cli_json *json, const perf_case *c, const perf_outcome *out) {
    const dagpole_report *r = &out->report;
    cli_json_int(json, "n", r->n_sources);
    cli_json_int(json, "digits", r->digits);
    cli_json_text(json, "kernel", r->kernel == DAGPOLE_YUKAWA ? "yukawa" : "laplace");
    cli_json_real(json, "lambda", r->lambda);
    cli_json_int(json, "threads", r->threads);
    cli_json_int(json, "p", r->p);
    cli_json_int(json, "n_crit", r->n_crit);
    cli_json_int(json, "expansion_size", r->expansion_size);
    cli_json_int(json, "boxes", r->n_boxes);
    cli_json_int(json, "tasks", r->n_tasks);
    perf_json_figure(json, "setup_s", out->setup);
    perf_json_figure(json, "operators_s", out->operators);
    perf_json_figure(json, "first_s", out->first);
    perf_json_figure(json, "evaluate_s", out->evaluate);
    if (c->has_gradients)
        perf_json_figure(json, "gradients_s", out->gradients);
    if (c->has_gradients)
        cli_json_int(json, "gradient_n_crit", out->gradient_n_crit);
    perf_json_figure(json, "total_s", out->total);
    json_error(json, c, &out->error);
    cli_json_int(json, "peak_bytes", out->peak_bytes);
    cli_json_int(json, "bytes_plan", r->bytes_plan);
    cli_json_int(json, "bytes_operators", r->bytes_operators);
    cli_json_open(json, "operator_s");
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        cli_json_real(json, dagpole_operator_name((dagpole_operator)op), r->operator_s[op]);
    cli_json_close(json);
    cli_json_real(json, "share_tasks", r->share_tasks);
    cli_json_real(json, "share_runtime", r->share_runtime);
    cli_json_real(json, "share_idle", r->share_idle);
}
