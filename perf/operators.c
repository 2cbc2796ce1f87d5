/* Each operator alone on one core, as a share of its roof: one evaluation by the serial executor,
 * whose operators run one after the other on real fields, beside what their arithmetic would take
 * at the rates that perf/roof measures. */
#include "panels.h"
#include "roofs.h"

#include "api/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_LIST = 32, N_OPS = DAGPOLE_N_OPERATORS };

/* What one evaluation does of an operator. */
typedef struct work {
    double pairs; /* of points, or of points and surface points */
    double flops; /* of small matrices */
    double bytes; /* moved by what only moves */
} work;

typedef struct rates {
    double flops, bytes;            /* a second, of one core */
    double gpairs[PERF_N_LOOPS][2]; /* by loop, without and with gradients */
} rates;

typedef struct choice {
    const char *distributions, *digits;
    dagpole_plan_options plan;
    perf_kernel kernel;
    int64_t n;
    int runs, gradients, is_json;
} choice;

/* ---- the work that a graph asks for ----------------------------------------------------- */

static double flops_of(const dp_panel *panel) {
    return 2.0 * panel->m * panel->n;
}

static void add_surface(work *w, const dp_surface_sums *surface, const dp_panel *panels,
                        int64_t n_points) {
    w->pairs += (double)n_points * dp_surface_points(surface);
    for (int a = 0; a < DP_N_PARITIES; a++)
        w->flops += flops_of(&panels[a]);
}

/* What an evaluation is made of. */
typedef struct parts {
    dp_problem problem;
    dp_lists lists;
    dp_interactions interactions;
    const dp_blocks *blocks;
} parts;

/* A plan keeps what its tasks need alone: the rest is made anew. */
static void parts_make(const dagpole_plan *plan, parts *p) {
    p->problem = plan->graph->problem;
    p->blocks = &plan->graph->layout.blocks;
    perf_try(dp_plan_lists(&dp_team_serial, plan, &p->lists));
    p->problem.lists = &p->lists;
    perf_try(dp_interactions_build(&dp_team_serial, &p->problem, &p->interactions));
}

static void parts_free(parts *p) {
    dp_interactions_free(&p->interactions);
    dp_lists_free(&p->lists);
}

static void count_m2l(const parts *p, work *w) {
    const dp_csr *v = &p->lists.v;
    for (int32_t box = 0; box < p->problem.tree->n_boxes; box++)
        for (int64_t i = v->offset[box];
             dp_expansion_size(&p->problem, p->problem.tree->level[box]) && i < v->offset[box + 1];
             i++)
            w->flops += dp_m2l_flops(dp_set_of(&p->problem, box), v->label[i] / 8);
}

/* M2M and L2L of a box whose parent carries expansions. */
static void count_transfers(const parts *p, int32_t box, work w[N_OPS]) {
    const dp_tree *tree = p->problem.tree;
    int32_t parent = tree->parent[box];
    if (parent < 0 || !dp_expansion_size(&p->problem, tree->level[parent]))
        return;
    const dp_transfer *transfer = p->problem.operators->below[tree->level[parent]];
    if (dp_n_sources(tree, box))
        w[DAGPOLE_M2M].flops += flops_of(&transfer->m2m);
    if (dp_n_targets(tree, box) && dp_has_local(p->blocks, parent))
        w[DAGPOLE_L2L].flops += flops_of(&transfer->l2l);
}

static void count_near(const parts *p, int32_t leaf, work w[N_OPS]) {
    const dp_tree *tree = p->problem.tree;
    double n = (double)dp_n_targets(tree, leaf);
    for (int64_t i = p->interactions.near.offset[leaf]; i < p->interactions.near.offset[leaf + 1];
         i++)
        w[DAGPOLE_P2P].pairs += n * (double)dp_n_sources(tree, p->interactions.near.index[i]);
    for (int64_t i = p->interactions.w.offset[leaf]; i < p->interactions.w.offset[leaf + 1]; i++) {
        const dp_surface_sums *s =
            &p->problem.operators->level[tree->level[p->interactions.w.index[i]]]->inner;
        add_surface(&w[DAGPOLE_M2P], s, s->from_expansion, dp_n_targets(tree, leaf));
    }
}

/* P2L: all sources of a box into one column. */
static void count_p2l(const parts *p, int32_t box, work *w) {
    const dp_csr *x = &p->interactions.x;
    if (x->offset[box] == x->offset[box + 1])
        return;
    const dp_surface_sums *s = &p->problem.operators->level[p->problem.tree->level[box]]->inner;
    int64_t n = 0;
    for (int64_t i = x->offset[box]; i < x->offset[box + 1]; i++)
        n += dp_n_sources(p->problem.tree, x->index[i]);
    add_surface(w, s, s->to_expansion, n);
}

