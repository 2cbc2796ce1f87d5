/* The promise of digits as a table: errors as multiples of what is promised, over clouds, charges,
 * leaf sizes and instruction sets. src/model/accuracy.c is calibrated with it; expert parameters
 * may stand in for what digits choose. */
#include "perf.h"

#include <math.h>
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
    int n_above;
    found potential, gradient;
} row;

static found worse(found a, found b) {
    return a.multiple >= b.multiple || isnan(a.multiple) ? a : b; /* NaN is worst */
}

static void show(const row *r, found potential, found gradient, perf_table *t) {
    perf_row_begin(t);
    perf_cells(t, WORD("cloud", r->scene->cloud), WORD("kernel", r->scene->kernel),
               COUNT("n", r->scene->n), WORD("isa", dp_isa_title(r->isa)),
               COUNT("digits", r->scene->digits), REAL("potential_multiple", potential.multiple),
               WORD("charges", potential.kind), COUNT("n_crit", potential.n_crit),
               REAL("gradient_multiple", gradient.multiple), WORD("its_charges", gradient.kind),
               COUNT("its_n_crit", gradient.n_crit));
    perf_row_end(t);
}

/* All charges in leaves of one size, 0 = chosen; returns the size. */
static int run_leaf(row *r, int n_crit, perf_table *t) {
    const perf_scene *s = r->scene;
    perf_plan p = perf_plan_create(r->context, s, n_crit, 0); /* leaves for potentials */
    p.gradients = perf_alloc((size_t)(s->n * s->widths->gradient), sizeof *p.gradients);
    n_crit = perf_plan_report(&p).n_crit;
    for (int k = 0; k < s->n_kinds; k++) {
        perf_plan_evaluate(&p, &s->kind[k]);
        perf_error e = perf_error_of(s, &s->kind[k], p.potentials, p.gradients);
        found potential = {s->kind[k].kind, e.potential_multiple, n_crit};
        found gradient = {s->kind[k].kind, e.gradient_multiple, n_crit};
        r->n_above += perf_is_above(&e);
        r->potential = worse(r->potential, potential);
        r->gradient = worse(r->gradient, gradient);
        if (s->chosen->is_long)
            show(r, potential, gradient, t);
    }
    perf_plan_destroy(&p);
    return n_crit;
}

/* Returns how many cases are above the promise. */
static int run_isa(const perf_scene *s, dp_isa isa, perf_table *t) {
    double factor[PERF_LIST];
    row r = {.scene = s, .isa = isa, .potential.multiple = -1, .gradient.multiple = -1};
    int n = perf_numbers("leaves", s->chosen->leaves, 1e-6, 1e6, 0, factor);
    setenv("DAGPOLE_ISA", dp_isa_name(isa), 1);
    r.context = perf_context(s->threads, s->threads == 1); /* one worker needs no StarPU */
    int chosen = run_leaf(&r, 0, t);
    chosen = chosen < s->n ? chosen : TREE_LEAF;
    for (int i = 0; i < n; i++)
        run_leaf(&r, (int)fmin(fmax(1, factor[i] * chosen), 100000), t);
    if (!s->chosen->is_long)
        show(&r, r.potential, r.gradient, t);
    dagpole_context_destroy(r.context);
    return r.n_above;
}

int sweep_accuracy(const perf_choice *chosen, perf_table *t) {
    dp_isa isa[DP_N_ISA];
    perf_choice o = *chosen;
    int n_above = 0, n_isas = perf_isas(o.isa, isa);
    o.has_all_kinds = 1;
    o.n = o.is_quick ? "1e4" : o.n;
    o.leaves = o.is_quick ? "" : o.leaves;
    for (perf_scene *s = NULL; (s = perf_next(&o, s)) != NULL;)
        for (int i = 0; i < n_isas; i++)
            if (isa[i] != DP_ISA_PORTABLE || s->n <= MOST_PORTABLE)
                n_above += run_isa(s, isa[i], t);
    return perf_is_expert(&o) ? 0 : n_above;
}
