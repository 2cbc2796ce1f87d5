/* The promise of digits as a table: clouds x charges x leaf sizes x instruction sets, each error as
 * a multiple of what is promised. src/operators/accuracy.c is calibrated with it; expert parameters
 * may stand in for what digits choose. */
#include "common.h"
#include "platform/cpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LIST = 32 };

/* Leaves of a cloud that would be summed directly are tried at this size too, times the factors. */
enum { TREE_LEAF = 240 };

/* The portable loops are tried up to so many points. */
enum { MOST_PORTABLE = 100000 };

#define ALL_CLOUDS "cube,sphere,plummer,ellipsoid,graded,disk,two-scale,lattice"

typedef struct choice {
    char *distributions, *charges, *isas;
    const char *digits, *n, *leaves;
    perf_kernel kernel;
    dagpole_plan_options plan;
    double shift;
    int64_t seed;
    int samples, threads, is_json, is_quick, is_long;
} choice;

/* A cloud with one kind of charges, its direct sums, and the norms that errors are judged by. */
typedef struct charged {
    const char *kind;
    dagpole_cloud cloud;
    perf_reference reference;
    double potential_norm, gradient_norm;
} charged;

/* Errors as multiples of the promise. */
typedef struct outcome {
    const char *kind;
    double potential, gradient, leaf; /* leaf: n_crit over the one chosen; 0: the chosen one */
    dagpole_report report;
} outcome;

/* Everything that is fixed where one row of the table is made. */
typedef struct row {
    const choice *o;
    const char *distribution;
    int64_t n;
    int n_kinds, digits, n_leaves;
    charged *kinds;
    const double *leaves;
    cli_json *json;
} row;

/* ---- references ------------------------------------------------------------------------- */

static double norm(int64_t n, const double *a) {
    double sum = 0, unit = 0;
    for (int64_t i = 0; i < n; i++)
        unit = fmax(unit, fabs(a[i]));
    for (int64_t i = 0; unit > 0 && i < n; i++)
        sum += a[i] / unit * (a[i] / unit);
    return unit * sqrt(sum);
}

static charged charge(const choice *o, const char *distribution, int64_t n, const char *kind) {
    charged c = {.kind = kind, .cloud = perf_cloud(distribution, n, kind, o->seed)};
    for (int64_t i = 0; i < 3 * n; i++)
        c.cloud.sources[i] += o->shift;
    c.reference = perf_reference_create(&o->plan, &c.cloud, o->samples, 1);
    int64_t m = c.reference.n;
    double *potentials = perf_alloc((size_t)m, sizeof *potentials);
    double *gradients = perf_alloc((size_t)m, sizeof *gradients);
    perf_try(dagpole_direct_rms(NULL, o->plan.kernel, o->plan.lambda, n, c.cloud.sources,
                                c.cloud.charges, m, c.reference.targets, potentials, gradients));
    c.potential_norm = fmax(norm(m, potentials), norm(m, c.reference.potentials));
    c.gradient_norm = fmax(norm(m, gradients), norm(3 * m, c.reference.gradients));
    free(gradients);
    free(potentials);
    return c;
}

static void discharge(charged *c) {
    perf_reference_free(&c->reference);
    dagpole_cloud_free(&c->cloud);
}

/* ---- one case --------------------------------------------------------------------------- */

static double error_of(const perf_reference *r, int width, const double *value,
                       const double *right) {
    double *difference = perf_alloc((size_t)(width * r->n), sizeof *difference);
    for (int64_t i = 0; i < r->n; i++)
        for (int c = 0; c < width; c++)
            difference[i * width + c] = value[r->index[i] * width + c] - right[i * width + c];
    double error = norm(width * r->n, difference);
    free(difference);
    return error;
}

