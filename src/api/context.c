#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "base/sized.h"
#include "platform/env.h"

static dagpole_status resolve(const dagpole_context_options *options, dagpole_context_options *o) {
    dagpole_context_options_init(o);
    if (options)
        DP_TRY(dp_sized_take("context options", "call dagpole_context_options_init first", options,
                             o, sizeof *o));
    if (o->cache_dir && strlen(o->cache_dir) >= DP_PATH_BYTES)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "cache_dir is %zu bytes long: at most %d",
                       strlen(o->cache_dir), DP_PATH_BYTES - 1);
    return DAGPOLE_OK;
}

static dagpole_status check_isa(void) {
    const char *name = dp_env_isa();
    int is_known = !name;
    for (int isa = 0; name && isa < DP_N_ISA; isa++)
        is_known |= !strcmp(name, dp_isa_name((dp_isa)isa));
    if (is_known)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_BAD_ARGUMENT,
                   "DAGPOLE_ISA is '%.40s': it must be portable, avx2 or avx512", name);
}

/* Once per context, so that all its plans agree. */
static dagpole_status load_rates(dagpole_context *context) {
    char message[DP_ERROR_TEXT_BYTES];
    DP_TRY(dp_rates_load(context->cache_dir, context->machine.cpu, context->isa, message,
                         &context->rates));
    if (*message)
        dp_runtime_log(context->runtime, "%s", message);
    return DAGPOLE_OK;
}

/* why_none: "", or why there is no cache although one is wanted. */
static void choose_cache(const dagpole_context_options *o, dagpole_context *context,
                         char why_none[DP_ERROR_TEXT_BYTES]) {
    *why_none = '\0';
    if (o->cache_dir)
        snprintf(context->cache_dir, sizeof context->cache_dir, "%s", o->cache_dir);
    else if (!dp_env_cache_dir(context->cache_dir, sizeof context->cache_dir))
        snprintf(why_none, DP_ERROR_TEXT_BYTES,
                 "the default cache directory has a path of more than %d bytes", DP_PATH_BYTES - 1);
    else if (!*context->cache_dir)
        snprintf(why_none, DP_ERROR_TEXT_BYTES,
                 "there is no default cache directory, since neither XDG_CACHE_HOME nor HOME is an "
                 "absolute path");
}

static dagpole_status create(const dagpole_context_options *o, dagpole_context *context) {
    char why_none[DP_ERROR_TEXT_BYTES];
    DP_TRY(check_isa());
    DP_TRY(dp_machine_get(&context->machine));
    context->isa = dp_isa_best();
    choose_cache(o, context, why_none);
    dp_runtime_options runtime = {.threads = o->threads,
                                  .scheduler = o->scheduler,
                                  .serial = o->serial,
                                  .progress = o->progress,
                                  .progress_user = o->progress_user,
                                  .log = o->log,
                                  .log_user = o->log_user};
    DP_TRY(dp_runtime_create(&runtime, &context->runtime));
    if (*why_none)
        dp_runtime_log(context->runtime, "%s: operators are not kept", why_none);
    return load_rates(context);
}

dagpole_status dagpole_context_create(const dagpole_context_options *options,
                                      dagpole_context **context) {
    DP_DEFAULT_FLOATING;
    dagpole_context_options o;
    if (!context)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "context is NULL: it receives the new context");
    *context = NULL;
    DP_TRY(resolve(options, &o));
    dagpole_context *c = dp_alloc_zero(1, sizeof *c);
    if (!c)
        return DAGPOLE_NO_MEMORY;
    dp_context_hold(c);
    dagpole_status status = create(&o, c);
    if (status == DAGPOLE_OK)
        *context = c;
    else
        dagpole_context_destroy(c);
    return status;
}

void dp_context_hold(dagpole_context *context) {
    atomic_fetch_add(&context->n_holders, 1);
}

void dp_context_release(dagpole_context *context) {
    if (atomic_fetch_sub(&context->n_holders, 1) > 1)
        return;
    dp_runtime_destroy(context->runtime);
    dp_free(context);
}

void dagpole_context_destroy(dagpole_context *context) {
    if (!context)
        return;
    atomic_store(&context->is_closed, 1);
    dp_context_release(context);
}
