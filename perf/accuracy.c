/* The promise of digits as a table: errors as multiples of what is promised, over clouds, charges,
 * leaf sizes and instruction sets. src/model/accuracy.c is calibrated with it; expert parameters
 * may stand in for what digits choose. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Leaves of a cloud that would be summed directly are tried at this size too, times the factors. */
enum { TREE_LEAF = 240 };

/* The portable loops are tried up to so many points. */
enum { MOST_PORTABLE = 100000 };

/* A case: one kind of charges in leaves of one size. */
typedef struct found {
    const char *kind;
    double multiple;
    int n_crit;
} found;

/* Everything that is fixed in one row of the table, and what is worst there. */
typedef struct row {
    const perf_scene *scene;
    dagpole_context *context;
    dp_isa isa;
    int digits, n_above;
    found potential, gradient;
} row;

static void note(found *worst, const char *kind, double multiple, int n_crit) {
    if (!(multiple <= worst->multiple) && !isnan(worst->multiple)) /* NaN is worst */
        *worst = (found){kind, multiple, n_crit};
}

static void show(const row *r, const found *potential, const found *gradient, perf_table *t) {
    perf_row_begin(t);
    perf_word(t, "cloud", r->scene->cloud);
    perf_word(t, "kernel", r->scene->kernel);
    perf_count(t, "n", r->scene->n);
    perf_word(t, "isa", dp_isa_title(r->isa));
    perf_count(t, "digits", r->digits);
    perf_real(t, "potential_multiple", potential->multiple);
    perf_word(t, "charges", potential->kind);
    perf_count(t, "n_crit", potential->n_crit);
    perf_real(t, "gradient_multiple", gradient->multiple);
    if (potential != gradient && !r->scene->chosen->is_long) {
        perf_word(t, "its_charges", gradient->kind);
        perf_count(t, "its_n_crit", gradient->n_crit);
    }
    perf_row_end(t);
}

/* All charges in leaves of one size, 0 = chosen; returns the size. */
static int run_leaf(row *r, int n_crit, perf_table *t) {
    const perf_scene *s = r->scene;
    perf_plan p = perf_plan_create(r->context, s, r->digits, n_crit, 0); /* leaves for potentials */
    p.gradients = perf_alloc((size_t)s->n, 3 * sizeof *p.gradients);
    n_crit = perf_plan_report(&p).n_crit;
    for (int k = 0; k < s->n_kinds; k++) {
        const perf_charged *c = &s->kind[k];
        perf_plan_evaluate(&p, c);
        perf_error e = perf_error_of(c, r->digits, p.potentials, p.gradients);
        found potential = {c->kind, e.potential_multiple, n_crit};
        found gradient = {c->kind, e.gradient_multiple, n_crit};
        r->n_above += perf_is_above(&e);
        note(&r->potential, c->kind, e.potential_multiple, n_crit);
        note(&r->gradient, c->kind, e.gradient_multiple, n_crit);
        if (s->chosen->is_long)
            show(r, &potential, &gradient, t);
    }
    perf_plan_destroy(&p);
    return n_crit;
}

static int run_digits(const perf_scene *s, dagpole_context *context, dp_isa isa, int digits,
                      perf_table *t) {
    row r = {s, context, isa, digits, 0, {"", -1, 0}, {"", -1, 0}};
    double factor[PERF_LIST];
    int n = perf_numbers("leaves", s->chosen->leaves, 1e-6, 1e6, 0, factor);
    int chosen = run_leaf(&r, 0, t);
    chosen = chosen < s->n ? chosen : TREE_LEAF;
    for (int i = 0; i < n; i++)
        run_leaf(&r, (int)fmin(fmax(1, factor[i] * chosen), 100000), t);
    if (!s->chosen->is_long)
        show(&r, &r.potential, &r.gradient, t);
    return r.n_above;
}

static int visit(const perf_scene *s, perf_table *t) {
    dp_isa isa[DP_N_ISA];
    int n_above = 0, n_isas = perf_isas(s->chosen->isas, isa);
    for (int i = 0; i < n_isas; i++) {
        if (isa[i] == DP_ISA_PORTABLE && s->n > MOST_PORTABLE)
            continue;
        setenv("DAGPOLE_ISA", dp_isa_name(isa[i]), 1);
        /* One worker needs no StarPU: the results are the same. */
        dagpole_context *context = perf_context((int)s->threads[0], s->threads[0] == 1);
        for (int d = 0; d < s->n_digits; d++)
            n_above += run_digits(s, context, isa[i], (int)s->digits[d], t);
        dagpole_context_destroy(context);
    }
    return perf_is_expert(s->chosen) ? 0 : n_above;
}

int sweep_accuracy(const perf_choice *chosen, perf_table *t) {
    perf_choice o = *chosen;
    if (o.is_quick) {
        o.n = "1e4";
        o.leaves = "";
    }
    return perf_each(&o, t, visit);
}
