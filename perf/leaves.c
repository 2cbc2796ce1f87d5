/* The leaf size that the cost model chooses, against others around it. The root cube is the model's
 * for each. */
#include "case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_TRIED = 9, MAX_ROUNDS = 30, MAX_LIST = 16 };

/* Of the chosen one, which comes first. */
static const double factors[N_TRIED] = {1, 0.5, 0.6, 0.72, 0.85, 1.2, 1.4, 1.7, 2};

typedef struct choice {
    char *distributions, *digits;
    int64_t n;
    int gradients, threads, rounds, repeat, samples, is_json;
} choice;

typedef struct tried {
    int n_crit;
    double seconds[MAX_ROUNDS]; /* of an evaluation, by round */
    perf_figure figure;
} tried;

static double evaluate(const perf_case *c, int *n_crit) {
    perf_outcome out;
    if (!perf_case_run(c, &out))
        exit(EXIT_FAILURE); /* it has said why */
    *n_crit = c->has_gradients ? out.gradient_n_crit : out.report.n_crit;
    return c->has_gradients ? out.gradients.median : out.evaluate.median;
}

/* What an option may be. */
static int within(double n_crit) {
    return (int)fmin(fmax(n_crit, 1), 100000);
}

/* All in turn, round by round, so that a machine that slows down slows all of them. */
static void try_all(const choice *o, perf_case *c, tried all[N_TRIED]) {
    for (int round = 0; round < o->rounds; round++)
        for (int i = 0; i < N_TRIED; i++) {
            c->plan.n_crit = i == 0 ? 0 : within(factors[i] * all[0].n_crit);
            all[i].seconds[round] = evaluate(c, &all[i].n_crit);
        }
    for (int i = 0; i < N_TRIED; i++)
        all[i].figure = perf_figure_of(o->rounds, all[i].seconds);
}

static int best_of(const tried all[N_TRIED]) {
    int best = 0;
    for (int i = 1; i < N_TRIED; i++)
        if (all[i].figure.median < all[best].figure.median)
            best = i;
    return best;
}

static void print_row(const char *distribution, int digits, const tried all[N_TRIED]) {
    int best = best_of(all);
    printf("%-10s %2d  %6d %s  %6d %s  %6.3f  ", distribution, digits, all[0].n_crit,
           perf_text(all[0].figure), all[best].n_crit, perf_text(all[best].figure),
           all[0].figure.median / all[best].figure.median);
    for (int i = 1; i < N_TRIED; i++)
        printf(" %d: %.3g", all[i].n_crit, all[i].figure.median);
    printf("\n");
    fflush(stdout);
}

static void json_row(cli_json *json, const char *distribution, int digits,
                     const tried all[N_TRIED]) {
    cli_json_open(json, NULL);
    cli_json_text(json, "distribution", distribution);
    cli_json_int(json, "digits", digits);
    cli_json_real(json, "chosen_over_best", all[0].figure.median / all[best_of(all)].figure.median);
    cli_json_open_array(json, "tried"); /* the chosen one first */
    for (int i = 0; i < N_TRIED; i++) {
        cli_json_open(json, NULL);
        cli_json_int(json, "n_crit", all[i].n_crit);
        perf_json_figure(json, "evaluate_s", all[i].figure);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_close(json);
}

static void run_case(const choice *o, cli_json *json, const char *distribution, int digits) {
    dagpole_cloud cloud = perf_cloud(distribution, o->n, "mixed", 1);
    dagpole_plan_options plan;
    dagpole_plan_options_init(&plan);
    plan.digits = digits;
    perf_reference reference = perf_reference_create(&plan, &cloud, o->samples, o->gradients);
    perf_case c = {.cloud = &cloud,
                   .reference = &reference,
                   .plan = plan,
                   .threads = o->threads,
                   .n_plans = 1,
                   .n_evaluations = o->repeat,
                   .has_gradients = o->gradients};
    tried *all = perf_alloc(N_TRIED, sizeof *all);
    try_all(o, &c, all);
    if (o->is_json)
        json_row(json, distribution, digits, all);
    else
        print_row(distribution, digits, all);
    free(all);
    perf_reference_free(&reference);
    dagpole_cloud_free(&cloud);
}

static void run_all(const choice *o) {
    const char *distribution[MAX_LIST];
    int64_t digits[MAX_LIST];
    int n_distributions = perf_words(o->distributions, MAX_LIST, distribution);
    int n_digits = perf_integers("--digits", o->digits, 3, 12, MAX_LIST, digits);
    cli_json json;
    if (o->is_json) {
        perf_json_begin(&json, "leaves");
        cli_json_open_array(&json, "cases");
    } else
        printf("%-10s %2s  %6s %-17s  %6s %-17s  %6s   others tried, s\n", "cloud", "d", "chosen",
               "s", "best", "s", "ratio");
    for (int d = 0; d < n_digits; d++)
        for (int i = 0; i < n_distributions; i++)
            run_case(o, &json, distribution[i], (int)digits[d]);
    if (o->is_json) {
        cli_json_close(&json);
        cli_json_close(&json);
    }
}

static int leaves_main(const cli_command *self, int argc, char **argv) {
    choice o = {.n = 100000, .rounds = 2, .repeat = 3, .samples = 100};
    const char *operand, *distributions = "cube,sphere,plummer,ellipsoid", *digits = "6";
    const cli_option options[] = {
        {"--distribution", CLI_TEXT, &distributions, "LIST", "of cube,sphere,plummer,ellipsoid", 0,
         0},
        {"--n", CLI_COUNT, &o.n, "N", "points, 1e5 by default", 1000, 1e8},
        {"--digits", CLI_TEXT, &digits, "LIST", "of digits; 6 by default", 0, 0},
        {"--gradients", CLI_FLAG, &o.gradients, NULL, "of evaluations with gradients", 0, 0},
        {"--threads", CLI_INT, &o.threads, "T", "workers; 0 = all", 0, 65536},
        {"--runs", CLI_INT, &o.rounds, "K", "rounds through all sizes", 1, MAX_ROUNDS},
        {"--repeat", CLI_INT, &o.repeat, "K", "evaluations of a plan after its first", 1, 30},
        {"--samples", CLI_INT, &o.samples, "K", "targets that are verified", 1, 1000000},
        {"--json", CLI_FLAG, &o.is_json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code != CLI_PROCEED)
        return code;
    o.distributions = perf_copy(distributions);
    o.digits = perf_copy(digits);
    run_all(&o);
    free(o.digits);
    free(o.distributions);
    return EXIT_SUCCESS;
}

static const cli_command command = {
    "perf/leaves", NULL, "The leaf size that is chosen, against others around it.", leaves_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
