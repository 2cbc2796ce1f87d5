/* Which p and which cut of the pseudo-inverse a kernel of the caller's needs: equivalent surfaces
 * are tried before operators are built, and these once they are there. */
#include <math.h>

#include "api/user.h"
#include "operators/probe.h"

/* Errors that are allowed, in units of 10^-digits, of what a level gives in a sum over all. Those
 * of a surface alone are smaller than those of P2M ... L2P together, and gradients are relative to
 * the far field's. What is known to hold the digits reaches 0.15, 0.5 and 11 of them, and what just
 * misses them 0.6, 1.1 and 23. Of second derivatives 4 to 12 hold them easily and 92 just misses,
 * of dipoles' potentials 1.5 holds and 2.9 misses, of their gradients 22 holds and 66 just misses
 * (on lattices of 20^3 equal or random charges and dipoles, leaves of 8; Laplace's kernel and a
 * medium with A = diag(2, 1, 1)). Rows: of charges and of dipoles, by order of derivatives. */
#define SURFACE_ERROR 0.3
static const double chain_error[2][DP_CHAIN_ERRORS] = {{0.7, 20, 60}, {2, 30}};

/* An even p, as the table's (model/accuracy.c). */
enum { MOST_P = 20, STEP_P = 2 };

/* There is hope as long as a step makes an error less than this share of what it was. */
#define PROGRESS 0.5

/* Steps of p without progress that surfaces may take. */
enum { PATIENCE = 2 };

#define LARGEST_CUT 1e-6

/* What the error of a level counts: its share of a sum over all of space, of charges of one sign or
 * of random ones, whichever is larger. Points are as dense everywhere. A homogeneous kernel has the
 * same operators on all levels. Within reach of P2P are 27 boxes, where a V list has 189. */
static void weigh(const dagpole_plan *p, const dp_user_survey *s, double weight[DP_MAX_DEPTH + 1]) {
    int depth = p->tree.depth;
    double one_sign = s->near_size * 27 / 189, random = s->near_size * sqrt(27. / 189);
    double most = 0;
    for (int level = DP_FIRST_LEVEL; level <= depth; level++) {
        double boxes = ldexp(1, 3 * (depth - level));
        one_sign += boxes * s->size[level];
        random = hypot(random, sqrt(boxes) * s->size[level]);
    }
    for (int level = DP_FIRST_LEVEL; level <= depth; level++) {
        double boxes = ldexp(1, 3 * (depth - level)), size = s->size[level];
        weight[level] = size > 0 ? fmax(boxes * size / one_sign, size * sqrt(boxes) / random) : 0;
        most = fmax(most, weight[level]);
    }
    for (int level = DP_FIRST_LEVEL; p->kernel->is_homogeneous && level <= depth; level++)
        weight[level] = most;
}

/* The search for a p and a cut, and the best that was met. */
typedef struct search {
    dagpole_plan *plan;
    double weight[DP_MAX_DEPTH + 1];
    int n_cuts;
    double cut[DP_PROBE_CUTS];
    double error[DP_PROBE_CUTS]; /* with this p, of the worst level, weighted */
    int worst_level, best_p, best_level;
    double best_error, best_cut;
} search;

/* NaN is the worst. */
static double worse_of(double a, double b) {
    return isnan(a) || isnan(b) ? INFINITY : fmax(a, b);
}

static double half_side(const dagpole_plan *p, int level) {
    return 0.5 * dp_cube_side(&p->tree.cube, level);
}

static void list_cuts(search *s) {
    s->n_cuts = 0;
    for (double cut = s->plan->options.svd_cutoff;
         s->n_cuts < DP_PROBE_CUTS && (s->n_cuts == 0 || cut <= 1.001 * LARGEST_CUT); cut *= 10)
        s->cut[s->n_cuts++] = cut;
    if (s->plan->keeps_cutoff)
        s->n_cuts = 1;
}

/* The first cut that holds the digits, or else the best one. */
static int choose_cut(const search *s, double allowed) {
    int best = 0;
    for (int c = 0; c < s->n_cuts; c++) {
        if (s->error[c] <= allowed)
            return c;
        if (!(s->error[c] >= s->error[best]))
            best = c;
    }
    return best;
}

