/* sweep: whole evaluations over clouds, sizes, digits, workers and kernels. */
#include "perf.h"

#define SCENE_OPTIONS  "clouds n charges kernels lambda digits threads seed samples json "
#define EXPERT_OPTIONS "p n-crit tolerance svd-cutoff "
#define CASE_OPTIONS   SCENE_OPTIONS EXPERT_OPTIONS "gradients direct runs repeat"

static const perf_command commands[] = {
    {PERF_COMMAND("evaluate", NULL, "set-up, evaluations, errors, memory"), CASE_OPTIONS,
     sweep_evaluate, "--digits=3,6,9,12 --samples=1000"},
    {PERF_COMMAND("targets", NULL, "the same for what is aimed at (perf/README.md)"), CASE_OPTIONS,
     sweep_evaluate, "--n=1e6 --digits=3,6,9,12 --threads=2 --repeat=4"},
    {PERF_COMMAND("growth", NULL, "the same over the number of points"), CASE_OPTIONS,
     sweep_evaluate, "--clouds=cube --n=1e4,3e4,1e5,3e5,1e6"},
    {PERF_COMMAND("scaling", NULL, "the same over the number of workers"), CASE_OPTIONS,
     sweep_evaluate, "--clouds=cube --n=1e6 --threads=1,2"},
    {PERF_COMMAND("small", NULL, "the same for few points, beside the direct sum"), CASE_OPTIONS,
     sweep_evaluate, "--n=1e3,1e4 --digits=3,6,9,12 --runs=1 --repeat=1000 --direct"},
    {PERF_COMMAND("accuracy", NULL, "errors as multiples of what digits promise"),
     SCENE_OPTIONS EXPERT_OPTIONS "leaves isa quick long", sweep_accuracy,
     "--clouds=cube,sphere,plummer,ellipsoid,graded,disk,two-scale,lattice --n=1e3,1e4,1e5,1e6 "
     "--charges=unit,mixed,alternating --digits=3,4,5,6,7,8,9,10,11,12 --leaves=0.25,4 --isa=all "
     "--samples=1000"},
    {PERF_COMMAND("leaves", NULL, "the leaf size that is chosen, against others"),
     SCENE_OPTIONS "leaves gradients runs repeat", sweep_leaves,
     "--leaves=0.5,0.6,0.72,0.85,1.2,1.4,1.7,2 --runs=2"},
    {PERF_COMMAND("soak", NULL, "memory over many evaluations, plans and contexts"),
     SCENE_OPTIONS "evaluations plans contexts most serial", sweep_soak,
     "--clouds=plummer --n=2000 --digits=3 --threads=2 --most=4 --evaluations=10000 --plans=1000 "
     "--contexts=100"},
    {PERF_COMMAND("against", NULL, "another program on the same points, in turn with ours"),
     "clouds n charges digits threads seed samples json with runs", sweep_against,
     "--clouds=cube --runs=5"},
    {PERF_COMMAND("plain", "INPUT OUTPUT", "our side of that: potentials of a file of points"),
     "digits threads " EXPERT_OPTIONS, sweep_plain, ""},
};

int main(int argc, char **argv) {
    return perf_main(argc, argv, "Evaluations over clouds, sizes, digits, workers and kernels.",
                     sizeof commands / sizeof commands[0], commands);
}
