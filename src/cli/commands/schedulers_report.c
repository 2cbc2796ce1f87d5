/* What `dagpole schedulers` prints. */
#include "cli/commands/schedulers.h"
#include "cli/common.h"
#include "cli/json.h"

#include <stdio.h>
#include <string.h>

static int has_nodes(const cli_comparison *all) {
    int64_t bytes = 0;
    for (int i = 0; i < all->n; i++)
        bytes += all->scheduler[i].bytes_remote + all->scheduler[i].bytes_copied;
    return bytes > 0;
}

static int name_width(const cli_comparison *all) {
    size_t most = strlen("scheduler");
    for (int i = 0; i < all->n; i++)
        most = strlen(all->scheduler[i].name) > most ? strlen(all->scheduler[i].name) : most;
    return (int)most + 2;
}

static void print_scheduler(const cli_scheduler *s, int width, int with_nodes) {
    printf("%-*s", width, s->name);
    if (s->failure[0]) {
        printf("%s\n", s->failure);
        return;
    }
    printf("%9.4f s %9.4f s %9.4f s %6.3f %6.1f %% %6.1f %% %6.1f %%", s->median_s, s->least_s,
           s->most_s, s->ratio, 100 * s->share_tasks, 100 * s->share_runtime, 100 * s->share_idle);
    if (with_nodes)
        printf(" %10s %10s", cli_text_bytes(s->bytes_remote), cli_text_bytes(s->bytes_copied));
    printf("  %s\n", s->is_same ? "same" : "differ");
}

void cli_comparison_table(const cli_comparison *all) {
    int with_nodes = has_nodes(all), width = name_width(all);
    printf("%s: %s sources, %s targets, %s, %d digits%s; %d threads, %s, coefficients %s\n",
           all->input, cli_text_count(all->n_sources), cli_text_count(all->n_targets), all->kernel,
           all->digits, all->has_gradients ? ", with gradients" : "", all->threads,
           all->instruction_set, all->coefficients);
    printf("%d round%s in turn; evaluation %d of each process counts%s\n\n", all->n_done,
           all->n_done == 1 ? "" : "s", CLI_EVALUATIONS,
           with_nodes ? "" : "; nothing crossed NUMA nodes");
    printf("%-*s%11s %11s %11s %6s %8s %8s %8s", width, "scheduler", "median", "least", "most",
           "ratio", "tasks", "runtime", "idle");
    if (with_nodes)
        printf(" %10s %10s", "remote", "copied");
    printf("  %s\n", "results");
    for (int i = 0; i < all->n; i++)
        print_scheduler(&all->scheduler[i], width, with_nodes);
}

static void json_scheduler(cli_json *json, const cli_scheduler *s) {
    cli_json_open(json, NULL);
    cli_json_text(json, "name", s->name);
    cli_json_open_array(json, "evaluate_s");
    for (int i = 0; i < s->n_times; i++)
        cli_json_real(json, NULL, s->time_s[i]);
    cli_json_close(json);
    if (s->failure[0]) {
        cli_json_text(json, "failure", s->failure);
        cli_json_close(json);
        return;
    }
    cli_json_real(json, "median_s", s->median_s);
    cli_json_real(json, "least_s", s->least_s);
    cli_json_real(json, "most_s", s->most_s);
    cli_json_real(json, "spread", (s->most_s - s->least_s) / s->median_s);
    cli_json_real(json, "ratio", s->ratio);
    cli_json_shares(json, s->share_tasks, s->share_runtime, s->share_idle);
    cli_json_int(json, "bytes_remote", s->bytes_remote);
    cli_json_int(json, "bytes_copied", s->bytes_copied);
    cli_json_text(json, "checksum", s->checksum);
    cli_json_bool(json, "same", s->is_same);
    cli_json_close(json);
}

void cli_comparison_json(const cli_comparison *all) {
    cli_json json = {0};
    cli_json_open(&json, NULL);
    cli_json_text(&json, "dagpole", dagpole_version());
    cli_json_text(&json, "kind", "schedulers");
    cli_json_text(&json, "input", all->input);
    cli_json_int(&json, "n_sources", all->n_sources);
    cli_json_int(&json, "n_targets", all->n_targets);
    cli_json_text(&json, "kernel", all->kernel);
    cli_json_int(&json, "digits", all->digits);
    cli_json_bool(&json, "gradients", all->has_gradients);
    cli_json_int(&json, "threads", all->threads);
    cli_json_text(&json, "instruction_set", all->instruction_set);
    cli_json_text(&json, "coefficients", all->coefficients);
    cli_json_int(&json, "rounds", all->n_done);
    cli_json_int(&json, "evaluations_of_a_process", CLI_EVALUATIONS);
    cli_json_open_array(&json, "schedulers");
    for (int i = 0; i < all->n; i++)
        json_scheduler(&json, &all->scheduler[i]);
    cli_json_close(&json);
    cli_json_close(&json);
}
