/* What a plan says that it computes, against counts from its lists. */
#include <math.h>

#include "api/internal.h"
#include "suite.h"

enum { N_OPS = DAGPOLE_N_OPERATORS };

typedef struct counts {
    double pairs[N_OPS], flops[N_OPS];
    int32_t home, block; /* of the last leaf with L2P */
} counts;

static double matrix_flops(int m, int n) {
    return 2.0 * m * n;
}

/* n points with a surface, `columns` times through its matrices. */
static void add_surface(counts *c, int op, const dp_surface_sums *s, int64_t n, int columns) {
    c->pairs[op] += (double)n * dp_surface_points(s);
    for (int a = 0; a < DP_N_PARITIES; a++) /* to_expansion has rows of zeros */
        c->flops[op] += columns * matrix_flops(s->from_expansion[a].m, s->from_expansion[a].n);
}

/* Of a plan whose interactions are all at hand. */
static void count_box(const dp_problem *p, const dp_blocks *blocks, const dp_interactions *in,
                      int32_t box, counts *c) {
    const dp_tree *t = p->tree;
    const dp_csr *v = &p->lists->v;
    int level = t->level[box], k = dp_expansion_size(p, level);
    int64_t n_sources = dp_n_sources(t, box), n_targets = dp_n_targets(t, box), n_x = 0;
    for (int64_t i = v->offset[box]; k && i < v->offset[box + 1]; i++)
        c->flops[DAGPOLE_M2L] += dp_m2l_flops(dp_set_of(p, box), v->label[i] / 8);
    for (int64_t i = in->x.offset[box]; i < in->x.offset[box + 1]; i++)
        n_x += dp_n_sources(t, in->x.index[i]);
    if (n_x)
        add_surface(c, DAGPOLE_P2L, &dp_set_of(p, box)->inner, n_x, 1);
    for (int64_t i = in->w.offset[box]; i < in->w.offset[box + 1]; i++)
        add_surface(c, DAGPOLE_M2P, &dp_set_of(p, in->w.index[i])->inner, n_targets, 1);
    for (int64_t i = in->near.offset[box]; i < in->near.offset[box + 1]; i++)
        c->pairs[DAGPOLE_P2P] += (double)n_targets * (double)dp_n_sources(t, in->near.index[i]);
    int32_t parent = t->parent[box];
    int k_parent = parent >= 0 ? dp_expansion_size(p, t->level[parent]) : 0;
    if (k_parent && n_sources)
        c->flops[DAGPOLE_M2M] += matrix_flops(k_parent, k);
    if (k_parent && n_targets && dp_has_local(blocks, parent))
        c->flops[DAGPOLE_L2L] += matrix_flops(k, k_parent);
    if (!dp_tree_is_leaf(t, box))
        return;
    if (n_sources && k)
        add_surface(c, DAGPOLE_P2M, &dp_set_of(p, box)->outer, n_sources, 1);
    /* A task takes the local of each home once. */
    int32_t home = dp_local_of(in, box), block = blocks->of_box[box];
    if (n_targets && dp_has_local(blocks, home)) {
        add_surface(c, DAGPOLE_L2P, &dp_set_of(p, home)->outer, n_targets,
                    home != c->home || block != c->block);
        c->home = home;
        c->block = block;
    }
}

static void count(const dagpole_plan *plan, counts *c) {
    dp_problem p = plan->graph->problem;
    dp_lists lists;
    dp_interactions in;
    ck_assert_int_eq(dp_plan_lists(&dp_team_serial, plan, &lists), DAGPOLE_OK);
    p.lists = &lists;
    ck_assert_int_eq(dp_interactions_build(&dp_team_serial, &p, &in), DAGPOLE_OK);
    *c = (counts){.home = DP_NO_BOX};
    for (int32_t box = 0; box < p.tree->n_boxes; box++)
        count_box(&p, &plan->graph->layout.blocks, &in, box, c);
    dp_interactions_free(&in);
    dp_lists_free(&lists);
}

static dagpole_context *make_context(void) {
    dagpole_context_options options;
    dagpole_context *context;
    dagpole_context_options_init(&options);
    options.serial = 1;
    ck_assert_int_eq(dagpole_context_create(&options, &context), DAGPOLE_OK);
    return context;
}

