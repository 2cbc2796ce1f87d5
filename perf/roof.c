/* What one core of this machine can do at most. */
#include "bench.h"

#include "kernel/peak.h"

#include <math.h>
#include <stdlib.h>

enum { N_RUNS = 5 };
#define RUN_S 4e-3

dp_figure bench_rate(void (*loop)(void *argument, int64_t repeats), void *argument, double count) {
    dp_figure s = dp_loop_seconds(loop, argument, RUN_S, N_RUNS);
    double slowest = s.least + s.spread * s.median;
    return (dp_figure){1e-9 * count / s.median, 1e-9 * count / slowest, s.spread};
}

typedef struct chains {
    dp_isa isa;
    double flops, left; /* how far from its end the worst chain was */
} chains;

static void run_chains(void *argument, int64_t repeats) {
    chains *c = argument;
    c->flops = dp_peak_run(c->isa, 1000 * repeats, &c->left) / (double)repeats;
}

dp_figure bench_fma_peak(dp_isa isa) {
    chains c = {.isa = isa};
    run_chains(&c, 1);
    dp_figure peak = bench_rate(run_chains, &c, c.flops);
    if (c.left != 0)
        perf_fail("multiply-adds on %s give a wrong result", dp_isa_name(isa));
    return peak;
}

enum { TRIAD_N = 8000000 };

/* a[i] = b[i] + 3 c[i]. */
static void run_triad(void *argument, int64_t repeats) {
    double *a = argument, *b = a + TRIAD_N, *c = b + TRIAD_N;
    for (int64_t k = 0; k < repeats; k++)
        for (int64_t i = 0; i < TRIAD_N; i++)
            a[i] = b[i] + (3 + (double)k) * c[i];
}

dp_figure bench_triad(void) {
    double *memory = perf_alloc((size_t)3 * TRIAD_N, sizeof *memory);
    for (int64_t i = 0; i < TRIAD_N; i++)
        memory[TRIAD_N + i] = memory[2 * TRIAD_N + i] = 1;
    dp_figure rate = bench_rate(run_triad, memory, 24. * TRIAD_N);
    run_triad(memory, 1);
    if (memory[0] != 4 || memory[TRIAD_N - 1] != 4)
        perf_fail("the triad gives a wrong result");
    free(memory);
    return rate;
}

static void show(perf_table *t, const char *isa, const char *what, dp_figure rate,
                 const char *unit) {
    perf_row_begin(t);
    perf_cells(t, WORD("isa", isa), WORD("what", what), FIGURE("rate", rate), WORD("unit", unit));
    perf_row_end(t);
}

int bench_roof(const perf_choice *o, perf_table *t) {
    dp_isa isa[DP_N_ISA];
    int n = perf_isas(o->isas, isa);
    for (int i = 0; i < n; i++)
        show(t, dp_isa_title(isa[i]), "FMA, double", bench_fma_peak(isa[i]), "GFlop/s");
    show(t, "any", "triad", bench_triad(), "GB/s");
    return 0;
}
