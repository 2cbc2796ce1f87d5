/* The cost model's coefficients for this machine. */
#include <stdio.h>

#include "api/internal.h"
#include "graph/measure.h"
#include "platform/directory.h"

_Static_assert(DP_N_RATES <= sizeof((dagpole_tuning *)0)->coefficient / sizeof(dagpole_coefficient),
               "room for every coefficient");

static void describe(dp_isa isa, const dp_rates *rates, dagpole_tuning *tuning) {
    *tuning = (dagpole_tuning){.size = sizeof *tuning, .n = DP_N_RATES};
    snprintf(tuning->coefficients, sizeof tuning->coefficients, "%s", rates->name);
    for (int i = 0; i < DP_N_RATES; i++) {
        dagpole_coefficient *c = &tuning->coefficient[i];
        snprintf(c->name, sizeof c->name, "%s", dp_rate_entries[i].name);
        c->built_in = dp_rate_value(dp_rates_built_in(isa), i);
        c->tuned = dp_rate_value(rates, i);
    }
}

/* The directory comes first: nobody waits for what cannot be kept. */
dagpole_status dagpole_tune(dagpole_context *context, dagpole_tuning *tuning) {
    DP_DEFAULT_FLOATING;
    dp_rates rates;
    if (!context)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "context is NULL: make one with "
                                             "dagpole_context_create");
    if (tuning && tuning->size != sizeof *tuning)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "the size of tuning is not set to sizeof(dagpole_tuning)");
    if (!*context->cache_dir)
        return dp_fail(DAGPOLE_FILE, "the context has no cache directory to keep coefficients in");
    DP_TRY(dp_directory_make("the cache directory", context->cache_dir));
    DP_TRY(dp_runtime_progress(context->runtime, "tune", 0));
    DP_TRY(dp_rates_measure(context->isa, &rates));
    DP_TRY(dp_runtime_progress(context->runtime, "tune", 1));
    DP_TRY(dp_rates_save(context->cache_dir, context->machine.cpu, context->isa, &rates));
    if (tuning)
        describe(context->isa, &rates, tuning);
    return DAGPOLE_OK;
}
