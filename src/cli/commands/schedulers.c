/* dagpole schedulers: the same plan under every scheduler, a process for each and each round. */
#include "cli/commands/schedulers.h"
#include "cli/common.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/wanted.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where no limit is given: of the first process, then so many times the slowest that worked. */
#define FIRST_LIMIT_S 600.0
#define LATER_FACTOR  10.0
#define LEAST_LIMIT_S 30.0

typedef struct choice {
    cli_plan_choice plan;
    cli_wanted wanted;
    cli_context_choice context;
    const char *only, *except, *plot;
    double timeout_s; /* 0: not given */
    int repeat, json;
} choice;

/* ---- which schedulers ---------------------------------------------------------------------- */

/* The name with this length among the machine's; NULL where there is none. */
static const char *find_name(const char *name, size_t length) {
    const char *known;
    for (int i = 0; (known = dagpole_scheduler_name(i)); i++)
        if (strlen(known) == length && strncmp(known, name, length) == 0)
            return known;
    return NULL;
}

static int check_names(const cli_command *self, const char *option, const char *list) {
    for (const char *word = list; word; word = strchr(word, ',')) {
        word += *word == ',';
        size_t length = strcspn(word, ",");
        if (!find_name(word, length))
            return cli_usage(self,
                             "%s: there is no scheduler '%.*s' (dagpole info lists those of this "
                             "StarPU)",
                             option, (int)length, word);
    }
    return CLI_PROCEED;
}

static int choose(const cli_command *self, const choice *choice, cli_comparison *all) {
    const char *name;
    int code = check_names(self, "--only", choice->only);
    if (code == CLI_PROCEED)
        code = check_names(self, "--except", choice->except);
    if (code != CLI_PROCEED)
        return code;
    int n = 0;
    while (dagpole_scheduler_name(n))
        n++;
    all->scheduler = calloc((size_t)n, sizeof *all->scheduler);
    all->times = calloc((size_t)n * (size_t)choice->repeat, sizeof *all->times);
    if (!all->scheduler || !all->times)
        return cli_fail(self, "there is no memory for the times of %d schedulers", n);
    for (int i = 0; (name = dagpole_scheduler_name(i)); i++)
        if ((!choice->only || cli_list_has(choice->only, ',', name)) &&
            !cli_list_has(choice->except, ',', name)) {
            double *times = all->times + (size_t)all->n * (size_t)choice->repeat;
            all->scheduler[all->n++] = (cli_scheduler){.name = name, .is_same = 1, .time_s = times};
        }
    return all->n ? CLI_PROCEED : cli_usage(self, "--only and --except leave no scheduler");
}

static void comparison_free(cli_comparison *all) {
    free(all->times);
    free(all->scheduler);
}

/* ---- all of them --------------------------------------------------------------------------- */

static double limit_of(const choice *choice, const cli_comparison *all) {
    double slowest = 0;
    if (choice->timeout_s > 0)
        return choice->timeout_s;
    for (int i = 0; i < all->n; i++)
        if (!all->scheduler[i].failure[0])
            slowest = fmax(slowest, all->scheduler[i].process_s);
    return slowest > 0 ? fmax(LEAST_LIMIT_S, LATER_FACTOR * slowest) : FIRST_LIMIT_S;
}

/* One that failed is left out from then on. */
static void run_all(const choice *choice, cli_process *process, cli_comparison *all) {
    char stage[80];
    for (int round = 0; round < all->n_rounds && !cli_signal_pending(); round++) {
        int first = (int)((int64_t)round * all->n / all->n_rounds);
        for (int i = 0; i < all->n && !cli_signal_pending(); i++) {
            cli_scheduler *s = &all->scheduler[(first + i) % all->n];
            if (s->failure[0])
                continue;
            snprintf(stage, sizeof stage, "round %d of %d, %s", round + 1, all->n_rounds, s->name);
            cli_progress_show(stage,
                              ((double)round * all->n + i) / ((double)all->n * all->n_rounds));
            cli_process_run(process, limit_of(choice, all), all, s);
        }
        all->n_done = round + 1;
    }
}

static int by_median(const void *a, const void *b) {
    const cli_scheduler *x = a, *y = b;
    int x_failed = x->failure[0] != '\0', y_failed = y->failure[0] != '\0';
    if (x_failed != y_failed)
        return x_failed - y_failed;
    return x_failed ? strcmp(x->name, y->name)
                    : (x->median_s > y->median_s) - (x->median_s < y->median_s);
}

