/* Small clouds, where the machinery may not cost more than it saves: an evaluation against the
 * direct sum, and a thousand evaluations of one plan. */
#include "common.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_LIST = 32, N_END = 100 }; /* evaluations at either end that are compared */

typedef struct choice {
    const char *distributions, *ns, *digits, *charges;
    int threads, repeat, n_direct, is_json;
} choice;

typedef struct outcome {
    perf_figure evaluate, direct, first, last;
    double error;
    int64_t resident_before, resident_after; /* bytes, after the first N_END and at the end */
    int64_t live_before, live_after;         /* the library's own blocks, the same */
    dagpole_report report;
} outcome;

/* Relative L2, over all targets. */
static double error_of(int64_t n, const double *is, const double *expected) {
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < n; i++) {
        difference += (is[i] - expected[i]) * (is[i] - expected[i]);
        norm += expected[i] * expected[i];
    }
    return sqrt(difference / norm);
}

/* In doubles, one-sided, on all workers: dagpole_direct. */
static void run_direct(const choice *o, dagpole_context *context, const dagpole_cloud *cloud,
                       double *potentials, outcome *out) {
    double *seconds = perf_alloc((size_t)o->n_direct, sizeof *seconds);
    for (int i = -1; i < o->n_direct; i++) {
        double begin = dp_clock();
        perf_try(dagpole_direct(context, DAGPOLE_LAPLACE, 0, cloud->n_sources, cloud->sources,
                                cloud->charges, 0, NULL, potentials, NULL));
        if (i >= 0)
            seconds[i] = dp_clock() - begin;
    }
    out->direct = perf_figure_of(o->n_direct, seconds);
    free(seconds);
}