static outcome evaluate(const row *r, dagpole_plan *plan, double leaf, const charged *c,
                        double *potentials, double *gradients) {
    outcome out = {.kind = c->kind, .leaf = leaf, .report.size = sizeof out.report};
    perf_try(dagpole_plan_evaluate(plan, c->cloud.charges, potentials, gradients));
    perf_try(dagpole_plan_report(plan, &out.report));
    double unit = pow(10, r->digits);
    out.potential =
        unit * error_of(&c->reference, 1, potentials, c->reference.potentials) / c->potential_norm;
    out.gradient = unit / 10 * error_of(&c->reference, 3, gradients, c->reference.gradients) /
                   c->gradient_norm;
    return out;
}

static int is_over(const outcome *out) {
    return !(out->potential <= 1) || !(out->gradient <= 1);
}

static void print_case(const row *r, const outcome *out) {
    const dagpole_report *report = &out->report;
    printf("  %-9s %8lld  %-8s %2d  %-11s p %2d k %4d n_crit %6d  potentials %6.3f  gradients "
           "%6.3f%s\n",
           r->distribution, (long long)r->n, report->instruction_set, r->digits, out->kind,
           report->p, report->expansion_size, report->n_crit, out->potential, out->gradient,
           is_over(out) ? "  above" : "");
}

static void json_case(const row *r, const outcome *out) {
    const dagpole_report *report = &out->report;
    cli_json_open(r->json, NULL);
    cli_json_text(r->json, "distribution", r->distribution);
    cli_json_int(r->json, "n", r->n);
    cli_json_text(r->json, "instruction_set", report->instruction_set);
    cli_json_int(r->json, "digits", r->digits);
    cli_json_text(r->json, "charges", out->kind);
    cli_json_int(r->json, "n_crit", report->n_crit);
    cli_json_int(r->json, "p", report->p);
    cli_json_int(r->json, "expansion_size", report->expansion_size);
    cli_json_real(r->json, "potential_multiple", out->potential);
    cli_json_real(r->json, "gradient_multiple", out->gradient);
    cli_json_close(r->json);
}

/* ---- the table -------------------------------------------------------------------------- */

static double larger(double a, double b) {
    return !(b <= a) ? b : a; /* NaN wins */
}

static void print_row(const row *r, const char *isa, const outcome *potential,
                      const outcome *gradient) {
    printf("%-9s %8lld  %-8s %2d   %6.3f  %-11s %7d   %6.3f  %-11s %7d%s\n", r->distribution,
           (long long)r->n, isa, r->digits, potential->potential, potential->kind,
           potential->report.n_crit, gradient->gradient, gradient->kind, gradient->report.n_crit,
           is_over(potential) || is_over(gradient) ? "  above" : "");
    fflush(stdout);
}

/* A plan with the leaf size that is chosen (leaf 0), or with n_crit. */
static dagpole_plan *make_plan(const row *r, dagpole_context *context, int n_crit) {
    dagpole_plan *plan;
    dagpole_plan_options options = r->o->plan;
    options.digits = r->digits;
    if (n_crit)
        options.n_crit = n_crit;
    perf_try(
        dagpole_plan_create(context, &options, r->n, r->kinds[0].cloud.sources, 0, NULL, &plan));
    return plan;
}

