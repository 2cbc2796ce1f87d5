#include "cli/commands/run_report.h"
#include "cli/commands/arithmetic.h"
#include "cli/common.h"
#include "cli/json.h"

#include <stdio.h>
#include <sys/resource.h>

static int64_t peak_rss_bytes(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

static void print_time(const char *stage, double seconds, const char *note) {
    printf("  %-12s%10.4f s%s%s\n", stage, seconds, *note ? "   " : "", note);
}

static void print_stages(const cli_run_report *run) {
    const dagpole_report *plan = &run->plan;
    char note[64];
    printf("\nstage\n");
    print_time("read", run->read_s, "");
    print_time("start", run->start_s, "runtime and workers");
    print_time("tree", plan->tree_s, "");
    print_time("lists", plan->lists_s, "");
    print_time("operators", plan->operators_s,
               plan->expansion_size == 0 ? "none"
               : plan->operators_cached  ? "from the cache"
                                         : "built");
    print_time("graph", plan->graph_s, "");
    print_time("set-up", plan->setup_s, "tree to graph");
    snprintf(note, sizeof note, "best of %s: %.4f s", cli_text_count(plan->n_evaluations),
             run->best_s);
    print_time("evaluate", plan->evaluate_s, plan->n_evaluations > 1 ? note : "");
    if (run->output)
        print_time("write", run->write_s, "");
    print_time("total", run->total_s, "");
}

static void print_operators(const dagpole_report *plan) {
    double sum = 0;
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        sum += plan->operator_s[op];
    printf("\noperator, summed over the workers\n");
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++) {
        double seconds = plan->operator_s[op];
        printf("  %-12s%10.4f s %6.1f %%\n", dagpole_operator_name((dagpole_operator)op), seconds,
               sum > 0 ? 100 * seconds / sum : 0.0);
    }
}

void cli_run_report_table(const cli_run_report *run) {
    const dagpole_report *plan = &run->plan;
    printf("%s: %s sources, %s targets\n", run->input, cli_text_count(plan->n_sources),
           cli_text_count(plan->n_targets));
    static const char *const carried[] = {
        [DAGPOLE_CHARGES] = "charges", [DAGPOLE_DIPOLES] = "dipoles", "charges and dipoles"};
    printf("  %s: %s", carried[plan->sources], run->charges_from);
    if (plan->n_vectors > 1)
        printf(", %s vectors", cli_text_count(plan->n_vectors));
    printf("\n");
    printf("  %s%s, %d digits (", cli_kernel_name(plan->kernel), cli_report_parameters(plan),
           plan->digits);
    if (plan->expansion_size == 0)
        printf("every pair summed directly)");
    else
        printf("p %d, %d coefficients)", plan->p, plan->expansion_size);
    printf("%s\n", plan->hessians       ? ", with second derivatives"
                   : run->has_gradients ? ", with gradients"
                                        : "");
    printf("  %d %s, %s, %s, coefficients %s\n", plan->threads,
           plan->threads == 1 ? "thread" : "threads", plan->scheduler, plan->instruction_set,
           plan->coefficients);
    printf("  tree: depth %d, %s boxes, %s leaves of at most %d; mean |U| %.1f |V| %.1f |W| %.1f "
           "|X| %.1f\n",
           plan->depth, cli_text_count(plan->n_boxes), cli_text_count(plan->n_leaves), plan->n_crit,
           plan->mean_u, plan->mean_v, plan->mean_w, plan->mean_x);
    printf("  graph: %s tasks on %s blocks, work/span %.0f\n", cli_text_count(plan->n_tasks),
           cli_text_count(plan->n_blocks), plan->work_over_span);
    if (plan->n_nodes > 1)
        printf(
            "  NUMA: %d nodes; tasks read %s, %s on other nodes (%s with each task at home); %s of "
            "%s lie at home\n",
            plan->n_nodes, cli_text_bytes(plan->bytes_read), cli_text_bytes(plan->bytes_remote),
            cli_text_bytes(plan->bytes_remote_at_home), cli_text_bytes(plan->bytes_at_home),
            cli_text_bytes(plan->bytes_fields));
    if (plan->n_unresolved_targets)
        printf("  %s targets are many screening lengths from all sources: their own values keep "
               "fewer digits\n",
               cli_text_count(plan->n_unresolved_targets));
    print_stages(run);
    print_operators(plan);
    if (run->has_arithmetic)
        cli_arithmetic_table(plan, &run->arithmetic);
    printf("\nworkers' time: tasks %.1f %%, runtime %.1f %%, idle %.1f %%\n",
           100 * plan->share_tasks, 100 * plan->share_runtime, 100 * plan->share_idle);
    if (run->tasks.task)
        cli_tasks_print(&run->summary);
    if (plan->bytes_copied)
        printf("copied between NUMA nodes: %s in the last evaluation\n",
               cli_text_bytes(plan->bytes_copied));
    printf("memory: peak %s, plan %s, operators %s\n", cli_text_bytes(peak_rss_bytes()),
           cli_text_bytes(plan->bytes_plan), cli_text_bytes(plan->bytes_operators));
    if (run->output)
        printf("results: %s (/potentials%s%s%s)\n", run->output,
               run->has_gradients ? ", /gradients" : "", plan->hessians ? ", /hessians" : "",
               run->has_pressures ? ", /pressures" : "");
    else
        printf("results: not written, since there is no --output\n");
}