static void count_leaf(const parts *p, int32_t leaf, work w[N_OPS]) {
    const dp_tree *tree = p->problem.tree;
    int64_t n_sources = dp_n_sources(tree, leaf), n_targets = dp_n_targets(tree, leaf);
    w[DAGPOLE_GATHER].bytes += 24.0 * (double)n_sources; /* index, charge, charge in order */
    w[DAGPOLE_SCATTER].bytes += 24.0 * (double)n_targets;
    count_near(p, leaf, w);
    if (!dp_expansion_size(&p->problem, tree->level[leaf]))
        return;
    const dp_surface_sums *s = &p->problem.operators->level[tree->level[leaf]]->outer;
    if (n_sources)
        add_surface(&w[DAGPOLE_P2M], s, s->to_expansion, n_sources);
    if (n_targets && dp_has_local(p->blocks, leaf))
        add_surface(&w[DAGPOLE_L2P], s, s->from_expansion, n_targets);
}

static void count_work(const dagpole_plan *plan, work w[N_OPS]) {
    parts p;
    parts_make(plan, &p);
    for (int op = 0; op < N_OPS; op++)
        w[op] = (work){0};
    count_m2l(&p, &w[DAGPOLE_M2L]);
    for (int32_t box = 0; box < p.problem.tree->n_boxes; box++) {
        count_transfers(&p, box, w);
        count_p2l(&p, box, &w[DAGPOLE_P2L]);
        if (dp_tree_is_leaf(p.problem.tree, box))
            count_leaf(&p, box, w);
    }
    parts_free(&p);
}

/* The loop whose rate bounds an operator: P2P's pairs count for both sides, a surface has one. */
static perf_loop loop_of(int op, dp_precision precision) {
    int is_up = op == DAGPOLE_P2M || op == DAGPOLE_P2L;
    int loop = op == DAGPOLE_P2P ? PERF_MUTUAL : is_up ? PERF_TO_SURFACE : PERF_FROM_SURFACE;
    return (perf_loop)(loop + (int)precision);
}

/* Seconds at the roof. */
static double least_time(const work *w, const rates *r, int op, dp_precision precision,
                         int has_gradients) {
    int is_downward = op == DAGPOLE_P2P || op == DAGPOLE_M2P || op == DAGPOLE_L2P;
    double gpairs = r->gpairs[loop_of(op, precision)][has_gradients && is_downward];
    return w->pairs / (1e9 * gpairs) + w->flops / r->flops + w->bytes / r->bytes;
}

/* ---- runs ------------------------------------------------------------------------------- */

typedef struct measurement {
    const char *distribution;
    const dagpole_cloud *cloud;
    const perf_reference *reference;
    dagpole_report report;
    double error;
    dp_precision precision; /* of near pairs */
    int has_panels;
    perf_panels panels; /* the same matrices, hot */
    work work[N_OPS];
    double seconds[N_OPS][PERF_MAX_RUNS];
} measurement;

static void measure(const choice *o, dagpole_context *context, measurement *m) {
    dagpole_plan *plan;
    size_t n = (size_t)m->cloud->n_sources;
    double *potentials = perf_alloc(n, sizeof *potentials);
    double *gradients = o->gradients ? perf_alloc(n, 3 * sizeof *gradients) : NULL;
    perf_try(dagpole_plan_create(context, &o->plan, m->cloud->n_sources, m->cloud->sources, 0, NULL,
                                 &plan));
    m->report.size = sizeof m->report;
    for (int run = -1; run < o->runs; run++) { /* the first run touches memory for the others */
        perf_try(dagpole_plan_evaluate(plan, m->cloud->charges, potentials, gradients));
        perf_try(dagpole_plan_report(plan, &m->report));
        for (int op = 0; op < N_OPS && run >= 0; op++)
            m->seconds[op][run] = m->report.operator_s[op];
    }
    m->error = perf_error_of(m->reference, plan, m->cloud->charges, potentials, NULL).potential;
    if (!perf_is_expert(&o->plan) && !(m->error <= pow(10, -o->plan.digits)))
        perf_fail("%s, %d digits: error of the potentials is %.2e", m->distribution, o->plan.digits,
                  m->error);
    count_work(plan, m->work);
    m->precision = plan->graph->problem.precision;
    m->has_panels = plan->tree.depth >= 3 && dp_expansion_size(&plan->graph->problem, 2) > 0 &&
                    dp_expansion_size(&plan->graph->problem, 3) > 0;
    if (m->has_panels)
        m->panels = perf_panels_measure(plan->operators, 2);
    dagpole_plan_destroy(plan);
    free(gradients);
    free(potentials);
}

