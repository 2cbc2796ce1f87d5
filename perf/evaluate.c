/* The whole way from points to potentials: seconds, errors and memory of each case. */
#include "bench.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- one case ------------------------------------------------------------------------------- */

typedef struct series {
    int n;
    double value[1000];
} series;

static void push(series *s, double value) {
    if (s->n < (int)(sizeof s->value / sizeof s->value[0]))
        s->value[s->n++] = value;
}

static dp_figure figure_of(series *s) {
    return dp_figure_of(s->n, s->value);
}

/* Fills the cache of operators, and tells what a plan takes of memory. */
static int64_t measure_peak(const sweep_case *c, dagpole_context *context) {
    struct rusage usage;
    perf_plan p = perf_plan_create(context, c->scene, c->digits, c->n_crit, 0);
    perf_plan_evaluate(&p, c->charged);
    perf_plan_destroy(&p);
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

/* In doubles, one-sided, on all workers. */
static dp_figure run_direct(const sweep_case *c, dagpole_context *context) {
    const perf_scene *s = c->scene;
    const dagpole_cloud *cloud = &c->charged->cloud;
    double *potentials = perf_alloc((size_t)s->n, sizeof *potentials);
    dp_passes passes = {.clock = dp_clock, .least = 30};
    while (dp_passes_next(&passes))
        perf_try(dagpole_direct(context, s->plan.kernel, s->plan.lambda, s->n, cloud->sources,
                                cloud->charges, 0, NULL, potentials, NULL));
    free(potentials);
    return dp_passes_figure(&passes);
}

static void run_here(const sweep_case *c, sweep_outcome *out) {
    const perf_choice *o = c->scene->chosen;
    dagpole_context *context = perf_context(c->threads, 0);
    static series setup, first, evaluate, gradients, total;
    out->peak_bytes = measure_peak(c, context);
    for (int i = 0; i < c->n_plans; i++) {
        perf_plan p = perf_plan_create(context, c->scene, c->digits, c->n_crit, 0), g = {0};
        double first_s = perf_plan_evaluate(&p, c->charged);
        push(&setup, p.create_s);
        push(&first, first_s);
        push(&total, p.create_s + first_s);
        if (o->has_gradients) {
            g = perf_plan_create(context, c->scene, c->digits, c->n_crit, 1);
            perf_plan_evaluate(&g, c->charged);
        }
        for (int k = 0; k < o->repeat; k++) {
            push(&evaluate, perf_plan_evaluate(&p, c->charged));
            if (o->has_gradients)
                push(&gradients, perf_plan_evaluate(&g, c->charged));
        }
        out->report = perf_plan_report(&p);
        out->error = perf_plan_check(&p, c->charged);
        if (o->has_gradients) {
            out->gradient = perf_plan_report(&g);
            out->error = perf_plan_check(&g, c->charged);
        }
        perf_plan_destroy(&g);
        perf_plan_destroy(&p);
    }
    if (o->has_direct)
        out->direct = run_direct(c, context);
    dagpole_context_destroy(context);
    out->setup = figure_of(&setup);
    out->first = figure_of(&first);
    out->evaluate = figure_of(&evaluate);
    out->gradients = figure_of(&gradients);
    out->total = figure_of(&total);
}

int sweep_run(const sweep_case *c, sweep_outcome *out) {
    int ends[2], status = -1;
    fflush(stdout);
    pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0)
        perf_fail("there is no process for a case");
    if (child == 0) {
        *out = (sweep_outcome){0};
        run_here(c, out);
        _exit(write(ends[1], out, sizeof *out) == (ssize_t)sizeof *out ? 0 : EXIT_FAILURE);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], out, sizeof *out);
    close(ends[0]);
    waitpid(child, &status, 0);
    return status == 0 && got == (ssize_t)sizeof *out;
}

/* ---- targets -------------------------------------------------------------------------------- */

/* Seconds of one evaluation that the project aims at: 1e6 points, mixed charges, 2 threads, on a
 * machine whose cores reach TARGET_PEAK GFlop/s. */
static const struct {
    const char *cloud;
    double seconds[4]; /* 3, 6, 9, 12 digits */
} targets[] = {{"cube", {0.10, 0.30, 0.75, 1.50}},
               {"sphere", {0.06, 0.20, 0.50, 0.95}},
               {"plummer", {0.13, 0.42, 1.05, 1.90}},
               {"ellipsoid", {0.09, 0.28, 0.65, 1.20}}};
#define TARGET_PEAK 127.0

static double target_of(const char *cloud, int digits) {
    for (int i = 0; i < 4; i++)
        if (digits % 3 == 0 && strcmp(targets[i].cloud, cloud) == 0)
            return targets[i].seconds[digits / 3 - 1];
    return NAN;
}

