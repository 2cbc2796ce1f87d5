#include "cli/commands/foresee.h"
#include "cli/common.h"
#include "cli/json.h"

#include <stdio.h>
#include <string.h>

static double share(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

/* What is read on other nodes over what is with every task at home. */
static double beyond_home(const dagpole_forecast *f) {
    return f->bytes_remote_at_home > 0 ? (double)f->bytes_remote / (double)f->bytes_remote_at_home
                                       : 1;
}

/* ---- table --------------------------------------------------------------------------------- */

static void print_head(const cli_foresight *seen) {
    const dagpole_report *plan = &seen->plan;
    const dagpole_foresee_options *a = &seen->assumed;
    printf("%s: %s sources, %s targets; %s%s, %d digits\n", seen->input,
           cli_text_count(plan->n_sources), cli_text_count(plan->n_targets),
           cli_kernel_name(plan->kernel), cli_report_parameters(plan), plan->digits);
    if (a->times == DAGPOLE_TIMES_NONE)
        printf("measured: nothing; tasks without their work\n");
    else if (a->times == DAGPOLE_TIMES_COEFFICIENTS)
        printf("measured: nothing; times of tasks from coefficients %s\n", plan->coefficients);
    else
        printf(
            "measured: an evaluation by %d worker%s here, %.4f s (the fastest of %s), for times of "
            "tasks\n",
            plan->threads, plan->threads == 1 ? "" : "s", seen->fastest_s,
            cli_text_count(plan->n_evaluations));
    printf("assumed: %g us to submit a task by one thread; %g us of a worker for a task and %g for "
           "each access;\n         %g GB/s of a node's memory, %g GB/s from other nodes\n",
           a->submit_us, a->task_us, a->access_us, a->local_gbs, a->remote_gbs);
}

static void print_limits(const cli_foresight *seen) {
    printf("\nforeseen: percent of the time that each takes (by a schedule without it)\n  workers");
    for (int i = 0; i < DAGPOLE_N_LIMITS; i++)
        printf(" %11s", dagpole_limit_name((dagpole_limit)i));
    printf("   other nodes / at home\n");
    for (int k = 0; k < seen->n; k++) {
        const dagpole_forecast *f = &seen->forecast[k];
        printf("  %7d", f->workers);
        for (int i = 0; i < DAGPOLE_N_LIMITS; i++)
            printf(" %11.1f", 100 * share(f->lost_s[i], f->seconds));
        if (f->nodes > 1)
            printf("   %s / %s", cli_text_bytes(f->bytes_remote),
                   cli_text_bytes(f->bytes_remote_at_home));
        putchar('\n');
    }
}

void cli_foresight_table(const cli_foresight *seen) {
    print_head(seen);
    printf("\nforeseen, not measured:\n"
           "  workers nodes    tasks        time  speed-up  effic.  limit        "
           "best time    tasks  submitters\n");
    for (int k = 0; k < seen->n; k++) {
        const dagpole_forecast *f = &seen->forecast[k];
        printf("  %7d %5d %8s %9.5f s %9.1f %5.1f %%  %-11s %9.5f s %8s %11d\n", f->workers,
               f->nodes, cli_text_count(f->n_tasks), f->seconds, f->speed_up, 100 * f->efficiency,
               dagpole_limit_name(f->limit), f->best_s, cli_text_count(f->best_tasks),
               f->best_submitters);
    }
    print_limits(seen);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void json_assumed(cli_json *json, const dagpole_foresee_options *a) {
    cli_json_open(json, "assumed");
    cli_json_real(json, "submit_us", a->submit_us);
    cli_json_real(json, "task_us", a->task_us);
    cli_json_real(json, "access_us", a->access_us);
    cli_json_real(json, "local_gbs", a->local_gbs);
    cli_json_real(json, "remote_gbs", a->remote_gbs);
    cli_json_close(json);
}

static const char *const times_names[] = {"evaluation", "coefficients", "none"};
enum { N_TIMES = sizeof times_names / sizeof times_names[0] };

dagpole_times cli_foresight_times(const char *name) {
    for (int i = 0; i < N_TIMES; i++)
        if (strcmp(name, times_names[i]) == 0)
            return (dagpole_times)i;
    return DAGPOLE_TIMES_EVALUATION;
}

static void json_measured(cli_json *json, const cli_foresight *seen) {
    const dagpole_report *plan = &seen->plan;
    cli_json_open(json, "measured");
    cli_json_text(json, "times", times_names[seen->assumed.times]);
    cli_json_text(json, "coefficients", plan->coefficients);
    if (seen->assumed.times == DAGPOLE_TIMES_EVALUATION) {
        cli_json_int(json, "threads", plan->threads);
        cli_json_real(json, "evaluate_s", seen->fastest_s);
    }
    cli_json_close(json);
}

static void json_best(cli_json *json, const dagpole_forecast *f) {
    cli_json_open(json, "best");
    cli_json_real(json, "seconds", f->best_s);
    cli_json_int(json, "submitters", f->best_submitters);
    cli_json_int(json, "blocks", f->best_blocks);
    cli_json_int(json, "tasks", f->best_tasks);
    cli_json_close(json);
}

static void json_machine(cli_json *json, const dagpole_forecast *f) {
    cli_json_open(json, NULL);
    cli_json_int(json, "workers", f->workers);
    cli_json_int(json, "numa_nodes", f->nodes);
    cli_json_int(json, "submitters", f->submitters);
    cli_json_int(json, "blocks", f->n_blocks);
    cli_json_int(json, "tasks", f->n_tasks);
    cli_json_real(json, "seconds", f->seconds);
    cli_json_real(json, "speed_up", f->speed_up);
    cli_json_real(json, "efficiency", f->efficiency);
    cli_json_real(json, "work_s", f->work_s);
    cli_json_real(json, "span_s", f->span_s);
    cli_json_shares(json, f->share_tasks, f->share_runtime, f->share_idle);
    cli_json_text(json, "limit", dagpole_limit_name(f->limit));
    cli_json_open(json, "lost_s");
    for (int i = 0; i < DAGPOLE_N_LIMITS; i++)
        cli_json_real(json, dagpole_limit_name((dagpole_limit)i), f->lost_s[i]);
    cli_json_close(json);
    json_best(json, f);
    cli_json_int(json, "bytes_read", f->bytes_read);
    cli_json_int(json, "bytes_remote_at_home", f->bytes_remote_at_home);
    cli_json_int(json, "bytes_remote", f->bytes_remote);
    cli_json_real(json, "remote_beyond_home", beyond_home(f));
    cli_json_close(json);
}

void cli_foresight_json(const cli_foresight *seen) {
    const dagpole_report *plan = &seen->plan;
    cli_json json = {0};
    cli_json_open(&json, NULL);
    cli_json_text(&json, "dagpole", dagpole_version());
    cli_json_text(&json, "kind", "foresee");
    cli_json_text(&json, "input", seen->input);
    cli_json_int(&json, "n_sources", plan->n_sources);
    cli_json_int(&json, "n_targets", plan->n_targets);
    cli_report_kernel_json(&json, plan);
    cli_json_int(&json, "digits", plan->digits);
    cli_json_text(&json, "instruction_set", plan->instruction_set);
    json_measured(&json, seen);
    json_assumed(&json, &seen->assumed);
    cli_json_open_array(&json, "foreseen");
    for (int k = 0; k < seen->n; k++)
        json_machine(&json, &seen->forecast[k]);
    cli_json_close(&json);
    cli_json_close(&json);
}