static void print_operator(const measurement *m, int op, perf_figure f, double least) {
    const work *w = &m->work[op];
    printf("  %-8s %s s", dagpole_operator_name((dagpole_operator)op), perf_text(f));
    if (w->flops > 0)
        printf("  %7.1f GFlop/s", 1e-9 * w->flops / f.median);
    else
        printf("  %7s        ", "");
    if (w->pairs > 0)
        printf("  %6.2f Gpairs/s", 1e-9 * w->pairs / f.median);
    else
        printf("  %6s         ", "");
    printf("  %5.1f %% of the roof\n", 100 * least / f.median);
}

static void json_operator(cli_json *json, const measurement *m, int op, perf_figure f,
                          double least) {
    const work *w = &m->work[op];
    cli_json_open(json, dagpole_operator_name((dagpole_operator)op));
    perf_json_figure(json, "seconds", f);
    cli_json_real(json, "gflop", 1e-9 * w->flops);
    cli_json_real(json, "gpairs", 1e-9 * w->pairs);
    cli_json_real(json, "roof_share", least / f.median);
    cli_json_close(json);
}

static void report_panels(const choice *o, const rates *r, const measurement *m, cli_json *json) {
    static const char *const names[] = {"M2L", "M2M", "L2L"};
    const perf_figure figure[] = {m->panels.m2l, m->panels.m2m, m->panels.l2l};
    if (!m->has_panels)
        return;
    if (o->is_json)
        cli_json_open(json, "hot_gflops");
    for (int i = 0; i < 3; i++)
        if (o->is_json)
            perf_json_figure(json, names[i], figure[i]);
        else
            printf("  %-3s hot  %s GFlop/s  %5.1f %% of the FMA peak\n", names[i],
                   perf_text(figure[i]), 100e9 * figure[i].median / r->flops);
    if (o->is_json)
        cli_json_close(json);
}

static const char *precision_name(dp_precision precision) {
    static const char *const names[] = {"double", "reduced", "single", "rough"};
    return names[precision];
}

static void report(const choice *o, const rates *r, measurement *m, cli_json *json) {
    const dagpole_report *rep = &m->report;
    if (o->is_json) {
        cli_json_open(json, NULL);
        cli_json_text(json, "distribution", m->distribution);
        cli_json_int(json, "n", rep->n_sources);
        cli_json_int(json, "digits", rep->digits);
        cli_json_int(json, "n_crit", rep->n_crit);
        cli_json_int(json, "expansion_size", rep->expansion_size);
        cli_json_real(json, "error", m->error);
        cli_json_open(json, "operators");
    } else {
        printf("%s, %lld points, %d digits, %s, %s pairs: k %d, n_crit %d, %.0f points a "
               "leaf, error %.1e\n",
               m->distribution, (long long)rep->n_sources, rep->digits,
               o->gradients ? "gradients" : "potentials", precision_name(m->precision),
               rep->expansion_size, rep->n_crit,
               (double)rep->n_unique_sources / (double)rep->n_leaves, m->error);
    }
    for (int op = 0; op < N_OPS; op++) {
        const work *w = &m->work[op];
        if (w->flops + w->pairs + w->bytes == 0)
            continue;
        perf_figure f = perf_figure_of(o->runs, m->seconds[op]);
        double least = least_time(w, r, op, m->precision, o->gradients);
        if (o->is_json)
            json_operator(json, m, op, f, least);
        else
            print_operator(m, op, f, least);
    }
    if (o->is_json)
        cli_json_close(json);
    report_panels(o, r, m, json);
    if (o->is_json)
        cli_json_close(json);
    fflush(stdout);
}

/* P2P by the size of the leaves, each loop against its own roof. */
static void report_leaves(const choice *o, const rates *r, cli_json *json) {
    static const int sizes[] = {30, 45, 60, 90, 125, 180, 250};
    const dp_kernel *kernel = dp_kernel_get(o->plan.kernel);
    if (o->is_json)
        cli_json_open_array(json, "p2p_leaves");
    for (int k = 0; k < 7 * PERF_TO_SURFACE; k++) { /* near pairs */
        perf_loop loop = (perf_loop)(k / 7);
        int n = sizes[k % 7];
        perf_figure f = perf_p2p_rate(kernel, dp_isa_best(), loop, n, o->gradients);
        double share = f.median / r->gpairs[loop][o->gradients];
        if (!o->is_json) {
            printf("P2P %-18s leaves of %3d: %s Gpairs/s, %5.1f %% of the roof\n",
                   perf_loop_name(loop), n, perf_text(f), 100 * share);
            continue;
        }
        cli_json_open(json, NULL);
        cli_json_text(json, "loop", perf_loop_name(loop));
        cli_json_int(json, "n", n);
        perf_json_figure(json, "gpairs_s", f);
        cli_json_real(json, "roof_share", share);
        cli_json_close(json);
    }
    if (o->is_json)
        cli_json_close(json);
}

