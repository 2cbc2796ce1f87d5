#include "cli/commands/pictures.h"
#include "cli/common.h"
#include "cli/pictures/taskgraph.h"
#include "cli/pictures/tasks.h"
#include "cli/pictures/timeline.h"
#include "cli/pictures/trace.h"

#include <stdio.h>

static int draw_timeline(const cli_command *command, const char *path, const char *input,
                         const dagpole_tasks *tasks) {
    char title[256];
    snprintf(title, sizeof title, "%.80s: %s tasks on %d worker%s, %.4g ms", cli_file_name(input),
             cli_text_count(tasks->n), tasks->n_workers, tasks->n_workers == 1 ? "" : "s",
             1e3 * tasks->evaluate_s);
    return cli_timeline_draw(command, path, title, tasks);
}

int cli_pictures_write(const cli_command *command, const cli_pictures *pictures, const char *input,
                       const dagpole_tasks *tasks) {
    int code = CLI_SUCCESS;
    if (pictures->trace)
        code = cli_trace_write(command, pictures->trace, tasks);
    if (pictures->timeline && code == CLI_SUCCESS)
        code = draw_timeline(command, pictures->timeline, input, tasks);
    if (pictures->graph && code == CLI_SUCCESS)
        code = cli_taskgraph_write(command, pictures->graph, tasks);
    return code;
}

/* ---- summary ---- */

/* Both chains; -1 where memory is short. */
static int find_chains(const dagpole_tasks *tasks, cli_chain *chain, double *span_s) {
    cli_chain span;
    if (cli_task_span(tasks, &span) != 0)
        return -1;
    *span_s = span.tasks_s;
    cli_chain_free(&span);
    return cli_task_chain(tasks, chain);
}

static void print_chain(const dagpole_tasks *tasks) {
    cli_chain chain;
    double span_s;
    if (find_chains(tasks, &chain, &span_s) != 0)
        return;
    printf("critical path: %s tasks, %.4f s of %.4f s in them, %.4f s between them for want of "
           "submission;\n  %s steps for a dependency, the others because the worker was busy\n",
           cli_text_count(chain.n), chain.tasks_s, chain.end_s, chain.submission_s,
           cli_text_count(chain.n_dependencies));
    printf("longest chain of dependencies: %.4f s\n", span_s);
    cli_chain_free(&chain);
}

void cli_tasks_print(const dagpole_tasks *tasks) {
    cli_task_kind kind[CLI_MAX_KINDS];
    int n = cli_task_kinds(tasks, kind);
    printf("\ntasks of the last evaluation\n  %-18s%9s%14s%14s   measured / predicted, median\n",
           "operator", "tasks", "measured", "predicted");
    for (int k = 0; k < n; k++)
        printf("  %-18s%9s%12.4f s%12.4f s   %.2f\n", kind[k].name, cli_text_count(kind[k].n),
               kind[k].measured_s, kind[k].predicted_s, kind[k].ratio);
    print_chain(tasks);
}

static void json_chain(cli_json *json, const dagpole_tasks *tasks) {
    cli_chain chain;
    double span_s;
    if (find_chains(tasks, &chain, &span_s) != 0)
        return;
    cli_json_open(json, "critical_path");
    cli_json_int(json, "tasks", chain.n);
    cli_json_int(json, "dependencies", chain.n_dependencies);
    cli_json_real(json, "in_tasks_s", chain.tasks_s);
    cli_json_real(json, "submission_s", chain.submission_s);
    cli_json_real(json, "end_s", chain.end_s);
    cli_json_real(json, "span_s", span_s);
    cli_json_close(json);
    cli_chain_free(&chain);
}

void cli_tasks_json(cli_json *json, const dagpole_tasks *tasks) {
    cli_task_kind kind[CLI_MAX_KINDS];
    int n = cli_task_kinds(tasks, kind);
    cli_json_open(json, "tasks_by_operator");
    for (int k = 0; k < n; k++) {
        cli_json_open(json, kind[k].name);
        cli_json_int(json, "tasks", kind[k].n);
        cli_json_real(json, "measured_s", kind[k].measured_s);
        cli_json_real(json, "predicted_s", kind[k].predicted_s);
        cli_json_real(json, "median_ratio", kind[k].ratio);
        cli_json_close(json);
    }
    cli_json_close(json);
    json_chain(json, tasks);
}
