#include "cli/commands/pictures.h"
#include "cli/common.h"
#include "cli/pictures/taskgraph.h"
#include "cli/pictures/timeline.h"
#include "cli/pictures/trace.h"

#include <stdio.h>
#include <stdlib.h>

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

int cli_tasks_summarise(const cli_command *command, const dagpole_tasks *tasks,
                        cli_task_summary *summary) {
    cli_chain span = {.task = NULL}, *chain = &summary->chain;
    *summary = (cli_task_summary){.n_kinds = 0};
    summary->n_kinds = cli_task_kinds(tasks, summary->kind);
    int is_complete = summary->n_kinds >= 0 && cli_task_span(tasks, &span) == 0 &&
                      cli_task_chain(tasks, chain) == 0;
    summary->span_s = span.tasks_s;
    cli_chain_free(&span);
    free(chain->task);
    chain->task = NULL;
    if (!is_complete)
        return cli_fail(command, "no memory to sum up %s tasks", cli_text_count(tasks->n));
    return CLI_SUCCESS;
}

void cli_tasks_print(const cli_task_summary *summary) {
    const cli_chain *chain = &summary->chain;
    printf("\ntasks of the last evaluation\n  %-18s%9s%14s%14s   measured / predicted, median\n",
           "operator", "tasks", "measured", "predicted");
    for (int k = 0; k < summary->n_kinds; k++) {
        const cli_task_kind *kind = &summary->kind[k];
        printf("  %-18s%9s%12.4f s%12.4f s   %.2f\n", kind->name, cli_text_count(kind->n),
               kind->measured_s, kind->predicted_s, kind->ratio);
    }
    printf("critical path: %s tasks, %.4f s of %.4f s in them, %.4f s between them for want of "
           "submission;\n  %s steps for a dependency, the others because the worker was busy\n",
           cli_text_count(chain->n), chain->tasks_s, chain->end_s, chain->submission_s,
           cli_text_count(chain->n_dependencies));
    printf("longest chain of dependencies: %.4f s\n", summary->span_s);
}

void cli_tasks_json(cli_json *json, const cli_task_summary *summary) {
    const cli_chain *chain = &summary->chain;
    cli_json_open(json, "tasks_by_operator");
    for (int k = 0; k < summary->n_kinds; k++) {
        const cli_task_kind *kind = &summary->kind[k];
        cli_json_open(json, kind->name);
        cli_json_int(json, "tasks", kind->n);
        cli_json_real(json, "measured_s", kind->measured_s);
        cli_json_real(json, "predicted_s", kind->predicted_s);
        cli_json_real(json, "median_ratio", kind->ratio);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_open(json, "critical_path");
    cli_json_int(json, "tasks", chain->n);
    cli_json_int(json, "dependencies", chain->n_dependencies);
    cli_json_real(json, "in_tasks_s", chain->tasks_s);
    cli_json_real(json, "submission_s", chain->submission_s);
    cli_json_real(json, "end_s", chain->end_s);
    cli_json_real(json, "span_s", summary->span_s);
    cli_json_close(json);
}