/* Seconds scaled to the machine of the targets. */
static double scaled(double seconds) {
    static double peak;
    if (peak == 0)
        peak = bench_fma_peak(dp_isa_best()).median;
    return seconds * peak / TARGET_PEAK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* The value that came with this key first. */
static double first_of(const char *key, double value) {
    static struct {
        char key[96];
        double value;
    } known[256];
    int i = 0;
    while (i < 255 && known[i].key[0] && strcmp(known[i].key, key) != 0)
        i++;
    if (!known[i].key[0]) {
        snprintf(known[i].key, sizeof known[i].key, "%s", key);
        known[i].value = value;
    }
    return known[i].value;
}

/* Beside the fewest workers, and beside the fewest points, that the same was run with. */
static void scaling_cells(const sweep_case *c, double seconds, perf_table *t) {
    const perf_scene *s = c->scene;
    double per_point = seconds / (double)s->n;
    char key[96];
    perf_real(t, "ns_a_point", 1e9 * per_point);
    if (strchr(s->chosen->n, ',')) {
        snprintf(key, sizeof key, "%s %s %s %d over n, %d", s->cloud, s->kernel, c->charged->kind,
                 c->digits, c->threads);
        perf_real(t, "growth", per_point / first_of(key, per_point));
    }
    if (s->n_threads > 1) {
        snprintf(key, sizeof key, "%s %s %s %d over threads, %lld", s->cloud, s->kernel,
                 c->charged->kind, c->digits, (long long)s->n);
        perf_real(t, "speed_up", first_of(key, seconds) / seconds);
    }
}

static void detail_cells(const dagpole_report *r, perf_table *t) {
    char name[32];
    perf_count(t, "boxes", r->n_boxes);
    perf_count(t, "tasks", r->n_tasks);
    perf_count(t, "bytes_plan", r->bytes_plan);
    perf_count(t, "bytes_operators", r->bytes_operators);
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++) {
        snprintf(name, sizeof name, "%s_s", dagpole_operator_name((dagpole_operator)op));
        perf_real(t, name, r->operator_s[op]);
    }
}

static void show(const sweep_case *c, const sweep_outcome *out, perf_table *t) {
    const dagpole_report *r = &out->report;
    const perf_choice *o = c->scene->chosen;
    perf_row_begin(t);
    perf_scene_cells(c->scene, c->charged, t);
    perf_count(t, "digits", c->digits);
    perf_count(t, "threads", r->threads);
    perf_figure(t, "setup_s", out->setup);
    perf_real(t, "first_s", out->first.median);
    perf_figure(t, "evaluate_s", out->evaluate);
    if (o->has_gradients) {
        perf_figure(t, "gradients_s", out->gradients);
        perf_real(t, "ratio", out->gradients.median / out->evaluate.median);
        perf_real(t, "gradient_error", out->error.gradient);
    }
    if (o->has_direct) {
        perf_figure(t, "direct_s", out->direct);
        perf_real(t, "over_direct", out->evaluate.median / out->direct.median);
        perf_real(t, "least_over_direct", out->evaluate.least / out->direct.least);
    }
    perf_real(t, "total_s", out->total.median);
    perf_real(t, "error", out->error.potential);
    perf_real(t, "multiple", fmax(out->error.potential_multiple, out->error.gradient_multiple));
    perf_real(t, "peak_mb", 1e-6 * (double)out->peak_bytes);
    perf_count(t, "k", r->expansion_size);
    perf_count(t, "n_crit", r->n_crit);
    perf_real(t, "tasks_%", 100 * r->share_tasks);
    perf_real(t, "runtime_%", 100 * r->share_runtime);
    perf_real(t, "idle_%", 100 * r->share_idle);
    scaling_cells(c, out->evaluate.median, t);
    if (o->has_targets) {
        perf_real(t, "scaled_s", scaled(out->evaluate.median));
        perf_real(t, "target_s", target_of(c->scene->cloud, c->digits));
    }
    if (t->is_json)
        detail_cells(r, t);
    perf_row_end(t);
}

static int visit(const perf_scene *s, perf_table *t) {
    int n_failed = 0;
    for (int i = 0; i < s->n_kinds * s->n_digits * s->n_threads; i++) {
        sweep_outcome out;
        sweep_case c = {.scene = s,
                        .charged = &s->kind[i / s->n_threads / s->n_digits],
                        .digits = (int)s->digits[i / s->n_threads % s->n_digits],
                        .threads = (int)s->threads[i % s->n_threads],
                        .n_plans = s->chosen->runs};
        int is_done = sweep_run(&c, &out);
        n_failed += !is_done;
        if (is_done)
            show(&c, &out, t);
    }
    return n_failed;
}

int sweep_evaluate(const perf_choice *o, perf_table *t) {
    return perf_each(o, t, visit);
}
