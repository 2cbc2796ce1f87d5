#include "tuning/roof.h"

#include <math.h>

#include "base/memory.h"
#include "base/timing.h"
#include "kernel/peak.h"

/* The best of so many runs of so long counts. */
#define N_RUNS 4
#define RUN_S  1e-3

static const int sizes[] = {96, 128, 240};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

#define PEAK_STEPS 2000

/* Calls a second. */
static double rate_of(void (*run)(void *argument, int64_t repeats), void *argument) {
    return 1 / fmax(dp_loop_seconds(run, argument, RUN_S, N_RUNS).least, 1e-12);
}

static void measure_pairs(dp_pairs *p, dp_roof *roof) {
    for (int i = 0; i < N_SIZES; i++) {
        double n = p->n = sizes[i], near = n * n * p->n_near * (p->request.is_mutual ? 2 : 1);
        double surface = n * DP_PAIRS_IMAGES * p->n_surface;
        if (p->n <= p->strip[0].most)
            roof->near = fmax(roof->near, near * rate_of(dp_pairs_run_near, p));
        roof->to_surface = fmax(roof->to_surface, surface * rate_of(dp_pairs_run_to_surface, p));
        roof->from_surface =
            fmax(roof->from_surface, surface * rate_of(dp_pairs_run_from_surface, p));
    }
}

typedef struct chains {
    dp_isa isa;
    double flops; /* of a call */
    double left;  /* how far the chains of all calls ended from 1, in all */
} chains;

static void run_chains(void *argument, int64_t repeats) {
    chains *c = argument;
    double left;
    for (int64_t i = 0; i < repeats; i++) {
        c->flops = dp_peak_run(c->isa, PEAK_STEPS, &left);
        c->left += left;
    }
}

static dagpole_status measure_peak(dp_isa isa, dp_roof *roof) {
    chains c = {.isa = isa};
    double rate = rate_of(run_chains, &c);
    roof->flops = c.flops * rate;
    if (c.left == 0)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_INTERNAL, "the chains of multiply-adds end %g from 1", c.left);
}

dagpole_status dp_roof_measure(const dp_pairs_request *request, dp_roof *roof) {
    *roof = (dp_roof){0};
    DP_TRY(measure_peak(request->isa, roof));
    dp_pairs *pairs = dp_alloc_zero(1, sizeof *pairs);
    if (!pairs)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = dp_pairs_create(request, pairs);
    if (status == DAGPOLE_OK)
        measure_pairs(pairs, roof);
    dp_pairs_free(pairs);
    dp_free(pairs);
    return status;
}
