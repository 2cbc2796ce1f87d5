/* foresee: what evaluations would take on larger machines. */
#include "cli/commands/foresee.h"
#include "cli/common.h"
#include "cli/output.h"
#include "cli/pictures/timeline.h"
#include "cli/progress.h"
#include "cli/wanted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct choice {
    cli_context_choice context;
    cli_plan_choice plan;
    cli_wanted wanted;
    dagpole_foresee_options assumed;
    const char *workers, *times, *plot, *timeline;
    int repeat, json;
} choice;

/* ---- "1,2,...,256" ------------------------------------------------------------------------- */

/* Doubles the last one as long as that stays below `end`. */
static int fill_in(int end, int n, int *workers) {
    while (n > 0 && n < CLI_MOST_MACHINES && workers[n - 1] <= end / 2 &&
           2 * workers[n - 1] < end) {
        workers[n] = 2 * workers[n - 1];
        n++;
    }
    return n;
}

/* How many counts the text lists; 0 where it is no list of counts that ascend. */
static int read_workers(const char *text, int *workers) {
    int n = 0, is_open = 0; /* is_open: dots before the next count */
    for (const char *at = text;; at++) {
        char *end;
        if (strncmp(at, "...", 3) == 0 && n > 0 && !is_open) {
            is_open = 1;
            at += 3;
        } else {
            long count = strtol(at, &end, 10);
            if (end == at || count < 1 || count > CLI_MOST_WORKERS ||
                (n > 0 && count <= workers[n - 1]))
                return 0;
            n = is_open ? fill_in((int)count, n, workers) : n;
            if (n == CLI_MOST_MACHINES)
                return 0;
            workers[n++] = (int)count;
            is_open = 0;
            at = end;
        }
        if (*at == '\0')
            return is_open ? 0 : n;
        if (*at != ',')
            return 0;
    }
}

static int check(const cli_command *self, const choice *choice, cli_foresight *seen) {
    seen->n = read_workers(choice->workers, seen->workers);
    if (seen->n == 0)
        return cli_usage(
            self,
            "--workers takes up to %d counts from 1 to %d that ascend, as in 1,2,64 or "
            "1,2,...,256 (... doubles), not '%s'",
            CLI_MOST_MACHINES, CLI_MOST_WORKERS, choice->workers);
    int most = seen->workers[seen->n - 1];
    if (choice->assumed.nodes > most)
        return cli_usage(self, "--numa %d: no machine has so many workers, the largest has %d",
                         choice->assumed.nodes, most);
    if (choice->timeline && most > CLI_MOST_TIMELINE_WORKERS)
        return cli_usage(self,
                         "--timeline draws at most %d workers, and the last of --workers is %d",
                         CLI_MOST_TIMELINE_WORKERS, most);
    const cli_target targets[] = {{"--plot", choice->plot, cli_output_check},
                                  {"--timeline", choice->timeline, cli_output_check}};
    return cli_targets_check(self, seen->input, 2, targets);
}

/* ---- the work ------------------------------------------------------------------------------ */

static dagpole_status evaluate_once(dagpole_plan *plan, const dagpole_values *values, int is_first,
                                    cli_foresight *seen) {
    dagpole_status status = dagpole_plan_apply(plan, values);
    if (status == DAGPOLE_OK)
        status = dagpole_plan_report(plan, &seen->plan);
    if (is_first || seen->plan.evaluate_s < seen->fastest_s)
        seen->fastest_s = seen->plan.evaluate_s;
    return status;
}

/* The fastest one counts: the first one's times hold the first touch of the plan's memory. */
static dagpole_status evaluate(const choice *choice, dagpole_plan *plan, const dagpole_cloud *cloud,
                               cli_foresight *seen) {
    dagpole_results results = {.size = sizeof results};
    dagpole_status status = cli_wanted_allocate(&choice->wanted, cloud, &results);
    const dagpole_values values = cli_values(cloud, results.potentials, results.gradients,
                                             results.hessians, results.pressures);
    for (int i = 0; i < choice->repeat && status == DAGPOLE_OK; i++)
        status = evaluate_once(plan, &values, i == 0, seen);
    cli_wanted_free(&results);
    return status;
}

static dagpole_status foresee(const choice *choice, const dagpole_cloud *cloud,
                              dagpole_context *context, dagpole_plan **plan, cli_foresight *seen) {
    for (int k = 0; k < seen->n; k++)
        seen->forecast[k].size = sizeof seen->forecast[k];
    dagpole_plan_options options = choice->plan.plan;
    cli_options_for(cloud, &options);
    dagpole_status status = dagpole_plan_create(context, &options, cloud->n_sources, cloud->sources,
                                                cloud->n_targets, cloud->targets, plan);
    if (status == DAGPOLE_OK && choice->assumed.times == DAGPOLE_TIMES_EVALUATION)
        status = evaluate(choice, *plan, cloud, seen);
    if (status == DAGPOLE_OK)
        status = dagpole_plan_report(*plan, &seen->plan);
    if (status == DAGPOLE_OK)
        status =
            dagpole_plan_foresee(*plan, &choice->assumed, seen->n, seen->workers, seen->forecast);
    seen->tasks = (dagpole_tasks){.size = sizeof seen->tasks, .task_size = sizeof(dagpole_task)};
    if (status == DAGPOLE_OK && choice->timeline)
        status = dagpole_plan_foresee_tasks(*plan, &choice->assumed, seen->workers[seen->n - 1],
                                            &seen->tasks);
    return status;
}

