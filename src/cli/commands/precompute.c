#include "cli/common.h"
#include "cli/json.h"
#include "cli/progress.h"

#include <math.h>
#include <stdio.h>

typedef struct choice {
    cli_context_choice context;
    cli_plan_choice plan;
    int depth, tune, json;
} choice;

/* What was done, and how long it took; a negative time is of what was not asked for. */
typedef struct summary {
    double operators_s, tuning_s;
    dagpole_tuning tuning;
} summary;

static void print_tuning(const dagpole_tuning *tuning, double seconds) {
    printf("coefficients, %s, are in the cache (%.3f s)\n", tuning->coefficients, seconds);
    printf("\n  %-22s%10s%10s   nanoseconds\n", "coefficient", "built-in", "tuned");
    for (int i = 0; i < tuning->n; i++) {
        const dagpole_coefficient *c = &tuning->coefficient[i];
        printf("  %-22s%10.4g%10.4g\n", c->name, 1e9 * c->built_in, 1e9 * c->tuned);
    }
}

static void json_tuning(cli_json *json, const dagpole_tuning *tuning, double seconds) {
    cli_json_open(json, "tuning");
    cli_json_text(json, "coefficients", tuning->coefficients);
    for (int is_tuned = 0; is_tuned < 2; is_tuned++) {
        cli_json_open(json, is_tuned ? "tuned" : "built_in");
        for (int i = 0; i < tuning->n; i++) {
            const dagpole_coefficient *c = &tuning->coefficient[i];
            cli_json_real(json, c->name, is_tuned ? c->tuned : c->built_in);
        }
        cli_json_close(json);
    }
    cli_json_real(json, "seconds", seconds);
    cli_json_close(json);
}

/* Operators of a kernel that has parameters depend on the size of the root cube. */
static int needs_cube(dagpole_kernel kernel) {
    return cli_kernel_info(kernel).n_parameters > 0;
}

static void json_operators(cli_json *json, const choice *choice, double seconds) {
    const dagpole_plan_options *plan = &choice->plan.plan;
    const dagpole_report asked = {.kernel = plan->kernel,
                                  .lambda = plan->lambda,
                                  .wave_number = plan->wave_number,
                                  .damping = plan->damping};
    cli_report_kernel_json(json, &asked);
    if (needs_cube(plan->kernel)) {
        cli_json_real(json, "root_side", plan->root_side);
        cli_json_int(json, "depth", choice->depth);
    }
    cli_json_int(json, "digits", plan->digits);
    cli_json_real(json, "seconds", seconds);
}

static void print_summary(const choice *choice, const summary *done) {
    cli_json json = {0};
    if (!choice->json) {
        if (done->operators_s >= 0)
            printf("operators for %s, %d digits, are in the cache (%.3f s)\n", choice->plan.kernel,
                   choice->plan.plan.digits, done->operators_s);
        if (done->tuning_s >= 0)
            print_tuning(&done->tuning, done->tuning_s);
        return;
    }
    cli_json_open(&json, NULL);
    if (done->operators_s >= 0)
        json_operators(&json, choice, done->operators_s);
    if (done->tuning_s >= 0)
        json_tuning(&json, &done->tuning, done->tuning_s);
    cli_json_close(&json);
}

/* --tune alone builds no operators. Fills in the kernel and the digits that were left open. */
static int complete(choice *choice) {
    dagpole_plan_options *plan = &choice->plan.plan;
    int has_operators = !choice->tune || choice->plan.kernel || choice->depth || plan->digits ||
                        plan->p || plan->root_side != 0 || plan->tolerance != 0 ||
                        plan->svd_cutoff != 0;
    for (int i = 0; i < CLI_MOST_PARAMETERS; i++)
        has_operators |= *choice->plan.parameter[i].name && !isnan(choice->plan.parameter[i].value);
    cli_plan_choice defaults = cli_plan_choice_default();
    if (!choice->plan.kernel)
        choice->plan.kernel = defaults.kernel;
    if (!plan->digits)
        plan->digits = defaults.plan.digits;
    return has_operators;
}

static dagpole_status precompute(const choice *choice, int has_operators, summary *done) {
    dagpole_context *context = NULL;
    const dagpole_plan_options *plan = &choice->plan.plan;
    double start = cli_seconds();
    dagpole_status status = cli_context_create(&choice->context, &context);
    if (status == DAGPOLE_OK) {
        cli_progress_begin();
        if (has_operators) {
            status = dagpole_precompute(context, plan, plan->root_side, choice->depth);
            done->operators_s = cli_seconds() - start;
        }
        if (status == DAGPOLE_OK && choice->tune) {
            start = cli_seconds();
            status = dagpole_tune(context, &done->tuning);
            done->tuning_s = cli_seconds() - start;
        }
        status = cli_progress_end(status);
    }
    dagpole_context_destroy(context);
    return status;
}

static int precompute_main(const cli_command *self, int argc, char **argv) {
    choice choice = {.plan = cli_plan_choice_default()};
    const cli_option options[] = {
        CLI_PLAN_OPTIONS(choice.plan),
        {"--depth", CLI_INT, &choice.depth, "L",
         "deepest level of the tree, where the kernel has parameters", 2, 42},
        {"--tune", CLI_FLAG, &choice.tune, NULL,
         "measure this machine for the cost model; alone, without operators", 0, 0},
        CLI_CONTEXT_OPTIONS(choice.context),
        {"--json", CLI_FLAG, &choice.json, NULL, "print one JSON object", 0, 0},
    };
    const char *operand;
    choice.plan.kernel = NULL; /* not given yet */
    choice.plan.plan.digits = 0;
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    int has_operators = complete(&choice);
    if (code == CLI_PROCEED)
        code = cli_plan_choice_check(self, &choice.plan);
    if (code != CLI_PROCEED)
        return code;
    if (choice.context.no_cache)
        return cli_usage(self, "--no-cache would leave nothing to do");
    if (needs_cube(choice.plan.plan.kernel) &&
        (choice.plan.plan.root_side == 0 || choice.depth == 0))
        return cli_usage(self, "--kernel %s needs --root-side and --depth", choice.plan.kernel);

    summary done = {.operators_s = -1, .tuning_s = -1, .tuning = {.size = sizeof done.tuning}};
    dagpole_status status = precompute(&choice, has_operators, &done);
    if (status == DAGPOLE_OK)
        print_summary(&choice, &done);
    dagpole_tuning_free(&done.tuning);
    return cli_exit_code(self, status);
}

const cli_command cli_precompute = {
    "precompute", NULL,
    "Builds operators and keeps them in the cache; with --tune measures this machine.",
    precompute_main};
