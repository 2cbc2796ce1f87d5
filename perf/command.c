#include "perf.h"

#include <err.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- failing ---- */

void perf_fail(const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    va_start(arguments, format);
    verrx(EXIT_FAILURE, format, arguments);
}

void perf_try(dagpole_status status) {
    if (status != DAGPOLE_OK)
        perf_fail("%s", dagpole_last_error());
}

void *perf_alloc(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        perf_fail("no memory for %zu x %zu bytes", count, size);
    return memory;
}

/* ---- lists ---- */

void perf_words(const char *text, perf_list *list) {
    char *rest = list->text;
    list->n = 0;
    if (snprintf(list->text, sizeof list->text, "%s", text) >= (int)sizeof list->text)
        perf_fail("'%s' is too long for a list", text);
    for (char *word; (word = strsep(&rest, ",")) != NULL && *text;) {
        if (!*word || list->n == PERF_LIST)
            perf_fail("'%s' is no list of at most %d words, separated by commas", text, PERF_LIST);
        list->word[list->n++] = word;
    }
}

int perf_numbers(const char *option, const char *text, double low, double high, int is_whole,
                 double number[PERF_LIST]) {
    perf_list list;
    perf_words(text, &list);
    for (int i = 0; i < list.n; i++) {
        char *end;
        number[i] = strtod(list.word[i], &end);
        if (*end || !(number[i] >= low && number[i] <= high) ||
            (is_whole && number[i] != floor(number[i])))
            perf_fail("--%s takes %snumbers from %g to %g, separated by commas, not '%s'", option,
                      is_whole ? "whole " : "", low, high, list.word[i]);
    }
    return list.n;
}

int perf_isas(const char *name, dp_isa isa[DP_N_ISA]) {
    int n = 0;
    name = name ? name : dp_isa_name(dp_isa_best());
    for (int k = DP_N_ISA - 1; k >= 0; k--)
        if (dp_isa_is_supported((dp_isa)k) &&
            (strcmp(name, "all") == 0 || strcmp(name, dp_isa_name((dp_isa)k)) == 0))
            isa[n++] = (dp_isa)k;
    if (n == 0)
        perf_fail("this machine has no instruction set '%s'", name);
    return n;
}

int perf_is_expert(const perf_choice *chosen) {
    return chosen->plan.p || chosen->plan.tolerance > 0 || chosen->plan.svd_cutoff > 0;
}

/* ---- options ---- */

/* A command's own defaults come over these, then what is typed. */
static perf_choice chosen = {.clouds = "cube,sphere,plummer,ellipsoid",
                             .n = "1e5",
                             .charges = "mixed",
                             .kernels = "laplace",
                             .digits = "6",
                             .threads = "0",
                             .lambda = 1,
                             .seed = 1,
                             .runs = 3,
                             .repeat = 3,
                             .samples = 300};