/* One digits: returns how many cases are over the promise. */
static int run_row(const row *r, dagpole_context *context, const char *isa) {
    double *potentials = perf_alloc((size_t)r->n, sizeof *potentials);
    double *gradients = perf_alloc((size_t)r->n, 3 * sizeof *gradients);
    outcome worst_potential = {.potential = -1}, worst_gradient = {.gradient = -1};
    int n_over = 0, chosen = 0;
    for (int leaf = -1; leaf < r->n_leaves; leaf++) {
        int n_crit = leaf < 0 ? 0 : (int)fmax(1, r->leaves[leaf] * chosen);
        dagpole_plan *plan = make_plan(r, context, n_crit);
        for (int k = 0; k < r->n_kinds; k++) {
            outcome out = evaluate(r, plan, leaf < 0 ? 0 : r->leaves[leaf], &r->kinds[k],
                                   potentials, gradients);
            n_over += is_over(&out);
            if (r->o->is_long && !r->json)
                print_case(r, &out);
            if (r->json)
                json_case(r, &out);
            if (larger(worst_potential.potential, out.potential) != worst_potential.potential)
                worst_potential = out;
            if (larger(worst_gradient.gradient, out.gradient) != worst_gradient.gradient)
                worst_gradient = out;
            chosen = leaf < 0 ? out.report.n_crit : chosen;
        }
        dagpole_plan_destroy(plan);
        if (leaf < 0 && chosen >= r->n)
            chosen = TREE_LEAF;
    }
    if (!r->json)
        print_row(r, isa, &worst_potential, &worst_gradient);
    free(gradients);
    free(potentials);
    return n_over;
}

static dagpole_context *open_context(const choice *o, const char *isa) {
    dagpole_context_options options;
    dagpole_context *context;
    setenv("DAGPOLE_ISA", isa, 1);
    dagpole_context_options_init(&options);
    options.threads = o->threads;
    options.serial = o->threads == 1; /* the same results, and nothing waits */
    perf_try(dagpole_context_create(&options, &context));
    return context;
}

static int run_cloud(row *r, int n_isas, const char *const *isas, int n_digits,
                     const int64_t *digits, int n_kinds, const char *const *kinds) {
    charged charges[MAX_LIST];
    int n_over = 0;
    r->kinds = charges;
    r->n_kinds = n_kinds;
    for (int k = 0; k < n_kinds; k++)
        charges[k] = charge(r->o, r->distribution, r->n, kinds[k]);
    for (int i = 0; i < n_isas; i++) {
        if (strcmp(isas[i], "portable") == 0 && r->n > MOST_PORTABLE)
            continue;
        dagpole_context *context = open_context(r->o, isas[i]);
        for (int d = 0; d < n_digits; d++) {
            r->digits = (int)digits[d];
            n_over += run_row(r, context, isas[i]);
        }
        dagpole_context_destroy(context);
    }
    for (int k = 0; k < n_kinds; k++)
        discharge(&charges[k]);
    return n_over;
}

/* ---- options ---------------------------------------------------------------------------- */

static int factors(const char *text, double *factor) {
    int n = 0;
    for (char *end; *text && n < MAX_LIST; text = *end ? end + 1 : end) {
        factor[n] = strtod(text, &end);
        if (end == text || !(factor[n] > 0) || (*end && *end != ','))
            perf_fail("--leaves takes numbers above 0, separated by commas, not '%s'", text);
        n++;
    }
    return n;
}

/* All that this machine has, best first. */
static char *machine_isas(void) {
    char *names = perf_alloc(64, 1);
    for (int isa = DP_N_ISA - 1; isa >= 0; isa--)
        if (dp_isa_is_supported((dp_isa)isa)) {
            strcat(names, *names ? "," : "");
            strcat(names, dp_isa_name((dp_isa)isa));
        }
    return names;
}

