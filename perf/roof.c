/* What this machine can do: FMA peak, reciprocal square roots, memory bandwidth and the P2P loops
 * on one core, and what the runtime takes for a task. */
#include "roofs.h"

#include <stdio.h>
#include <stdlib.h>

static void show(cli_json *json, int is_json, const char *key, const char *text, const char *unit,
                 perf_figure f) {
    if (is_json)
        perf_json_figure(json, key, f);
    else
        printf("%-30s %s %s\n", text, perf_text(f), unit);
}

static void json_p2p(cli_json *json, const dp_kernel *kernel, dp_isa isa, perf_loop loop, int n,
                     int has_gradient, perf_figure f) {
    cli_json_open(json, NULL);
    cli_json_text(json, "kernel", kernel->name);
    cli_json_text(json, "isa", dp_isa_name(isa));
    cli_json_text(json, "loop", perf_loop_name(loop));
    cli_json_bool(json, "gradient", has_gradient);
    cli_json_int(json, "n", n);
    perf_json_figure(json, "gpairs_s", f);
    cli_json_close(json);
}

enum { N_SIZES = 4 };
static const int sizes[N_SIZES] = {30, 60, 128, 250};

/* One line: a loop at all sizes. */
static void show_p2p(cli_json *json, int is_json, const dp_kernel *kernel, dp_isa isa,
                     perf_loop loop, int has_gradient) {
    if (!is_json)
        printf("%-8s %-8s %-21s %-8s", kernel->name, dp_isa_name(isa), perf_loop_name(loop),
               has_gradient ? "gradient" : "");
    for (int i = 0; i < N_SIZES; i++) {
        perf_figure f = perf_p2p_rate(kernel, isa, loop, sizes[i], has_gradient);
        if (is_json)
            json_p2p(json, kernel, isa, loop, sizes[i], has_gradient, f);
        else
            printf(" %s", perf_text(f));
    }
    if (!is_json)
        printf("\n");
    fflush(stdout);
}

static void show_all_p2p(cli_json *json, int is_json, int first_isa) {
    const dp_kernel *kernel;
    if (is_json)
        cli_json_open_array(json, "p2p");
    else
        printf("pairs, Gpairs/s (mutual: each counts twice), leaves of 30, 60, 128 and 250\n");
    for (int id = 0; (kernel = dp_kernel_get((dagpole_kernel)id)) != NULL; id++)
        for (int isa = first_isa; isa < DP_N_ISA; isa++)
            for (int k = 0; k < 2 * PERF_N_LOOPS && dp_isa_is_supported((dp_isa)isa); k++)
                if (k < PERF_N_LOOPS || !perf_is_to_surface((perf_loop)(k % PERF_N_LOOPS)))
                    show_p2p(json, is_json, kernel, (dp_isa)isa, (perf_loop)(k % PERF_N_LOOPS),
                             k / PERF_N_LOOPS);
    if (is_json)
        cli_json_close(json);
}

static void show_tasks(cli_json *json, int is_json, int threads) {
    static const int accesses[] = {2, 8, 28};
    int workers;
    if (is_json)
        cli_json_open_array(json, "tasks");
    for (int i = 0; i < 3; i++) {
        perf_figure f = perf_task_cost(threads, accesses[i], &workers);
        if (!is_json) {
            printf("one task, %2d accesses, %d workers %s us\n", accesses[i], workers,
                   perf_text(f));
            continue;
        }
        cli_json_open(json, NULL);
        cli_json_int(json, "accesses", accesses[i]);
        cli_json_int(json, "workers", workers);
        perf_json_figure(json, "us", f);
        cli_json_close(json);
    }
    if (is_json)
        cli_json_close(json);
}

static int roof_main(const cli_command *self, int argc, char **argv) {
    int is_json = 0, is_all = 0, threads = 0;
    const cli_option options[] = {
        {"--threads", CLI_INT, &threads, "T", "workers for the cost of a task; 0 = all", 0, 65536},
        {"--all", CLI_FLAG, &is_all, NULL, "P2P for every instruction set, not the best alone", 0,
         0},
        {"--json", CLI_FLAG, &is_json, NULL, "print one JSON object", 0, 0},
    };
    const char *operand;
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code != CLI_PROCEED)
        return code;
    cli_json json;
    dp_isa isa = dp_isa_best();
    if (is_json)
        perf_json_begin(&json, "roof");
    show(&json, is_json, "fma_double_gflops", "FMA peak, double", "GFlop/s", perf_fma_peak(isa, 0));
    show(&json, is_json, "fma_single_gflops", "FMA peak, single", "GFlop/s", perf_fma_peak(isa, 1));
    show(&json, is_json, "rsqrt_g_s", perf_rsqrt_name(isa), "G/s", perf_rsqrt_rate(isa));
    show(&json, is_json, "triad_gbytes_s", "memory, triad", "GB/s", perf_triad());
    show_tasks(&json, is_json, threads);
    show_all_p2p(&json, is_json, is_all ? 0 : (int)isa);
    if (is_json)
        cli_json_close(&json);
    return EXIT_SUCCESS;
}

static const cli_command command = {
    "perf/roof", NULL, "What one core of this machine can do, and what the runtime takes.",
    roof_main};

int main(int argc, char **argv) {
    return command.main(&command, argc, argv);
}