static dagpole_status try_level(search *s, const dp_surface *surface, int level) {
    const dagpole_plan *p = s->plan;
    dp_probe probe;
    double lambda = p->kernel->is_homogeneous ? 0 : half_side(p, level) * p->user->unit;
    DP_TRY(dp_probe_surfaces(surface, p->kernel, lambda, s->n_cuts, s->cut, &probe));
    for (int c = 0; c < s->n_cuts; c++)
        s->error[c] = worse_of(s->error[c], s->weight[level] * probe.error[c]);
    s->worst_level = level;
    return DAGPOLE_OK;
}

/* All levels with one p, from the finest on, as long as there is hope. */
static dagpole_status try_levels(search *s, const dp_surface *surface, double allowed) {
    int first = s->plan->kernel->is_homogeneous ? s->plan->tree.depth : DP_FIRST_LEVEL;
    for (int c = 0; c < s->n_cuts; c++)
        s->error[c] = 0;
    for (int level = s->plan->tree.depth; level >= first; level--) {
        DP_TRY(try_level(s, surface, level));
        if (!(s->error[choose_cut(s, allowed)] <= allowed))
            return DAGPOLE_OK;
    }
    return DAGPOLE_OK;
}

static dagpole_status try_p(search *s, int p, double allowed) {
    dp_surface *surface;
    DP_TRY(dp_surface_create(p, 0, &surface));
    dagpole_status status = try_levels(s, surface, allowed);
    dp_surface_destroy(surface);
    return status;
}

static dagpole_status refuse(const dagpole_plan *p, const char *what, double error, double allowed,
                             int edge, double cut, int level) {
    const dagpole_plan_options *o = &p->options;
    double digits = o->digits - log10(error / allowed);
    return dp_fail(DAGPOLE_UNSUPPORTED,
                   "expansions of user_kernel hold %.1f digits in %s, of %d that are asked for: in "
                   "boxes with a side of %.4g, with p = %d and svd_cutoff = %.1g, %s (they are for "
                   "kernels that solve an elliptic equation where there are no charges)",
                   digits > 0 ? digits : 0, what, o->digits,
                   2 * half_side(p, level) * p->user->unit, edge, cut,
                   p->keeps_p ? "as the options say" : "the best of what was tried");
}

/* Surfaces are tried with charges' potentials. For dipoles and second derivatives p begins at what
 * takes a digit more (model/accuracy.c). */
static dagpole_status settle(search *s) {
    dagpole_plan_options *o = &s->plan->options;
    double allowed = SURFACE_ERROR * pow(10, -o->digits);
    s->best_error = INFINITY;
    for (int p = o->p, n_idle = 0; n_idle <= PATIENCE; p += STEP_P) {
        DP_TRY(try_p(s, p, allowed));
        int c = choose_cut(s, allowed);
        n_idle = s->error[c] < PROGRESS * s->best_error ? 0 : n_idle + 1;
        if (s->error[c] < s->best_error) {
            s->best_error = s->error[c];
            s->best_p = p;
            s->best_level = s->worst_level;
            s->best_cut = s->cut[c];
        }
        if (s->error[c] <= allowed) {
            o->p = p;
            o->svd_cutoff = s->cut[c];
            return DAGPOLE_OK;
        }
        if (s->plan->keeps_p || p + STEP_P > MOST_P)
            break;
    }
    return refuse(s->plan, "potentials", s->best_error, allowed, s->best_p, s->best_cut,
                  s->best_level);
}

static int has_far_field(const dagpole_plan *p) {
    return !p->is_direct && p->tree.depth >= DP_FIRST_LEVEL;
}

dagpole_status dp_plan_settle_user(dagpole_plan *p, dp_user_survey *survey) {
    p->user->unit = ldexp(1, p->tree.cube.exponent);
    DP_TRY(dp_user_check(p->user, &p->tree.cube, p->tree.depth, p->options.digits, survey));
    p->user->kernel.has_permutations = survey->has_permutations;
    if (!has_far_field(p))
        return DAGPOLE_OK;
    search s = {.plan = p};
    weigh(p, survey, s.weight);
    list_cuts(&s);
    return settle(&s);
}

/* ---- the operators --------------------------------------------------------------------------- */

/* The worst of the levels and of what is carried and wanted, in units of what is allowed. */
typedef struct verdict {
    double error;
    int level, has_dipoles, order;
} verdict;

static const char *name_of(const verdict *v) {
    static const char *const names[2][DP_CHAIN_ERRORS] = {
        {"potentials", "gradients", "second derivatives"},
        {"potentials of dipoles", "gradients of dipoles"}};
    return names[v->has_dipoles][v->order];
}

