/* The whole way from points to potentials: distribution x N x digits. */
#include "against.h"
#include "roofs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LIST = 32, N_CLOUDS = 4, N_TARGET_DIGITS = 4 };

static const char *const clouds[N_CLOUDS] = {"cube", "sphere", "plummer", "ellipsoid"};
static const int target_digits[N_TARGET_DIGITS] = {3, 6, 9, 12};

/* Seconds of one evaluation that --table aims at: 1e6 points, mixed charges, 2 threads, on a
 * machine whose cores reach TARGET_PEAK GFlop/s. */
static const double target_s[N_TARGET_DIGITS][N_CLOUDS] = {
    {0.10, 0.06, 0.13, 0.09},
    {0.30, 0.20, 0.42, 0.28},
    {0.75, 0.50, 1.05, 0.65},
    {1.50, 0.95, 1.90, 1.20},
};
#define TARGET_PEAK 127.0

typedef struct choice {
    const char *distributions, *ns, *digits, *charges, *against;
    int64_t seed;
    perf_kernel kernel;
    dagpole_plan_options plan;
    int threads, runs, repeat, samples, pairs, gradients, is_table, is_json;
} choice;

/* NaN where --table has no figure for the case. */
static double target_of(const char *cloud, int digits) {
    for (int d = 0; d < N_TARGET_DIGITS; d++)
        for (int c = 0; c < N_CLOUDS; c++)
            if (target_digits[d] == digits && strcmp(clouds[c], cloud) == 0)
                return target_s[d][c];
    return NAN;
}

static void print_head(const choice *o) {
    printf("%-9s %8s %2s  %-17s %-8s %-17s %s%-17s %-8s %7s %4s %6s  %s%s\n", "cloud", "N", "d",
           "set-up s", "first s", "evaluate s", o->gradients ? "gradients s  (ratio)       " : "",
           "total s", "error", "peak MB", "k", "n_crit", "tasks/runtime/idle %",
           o->is_table ? "  scaled s  target s" : "");
}

static void print_case(const choice *o, const char *cloud, const perf_outcome *out, double scale) {
    const dagpole_report *r = &out->report;
    printf("%-9s %8lld %2d  %s %8.4g %s ", cloud, (long long)r->n_sources, r->digits,
           perf_text(out->setup), out->first.median, perf_text(out->evaluate));
    if (o->gradients)
        printf("%s (%.2f) ", perf_text(out->gradients),
               out->gradients.median / out->evaluate.median);
    printf("%s %.1e %8.0f %4d %6d  %5.1f %4.1f %4.1f", perf_text(out->total), out->error.potential,
           1e-6 * (double)out->peak_bytes, r->expansion_size, r->n_crit, 100 * r->share_tasks,
           100 * r->share_runtime, 100 * r->share_idle);
    if (o->is_table)
        printf("         %8.3f %9.2f", scale * out->evaluate.median, target_of(cloud, r->digits));
    if (o->gradients)
        printf("  gradients: error %.1e, far part %.1e", out->error.gradient,
               out->error.far_gradient);
    printf("\n");
    fflush(stdout);
}

static void json_case(cli_json *json, const choice *o, const char *cloud, const perf_case *c,
                      const perf_outcome *out, double scale) {
    cli_json_open(json, NULL);
    cli_json_text(json, "distribution", cloud);
    cli_json_text(json, "charges", o->charges);
    perf_case_json(json, c, out);
    cli_json_real(json, "scaled_s", scale * out->evaluate.median);
    if (o->is_table)
        cli_json_real(json, "target_s", target_of(cloud, out->report.digits));
    cli_json_close(json);
}

/* All digits on one cloud; returns how many cases failed. */
static int run_cloud(const choice *o, const char *name, int64_t n, int n_digits,
                     const int64_t *digits, double scale, cli_json *json) {
    int n_failed = 0;
    dagpole_cloud cloud = perf_cloud(name, n, o->charges, o->seed);
    perf_reference reference = perf_reference_create(&o->plan, &cloud, o->samples, o->gradients);
    perf_case c = {.cloud = &cloud,
                   .reference = &reference,
                   .plan = o->plan,
                   .threads = o->threads,
                   .n_plans = o->runs,
                   .n_evaluations = o->repeat,
                   .has_gradients = o->gradients};
    for (int i = 0; i < n_digits; i++) {
        perf_outcome out;
        c.plan.digits = (int)digits[i];
        if (o->against)
            perf_against(o->against, name, &c, o->pairs, o->is_json);
        else if (!perf_case_run(&c, &out))
            n_failed++;
        else if (o->is_json)
            json_case(json, o, name, &c, &out, scale);
        else
            print_case(o, name, &out, scale);
    }
    perf_reference_free(&reference);
    dagpole_cloud_free(&cloud);
    return n_failed;
}