static void run_plan(const choice *o, dagpole_plan *plan, const double *charges, double *potentials,
                     outcome *out) {
    double *seconds = perf_alloc((size_t)o->repeat, sizeof *seconds);
    perf_try(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    for (int i = 0; i < o->repeat; i++) {
        if (i == N_END) {
            out->resident_before = perf_resident_bytes();
            out->live_before = dp_memory_live();
        }
        double begin = dp_clock();
        perf_try(dagpole_plan_evaluate(plan, charges, potentials, NULL));
        seconds[i] = dp_clock() - begin;
    }
    out->resident_after = perf_resident_bytes();
    out->live_after = dp_memory_live();
    out->first = perf_figure_of(N_END, seconds);
    out->last = perf_figure_of(N_END, seconds + o->repeat - N_END);
    out->evaluate = perf_figure_of(o->repeat, seconds);
    free(seconds);
}

static void check(const outcome *out) {
    if (!(out->error <= pow(10, -out->report.digits)))
        perf_fail("%lld points, %d digits: the error of the potentials is %.2e",
                  (long long)out->report.n_sources, out->report.digits, out->error);
    if (out->live_after != out->live_before)
        perf_fail("%lld points, %d digits: evaluations keep %lld blocks of memory",
                  (long long)out->report.n_sources, out->report.digits,
                  (long long)(out->live_after - out->live_before));
}

static outcome run_case(const choice *o, dagpole_context *context, const dagpole_cloud *cloud,
                        int digits) {
    outcome out = {.report = {.size = sizeof out.report}};
    size_t n = (size_t)cloud->n_sources;
    double *potentials = perf_alloc(n, sizeof *potentials);
    double *expected = perf_alloc(n, sizeof *expected);
    dagpole_plan_options options;
    dagpole_plan *plan;
    dagpole_plan_options_init(&options);
    options.digits = digits;
    perf_try(
        dagpole_plan_create(context, &options, cloud->n_sources, cloud->sources, 0, NULL, &plan));
    run_direct(o, context, cloud, expected, &out);
    run_plan(o, plan, cloud->charges, potentials, &out);
    perf_try(dagpole_plan_report(plan, &out.report));
    out.error = error_of(cloud->n_sources, potentials, expected);
    check(&out);
    dagpole_plan_destroy(plan);
    free(expected);
    free(potentials);
    return out;
}

static void print_head(void) {
    printf("%-9s %6s %2s  %-17s %-17s %5s %5s  %-17s %-17s %9s %7s %8s %6s %4s\n", "cloud", "N",
           "d", "evaluate s", "direct s", "ratio", "least", "first 100 s", "last 100 s",
           "+ kB held", "blocks", "error", "n_crit", "k");
}

static void print_case(const char *cloud, const outcome *out) {
    const dagpole_report *r = &out->report;
    printf("%-9s %6lld %2d  %s %s %5.2f %5.2f  %s %s %9lld %+7lld  %.1e %6d %4d\n", cloud,
           (long long)r->n_sources, r->digits, perf_text(out->evaluate), perf_text(out->direct),
           out->evaluate.median / out->direct.median, out->evaluate.smallest / out->direct.smallest,
           perf_text(out->first), perf_text(out->last),
           (long long)(out->resident_after - out->resident_before) / 1024,
           (long long)(out->live_after - out->live_before), out->error, r->n_crit,
           r->expansion_size);
    fflush(stdout);
}

static void json_case(cli_json *json, const choice *o, const char *cloud, const outcome *out) {
    const dagpole_report *r = &out->report;
    cli_json_open(json, NULL);
    cli_json_text(json, "distribution", cloud);
    cli_json_text(json, "charges", o->charges);
    cli_json_int(json, "n", r->n_sources);
    cli_json_int(json, "digits", r->digits);
    cli_json_int(json, "threads", r->threads);
    cli_json_int(json, "n_crit", r->n_crit);
    cli_json_int(json, "expansion_size", r->expansion_size);
    perf_json_figure(json, "evaluate_s", out->evaluate);
    perf_json_figure(json, "direct_s", out->direct);
    perf_json_figure(json, "first_100_s", out->first);
    perf_json_figure(json, "last_100_s", out->last);
    cli_json_real(json, "error", out->error);
    cli_json_int(json, "resident_before_bytes", out->resident_before);
    cli_json_int(json, "resident_after_bytes", out->resident_after);
    cli_json_int(json, "live_blocks_before", out->live_before);
    cli_json_int(json, "live_blocks_after", out->live_after);
    cli_json_close(json);
}

static void run_all(const choice *o, char *distributions) {
    const char *name[MAX_LIST];
    int64_t n[MAX_LIST], digits[MAX_LIST];
    int n_names = perf_words(distributions, MAX_LIST, name);
    int n_ns = perf_integers("--n", o->ns, 1, 100000, MAX_LIST, n);
    int n_digits = perf_integers("--digits", o->digits, 3, 12, MAX_LIST, digits);
    dagpole_context_options options;
    dagpole_context *context;
    cli_json json;
    dagpole_context_options_init(&options);
    options.threads = o->threads;
    perf_try(dagpole_context_create(&options, &context));
    if (o->is_json) {
        perf_json_begin(&json, "small");
        cli_json_open_array(&json, "cases");
    } else
        print_head();
    for (int i = 0; i < n_ns * n_names * n_digits; i++) {
        const char *cloud_name = name[i / n_digits % n_names];
        dagpole_cloud cloud = perf_cloud(cloud_name, n[i / n_digits / n_names], o->charges, 1);
        outcome out = run_case(o, context, &cloud, (int)digits[i % n_digits]);
        if (o->is_json)
            json_case(&json, o, cloud_name, &out);
        else
            print_case(cloud_name, &out);
        dagpole_cloud_free(&cloud);
    }
    if (o->is_json) {
        cli_json_close(&json);
        cli_json_close(&json);
    }
    dagpole_context_destroy(context);
}

static int small_main(const cli_command *self, int argc, char **argv) {
    const char *operand;
    choice o = {.distributions = "cube,sphere,plummer,ellipsoid",
                .ns = "1e3,1e4",
                .digits = "3,6,9,12",
                .charges = "mixed",
                .repeat = 1000,
                .n_direct = 30};
    const cli_option options[] = {
        {"--distribution", CLI_TEXT, &o.distributions, "LIST", "of cube,sphere,plummer,ellipsoid",
         0, 0},
        {"--n", CLI_TEXT, &o.ns, "LIST", "of numbers of points; 1e3,1e4", 0, 0},
        {"--digits", CLI_TEXT, &o.digits, "LIST", "of digits; 3,6,9,12", 0, 0},
        {"--charges", CLI_CHOICE, &o.charges, "unit|mixed", "mixed by default", 0, 0},
        {"--threads", CLI_INT, &o.threads, "T", "workers; 0 = all", 0, 65536},
        {"--repeat", CLI_INT, &o.repeat, "K", "evaluations of a plan", 2 * N_END, 1000000},
        {"--direct", CLI_INT, &o.n_direct, "K", "direct sums", 1, 1000},
        {"--json", CLI_FLAG, &o.is_json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code != CLI_PROCEED)
        return code;
    char *distributions = perf_copy(o.distributions);
    run_all(&o, distributions);
    free(distributions);
    return EXIT_SUCCESS;
}

static const cli_command command = {
    "perf/small", NULL,
    "Small clouds against the direct sum, and a thousand evaluations of a plan.", small_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