static int run_all(choice *o) {
    const char *names[MAX_LIST], *kinds[MAX_LIST], *isas[MAX_LIST];
    int64_t digits[MAX_LIST], n[MAX_LIST];
    double leaves[MAX_LIST];
    int n_names = perf_words(o->distributions, MAX_LIST, names), n_over = 0;
    int n_kinds = perf_words(o->charges, MAX_LIST, kinds);
    int n_isas = perf_words(o->isas, MAX_LIST, isas);
    int n_digits = perf_integers("--digits", o->digits, 3, 12, MAX_LIST, digits);
    int n_sizes = perf_integers("--n", o->n, 10, 1000000000, MAX_LIST, n);
    cli_json json;
    row r = {.o = o, .leaves = leaves, .n_leaves = factors(o->leaves, leaves)};
    if (o->is_json) {
        perf_json_begin(&json, "accuracy");
        cli_json_text(&json, "kernel", o->kernel.name);
        cli_json_real(&json, "lambda", o->kernel.lambda);
        cli_json_open_array(&json, "cases");
        r.json = &json;
    } else {
        printf(
            "%s; errors as multiples of what is promised, the worst over charges and leaf sizes\n"
            "%-9s %8s  %-8s %2s   %-29s   %s\n",
            o->kernel.name, "cloud", "N", "", "d", "potentials", "gradients");
    }
    for (int k = 0; k < n_sizes; k++)
        for (int i = 0; i < n_names; i++) {
            r.distribution = names[i];
            r.n = n[k];
            n_over += run_cloud(&r, n_isas, isas, n_digits, digits, n_kinds, kinds);
        }
    if (o->is_json) {
        cli_json_close(&json);
        cli_json_close(&json);
    }
    return n_over;
}

static int accuracy_main(const cli_command *self, int argc, char **argv) {
    const char *distributions = ALL_CLOUDS, *charges = "unit,mixed,alternating", *isas = NULL;
    choice o = {.digits = "3,4,5,6,7,8,9,10,11,12",
                .kernel = {.name = "laplace"},
                .seed = 1,
                .samples = 1000};
    const char *operand;
    dagpole_plan_options_init(&o.plan);
    const cli_option options[] = {
        {"--distribution", CLI_TEXT, &distributions, "LIST", "of " ALL_CLOUDS, 0, 0},
        {"--n", CLI_TEXT, &o.n, "LIST", "points, 1e3,1e4,1e5,1e6 by default", 0, 0},
        {"--digits", CLI_TEXT, &o.digits, "LIST", "3 ... 12 by default", 0, 0},
        {"--charges", CLI_TEXT, &charges, "LIST", "unit,mixed,alternating by default", 0, 0},
        {"--leaves", CLI_TEXT, &o.leaves, "LIST",
         "leaf sizes beside the chosen one, as multiples of it: 0.25,4 by default", 0, 0},
        {"--isa", CLI_TEXT, &isas, "LIST", "instruction sets; all of the machine by default", 0, 0},
        {"--quick", CLI_FLAG, &o.is_quick, NULL, "1e4 points and no other leaves by default", 0, 0},
        {"--shift", CLI_REAL, &o.shift, "X", "added to all coordinates", -1e15, 1e15},
        {"--seed", CLI_COUNT, &o.seed, "S", "of the clouds, 1 by default", 0, 1e15},
        PERF_KERNEL_OPTIONS(o.kernel),
        PERF_EXPERT_OPTIONS(o.plan),
        {"--samples", CLI_INT, &o.samples, "K", "targets that are compared", 1, 1000000},
        {"--threads", CLI_INT, &o.threads, "T", "workers; 0 = all, 1 = without StarPU", 0, 65536},
        {"--long", CLI_FLAG, &o.is_long, NULL, "print every case", 0, 0},
        {"--json", CLI_FLAG, &o.is_json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code == CLI_PROCEED)
        code = perf_kernel_set(self, &o.kernel, &o.plan);
    if (code != CLI_PROCEED)
        return code;
    o.n = o.n ? o.n : o.is_quick ? "1e4" : "1e3,1e4,1e5,1e6";
    o.leaves = o.leaves ? o.leaves : o.is_quick ? "" : "0.25,4";
    o.distributions = perf_copy(distributions);
    o.charges = perf_copy(charges);
    o.isas = isas ? perf_copy(isas) : machine_isas();
    int n_over = run_all(&o);
    free(o.isas);
    free(o.charges);
    free(o.distributions);
    if (n_over && !perf_is_expert(&o.plan))
        perf_fail("%d cases are above what their digits promise", n_over);
    return EXIT_SUCCESS;
}

static const cli_command command = {"perf/accuracy", NULL, "Errors as multiples of the promise.",
                                    accuracy_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
