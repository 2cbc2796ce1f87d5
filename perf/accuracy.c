/* Digits asked and error reached, on smooth and on graded clouds: what operators/accuracy.c is
 * calibrated with. Expert parameters may stand in for what digits choose. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LIST = 32 };

typedef struct choice {
    const char *distributions, *charges, *digits;
    perf_kernel kernel;
    dagpole_plan_options plan;
    int64_t n;
    int samples, threads, is_json;
} choice;

typedef struct outcome {
    perf_error error;
    dagpole_report report;
    int is_kept; /* within the promise */
} outcome;

/* ---- graded clouds ---------------------------------------------------------------------- */

/* A fifth of the points within 1e-6 of a place in a uniform cloud, or all at that place. */
static void gather_cluster(dagpole_cloud *cloud, double radius) {
    static const double place[3] = {0.3, 0.6, 0.4};
    for (int64_t i = cloud->n_sources / 5 * 4; i < cloud->n_sources; i++)
        for (int d = 0; d < 3; d++) {
            double *x = &cloud->sources[3 * i + d];
            *x = place[d] + radius * (2 * *x - 1);
        }
}

/* From a sphere to r = 10^-u, u uniform in 0 ... 9. */
static void grade(dagpole_cloud *cloud) {
    for (int64_t i = 0; i < cloud->n_sources; i++) {
        double r = pow(10, -9 * ((double)i + 0.5) / (double)cloud->n_sources);
        for (int d = 0; d < 3; d++)
            cloud->sources[3 * i + d] *= r;
    }
}

static dagpole_cloud make_cloud(const char *name, int64_t n, const char *charges) {
    dagpole_cloud cloud;
    if (strcmp(name, "log-radial") == 0) {
        cloud = perf_cloud("sphere", n, charges, 1);
        grade(&cloud);
    } else if (strcmp(name, "clustered") == 0 || strcmp(name, "coincident") == 0) {
        cloud = perf_cloud("cube", n, charges, 1);
        gather_cluster(&cloud, strcmp(name, "clustered") == 0 ? 1e-6 : 0);
    } else {
        cloud = perf_cloud(name, n, charges, 1);
    }
    return cloud;
}

/* In leaves of 1e-6 a local expansion that holds the background's potential to d digits holds d - 6
 * of its gradient: nothing is promised of that far part. */
static int is_far_resolved(const char *name) {
    return strcmp(name, "clustered") != 0;
}

/* ---- cases ------------------------------------------------------------------------------ */

static outcome run(const choice *o, dagpole_context *context, const char *name,
                   const dagpole_cloud *cloud, const perf_reference *reference, int digits) {
    dagpole_plan *plan;
    dagpole_plan_options options = o->plan;
    outcome out = {.report.size = sizeof out.report};
    double *potentials = perf_alloc((size_t)cloud->n_sources, sizeof *potentials);
    double *gradients = perf_alloc((size_t)cloud->n_sources, 3 * sizeof *gradients);
    options.digits = digits;
    perf_try(
        dagpole_plan_create(context, &options, cloud->n_sources, cloud->sources, 0, NULL, &plan));
    perf_try(dagpole_plan_evaluate(plan, cloud->charges, potentials, gradients));
    perf_try(dagpole_plan_report(plan, &out.report));
    out.error = perf_error_of(reference, plan, cloud->charges, potentials, gradients);
    if (!out.report.expansion_size) /* no far part: what is left is what rounding leaves */
        out.error.far_gradient = 0;
    perf_error judged = out.error;
    if (!is_far_resolved(name))
        judged.far_gradient = 0;
    out.is_kept = perf_error_is_kept(&judged, digits);
    dagpole_plan_destroy(plan);
    free(gradients);
    free(potentials);
    return out;
}

static void print_case(const char *name, const char *charges, const outcome *out) {
    const perf_error *e = &out->error;
    const dagpole_report *r = &out->report;
    double unit = pow(10, -r->digits);
    printf("%-11s %-6s %2d  %2d %4d %6d  %.2e (%5.3f)  %.2e  %.2e (%5.3f)", name, charges,
           r->digits, r->p, r->expansion_size, r->n_crit, e->potential, e->potential / unit,
           e->max_potential, e->gradient, e->gradient / (10 * unit));
    if (r->expansion_size)
        printf("  %.2e (%5.3f)", e->far_gradient, e->far_gradient / (300 * unit));
    else
        printf("  none");
    printf("%s\n", out->is_kept ? "" : "  above");
    fflush(stdout);
}

