/* What is used for days keeps no memory: evaluations of one plan, plans of one context, contexts
 * one after the other; resident memory along the way. Ends with 1 where it grows. */
#include "common.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

/* The first eighth of each loop fills what is filled once: StarPU's and malloc's own pools. */
enum { N_STEPS = 8 };

typedef struct choice {
    int64_t n, n_evaluations, n_plans, n_contexts;
    double most_mib;
    int threads, is_serial;
} choice;

typedef struct soak {
    const choice *chosen;
    dagpole_cloud cloud;
    double *results;
    dagpole_context *context;
    dagpole_plan *plan;
} soak;

static void open_context(soak *s) {
    dagpole_context_options options;
    dagpole_context_options_init(&options);
    options.threads = s->chosen->is_serial ? 0 : s->chosen->threads;
    options.serial = s->chosen->is_serial;
    perf_try(dagpole_context_create(&options, &s->context));
}

/* In leaves of 30 points: so few points would be summed directly. */
static void open_plan(soak *s) {
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    options.digits = 3;
    options.n_crit = 30;
    perf_try(dagpole_plan_create(s->context, &options, s->cloud.n_sources, s->cloud.sources, 0,
                                 NULL, &s->plan));
}

static void evaluate(soak *s) {
    perf_try(dagpole_plan_evaluate(s->plan, s->cloud.charges, s->results,
                                   s->results + s->cloud.n_sources));
}

static void use_plan(soak *s) {
    open_plan(s);
    evaluate(s);
    dagpole_plan_destroy(s->plan);
}

static void use_context(soak *s) {
    open_context(s);
    use_plan(s);
    dagpole_context_destroy(s->context);
}

/* Does it n times and tells what memory does; 1 where it grew by more than the choice allows after
 * the first step, or the library itself holds more blocks. */
static int repeat(soak *s, const char *what, int64_t n, void (*use)(soak *s)) {
    int64_t first = 0, last = 0, blocks = dp_memory_live();
    printf("%lld %s, MiB resident:", (long long)n, what);
    for (int step = 0; step < N_STEPS; step++) {
        for (int64_t i = n * step / N_STEPS; i < n * (step + 1) / N_STEPS; i++)
            use(s);
        last = perf_resident_bytes();
        if (step == 0)
            first = last;
        printf(" %.1f", (double)last / (1 << 20));
        fflush(stdout);
    }
    int64_t n_kept = dp_memory_live() - blocks;
    int is_bad = (double)(last - first) > s->chosen->most_mib * (1 << 20) || n_kept != 0;
    printf("; %.1f KiB more, %lld blocks kept%s\n", (double)(last - first) / 1024,
           (long long)n_kept, is_bad ? " <----" : "");
    return is_bad;
}

static int run(const choice *o) {
    soak s = {.chosen = o, .cloud = perf_cloud("plummer", o->n, "mixed", 1)};
    int n_bad = 0;
    s.results = perf_alloc(4 * (size_t)o->n, sizeof *s.results);
    open_context(&s);
    open_plan(&s);
    n_bad += repeat(&s, "evaluations", o->n_evaluations, evaluate);
    dagpole_plan_destroy(s.plan);
    n_bad += repeat(&s, "plans", o->n_plans, use_plan);
    dagpole_context_destroy(s.context);
    n_bad += repeat(&s, "contexts", o->n_contexts, use_context);
    free(s.results);
    dagpole_cloud_free(&s.cloud);
    return n_bad ? CLI_FAILURE : CLI_SUCCESS;
}

static int soak_main(const cli_command *self, int argc, char **argv) {
    choice o = {.n = 2000,
                .n_evaluations = 10000,
                .n_plans = 1000,
                .n_contexts = 100,
                .most_mib = 4,
                .threads = 2};
    const cli_option options[] = {
        {"--n", CLI_COUNT, &o.n, "N", "points [2000]", 1, 1e7},
        {"--evaluations", CLI_COUNT, &o.n_evaluations, "K", "of one plan [10000]", N_STEPS, 1e9},
        {"--plans", CLI_COUNT, &o.n_plans, "K", "of one context [1000]", N_STEPS, 1e9},
        {"--contexts", CLI_COUNT, &o.n_contexts, "K", "one after the other [100]", N_STEPS, 1e9},
        {"--most", CLI_POSITIVE, &o.most_mib, "MIB", "growth of each loop [4]", 0, 0},
        {"--threads", CLI_INT, &o.threads, "T", "workers [2]", 1, 4096},
        {"--serial", CLI_FLAG, &o.is_serial, NULL, "without StarPU", 0, 0},
    };
    const char *operand;
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    return code == CLI_PROCEED ? run(&o) : code;
}

static const cli_command command = {
    "perf/soak", NULL, "Resident memory over evaluations, plans and contexts.", soak_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
