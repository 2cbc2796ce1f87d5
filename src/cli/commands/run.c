#include "cli/commands/pictures.h"
#include "cli/commands/run_report.h"
#include "cli/common.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/wanted.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct choice {
    cli_context_choice context;
    cli_plan_choice plan;
    cli_wanted wanted;
    const char *output, *inside;
    cli_pictures pictures;
    int repeat, json, roof;
} choice;

/* What would only be found out after the work. */
static int check_outputs(const cli_command *self, const char *input, const choice *choice) {
    const cli_target targets[] = {
        {"--output", choice->output, cli_store_check},
        {"--inside", choice->inside, cli_store_check},
        {"--trace", choice->pictures.trace, cli_output_check},
        {"--timeline", choice->pictures.timeline, cli_output_check},
        {"--graph", choice->pictures.graph, cli_output_check},
    };
    return cli_targets_check(self, input, sizeof targets / sizeof targets[0], targets);
}

/* ---- the work ---- */

static dagpole_status make_plan(const choice *choice, const dagpole_cloud *cloud,
                                cli_run_report *run, dagpole_context **context,
                                dagpole_plan **plan) {
    double start = cli_seconds();
    dagpole_status status = cli_context_create(&choice->context, context);
    run->start_s = cli_seconds() - start;
    if (status != DAGPOLE_OK)
        return status;
    cli_progress_begin();
    dagpole_plan_options options = choice->plan.plan;
    cli_options_for(cloud, &options);
    status = dagpole_plan_create(*context, &options, cloud->n_sources, cloud->sources,
                                 cloud->n_targets, cloud->targets, plan);
    status = cli_progress_end(status);
    if (status == DAGPOLE_OK && (cli_pictures_any(&choice->pictures) || choice->inside))
        status = dagpole_plan_record_tasks(*plan, 1);
    return status;
}

static dagpole_status evaluate(const choice *choice, dagpole_plan *plan, const dagpole_cloud *cloud,
                               dagpole_results *results, cli_run_report *run) {
    const dagpole_values values = cli_values(cloud, results->potentials, results->gradients,
                                             results->hessians, results->pressures);
    dagpole_status status = DAGPOLE_OK;
    for (int i = 0; i < choice->repeat && status == DAGPOLE_OK; i++) {
        cli_progress_begin();
        status = dagpole_plan_apply(plan, &values);
        status = cli_progress_end(status);
        if (status == DAGPOLE_OK)
            status = dagpole_plan_report(plan, &run->plan);
        if (i == 0 || run->plan.evaluate_s < run->best_s)
            run->best_s = run->plan.evaluate_s;
    }
    return status;
}

/* The input's full path, so that verify finds it from anywhere; "-" where it was a pipe. */
static char *full_path(const char *path) {
    char *full = realpath(cli_points_path(path), NULL);
    return full ? full : strdup(path);
}

/* In all vectors. */
static size_t count_results(const dagpole_results *results) {
    return (size_t)results->n_targets * (size_t)results->n_vectors;
}

/* FNV-1a, 64 bits, of values of so many doubles; NULL: there are none. */
static uint64_t hash(uint64_t sum, const dagpole_results *results, const double *values,
                     int doubles) {
    const unsigned char *byte = (const unsigned char *)values;
    size_t bytes = values ? count_results(results) * (size_t)doubles * sizeof(double) : 0;
    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ byte[i]) * 0x100000001b3u;
    return sum;
}

static void sum_up(const dagpole_results *results, cli_run_report *run) {
    dagpole_kernel_info info = cli_kernel_info(results->kernel);
    uint64_t sum = hash(0xcbf29ce484222325u, results, results->potentials, info.potential);
    sum = hash(sum, results, results->gradients, info.gradient);
    sum = hash(sum, results, results->hessians, info.hessian);
    sum = hash(sum, results, results->pressures, info.pressure);
    snprintf(run->checksum, sizeof run->checksum, "%016" PRIx64, sum);
}

static dagpole_status write_results(const char *output, const dagpole_results *results,
                                    cli_run_report *run) {
    double start = cli_seconds();
    dagpole_status status = dagpole_results_write(output, results);
    run->write_s = cli_seconds() - start;
    return status;
}