static int run_all(const choice *o, char *distributions) {
    const char *name[MAX_LIST];
    int64_t n[MAX_LIST], digits[MAX_LIST];
    int n_names = perf_words(distributions, MAX_LIST, name);
    int n_ns = perf_integers("--n", o->ns, 1, (int64_t)1 << 40, MAX_LIST, n);
    int n_digits = perf_integers("--digits", o->digits, 3, 12, MAX_LIST, digits);
    int n_failed = 0;
    if (o->against && n_names * n_ns * n_digits != 1 && o->is_json)
        perf_fail("--against with --json takes one distribution, one N and one number of digits");
    perf_figure peak = perf_fma_peak(dp_isa_best(), 0);
    cli_json json;
    if (o->is_json && !o->against) {
        perf_json_begin(&json, "full");
        perf_json_figure(&json, "fma_double_gflops", peak);
        cli_json_open_array(&json, "cases");
    } else if (!o->against) {
        printf("FMA peak of one core %s GFlop/s\n", perf_text(peak));
        print_head(o);
    }
    for (int i = 0; i < n_ns; i++)
        for (int k = 0; k < n_names; k++)
            n_failed +=
                run_cloud(o, name[k], n[i], n_digits, digits, peak.median / TARGET_PEAK, &json);
    if (o->is_json && !o->against) {
        cli_json_close(&json);
        cli_json_close(&json);
    }
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int full_main(const cli_command *self, int argc, char **argv) {
    const char *operand;
    choice o = {.charges = "mixed",
                .seed = 1,
                .kernel = {.name = "laplace"},
                .runs = 3,
                .repeat = 3,
                .samples = 1000,
                .pairs = 5};
    dagpole_plan_options_init(&o.plan);
    const cli_option options[] = {
        {"--distribution", CLI_TEXT, &o.distributions, "LIST", "of cube,sphere,plummer,ellipsoid",
         0, 0},
        {"--n", CLI_TEXT, &o.ns, "LIST", "of numbers of points; 1e5, with --table 1e6", 0, 0},
        {"--digits", CLI_TEXT, &o.digits, "LIST", "of digits; 3,6,9,12, with --against 6", 0, 0},
        {"--charges", CLI_CHOICE, &o.charges, "unit|mixed", "mixed by default", 0, 0},
        {"--seed", CLI_COUNT, &o.seed, "S", "of points and charges; 1 by default", 0, 1e9},
        {"--gradients", CLI_FLAG, &o.gradients, NULL, "evaluate gradients as well", 0, 0},
        PERF_KERNEL_OPTIONS(o.kernel),
        PERF_EXPERT_OPTIONS(o.plan),
        {"--threads", CLI_INT, &o.threads, "T", "workers; 0 = all", 0, 65536},
        {"--runs", CLI_INT, &o.runs, "K", "plans of a case", 1, 30},
        {"--repeat", CLI_INT, &o.repeat, "K", "evaluations of a plan after its first", 1, 30},
        {"--samples", CLI_INT, &o.samples, "K", "targets that are verified", 1, 1000000},
        {"--table", CLI_FLAG, &o.is_table, NULL, "the table of README.md with its targets", 0, 0},
        {"--against", CLI_TEXT, &o.against, "COMMAND", "another program (README.md)", 0, 0},
        {"--pairs", CLI_INT, &o.pairs, "K", "with --against: runs of each", 1, PERF_MAX_RUNS},
        {"--json", CLI_FLAG, &o.is_json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code == CLI_PROCEED)
        code = perf_kernel_set(self, &o.kernel, &o.plan);
    if (code != CLI_PROCEED)
        return code;
    if (o.against && (o.is_table || o.gradients || o.plan.kernel != DAGPOLE_LAPLACE))
        return cli_usage(self, "--against compares Laplace potentials alone");
    if (!o.distributions)
        o.distributions = o.against ? "cube" : "cube,sphere,plummer,ellipsoid";
    if (!o.ns)
        o.ns = o.is_table ? "1e6" : "1e5";
    if (!o.digits)
        o.digits = o.against ? "6" : "3,6,9,12";
    char *distributions = perf_copy(o.distributions);
    code = run_all(&o, distributions);
    free(distributions);
    return code;
}

static const cli_command command = {
    "perf/full", NULL, "Set-up, evaluation, error and memory, as medians over several runs.",
    full_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