static void summarise(cli_comparison *all) {
    const char *checksum = NULL;
    for (int i = 0; i < all->n; i++) {
        cli_scheduler *s = &all->scheduler[i];
        int n = s->n_times;
        if (s->failure[0] || !n)
            continue;
        double sorted[CLI_MAX_ROUNDS];
        memcpy(sorted, s->time_s, (size_t)n * sizeof *sorted);
        s->median_s = cli_median(n, sorted);
        s->least_s = sorted[0];
        s->most_s = sorted[n - 1];
        if (!checksum)
            checksum = s->checksum;
        s->is_same &= strcmp(s->checksum, checksum) == 0;
    }
    qsort(all->scheduler, (size_t)all->n, sizeof *all->scheduler, by_median);
    for (int i = 0; i < all->n; i++)
        all->scheduler[i].ratio = all->scheduler[i].median_s / all->scheduler[0].median_s;
}

/* The exit code of what was compared. */
static int verdict(const cli_command *self, const cli_comparison *all) {
    for (int i = 0; i < all->n; i++)
        if (!all->scheduler[i].failure[0] && !all->scheduler[i].is_same)
            return cli_fail(self, "the results of '%s' are not those of the others to the last bit",
                            all->scheduler[i].name);
    return CLI_SUCCESS;
}

static int report(const cli_command *self, const choice *choice, cli_comparison *all) {
    if (cli_signal_pending())
        return cli_exit_code(self, DAGPOLE_CANCELLED);
    summarise(all);
    if (all->scheduler[0].failure[0])
        return cli_fail(self, "no scheduler did its work; '%s': %s", all->scheduler[0].name,
                        all->scheduler[0].failure);
    (choice->json ? cli_comparison_json : cli_comparison_table)(all);
    int code = choice->plot ? cli_comparison_draw(self, all, choice->plot) : CLI_SUCCESS;
    return code == CLI_SUCCESS ? verdict(self, all) : code;
}

static int check(const cli_command *self, const char *input, choice *choice) {
    int code = cli_plan_choice_check(self, &choice->plan);
    if (code == CLI_PROCEED)
        code = cli_wanted_check(self, &choice->wanted, &choice->plan);
    if (code != CLI_PROCEED)
        return code;
    if (strcmp(input, "-") == 0)
        return cli_usage(self, "FILE is a file: each process reads it anew");
    if (access(input, R_OK) != 0)
        return cli_fail(self, "cannot read '%s': it is missing or not readable", input);
    return cli_targets_check(self, input, 1,
                             &(cli_target){"--plot", choice->plot, cli_output_check});
}

/* Options that the processes get come first. */
enum { N_OWN = 6 };

static int schedulers_main(const cli_command *self, int argc, char **argv) {
    choice choice = {.plan = cli_plan_choice_default(), .repeat = 5};
    const cli_option options[] = {
        CLI_PLAN_OPTIONS(choice.plan),
        CLI_WANTED_OPTIONS(choice.wanted),
        {"--threads", CLI_INT, &choice.context.threads, "T", "workers [every core]", 1, 4096},
        {"--cache", CLI_TEXT, &choice.context.cache, "DIR",
         "operators on disk [$XDG_CACHE_HOME/dagpole]", 0, 0},
        {"--no-cache", CLI_FLAG, &choice.context.no_cache, NULL, "neither read nor write the cache",
         0, 0},
        {"--only", CLI_TEXT, &choice.only, "A,B", "these schedulers [all of this StarPU]", 0, 0},
        {"--except", CLI_TEXT, &choice.except, "A,B", "all but these", 0, 0},
        {"--repeat", CLI_INT, &choice.repeat, "R", "rounds [5]", 1, CLI_MAX_ROUNDS},
        {"--timeout", CLI_POSITIVE, &choice.timeout_s, "S",
         "seconds for a process [10 times the slowest, at least 30]", 0, 0},
        {"--json", CLI_FLAG, &choice.json, NULL, "print one JSON object", 0, 0},
        {"--plot", CLI_TEXT, &choice.plot, "OUT.svg", "draw the times as a chart", 0, 0},
    };
    enum { N_OPTIONS = sizeof options / sizeof options[0] };
    cli_comparison all = {0};
    cli_process process;
    int code = cli_parse(self, N_OPTIONS, options, argc, argv, &all.input);
    if (code == CLI_PROCEED)
        code = check(self, all.input, &choice);
    if (code == CLI_PROCEED)
        code = choose(self, &choice, &all);
    if (code == CLI_PROCEED) {
        all.n_rounds = choice.repeat;
        cli_process_make(all.input, N_OPTIONS - N_OWN, options, &process);
        cli_progress_begin();
        run_all(&choice, &process, &all);
        cli_progress_end(DAGPOLE_OK);
        code = report(self, &choice, &all);
    }
    comparison_free(&all);
    return code;
}

const cli_command cli_schedulers = {
    "schedulers", "FILE", "Compares all schedulers on the potentials of a file of charges.",
    schedulers_main};