static void json_tree(cli_json *json, const dagpole_report *plan) {
    cli_json_open(json, "tree");
    cli_json_int(json, "depth", plan->depth);
    cli_json_int(json, "boxes", plan->n_boxes);
    cli_json_int(json, "leaves", plan->n_leaves);
    cli_json_real(json, "mean_u", plan->mean_u);
    cli_json_real(json, "mean_v", plan->mean_v);
    cli_json_real(json, "mean_w", plan->mean_w);
    cli_json_real(json, "mean_x", plan->mean_x);
    cli_json_real(json, "root_side", plan->root_side);
    cli_json_close(json);
}

static void json_times(cli_json *json, const cli_run_report *run) {
    const dagpole_report *plan = &run->plan;
    cli_json_real(json, "read_s", run->read_s);
    cli_json_real(json, "start_s", run->start_s);
    cli_json_open(json, "setup_s");
    cli_json_real(json, "tree", plan->tree_s);
    cli_json_real(json, "lists", plan->lists_s);
    cli_json_real(json, "operators", plan->operators_s);
    cli_json_real(json, "graph", plan->graph_s);
    cli_json_real(json, "total", plan->setup_s);
    cli_json_close(json);
    cli_json_bool(json, "operators_cached", plan->operators_cached);
    cli_json_int(json, "evaluations", plan->n_evaluations);
    cli_json_real(json, "evaluate_s", plan->evaluate_s);
    cli_json_real(json, "evaluate_best_s", run->best_s);
    cli_json_real(json, "write_s", run->write_s);
    cli_json_real(json, "total_s", run->total_s);
    cli_json_open(json, "operators_s");
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
        cli_json_real(json, dagpole_operator_name((dagpole_operator)op), plan->operator_s[op]);
    cli_json_close(json);
    cli_json_shares(json, plan->share_tasks, plan->share_runtime, plan->share_idle);
    cli_json_int(json, "bytes_copied", plan->bytes_copied);
}

void cli_run_report_json(const cli_run_report *run) {
    const dagpole_report *plan = &run->plan;
    cli_json json = {0};
    cli_json_open(&json, NULL);
    cli_json_text(&json, "dagpole", dagpole_version());
    cli_json_text(&json, "kind", "run");
    cli_json_text(&json, "input", run->input);
    if (run->output)
        cli_json_text(&json, "output", run->output);
    cli_json_text(&json, "charges_from", run->charges_from);
    cli_json_int(&json, "n_sources", plan->n_sources);
    cli_json_int(&json, "n_vectors", plan->n_vectors);
    cli_json_int(&json, "n_targets", plan->n_targets);
    cli_json_int(&json, "n_unique_sources", plan->n_unique_sources);
    cli_json_int(&json, "n_unique_targets", plan->n_unique_targets);
    cli_report_kernel_json(&json, plan);
    cli_json_int(&json, "digits", plan->digits);
    cli_json_bool(&json, "gradients", run->has_gradients);
    cli_json_bool(&json, "hessians", plan->hessians);
    cli_json_bool(&json, "pressures", run->has_pressures);
    cli_json_bool(&json, "dipoles", (plan->sources & DAGPOLE_DIPOLES) != 0);
    cli_json_int(&json, "p", plan->p);
    cli_json_int(&json, "n_crit", plan->n_crit);
    cli_json_int(&json, "block_boxes", plan->block_boxes);
    cli_json_int(&json, "machine_cores", plan->machine_cores);
    cli_json_int(&json, "machine_cache_bytes", plan->machine_cache_bytes);
    cli_json_real(&json, "tolerance", plan->tolerance);
    cli_json_real(&json, "svd_cutoff", plan->svd_cutoff);
    cli_json_int(&json, "expansion_size", plan->expansion_size);
    cli_json_int(&json, "threads", plan->threads);
    cli_json_text(&json, "scheduler", plan->scheduler);
    cli_json_text(&json, "instruction_set", plan->instruction_set);
    cli_json_text(&json, "coefficients", plan->coefficients);
    json_tree(&json, plan);
    cli_json_int(&json, "blocks", plan->n_blocks);
    cli_json_int(&json, "tasks", plan->n_tasks);
    cli_json_real(&json, "work_over_span", plan->work_over_span);
    cli_json_int(&json, "unresolved_targets", plan->n_unresolved_targets);
    cli_json_int(&json, "numa_nodes", plan->n_nodes);
    cli_json_int(&json, "bytes_read", plan->bytes_read);
    cli_json_int(&json, "bytes_remote_at_home", plan->bytes_remote_at_home);
    cli_json_int(&json, "bytes_remote", plan->bytes_remote);
    cli_json_int(&json, "bytes_fields", plan->bytes_fields);
    cli_json_int(&json, "bytes_at_home", plan->bytes_at_home);
    json_times(&json, run);
    if (run->has_arithmetic)
        cli_arithmetic_json(&json, plan, &run->arithmetic);
    cli_json_text(&json, "checksum", run->checksum);
    if (run->tasks.task)
        cli_tasks_json(&json, &run->summary);
    cli_json_int(&json, "bytes_plan", plan->bytes_plan);
    cli_json_int(&json, "bytes_operators", plan->bytes_operators);
    cli_json_int(&json, "peak_rss_bytes", peak_rss_bytes());
    cli_json_close(&json);
}