static dagpole_status foresee_file(const choice *choice, cli_foresight *seen) {
    dagpole_cloud cloud = {0};
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    dagpole_status status =
        cli_cloud_read(seen->input, choice->plan.plan.kernel, choice->wanted.dipoles, &cloud);
    if (status == DAGPOLE_OK)
        status = cli_context_create(&choice->context, &context);
    if (status == DAGPOLE_OK) {
        cli_progress_begin();
        status = cli_progress_end(foresee(choice, &cloud, context, &plan, seen));
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    dagpole_cloud_free(&cloud);
    return status;
}

/* Pictures, then words. */
static int show(const cli_command *self, const choice *choice, const cli_foresight *seen) {
    int code = CLI_SUCCESS;
    char title[256];
    if (choice->plot)
        code = cli_foresight_plot(self, choice->plot, seen);
    if (code == CLI_SUCCESS && choice->timeline) {
        snprintf(title, sizeof title, "Foreseen, not measured: %s points, %d digits, %d worker%s",
                 cli_text_count(seen->plan.n_sources), seen->plan.digits, seen->tasks.n_workers,
                 seen->tasks.n_workers == 1 ? "" : "s");
        code = cli_timeline_draw(self, choice->timeline, title, &seen->tasks);
    }
    if (code == CLI_SUCCESS)
        (choice->json ? cli_foresight_json : cli_foresight_table)(seen);
    return code;
}

static int foresee_main(const cli_command *self, int argc, char **argv) {
    choice choice = {.plan = cli_plan_choice_default(),
                     .workers = "1,2,...,256",
                     .times = "evaluation",
                     .repeat = 3};
    dagpole_foresee_options_init(&choice.assumed);
    const cli_option options[] = {
        {"--workers", CLI_TEXT, &choice.workers, "LIST", "of the machines [1,2,...,256]", 0, 0},
        {"--numa", CLI_INT, &choice.assumed.nodes, "K", "NUMA nodes of each [one for 16 workers]",
         1, 64},
        {"--submitters", CLI_INT, &choice.assumed.submitters, "S",
         "threads that submit tasks [1, from 32 workers on 2]", 1, 64},
        {"--submit-us", CLI_REAL, &choice.assumed.submit_us, "U",
         "microseconds of one for a task [1]", 0, 1e6},
        {"--task-us", CLI_REAL, &choice.assumed.task_us, "U",
         "of a worker for a task, beside its work [9]", 0, 1e6},
        {"--access-us", CLI_REAL, &choice.assumed.access_us, "U",
         "and for each piece of data it names [0.4]", 0, 1e6},
        {"--local-gbs", CLI_POSITIVE, &choice.assumed.local_gbs, "B",
         "GB/s of a node's memory [40]", 0, 0},
        {"--remote-gbs", CLI_POSITIVE, &choice.assumed.remote_gbs, "B",
         "GB/s of a node from all others [20]", 0, 0},
        {"--times", CLI_CHOICE, &choice.times, "evaluation|coefficients|none",
         "of tasks: measured, of the cost model (precompute --tune), 0 [evaluation]", 0, 0},
        CLI_PLAN_OPTIONS(choice.plan),
        CLI_WANTED_OPTIONS(choice.wanted),
        CLI_CONTEXT_OPTIONS(choice.context),
        {"--repeat", CLI_INT, &choice.repeat, "K", "evaluations, of which the fastest counts [3]",
         1, 1000000},
        {"--json", CLI_FLAG, &choice.json, NULL, "print one JSON object", 0, 0},
        {"--plot", CLI_TEXT, &choice.plot, "FILE.svg", "draw speed-up over workers", 0, 0},
        {"--timeline", CLI_TEXT, &choice.timeline, "FILE.svg",
         "draw the tasks of the largest machine over time", 0, 0},
    };
    static cli_foresight seen;
    seen.plan.size = sizeof seen.plan;
    int code =
        cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &seen.input);
    if (code == CLI_PROCEED)
        code = cli_plan_choice_check(self, &choice.plan);
    if (code == CLI_PROCEED)
        code = cli_wanted_check(self, &choice.wanted, &choice.plan);
    if (code == CLI_PROCEED)
        code = check(self, &choice, &seen);
    choice.assumed.times = cli_foresight_times(choice.times);
    if (code != CLI_PROCEED)
        return code;
    dagpole_status status = foresee_file(&choice, &seen);
    seen.assumed = choice.assumed;
    code = status == DAGPOLE_OK ? show(self, &choice, &seen) : CLI_SUCCESS;
    dagpole_tasks_free(&seen.tasks);
    return code == CLI_SUCCESS ? cli_exit_code(self, status) : code;
}

const cli_command cli_foresee = {
    "foresee", "FILE", "Foresees how long run would take on larger machines (not measured).",
    foresee_main};
