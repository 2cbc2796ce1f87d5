/* The whole way from points to potentials: seconds, errors and memory of each case. */
#include "perf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- one case ------------------------------------------------------------------------------- */

/* Fills the cache of operators, and tells what a plan takes of memory. */
static int64_t measure_peak(const perf_scene *s, int n_crit, dagpole_context *context) {
    struct rusage usage;
    perf_plan p = perf_plan_create(context, s, n_crit, 0);
    perf_plan_evaluate(&p, s->charged);
    perf_plan_destroy(&p);
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

typedef struct times {
    int n[SWEEP_N_TIMES];
    double *seconds[SWEEP_N_TIMES]; /* with room for all */
} times;

static void note(times *t, sweep_time what, double seconds) {
    t->seconds[what][t->n[what]++] = seconds;
}

/* The direct sum in doubles, one-sided, on all workers. */
static dp_figure run_direct(const perf_scene *s, dagpole_context *context) {
    double *potentials = perf_alloc((size_t)(s->n * s->widths->potential), sizeof *potentials);
    dp_passes passes = {.clock = dp_clock, .least = 3, .most = 30, .enough_s = 2};
    while (dp_passes_next(&passes))
        perf_try(dagpole_direct(context, s->plan.kernel, s->chosen->lambda, s->n,
                                s->charged->cloud.sources, s->charged->charges, 0, NULL, potentials,
                                NULL));
    free(potentials);
    return dp_passes_figure(&passes);
}

/* Evaluations without and with gradients in turn, the latter of a plan made for them. */
static void run_plan(const perf_scene *s, int n_crit, dagpole_context *context, times *t,
                     sweep_outcome *out) {
    const perf_choice *o = s->chosen;
    perf_plan p = perf_plan_create(context, s, n_crit, 0), g = {0};
    note(t, SWEEP_SETUP, p.create_s);
    note(t, SWEEP_TOTAL, p.create_s + perf_plan_evaluate(&p, s->charged));
    if (o->has_gradients) {
        g = perf_plan_create(context, s, n_crit, 1);
        perf_plan_evaluate(&g, s->charged);
    }
    for (int k = 0; k < o->repeat; k++) {
        note(t, SWEEP_EVALUATE, perf_plan_evaluate(&p, s->charged));
        if (o->has_gradients)
            note(t, SWEEP_GRADIENTS, perf_plan_evaluate(&g, s->charged));
    }
    out->report = perf_plan_report(&p);
    out->n_crit = o->has_gradients ? perf_plan_report(&g).n_crit : out->report.n_crit;
    perf_plan_check(&p, s->charged);
    out->error = perf_plan_check(o->has_gradients ? &g : &p, s->charged);
    perf_plan_destroy(&g);
    perf_plan_destroy(&p);
}

static void run_here(const perf_scene *s, int n_crit, int n_plans, sweep_outcome *out) {
    times t = {.n = {0}};
    dagpole_context *context = perf_context(s->threads, 0);
    out->peak_bytes = measure_peak(s, n_crit, context);
    for (int what = 0; what < SWEEP_N_TIMES; what++)
        t.seconds[what] = perf_alloc((size_t)n_plans * (size_t)s->chosen->repeat, sizeof(double));
    for (int i = 0; i < n_plans; i++)
        run_plan(s, n_crit, context, &t, out);
    for (int what = 0; what < SWEEP_N_TIMES; what++) {
        out->time[what] = dp_figure_of(t.n[what], t.seconds[what]);
        free(t.seconds[what]);
    }
    if (s->chosen->has_direct)
        out->time[SWEEP_DIRECT] = run_direct(s, context);
    dagpole_context_destroy(context);
}

int sweep_run(const perf_scene *s, int n_crit, int n_plans, sweep_outcome *out) {
    int status = -1;
    sweep_outcome *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(stdout);
    pid_t child = shared != MAP_FAILED ? fork() : -1;
    if (child < 0)
        perf_fail("there is no process for a case");
    if (child == 0) {
        run_here(s, n_crit, n_plans, shared);
        _exit(0);
    }
    waitpid(child, &status, 0);
    *out = *shared;
    munmap(shared, sizeof *shared);
    return status == 0;
}

/* ---- rows ---- */

/* one_s: of the first number of workers; 0 where there is no other, or it failed. */
static void show(const perf_scene *s, const sweep_outcome *out, double one_s, perf_table *t) {
    const dagpole_report *r = &out->report;
    const perf_choice *o = s->chosen;
    const dp_figure *time = out->time;
    double seconds = time[SWEEP_EVALUATE].median;
    perf_scene_row(s, t);
    perf_cells(t, COUNT("threads", r->threads), FIGURE("setup_s", time[SWEEP_SETUP]),
               FIGURE("evaluate_s", time[SWEEP_EVALUATE]));
    if (o->has_gradients)
        perf_cells(t, FIGURE("gradients_s", time[SWEEP_GRADIENTS]),
                   REAL("ratio", time[SWEEP_GRADIENTS].median / seconds),
                   REAL("gradient_error", out->error.gradient));
    if (o->has_direct)
        perf_cells(
            t, FIGURE("direct_s", time[SWEEP_DIRECT]),
            REAL("over_direct", seconds / time[SWEEP_DIRECT].median),
            REAL("least_over_direct", time[SWEEP_EVALUATE].least / time[SWEEP_DIRECT].least));
    perf_cells(t, REAL("total_s", time[SWEEP_TOTAL].median),
               REAL("ns_a_point", 1e9 * seconds / (double)s->n));
    if (one_s > 0)
        perf_cells(t, REAL("speed_up", one_s / seconds));
    perf_cells(t, REAL("error", out->error.potential),
               REAL("multiple", fmax(out->error.potential_multiple, out->error.gradient_multiple)),
               REAL("peak_mb", 1e-6 * (double)out->peak_bytes), COUNT("k", r->expansion_size),
               COUNT("n_crit", r->n_crit), REAL("tasks_%", 100 * r->share_tasks),
               REAL("runtime_%", 100 * r->share_runtime), REAL("idle_%", 100 * r->share_idle));
    perf_row_end(t);
}

int sweep_evaluate(const perf_choice *o, perf_table *t) {
    int n_failed = 0;
    double one_s = 0;
    for (perf_scene *s = NULL; (s = perf_next(o, s)) != NULL;) {
        sweep_outcome out;
        int is_done = sweep_run(s, 0, o->runs, &out);
        if (s->thread == 0)
            one_s = is_done && strchr(o->threads, ',') ? out.time[SWEEP_EVALUATE].median : 0;
        if (is_done)
            show(s, &out, one_s, t);
        n_failed += !is_done;
    }
    return n_failed;
}
