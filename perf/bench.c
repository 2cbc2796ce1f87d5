/* bench: what single parts of dagpole reach on one core. */
#include "perf.h"

#define SCENE_OPTIONS "clouds n charges kernels lambda digits seed samples n-crit json "

static const perf_command commands[] = {
    {PERF_COMMAND("roof", NULL, "what one core can do at most"), "only isa json", bench_loops,
     "--only=peak"},
    {PERF_COMMAND("loops", NULL, "every loop: checked, then its rate"), "only isa json",
     bench_loops, ""},
    {PERF_COMMAND("operators", NULL, "each operator as a share of its roof"),
     SCENE_OPTIONS "gradients runs p tolerance svd-cutoff", bench_operators,
     "--clouds=cube,sphere --digits=3,6,9,12 --runs=5"},
    {PERF_COMMAND("stages", NULL, "seconds of every stage from points to potentials"),
     SCENE_OPTIONS "threads runs", bench_stages, "--clouds=cube --n=3e5 --runs=5"},
    {PERF_COMMAND("tasks", NULL, "each kind of task: how many, how long"), SCENE_OPTIONS,
     bench_tasks, "--clouds=cube,sphere --n=1e6"},
};

int main(int argc, char **argv) {
    return perf_main(argc, argv, "Loops, operators, stages and tasks, measured one by one.",
                     sizeof commands / sizeof commands[0], commands);
}
