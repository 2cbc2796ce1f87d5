/* How far the targets are from the sources, and what expansions have to hold there. */
#include "api/internal.h"

enum { MOST_DIGITS = 12 };

/* Where every interaction is a far one, nothing near rules the norm that digits are relative to.
 * What dipoles, and charges that cancel, do has then decayed further than the error of their
 * expansions, which was cut for the nearest boxes of V lists: 5 times the promise came out where
 * targets are up to half an extent of the sources away from them, 65 times beyond
 * (tests/api/test_apart.c). Each digit more takes an order of magnitude off. */
static int more_digits(const dagpole_plan *p) {
    const dp_csr *u = &p->lists.u;
    if (p->targets_are_sources || p->is_direct || !p->n_sources || !p->n_targets)
        return 0;
    return p->gap > 0.5 || u->offset[u->n_rows] == 0 ? 2 : p->gap > 0;
}

static int has_parameters_of(const dagpole_plan_options *o, const dagpole_plan_options *of) {
    return o->p == of->p && o->tolerance == of->tolerance && o->svd_cutoff == of->svd_cutoff;
}

static dagpole_status resolve(const dagpole_plan *p, int digits, dagpole_plan_options *o) {
    *o = p->options;
    o->digits = digits;
    o->p = 0;
    o->tolerance = o->svd_cutoff = 0;
    return dp_options_resolve(o, o);
}

static void take_parameters(dagpole_plan *p, const dagpole_plan_options *of) {
    p->digits = of->digits;
    p->options.p = of->p;
    p->options.tolerance = of->tolerance;
    p->options.svd_cutoff = of->svd_cutoff;
}

dagpole_status dp_plan_settle_digits(dagpole_plan *p) {
    int digits = p->options.digits, more = digits + more_digits(p);
    dagpole_plan_options given = p->options, usual, fine;
    more = more < MOST_DIGITS ? more : MOST_DIGITS;
    if (p->user || more == digits)
        return DAGPOLE_OK;
    DP_TRY(resolve(p, digits, &usual));
    DP_TRY(resolve(p, more, &fine));
    /* An expert's are kept, but for those of a report of such a plan. */
    if (!has_parameters_of(&p->options, &usual) && !has_parameters_of(&p->options, &fine))
        return DAGPOLE_OK;
    take_parameters(p, &fine);
    dp_operators_request request = dp_plan_operators_request(p);
    if (dp_check_waves(&fine, &p->tree.cube, &request) != DAGPOLE_OK) /* too short for more */
        take_parameters(p, &given);
    else
        dp_runtime_log(p->context->runtime,
                       "all targets are away from the sources: expansions are of %d digits",
                       p->digits);
    return DAGPOLE_OK;
}

dp_accuracy dp_plan_accuracy(const dagpole_plan *p) {
    dagpole_plan_options o = p->options;
    o.digits = p->digits;
    return dp_options_accuracy(&o);
}