/* ---- program ---------------------------------------------------------------------------- */

static rates measure_rates(const choice *o) {
    const dp_kernel *kernel = dp_kernel_get(o->plan.kernel);
    dp_isa isa = dp_isa_best();
    rates r = {.flops = 1e9 * perf_fma_peak(isa, 0).median, .bytes = 1e9 * perf_triad().median};
    for (int loop = 0; loop < PERF_N_LOOPS; loop++)
        for (int gradient = 0; gradient < 2; gradient++)
            r.gpairs[loop][gradient] = perf_p2p_roof(kernel, isa, (perf_loop)loop, gradient);
    return r;
}

static void report_rates(const choice *o, const rates *r, cli_json *json) {
    if (o->is_json) {
        cli_json_real(json, "fma_double_gflops", 1e-9 * r->flops);
        cli_json_real(json, "triad_gbytes_s", 1e-9 * r->bytes);
    } else {
        printf("roofs of one core: %.1f GFlop/s, %.1f GB/s; Gpairs/s (with gradients)",
               1e-9 * r->flops, 1e-9 * r->bytes);
    }
    for (int loop = 0; loop < PERF_N_LOOPS && !o->is_json; loop++)
        printf("%s %s %.2f (%.2f)", loop ? "," : "", perf_loop_name((perf_loop)loop),
               r->gpairs[loop][0], r->gpairs[loop][1]);
    if (!o->is_json)
        printf("\n");
}

static void run_cloud(choice *o, dagpole_context *context, const char *name, const rates *r,
                      int n_digits, const int64_t *digits, cli_json *json) {
    dagpole_cloud cloud = perf_cloud(name, o->n, "mixed", 1);
    perf_reference reference = perf_reference_create(&o->plan, &cloud, 300, 0);
    for (int i = 0; i < n_digits; i++) {
        static measurement m;
        m.distribution = name;
        m.cloud = &cloud;
        m.reference = &reference;
        o->plan.digits = (int)digits[i];
        measure(o, context, &m);
        report(o, r, &m, json);
    }
    perf_reference_free(&reference);
    dagpole_cloud_free(&cloud);
}

static void run_all(choice *o, char *distributions) {
    const char *name[MAX_LIST];
    int64_t digits[MAX_LIST];
    int n_names = perf_words(distributions, MAX_LIST, name);
    int n_digits = perf_integers("--digits", o->digits, 3, 12, MAX_LIST, digits);
    cli_json json;
    dagpole_context_options options;
    dagpole_context *context;
    dagpole_context_options_init(&options);
    options.serial = 1;
    perf_try(dagpole_context_create(&options, &context));
    if (o->is_json)
        perf_json_begin(&json, "operators");
    rates r = measure_rates(o);
    report_rates(o, &r, &json);
    report_leaves(o, &r, &json);
    if (o->is_json)
        cli_json_open_array(&json, "cases");
    for (int i = 0; i < n_names; i++)
        run_cloud(o, context, name[i], &r, n_digits, digits, &json);
    if (o->is_json) {
        cli_json_close(&json);
        cli_json_close(&json);
    }
    dagpole_context_destroy(context);
}

static int operators_main(const cli_command *self, int argc, char **argv) {
    choice o = {.distributions = "cube,plummer",
                .digits = "3,6,9,12",
                .kernel = {.name = "laplace"},
                .n = 100000,
                .runs = 5};
    const char *operand;
    dagpole_plan_options_init(&o.plan);
    const cli_option options[] = {
        {"--distribution", CLI_TEXT, &o.distributions, "LIST", "cube,plummer by default", 0, 0},
        {"--n", CLI_COUNT, &o.n, "N", "points, 1e5 by default", 1, 1e9},
        {"--digits", CLI_TEXT, &o.digits, "LIST", "3,6,9,12 by default", 0, 0},
        {"--gradients", CLI_FLAG, &o.gradients, NULL, "evaluate gradients as well", 0, 0},
        PERF_KERNEL_OPTIONS(o.kernel),
        PERF_EXPERT_OPTIONS(o.plan),
        {"--runs", CLI_INT, &o.runs, "K", "evaluations", 1, PERF_MAX_RUNS},
        {"--json", CLI_FLAG, &o.is_json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code == CLI_PROCEED)
        code = perf_kernel_set(self, &o.kernel, &o.plan);
    if (code != CLI_PROCEED)
        return code;
    char *distributions = perf_copy(o.distributions);
    run_all(&o, distributions);
    free(distributions);
    return EXIT_SUCCESS;
}

static const cli_command command = {"perf/operators", NULL,
                                    "Each operator alone on one core, as a share of its roof.",
                                    operators_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
