/* Time over the number of points at fixed digits, and over the number of workers at fixed points.
 */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct choice {
    const char *distribution;
    int64_t max_n;
    perf_kernel kernel;
    dagpole_plan_options plan;
    int threads, runs, repeat, samples, is_json;
} choice;

static const int64_t sizes[] = {10000, 30000, 100000, 300000, 1000000, 3000000, 10000000};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

typedef struct measurement {
    dagpole_cloud cloud;
    perf_reference reference;
    perf_case c;
} measurement;

static measurement measurement_create(const choice *o, int64_t n) {
    measurement m = {.cloud = perf_cloud(o->distribution, n, "mixed", 1)};
    m.reference = perf_reference_create(&o->plan, &m.cloud, o->samples, 0);
    m.c = (perf_case){
        .plan = o->plan, .threads = o->threads, .n_plans = o->runs, .n_evaluations = o->repeat};
    return m;
}

static void measurement_free(measurement *m) {
    perf_reference_free(&m->reference);
    dagpole_cloud_free(&m->cloud);
}

static perf_outcome run(measurement *m) {
    perf_outcome out;
    m->c.cloud = &m->cloud;
    m->c.reference = &m->reference;
    if (!perf_case_run(&m->c, &out))
        exit(EXIT_FAILURE); /* it has said why */
    return out;
}

static double per_point(const perf_outcome *out) {
    return out->evaluate.median / (double)out->report.n_sources;
}

static void print_row(const perf_outcome *out, const char *label, double value) {
    const dagpole_report *r = &out->report;
    printf("%9lld %7d  %s  %s  %7.1f  %8.1f  %.1e  %s %.2f\n", (long long)r->n_sources, r->threads,
           perf_text(out->setup), perf_text(out->evaluate), 1e9 * per_point(out),
           1e-6 * (double)out->peak_bytes, out->error.potential, label, value);
    fflush(stdout);
}

static void print_head(const char *title) {
    printf("%s\n%9s %7s  %-17s  %-17s  %7s  %8s  %s\n", title, "N", "workers", "set-up s",
           "evaluate s", "ns/pt", "peak MB", "error");
}

static void show(const choice *o, cli_json *json, const measurement *m, const perf_outcome *out,
                 const char *label, double value) {
    if (!o->is_json) {
        print_row(out, label, value);
        return;
    }
    cli_json_open(json, NULL);
    perf_case_json(json, &m->c, out);
    cli_json_real(json, "ns_per_point", 1e9 * per_point(out));
    cli_json_close(json);
}

static void over_points(const choice *o, cli_json *json) {
    double first = 0;
    if (o->is_json)
        cli_json_open_array(json, "points");
    else
        print_head("over the points");
    for (int i = 0; i < N_SIZES && sizes[i] <= o->max_n; i++) {
        measurement m = measurement_create(o, sizes[i]);
        perf_outcome out = run(&m);
        first = i == 0 ? per_point(&out) : first;
        show(o, json, &m, &out, "per point, to the first", per_point(&out) / first);
        measurement_free(&m);
    }
    if (o->is_json)
        cli_json_close(json);
}

static void over_workers(const choice *o, cli_json *json) {
    int64_t n = o->max_n < 1000000 ? o->max_n : 1000000;
    measurement m = measurement_create(o, n);
    double one = 0;
    int threads = o->threads;
    if (threads == 0) {
        dagpole_machine machine = {.size = sizeof machine};
        perf_try(dagpole_machine_query("", &machine));
        threads = machine.cores < machine.starpu_max_cpus ? machine.cores : machine.starpu_max_cpus;
    }
    if (o->is_json)
        cli_json_open_array(json, "workers");
    else
        print_head("over the workers");
    for (m.c.threads = 1; m.c.threads <= threads; m.c.threads++) {
        perf_outcome out = run(&m);
        one = m.c.threads == 1 ? out.evaluate.median : one;
        show(o, json, &m, &out, "speed-up", one / out.evaluate.median);
    }
    if (o->is_json)
        cli_json_close(json);
    measurement_free(&m);
}

static int scaling_main(const cli_command *self, int argc, char **argv) {
    choice o = {.distribution = "cube",
                .max_n = 1000000,
                .kernel = {.name = "laplace"},
                .runs = 2,
                .repeat = 3,
                .samples = 300};
    const char *operand;
    dagpole_plan_options_init(&o.plan);
    const cli_option options[] = {
        {"--distribution", CLI_CHOICE, &o.distribution, "cube|sphere|plummer|ellipsoid",
         "cube by default", 0, 0},
        {"--max-n", CLI_COUNT, &o.max_n, "N", "most points, 1e6 by default", 10000, 1e7},
        {"--digits", CLI_INT, &o.plan.digits, "D", "correct digits", 3, 12},
        PERF_KERNEL_OPTIONS(o.kernel),
        PERF_EXPERT_OPTIONS(o.plan),
        {"--threads", CLI_INT, &o.threads, "T", "most workers; 0 = all", 0, 65536},
        {"--runs", CLI_INT, &o.runs, "K", "plans of a case", 1, 30},
        {"--repeat", CLI_INT, &o.repeat, "K", "evaluations of a plan after its first", 1, 30},
        {"--samples", CLI_INT, &o.samples, "K", "targets that are verified", 1, 1000000},
        {"--json", CLI_FLAG, &o.is_json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code == CLI_PROCEED)
        code = perf_kernel_set(self, &o.kernel, &o.plan);
    if (code != CLI_PROCEED)
        return code;
    cli_json json;
    if (o.is_json) {
        perf_json_begin(&json, "scaling");
        cli_json_text(&json, "distribution", o.distribution);
    }
    over_points(&o, &json);
    over_workers(&o, &json);
    if (o.is_json)
        cli_json_close(&json);
    return EXIT_SUCCESS;
}

static const cli_command command = {"perf/scaling", NULL,
                                    "Time over the points and over the workers.", scaling_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