static void json_case(cli_json *json, const char *name, const char *charges, const outcome *out) {
    const dagpole_report *r = &out->report;
    cli_json_open(json, NULL);
    cli_json_text(json, "distribution", name);
    cli_json_text(json, "charges", charges);
    cli_json_int(json, "n", r->n_sources);
    cli_json_int(json, "digits", r->digits);
    cli_json_int(json, "p", r->p);
    cli_json_int(json, "n_crit", r->n_crit);
    cli_json_int(json, "expansion_size", r->expansion_size);
    cli_json_real(json, "tolerance", r->tolerance);
    cli_json_real(json, "svd_cutoff", r->svd_cutoff);
    cli_json_real(json, "error", out->error.potential);
    cli_json_real(json, "max_error", out->error.max_potential);
    cli_json_real(json, "gradient_error", out->error.gradient);
    cli_json_real(json, "far_gradient_error", out->error.far_gradient);
    cli_json_bool(json, "is_kept", out->is_kept);
    cli_json_close(json);
}

/* Returns how many cases break the contract. */
static int run_cloud(const choice *o, dagpole_context *context, const char *name,
                     const char *charges, int n_digits, const int64_t *digits, cli_json *json) {
    int n_broken = 0;
    dagpole_cloud cloud = make_cloud(name, o->n, charges);
    perf_reference reference = perf_reference_create(&o->plan, &cloud, o->samples, 1);
    for (int i = 0; i < n_digits; i++) {
        outcome out = run(o, context, name, &cloud, &reference, (int)digits[i]);
        n_broken += !out.is_kept;
        if (o->is_json)
            json_case(json, name, charges, &out);
        else
            print_case(name, charges, &out);
    }
    perf_reference_free(&reference);
    dagpole_cloud_free(&cloud);
    return n_broken;
}

static void print_head(const choice *o) {
    printf("%s, %lld points; in brackets the share of what is promised: potentials 10^-d, "
           "gradients 10^-(d-1), their far part 300 x 10^-d\n",
           o->kernel.name, (long long)o->n);
    printf("%-11s %-6s %2s  %2s %4s %6s  %-16s  %-8s  %-16s  %s\n", "cloud", "charges", "d", "p",
           "k", "n_crit", "potentials", "max", "gradients", "far part");
}

static int run_all(const choice *o, char *distributions, char *charges) {
    const char *name[MAX_LIST], *kind[MAX_LIST];
    int64_t digits[MAX_LIST];
    int n_names = perf_words(distributions, MAX_LIST, name);
    int n_kinds = perf_words(charges, MAX_LIST, kind), n_broken = 0;
    int n_digits = perf_integers("--digits", o->digits, 3, 12, MAX_LIST, digits);
    dagpole_context_options options;
    dagpole_context *context;
    cli_json json;
    dagpole_context_options_init(&options);
    options.threads = o->threads;
    perf_try(dagpole_context_create(&options, &context));
    if (o->is_json) {
        perf_json_begin(&json, "accuracy");
        cli_json_text(&json, "kernel", o->kernel.name);
        cli_json_real(&json, "lambda", o->kernel.lambda);
        cli_json_open_array(&json, "cases");
    } else {
        print_head(o);
    }
    for (int i = 0; i < n_names; i++)
        for (int k = 0; k < n_kinds; k++)
            n_broken += run_cloud(o, context, name[i], kind[k], n_digits, digits, &json);
    if (o->is_json) {
        cli_json_close(&json);
        cli_json_close(&json);
    }
    dagpole_context_destroy(context);
    return n_broken;
}

static int accuracy_main(const cli_command *self, int argc, char **argv) {
    choice o = {.distributions = "cube,sphere,plummer,ellipsoid,clustered,coincident,log-radial",
                .charges = "unit,mixed",
                .digits = "3,6,9,12",
                .kernel = {.name = "laplace"},
                .n = 20000,
                .samples = 1000};
    const char *operand;
    dagpole_plan_options_init(&o.plan);
    const cli_option options[] = {
        {"--distribution", CLI_TEXT, &o.distributions, "LIST",
         "of cube,sphere,plummer,ellipsoid,clustered,coincident,log-radial", 0, 0},
        {"--n", CLI_COUNT, &o.n, "N", "points, 20000 by default", 10, 1e9},
        {"--digits", CLI_TEXT, &o.digits, "LIST", "3,6,9,12 by default", 0, 0},
        {"--charges", CLI_TEXT, &o.charges, "LIST", "unit,mixed by default", 0, 0},
        PERF_KERNEL_OPTIONS(o.kernel),
        PERF_EXPERT_OPTIONS(o.plan),
        {"--samples", CLI_INT, &o.samples, "K", "targets that are compared", 1, 1000000},
        {"--threads", CLI_INT, &o.threads, "T", "workers; 0 = all", 0, 65536},
        {"--json", CLI_FLAG, &o.is_json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code == CLI_PROCEED)
        code = perf_kernel_set(self, &o.kernel, &o.plan);
    if (code != CLI_PROCEED)
        return code;
    char *distributions = perf_copy(o.distributions), *charges = perf_copy(o.charges);
    int n_broken = run_all(&o, distributions, charges);
    free(charges);
    free(distributions);
    if (n_broken && !perf_is_expert(&o.plan))
        perf_fail("%d cases are above what their digits promise", n_broken);
    return EXIT_SUCCESS;
}

static const cli_command command = {"perf/accuracy", NULL, "Digits asked and error reached.",
                                    accuracy_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
