/* What `dagpole foresee --json` printed, drawn as its --plot does. */
#include "cli/commands/foresee.h"
#include "cli/common.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The first limit where the text names none. */
static dagpole_limit limit_of(const char *name) {
    for (int i = 0; i < DAGPOLE_N_LIMITS; i++)
        if (strcmp(name, dagpole_limit_name((dagpole_limit)i)) == 0)
            return (dagpole_limit)i;
    return (dagpole_limit)0;
}

static int take_machine(const cli_value *v, dagpole_forecast *f) {
    f->workers = (int)cli_value_count(v, "workers", CLI_MOST_WORKERS);
    f->seconds = cli_value_number(v, "seconds", -1);
    f->speed_up = cli_value_number(v, "speed_up", -1);
    f->best_s = cli_value_number(cli_value_get(v, "best"), "seconds", -1);
    f->limit = limit_of(cli_value_text(v, "limit", ""));
    int is_nothing = f->seconds == 0 && f->best_s == 0; /* an empty cloud */
    return f->workers > 0 && f->speed_up > 0 && (is_nothing || (f->seconds > 0 && f->best_s > 0));
}

static int take_machines(const cli_command *command, const cli_value *list, cli_foresight *seen) {
    if (!list || list->kind != CLI_JSON_ARRAY || !list->n || list->n > CLI_MOST_MACHINES)
        return cli_fail(command, "the JSON has not 1 to %d machines in 'foreseen'",
                        CLI_MOST_MACHINES);
    for (const cli_value *v = cli_value_first(list); v; v = cli_value_next(list, v)) {
        dagpole_forecast *f = &seen->forecast[seen->n];
        if (!take_machine(v, f) || (seen->n && f->workers <= seen->workers[seen->n - 1]))
            return cli_fail(command,
                            "machine %d of the JSON has no workers, more than the one before, "
                            "with seconds, speed_up and best",
                            seen->n + 1);
        seen->workers[seen->n++] = f->workers;
    }
    return CLI_PROCEED;
}

static void take_notes(const cli_value *root, cli_foresight *seen) {
    const cli_value *assumed = cli_value_get(root, "assumed"),
                    *measured = cli_value_get(root, "measured");
    dagpole_report *plan = &seen->plan;
    plan->n_sources = cli_value_count(root, "n_sources", CLI_MOST_COUNT);
    plan->digits = (int)cli_value_count(root, "digits", INT_MAX);
    plan->threads = (int)cli_value_count(measured, "threads", INT_MAX);
    snprintf(plan->instruction_set, sizeof plan->instruction_set, "%s",
             cli_value_text(root, "instruction_set", ""));
    snprintf(plan->coefficients, sizeof plan->coefficients, "%s",
             cli_value_text(measured, "coefficients", ""));
    seen->fastest_s = cli_value_number(measured, "evaluate_s", 0);
    seen->assumed.times = cli_foresight_times(cli_value_text(measured, "times", ""));
    seen->assumed.submit_us = cli_value_number(assumed, "submit_us", 0);
    seen->assumed.task_us = cli_value_number(assumed, "task_us", 0);
    seen->assumed.access_us = cli_value_number(assumed, "access_us", 0);
    seen->assumed.local_gbs = cli_value_number(assumed, "local_gbs", 0);
    seen->assumed.remote_gbs = cli_value_number(assumed, "remote_gbs", 0);
}

int cli_foresight_plot_json(const cli_command *command, const cli_value *root, const char *path) {
    static cli_foresight seen;
    memset(&seen, 0, sizeof seen);
    int code = take_machines(command, cli_value_get(root, "foreseen"), &seen);
    if (code != CLI_PROCEED)
        return code;
    take_notes(root, &seen);
    return cli_foresight_plot(command, path, &seen);
}