/* The operators of a level, and those of the next one down where it has them. */
static dp_chain chain_of(const dagpole_plan *p, int level, int is_deep) {
    const dp_operators *o = p->operators;
    return (dp_chain){.set = o->level[level],
                      .fine = is_deep ? o->level[level + 1] : NULL,
                      .between = is_deep ? o->below[level] : NULL,
                      .offsets = &o->offsets,
                      .half = half_side(p, level)};
}

/* All results that the plan can be asked for. */
static int sums_of(const dagpole_plan *p, int has_dipoles) {
    const dagpole_user_kernel *k = &p->user->given;
    if (has_dipoles)
        return k->hessians ? DP_GRADIENT : DP_POTENTIAL;
    return p->options.hessians ? DP_HESSIAN : k->gradients ? DP_GRADIENT : DP_POTENTIAL;
}

static void judge_carried(const dagpole_plan *p, const dp_chain *chain, double unit, int level,
                          int has_dipoles, dp_scratch *scratch, double *work, verdict *v) {
    double errors[DP_CHAIN_ERRORS];
    dp_probe_chain(chain, has_dipoles, sums_of(p, has_dipoles), scratch, work, errors);
    for (int order = 0; order < DP_CHAIN_ERRORS; order++) {
        if (!errors[order])
            continue; /* not wanted */
        double error = errors[order] / (unit * chain_error[has_dipoles][order]);
        if (error > v->error)
            *v = (verdict){error, level, has_dipoles, order};
    }
}

static dagpole_status judge(const dagpole_plan *p, double weight, int level, int is_deep,
                            dp_scratch *scratch, verdict *v) {
    double unit = pow(10, -p->options.digits) / weight;
    dp_chain chain = chain_of(p, level, is_deep);
    double *work = dp_alloc(dp_probe_chain_work(&chain), sizeof *work);
    if (!work)
        return DAGPOLE_NO_MEMORY;
    if (p->shape.has_charges)
        judge_carried(p, &chain, unit, level, 0, scratch, work, v);
    if (p->shape.has_dipoles)
        judge_carried(p, &chain, unit, level, 1, scratch, work, v);
    dp_free(work);
    return scratch->user->failure.is_set ? dp_user_report(scratch->user, NULL, NULL) : DAGPOLE_OK;
}

/* Levels of a homogeneous kernel are alike: of these two are enough. */
static dagpole_status judge_levels(const dagpole_plan *p, const double *weight, dp_scratch *scratch,
                                   verdict *v) {
    int depth = p->tree.depth, first = p->kernel->is_homogeneous ? depth - 1 : DP_FIRST_LEVEL;
    for (int level = first < DP_FIRST_LEVEL ? DP_FIRST_LEVEL : first; level <= depth; level++) {
        if (!p->operators->level[level])
            continue;
        DP_TRY(judge(p, weight[level], level, 0, scratch, v));
        if (level < depth)
            DP_TRY(judge(p, weight[level], level, 1, scratch, v));
    }
    return DAGPOLE_OK;
}

static dagpole_status judge_all(const dagpole_plan *p, const double *weight, verdict *v) {
    dp_scratch scratch;
    *v = (verdict){.level = p->tree.depth};
    DP_TRY(dp_scratch_create(p->operators, 0, &scratch));
    dagpole_status status = judge_levels(p, weight, &scratch, v);
    dp_scratch_free(&scratch);
    return status;
}

dagpole_status dp_plan_prove_user(dagpole_plan *p, dp_user_survey *survey, int *is_good) {
    double weight[DP_MAX_DEPTH + 1];
    verdict v;
    *is_good = 1;
    if (!has_far_field(p))
        return DAGPOLE_OK;
    weigh(p, survey, weight);
    DP_TRY(judge_all(p, weight, &v));
    double worst = v.error;
    *is_good = worst <= 1;
    if (*is_good)
        return DAGPOLE_OK;
    if (p->keeps_p || p->options.p + STEP_P > MOST_P ||
        (survey->error > 0 && !(worst < PROGRESS * survey->error)))
        return refuse(p, name_of(&v), worst, 1, p->options.p, p->options.svd_cutoff, v.level);
    survey->error = worst;
    p->options.p += STEP_P;
    return DAGPOLE_OK;
}