static void check_counts(const char *distribution, int n_targets, int n_crit) {
    dagpole_context *context = make_context();
    dagpole_cloud cloud, targets;
    dagpole_plan *plan;
    dagpole_plan_options options;
    dagpole_arithmetic a = {.size = sizeof a};
    counts c;
    ck_assert_int_eq(dagpole_cloud_generate(distribution, 6000, 1, "mixed", &cloud), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_cloud_generate("sphere", 4000, 2, "unit", &targets), DAGPOLE_OK);
    dagpole_plan_options_init(&options);
    options.digits = 4;
    options.n_crit = n_crit;
    ck_assert_int_eq(dagpole_plan_create(context, &options, cloud.n_sources, cloud.sources,
                                         n_targets, n_targets ? targets.sources : NULL, &plan),
                     DAGPOLE_OK);
    ck_assert_int_eq(dagpole_plan_arithmetic(plan, 0, &a), DAGPOLE_OK);
    count(plan, &c);
    ck_assert(a.flop_rate > 1e6 && a.near_rate > 1e5 && a.to_surface_rate > 1e5 &&
              a.from_surface_rate > 1e5);
    for (int op = 0; op < N_OPS; op++) {
        double rate = op == DAGPOLE_P2P                        ? a.near_rate
                      : op == DAGPOLE_P2M || op == DAGPOLE_P2L ? a.to_surface_rate
                                                               : a.from_surface_rate;
        double seconds = c.pairs[op] / rate + c.flops[op] / a.flop_rate;
        ck_assert_msg(a.pairs[op] == c.pairs[op] && a.flops[op] == c.flops[op],
                      "%s: %s: %.0f pairs instead of %.0f, %.0f flops instead of %.0f",
                      distribution, dagpole_operator_name((dagpole_operator)op), a.pairs[op],
                      c.pairs[op], a.flops[op], c.flops[op]);
        ck_assert(fabs(a.roof_s[op] - seconds) <= 1e-9 * seconds);
        ck_assert((a.pairs[op] + a.flops[op] > 0) <= (a.model_s[op] > 0));
    }
    for (int op = N_OPS; op < DAGPOLE_OPERATORS_ROOM; op++)
        ck_assert(a.pairs[op] == 0 && a.flops[op] == 0 && a.roof_s[op] == 0 && a.model_s[op] == 0);
    dagpole_plan_destroy(plan);
    dagpole_cloud_free(&targets);
    dagpole_cloud_free(&cloud);
    dagpole_context_destroy(context);
}

START_TEST(counts_are_those_of_the_lists) {
    check_counts("cube", 0, 30);
    check_counts("plummer", 0, 20);
    check_counts("graded", 0, 20);
    check_counts("plummer", 4000, 20);
}
END_TEST

/* Expected of the first evaluation: the model's. Of the second: what the first took, where the near
 * field alone teaches nothing. */
START_TEST(estimates_follow_evaluations) {
    dagpole_context *context = make_context();
    dagpole_cloud cloud;
    dagpole_plan *plan;
    dagpole_arithmetic a = {.size = sizeof a};
    dagpole_report first = {.size = sizeof first};
    ck_assert_int_eq(dagpole_cloud_generate("plummer", 6000, 1, "mixed", &cloud), DAGPOLE_OK);
    double *potentials = malloc((size_t)cloud.n_sources * sizeof *potentials), one;
    int64_t target = 0;
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    options.n_crit = 20;
    ck_assert_int_eq(
        dagpole_plan_create(context, &options, cloud.n_sources, cloud.sources, 0, NULL, &plan),
        DAGPOLE_OK);
    ck_assert_int_eq(dagpole_plan_evaluate(plan, cloud.charges, potentials, NULL), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_plan_report(plan, &first), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_plan_arithmetic(plan, 0, &a), DAGPOLE_OK);
    for (int op = 0; op < N_OPS; op++)
        ck_assert(fabs(a.expected_s[op] - a.model_s[op]) <= 1e-5 * a.model_s[op]);
    ck_assert_int_eq(dagpole_plan_near_sums(plan, cloud.charges, 1, &target, &one, NULL),
                     DAGPOLE_OK);
    ck_assert_int_eq(dagpole_plan_evaluate(plan, cloud.charges, potentials, NULL), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_plan_arithmetic(plan, 0, &a), DAGPOLE_OK);
    for (int op = 0; op < N_OPS; op++)
        ck_assert_msg(fabs(a.expected_s[op] - first.operator_s[op]) <= 1e-5 * first.operator_s[op],
                      "%s: %g s expected, %g s taken before",
                      dagpole_operator_name((dagpole_operator)op), a.expected_s[op],
                      first.operator_s[op]);
    dagpole_plan_destroy(plan);
    free(potentials);
    dagpole_cloud_free(&cloud);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(bad_arguments_are_refused) {
    dagpole_context *context = make_context();
    dagpole_plan *plan;
    dagpole_arithmetic a = {.size = sizeof a};
    double point[3] = {0, 0, 0};
    ck_assert_int_eq(dagpole_plan_create(context, NULL, 1, point, 0, NULL, &plan), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_plan_arithmetic(NULL, 0, &a), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_plan_arithmetic(plan, 0, NULL), DAGPOLE_BAD_ARGUMENT);
    a.size = 0;
    ck_assert_int_eq(dagpole_plan_arithmetic(plan, 0, &a), DAGPOLE_BAD_ARGUMENT);
    a.size = sizeof a;
    ck_assert_int_eq(dagpole_plan_arithmetic(plan, 1, &a), DAGPOLE_OK);
    ck_assert_double_eq(a.pairs[DAGPOLE_P2P], 1);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("arithmetic", 120, counts_are_those_of_the_lists, estimates_follow_evaluations,
           bad_arguments_are_refused)