static const cli_option all_options[] = {
    {"--clouds", CLI_TEXT, &chosen.clouds, "LIST", "as dagpole generate makes them", 0, 0},
    {"--n", CLI_TEXT, &chosen.n, "LIST", "points", 0, 0},
    {"--charges", CLI_TEXT, &chosen.charges, "LIST", "of unit,mixed,alternating", 0, 0},
    {"--kernels", CLI_TEXT, &chosen.kernels, "LIST", "Green's functions", 0, 0},
    {"--lambda", CLI_POSITIVE, &chosen.lambda, "L", "inverse length, or wave number", 0, 0},
    {"--digits", CLI_TEXT, &chosen.digits, "LIST", "correct digits", 0, 0},
    {"--threads", CLI_TEXT, &chosen.threads, "LIST", "workers; 0 = all", 0, 0},
    {"--leaves", CLI_TEXT, &chosen.leaves, "LIST", "leaf sizes, times the chosen one", 0, 0},
    {"--isa", CLI_TEXT, &chosen.isa, "NAME", "an instruction set, or all", 0, 0},
    {"--only", CLI_TEXT, &chosen.only, "TEXT", "loops named so, as 'mutual laplace'", 0, 0},
    {"--with", CLI_TEXT, &chosen.with, "COMMAND", "the other program (perf/README.md)", 0, 0},
    {"--gradients", CLI_FLAG, &chosen.has_gradients, NULL, "gradients as well", 0, 0},
    {"--direct", CLI_FLAG, &chosen.has_direct, NULL, "the direct sum beside it", 0, 0},
    {"--seed", CLI_COUNT, &chosen.seed, "S", "of clouds and charges", 0, 1e15},
    {"--p", CLI_INT, &chosen.plan.p, "P", "expert: points along an edge of a surface", 3, 22},
    {"--n-crit", CLI_INT, &chosen.plan.n_crit, "N", "expert: most points in a leaf", 1, 100000},
    {"--tolerance", CLI_REAL, &chosen.plan.tolerance, "T", "expert: cut of the basis", 1e-16, 1e-1},
    {"--svd-cutoff", CLI_REAL, &chosen.plan.svd_cutoff, "C", "expert: of inverses", 1e-16, 1e-2},
    {"--runs", CLI_INT, &chosen.runs, "K", "plans, rounds or pairs of a case", 1, DP_MOST_PASSES},
    {"--repeat", CLI_INT, &chosen.repeat, "K", "evaluations of a plan", 1, 1000000},
    {"--samples", CLI_INT, &chosen.samples, "K", "targets that are verified", 1, 1000000},
    {"--evaluations", CLI_COUNT, &chosen.n_evaluations, "K", "of one plan", 8, 1e9},
    {"--plans", CLI_COUNT, &chosen.n_plans, "K", "of one context", 8, 1e9},
    {"--contexts", CLI_COUNT, &chosen.n_contexts, "K", "one after the other", 8, 1e9},
    {"--most", CLI_POSITIVE, &chosen.most_mib, "MIB", "growth that is allowed", 0, 0},
    {"--serial", CLI_FLAG, &chosen.is_serial, NULL, "without StarPU", 0, 0},
    {"--quick", CLI_FLAG, &chosen.is_quick, NULL, "1e4 points, no other leaves", 0, 0},
    {"--long", CLI_FLAG, &chosen.is_long, NULL, "every case, not the worst alone", 0, 0},
    {"--json", CLI_FLAG, &chosen.is_json, NULL, "print one JSON object", 0, 0},
};
enum { N_OPTIONS = sizeof all_options / sizeof all_options[0] };

/* ---- commands ---- */

/* The command's own defaults are read as if they had been typed before all else. */
static int parse(const perf_command *command, int argc, char **argv) {
    static char defaults[256]; /* stays, as argv does: options point into it */
    cli_option options[N_OPTIONS];
    char **all = perf_alloc((size_t)argc + sizeof defaults, sizeof *all), *rest = defaults;
    int n = 0, n_options = 0;
    for (int i = 0; i < N_OPTIONS; i++)
        if (cli_list_has(command->options, ' ', all_options[i].name + 2))
            options[n_options++] = all_options[i];
    snprintf(defaults, sizeof defaults, "%s", command->defaults);
    all[n++] = argv[0];
    while (*command->defaults && rest)
        all[n++] = strsep(&rest, " ");
    for (int i = 1; i < argc; i++)
        all[n++] = argv[i];
    int code = cli_parse(&command->self, n_options, options, n, all, chosen.operand);
    free(all);
    return code;
}

int perf_run(const cli_command *self, int argc, char **argv) {
    const perf_command *command = (const perf_command *)self;
    perf_table table;
    dagpole_plan_options_init(&chosen.plan);
    int code = parse(command, argc, argv);
    if (code != CLI_PROCEED)
        return code;
    perf_table_begin(&table, chosen.is_json, program_invocation_short_name, self->name);
    int n_failed = command->run(&chosen, &table);
    perf_table_end(&table);
    if (n_failed == 0)
        return CLI_SUCCESS;
    fprintf(stderr, "%s %s: %d cases failed\n", program_invocation_short_name, self->name,
            n_failed);
    return CLI_FAILURE;
}

int perf_main(int argc, char **argv, const char *about, int n, const perf_command *commands) {
    const cli_command *all[PERF_LIST];
    for (int i = 0; i < n; i++)
        all[i] = &commands[i].self;
    return cli_dispatch(about, n, all, argc, argv);
}
