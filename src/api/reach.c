/* How far the targets are from the sources, and what expansions have to hold there. */
#include "api/internal.h"

#include <math.h>

enum { MOST_DIGITS = 12 };

static dp_bounds bounds_of(const dp_points *points, int64_t begin, int64_t end) {
    dp_bounds bounds = dp_bounds_empty();
    const double *const of[3] = {points->x, points->y, points->z};
    for (int d = 0; d < 3; d++)
        for (int64_t i = begin; i < end; i++) {
            bounds.low[d] = fmin(bounds.low[d], of[d][i]);
            bounds.high[d] = fmax(bounds.high[d], of[d][i]);
        }
    return bounds;
}

/* 1 where one of a leaf's targets lies closer to the bounds of a source leaf's points than an
 * eighth of that leaf is wide. */
static int is_near(const dagpole_plan *p, int32_t target, int32_t source) {
    const dp_tree *t = &p->tree;
    const double least = ldexp(t->cube.side, -t->level[source] - 3);
    const dp_bounds b = bounds_of(&p->sources, t->source_begin[source], t->source_end[source]);
    const double *const of[3] = {p->targets->x, p->targets->y, p->targets->z};
    for (int64_t j = t->target_begin[target]; j < t->target_end[target]; j++) {
        double squared = 0;
        for (int d = 0; d < 3; d++) {
            double away = fmax(0, fmax(b.low[d] - of[d][j], of[d][j] - b.high[d]));
            squared += away * away;
        }
        if (squared < least * least)
            return 1;
    }
    return 0;
}

static int has_near(const dagpole_plan *p) {
    const dp_csr *u = &p->lists.u;
    for (int32_t box = 0; box < u->n_rows; box++)
        for (int64_t k = u->offset[box]; k < u->offset[box + 1]; k++)
            if (is_near(p, box, u->index[k]))
                return 1;
    return 0;
}

/* Where every interaction is a far one, nothing near rules the norm that digits are relative to.
 * What dipoles, and charges that cancel, do has then decayed further than the error of their
 * expansions, which was cut for the nearest boxes of V lists: 5 times the promise came out where
 * targets are up to half an extent of the sources away from them, 65 times beyond
 * (tests/api/test_apart.c). Each digit more takes an order of magnitude off. */
static int more_digits(const dagpole_plan *p) {
    if (p->targets_are_sources || p->is_direct || !p->n_sources || !p->n_targets)
        return 0;
    return p->gap > 0.5 || !has_near(p) ? 2 : p->gap > 0;
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
