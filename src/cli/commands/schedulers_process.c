/* The processes of `dagpole schedulers`: what they are asked, and what is taken from their reports.
 */
#include "cli/commands/schedulers.h"
#include "cli/common.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void add(cli_process *a, const char *argument) {
    if (a->n + 1 < CLI_MOST_ARGUMENTS)
        a->argv[a->n++] = (char *)argument;
}

/* The option as it was given; one that was not has the value 0, or NaN. */
static void add_option(cli_process *a, const cli_option *option) {
    char *number = a->number[a->n];
    const char *text = number;
    switch (option->type) {
    case CLI_FLAG:
    case CLI_INT:
        snprintf(number, CLI_NUMBER_BYTES, "%d", *(const int *)option->value);
        break;
    case CLI_COUNT:
        snprintf(number, CLI_NUMBER_BYTES, "%lld", (long long)*(const int64_t *)option->value);
        break;
    case CLI_REAL:
    case CLI_POSITIVE:
        snprintf(number, CLI_NUMBER_BYTES, "%.17g", *(const double *)option->value);
        break;
    case CLI_AMOUNT:
        if (isnan(*(const double *)option->value))
            return;
        snprintf(number, CLI_NUMBER_BYTES, "%.17g", *(const double *)option->value);
        break;
    default:
        text = *(const char *const *)option->value;
    }
    int is_default =
        option->type != CLI_AMOUNT && option->type != CLI_TEXT && strcmp(text, "0") == 0;
    if (!text || is_default)
        return;
    add(a, option->name);
    if (option->type != CLI_FLAG)
        add(a, text);
}

void cli_process_make(const char *input, int n_options, const cli_option *options, cli_process *a) {
    static const char evaluations[] = {'0' + CLI_EVALUATIONS, '\0'};
    *a = (cli_process){.n = 0};
    add(a, "dagpole");
    add(a, "run");
    for (int i = 0; i < n_options; i++)
        if (*options[i].name)
            add_option(a, &options[i]);
    add(a, "--repeat");
    add(a, evaluations);
    add(a, "--json");
    add(a, "--scheduler");
    add(a, "");
    add(a, "--");
    add(a, input);
}

/* Where the scheduler's name goes. */
static char **scheduler_of(cli_process *a) {
    return &a->argv[a->n - 3];
}

static void copy(char *to, size_t bytes, const char *from) {
    snprintf(to, bytes, "%s", from);
}

void cli_comparison_take_facts(const cli_value *report, cli_comparison *all) {
    all->n_sources = cli_value_count(report, "n_sources", CLI_MOST_COUNT);
    all->n_targets = cli_value_count(report, "n_targets", CLI_MOST_COUNT);
    all->threads = (int)cli_value_count(report, "threads", INT_MAX);
    all->digits = (int)cli_value_count(report, "digits", INT_MAX);
    all->has_gradients = cli_value_number(report, "gradients", 0) != 0;
    copy(all->kernel, sizeof all->kernel, cli_value_text(report, "kernel", ""));
    copy(all->instruction_set, sizeof all->instruction_set,
         cli_value_text(report, "instruction_set", ""));
    copy(all->coefficients, sizeof all->coefficients, cli_value_text(report, "coefficients", ""));
}

static void take_report(const cli_value *report, cli_comparison *all, cli_scheduler *s) {
    const char *ran = cli_value_text(report, "scheduler", ""),
               *checksum = cli_value_text(report, "checksum", "");
    double seconds = cli_value_number(report, "evaluate_s", -1);
    const cli_value *share = cli_value_get(report, "share");
    if (strcmp(ran, s->name) != 0 || seconds < 0 || !*checksum) {
        snprintf(s->failure, sizeof s->failure, "it ran under '%.60s'", ran);
        return;
    }
    s->is_same &= !s->n_times || strcmp(s->checksum, checksum) == 0;
    copy(s->checksum, sizeof s->checksum, checksum);
    s->time_s[s->n_times++] = seconds;
    s->share_tasks = cli_value_number(share, "tasks", 0);
    s->share_runtime = cli_value_number(share, "runtime", 0);
    s->share_idle = cli_value_number(share, "idle", 0);
    s->bytes_remote = cli_value_count(report, "bytes_remote", CLI_MOST_COUNT);
    s->bytes_copied = cli_value_count(report, "bytes_copied", CLI_MOST_COUNT);
    cli_comparison_take_facts(report, all);
}

void cli_process_run(cli_process *a, double limit_s, cli_comparison *all, cli_scheduler *s) {
    cli_child child;
    cli_document report;
    char problem[CLI_PROBLEM_BYTES];
    *scheduler_of(a) = (char *)s->name;
    cli_child_run(a->argv, limit_s, &child);
    if (!child.failure[0] && child.output) {
        if (cli_document_parse(child.output, child.n_output, &report, problem)) {
            take_report(report.value, all, s);
            cli_document_free(&report);
        } else {
            snprintf(s->failure, sizeof s->failure, "what it printed is no JSON: %.160s", problem);
        }
        child.output = NULL; /* the document's */
    } else {
        copy(s->failure, sizeof s->failure,
             child.failure[0] ? child.failure : "it printed nothing");
    }
    s->process_s = fmax(s->process_s, child.seconds);
    cli_child_free(&child);
}
