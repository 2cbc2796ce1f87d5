/* One evaluation as a whole process, from a plain file to a plain file: what perf/full --against
 * runs beside the other program, and an example of what such a program is. */
#include "plain.h"

#include <stdlib.h>

static void evaluate(const dagpole_plan_options *plan_options, int threads, const char *input,
                     const char *output) {
    dagpole_context_options options;
    dagpole_context *context;
    dagpole_plan *plan;
    dagpole_cloud cloud = perf_plain_read(input);
    double *potentials = perf_alloc((size_t)cloud.n_sources, sizeof *potentials);
    dagpole_context_options_init(&options);
    options.threads = threads;
    perf_try(dagpole_context_create(&options, &context));
    perf_try(
        dagpole_plan_create(context, plan_options, cloud.n_sources, cloud.sources, 0, NULL, &plan));
    perf_try(dagpole_plan_evaluate(plan, cloud.charges, potentials, NULL));
    perf_potentials_write(output, cloud.n_sources, potentials);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(potentials);
    free(cloud.sources);
    free(cloud.charges);
}

static int plain_main(const cli_command *self, int argc, char **argv) {
    dagpole_plan_options plan;
    int threads = 0;
    const cli_option options[] = {
        {"--digits", CLI_INT, &plan.digits, "D", "correct digits", 3, 12},
        PERF_EXPERT_OPTIONS(plan),
        {"--threads", CLI_INT, &threads, "T", "workers; 0 = all", 0, 65536},
    };
    const char *operand, *output = argc > 2 ? argv[argc - 1] : NULL;
    dagpole_plan_options_init(&plan);
    int code = cli_parse(self, sizeof options / sizeof options[0], options,
                         output ? argc - 1 : argc, argv, &operand);
    if (code != CLI_PROCEED)
        return code;
    if (!output)
        return cli_usage(self, "OUTPUT is missing");
    evaluate(&plan, threads, operand, output);
    return EXIT_SUCCESS;
}

static const cli_command command = {"perf/plain", "INPUT OUTPUT",
                                    "Potentials of a plain file of charges (perf/README.md).",
                                    plain_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
