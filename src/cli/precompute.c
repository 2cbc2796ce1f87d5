#include "cli/common.h"
#include "cli/json.h"
#include "cli/progress.h"

#include <stdio.h>

typedef struct choice {
    cli_context_choice context;
    cli_plan_choice plan;
    int depth, json;
} choice;

static void print_summary(const choice *choice, double seconds) {
    const dagpole_plan_options *plan = &choice->plan.plan;
    if (!choice->json) {
        printf("operators for %s, %d digits, are in the cache (%.3f s)\n", choice->plan.kernel,
               plan->digits, seconds);
        return;
    }
    cli_json json = {0};
    cli_json_open(&json, NULL);
    cli_json_text(&json, "kernel", choice->plan.kernel);
    if (plan->kernel == DAGPOLE_YUKAWA) {
        cli_json_real(&json, "lambda", plan->lambda);
        cli_json_real(&json, "root_side", plan->root_side);
        cli_json_int(&json, "depth", choice->depth);
    }
    cli_json_int(&json, "digits", plan->digits);
    cli_json_real(&json, "seconds", seconds);
    cli_json_close(&json);
}

static int precompute_main(const cli_command *self, int argc, char **argv) {
    choice choice = {.plan = cli_plan_choice_default()};
    const cli_option options[] = {
        CLI_PLAN_OPTIONS(choice.plan),
        {"--depth", CLI_INT, &choice.depth, "L", "Yukawa: deepest level of the tree", 1, 21},
        CLI_CONTEXT_OPTIONS(choice.context),
        {"--json", CLI_FLAG, &choice.json, NULL, "print one JSON object", 0, 0},
    };
    const char *operand;
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code == CLI_PROCEED)
        code = cli_plan_choice_check(self, &choice.plan);
    if (code != CLI_PROCEED)
        return code;
    if (choice.context.no_cache)
        return cli_usage(self, "--no-cache would leave nothing to do");
    if (choice.plan.plan.kernel == DAGPOLE_YUKAWA &&
        (choice.plan.plan.root_side == 0 || choice.depth == 0))
        return cli_usage(self, "--kernel yukawa needs --root-side and --depth");

    dagpole_context *context = NULL;
    double start = cli_seconds();
    dagpole_status status = cli_context_create(&choice.context, &context);
    if (status == DAGPOLE_OK) {
        cli_progress_begin();
        status = dagpole_precompute(context, &choice.plan.plan, choice.plan.plan.root_side,
                                    choice.depth);
        status = cli_progress_end(status);
    }
    dagpole_context_destroy(context);
    if (status == DAGPOLE_OK)
        print_summary(&choice, cli_seconds() - start);
    return cli_exit_code(self, status);
}

const cli_command cli_precompute = {
    "precompute", NULL, "Builds operators and keeps them in the cache.", precompute_main};
