/* bench: what single parts of dagpole reach on one core. */
#include "bench.h"

#define SCENE_OPTIONS "clouds n charges kernels lambda digits seed samples n-crit json "

static const perf_command commands[] = {
    {"roof", "what one core can do at most", NULL, "only isa json", bench_loops, "--only=peak"},
    {"loops", "every loop: checked, then its rate", NULL, "only isa json", bench_loops, ""},
    {"operators", "each operator as a share of its roof", NULL,
     SCENE_OPTIONS "gradients runs p tolerance svd-cutoff", bench_operators,
     "--clouds=cube,sphere --digits=3,6,9,12 --runs=5"},
    {"stages", "seconds of every stage from points to potentials", NULL,
     SCENE_OPTIONS "threads runs", bench_stages, "--clouds=cube --n=3e5 --runs=5"},
    {"tasks", "each kind of task: how many, how long", NULL, SCENE_OPTIONS, bench_tasks,
     "--clouds=cube,sphere --n=1e6"},
};

int main(int argc, char **argv) {
    return perf_main(argc, argv, "Loops, operators, stages and tasks, measured one by one.",
                     sizeof commands / sizeof commands[0], commands);
}
