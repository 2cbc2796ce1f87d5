/* The cost model's coefficients for this machine. */
#include "api/internal.h"
#include "base/sized.h"
#include "base/text.h"
#include "platform/directory.h"
#include "tuning/measure.h"

static void describe(dp_isa isa, const dp_rates *rates, dagpole_coefficient *coefficient,
                     dagpole_tuning *tuning) {
    const dp_rates built_in = dp_rates_built_in(isa);
    dagpole_tuning all = {.n = DP_N_RATES, .coefficient = coefficient};
    dp_text_copy(all.coefficients, sizeof all.coefficients, rates->name);
    for (int i = 0; i < DP_N_RATES; i++)
        coefficient[i] = (dagpole_coefficient){dp_rate_entries[i].name, dp_rate_value(&built_in, i),
                                               dp_rate_value(rates, i)};
    dp_sized_give(&all, sizeof all, tuning);
}

/* The directory comes first: nobody waits for what cannot be kept. */
static dagpole_status tune(dagpole_context *context, dp_rates *rates) {
    if (!*context->cache_dir)
        return dp_fail(DAGPOLE_FILE, "the context has no cache directory to keep coefficients in");
    DP_TRY(dp_directory_make("the cache directory", context->cache_dir));
    DP_TRY(dp_runtime_progress(context->runtime, "tune", 0));
    DP_TRY(dp_rates_measure(context->isa, rates));
    DP_TRY(dp_runtime_progress(context->runtime, "tune", 1));
    return dp_rates_save(context->cache_dir, context->machine.cpu, context->isa, rates);
}

/* 1 where the caller's struct has the array's pointer. */
static int has_array(const dagpole_tuning *tuning) {
    return tuning && dp_sized_holds(tuning, offsetof(dagpole_tuning, coefficient) +
                                                sizeof tuning->coefficient);
}

dagpole_status dagpole_tune(dagpole_context *context, dagpole_tuning *tuning) {
    DP_DEFAULT_FLOATING;
    dp_rates rates;
    if (!context)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "context is NULL: make one with "
                                             "dagpole_context_create");
    if (tuning && !dp_sized_is_set(tuning))
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "the size of tuning is not set to sizeof(dagpole_tuning)");
    dagpole_coefficient *coefficient = dp_alloc(DP_N_RATES, sizeof *coefficient);
    if (!coefficient)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = tune(context, &rates);
    if (status == DAGPOLE_OK && tuning)
        describe(context->isa, &rates, coefficient, tuning);
    if (status != DAGPOLE_OK || !has_array(tuning))
        dp_free(coefficient);
    return status;
}

void dagpole_tuning_free(dagpole_tuning *tuning) {
    dagpole_tuning nothing = {.n = 0};
    if (!dp_sized_is_set(tuning))
        return;
    if (has_array(tuning))
        dp_free(tuning->coefficient);
    dp_sized_give(&nothing, sizeof nothing, tuning);
}