static dagpole_status run_file(const choice *choice, cli_run_report *run) {
    dagpole_cloud cloud = {0};
    dagpole_results results = {.size = sizeof results, .report = &run->plan};
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    double start = cli_seconds();

    dagpole_status status =
        cli_cloud_read(run->input, choice->plan.plan.kernel, choice->wanted.dipoles, &cloud);
    run->read_s = cli_seconds() - start;
    memcpy(run->charges_from, cloud.charges_from, sizeof run->charges_from);
    if (status == DAGPOLE_OK)
        status = make_plan(choice, &cloud, run, &context, &plan);
    if (status == DAGPOLE_OK)
        status = cli_wanted_allocate(&choice->wanted, &cloud, &results);
    if (status == DAGPOLE_OK)
        status = evaluate(choice, plan, &cloud, &results, run);
    if (status == DAGPOLE_OK && choice->roof) {
        run->has_arithmetic = 1;
        run->arithmetic.size = sizeof run->arithmetic;
        status = dagpole_plan_arithmetic(plan, choice->wanted.gradients, &run->arithmetic);
    }
    if (status == DAGPOLE_OK && cli_pictures_any(&choice->pictures))
        status = dagpole_plan_tasks(plan, &run->tasks);
    results.input = full_path(run->input);
    if (status == DAGPOLE_OK && run->output)
        status = write_results(run->output, &results, run);
    if (status == DAGPOLE_OK && choice->inside)
        status = dagpole_plan_write_inside(plan, choice->inside);
    run->total_s = cli_seconds() - start;
    if (status == DAGPOLE_OK && choice->json)
        sum_up(&results, run);

    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    dagpole_cloud_free(&cloud);
    cli_wanted_free(&results);
    free(results.input);
    return status;
}

static int run_main(const cli_command *self, int argc, char **argv) {
    choice choice = {.plan = cli_plan_choice_default(), .repeat = 1};
    const cli_option options[] = {
        CLI_PLAN_OPTIONS(choice.plan),
        CLI_WANTED_OPTIONS(choice.wanted),
        CLI_CONTEXT_OPTIONS(choice.context),
        {"--repeat", CLI_INT, &choice.repeat, "K", "evaluations in a row", 1, 1000000},
        {"--output", CLI_TEXT, &choice.output, "FILE.h5", "where the results go", 0, 0},
        {"--roof", CLI_FLAG, &choice.roof, NULL,
         "say how much of each operator's time is arithmetic", 0, 0},
        CLI_PICTURE_OPTIONS(choice.pictures),
        {"--inside", CLI_TEXT, &choice.inside, "FILE.h5", "tree, lists, expansions and tasks", 0,
         0},
        {"--json", CLI_FLAG, &choice.json, NULL, "print one JSON object", 0, 0},
    };
    cli_run_report run = {.plan.size = sizeof run.plan,
                          .tasks = {.size = sizeof run.tasks, .task_size = sizeof *run.tasks.task}};
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &run.input);
    if (code == CLI_PROCEED)
        code = cli_plan_choice_check(self, &choice.plan);
    if (code == CLI_PROCEED)
        code = cli_wanted_check(self, &choice.wanted, &choice.plan);
    run.output = choice.output;
    run.has_pressures = choice.wanted.pressures;
    run.has_gradients = choice.wanted.gradients;
    if (code == CLI_PROCEED)
        code = check_outputs(self, run.input, &choice);
    if (code != CLI_PROCEED)
        return code;
    code = cli_exit_code(self, run_file(&choice, &run));
    if (code == CLI_SUCCESS)
        code = cli_pictures_write(self, &choice.pictures, run.input, &run.tasks);
    if (code == CLI_SUCCESS && run.tasks.task)
        code = cli_tasks_summarise(self, &run.tasks, &run.summary);
    if (code == CLI_SUCCESS)
        (choice.json ? cli_run_report_json : cli_run_report_table)(&run);
    dagpole_tasks_free(&run.tasks);
    return code;
}

const cli_command cli_run = {
    "run", "FILE", "Evaluates the potentials of a file of charges (-: standard input).", run_main};
