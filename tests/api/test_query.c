/* Looking into a plan. */
#include "plans.h"

enum { N = 1500 };

/* A plan that was evaluated once, and its caller's arrays. */
typedef struct scene {
    dagpole_context *context;
    dagpole_plan *plan;
    int64_t n_targets;
    double *sources, *targets, *charges, *potentials;
    int64_t *source_order, *target_order;
    dagpole_report report;
} scene;

/* has_targets: a cloud of its own, beside the sources. */
static scene open_scene(cloud kind, int has_targets) {
    scene s = {.context = open_serial(), .n_targets = has_targets ? N / 2 : N};
    s.sources = cloud_make(kind, N, 5);
    s.targets = has_targets ? cloud_make(kind, N, 6) : s.sources;
    for (int i = 0; has_targets && i < 3 * N; i++)
        s.targets[i] = 0.8 + 0.6 * s.targets[i];
    s.charges = make_charges(N, 3);
    s.potentials = make_results(s.n_targets);
    s.source_order = malloc(sizeof(int64_t) * N);
    s.target_order = malloc(sizeof(int64_t) * N);
    s.plan = open_plan(s.context, quick_options(0), N, s.sources, has_targets ? N / 2 : 0,
                       has_targets ? s.targets : NULL);
    must(dagpole_plan_evaluate(s.plan, s.charges, s.potentials, NULL));
    must(dagpole_plan_order(s.plan, s.source_order, s.target_order));
    s.report = report_of(s.plan);
    return s;
}

static void close_scene(scene *s) {
    dagpole_plan_destroy(s->plan);
    dagpole_context_destroy(s->context);
    if (s->targets != s->sources)
        free(s->targets);
    free(s->sources);
    free(s->charges);
    free(s->potentials);
    free(s->source_order);
    free(s->target_order);
}

/* CLOUD_CLUMP holds identical points: the tree has unique ones, queries speak of the caller's. */
static const cloud kinds[] = {CLOUD_CUBE, CLOUD_SPHERE, CLOUD_LOG_RADIAL, CLOUD_CLUSTER,
                              CLOUD_CLUMP};
enum { N_QUERIED = 10 };

static scene open_queried(int i) {
    return open_scene(kinds[i / 2], i % 2);
}

static dagpole_box box_of(const dagpole_plan *plan, int64_t index) {
    dagpole_box box = {.size = sizeof box};
    must(dagpole_plan_box(plan, index, &box));
    ck_assert_int_eq(box.index, index);
    return box;
}

static void check_order(int64_t n, const int64_t *order) {
    char seen[N] = {0};
    for (int64_t i = 0; i < n; i++) {
        EXPECT(order[i] >= 0 && order[i] < n && !seen[order[i]]);
        seen[order[i]] = 1;
    }
}

START_TEST(orders_are_permutations) {
    scene s = open_queried(_i), clump = open_scene(CLOUD_CLUMP, 0);
    check_order(N, s.source_order);
    check_order(s.n_targets, s.target_order);
    check_order(N, clump.source_order); /* copies included */
    check_order(N, clump.target_order);
    must(dagpole_plan_order(s.plan, NULL, NULL));
    close_scene(&s);
    close_scene(&clump);
}
END_TEST

static void check_inside(const dagpole_box *box, const double *points, const int64_t *order,
                         int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
        for (int d = 0; d < 3; d++)
            EXPECT(fabs(points[3 * order[i] + d] - box->centre[d]) <= 0.5 * box->side);
}

#define KEY_BITS (UINT64_MAX >> 1) /* of a key that lie in a box's */

static void check_family(const scene *s, const dagpole_box *box) {
    int64_t source = box->source_begin, target = box->target_begin;
    for (int64_t i = 0; i < box->n_children; i++) {
        dagpole_box child = box_of(s->plan, box->first_child + i);
        EXPECT(child.parent == box->index && child.level == box->level + 1);
        EXPECT((child.morton & KEY_BITS) >> 3 == (box->morton & KEY_BITS >> 3) &&
               child.side == 0.5 * box->side);
        EXPECT(child.source_begin == source && child.target_begin == target);
        source = child.source_end;
        target = child.target_end;
        for (int d = 0; d < 3; d++) {
            int is_upper = child.morton >> (2 - d) & 1;
            EXPECT(child.anchor[d] == 2 * box->anchor[d] + is_upper);
            double at = box->centre[d] + (is_upper ? 0.25 : -0.25) * box->side;
            EXPECT(child.centre[d] == at);
        }
    }
    EXPECT(box->is_leaf == (box->n_children == 0));
    EXPECT(box->is_leaf == (box->first_child == -1));
    if (!box->is_leaf)
        EXPECT(source == box->source_end && target == box->target_end);
}

START_TEST(boxes_hold_their_points) {
    scene s = open_queried(_i);
    dagpole_box root = box_of(s.plan, 0), before = root;
    int64_t n_leaves = 0;
    int depth = 0;
    ck_assert(root.level == 0 && root.morton == 0 && root.parent == -1);
    ck_assert(root.source_begin == 0 && root.source_end == N);
    ck_assert(root.target_begin == 0 && root.target_end == s.n_targets);
    ck_assert_double_eq(root.side, s.report.root_side);
    for (int d = 0; d < 3; d++)
        ck_assert_double_eq(root.centre[d], s.report.root_corner[d] + 0.5 * root.side);
    for (int64_t i = 0; i < s.report.n_boxes; i++) {
        dagpole_box box = box_of(s.plan, i);
        int64_t found;
        check_family(&s, &box);
        check_inside(&box, s.sources, s.source_order, box.source_begin, box.source_end);
        check_inside(&box, s.targets, s.target_order, box.target_begin, box.target_end);
        EXPECT(i == 0 || box.level > before.level ||
               (box.level == before.level && box.morton > before.morton));
        must(dagpole_plan_find_box(s.plan, box.level, box.anchor, &found));
        EXPECT(found == i);
        n_leaves += box.is_leaf;
        depth = box.level;
        before = box;
    }
    ck_assert_int_eq(n_leaves, s.report.n_leaves);
    ck_assert_int_eq(depth, s.report.depth);
    close_scene(&s);
}
END_TEST

START_TEST(boxes_that_are_not_there_are_not_found) {
    scene s = open_scene(CLOUD_SPHERE, 0);
    int64_t index, n_found = 0;
    for (int64_t i = 0; i < 512; i++) {
        int64_t at[3] = {i / 64, i / 8 % 8, i % 8};
        must(dagpole_plan_find_box(s.plan, 3, at, &index));
        n_found += index >= 0;
        for (int d = 0; d < 3 && index >= 0; d++)
            ck_assert_int_eq(box_of(s.plan, index).anchor[d], at[d]);
    }
    ck_assert_int_gt(n_found, 50);
    ck_assert_int_lt(n_found, 512);
    must(dagpole_plan_find_box(s.plan, 1, (int64_t[]){0, 2, 0}, &index));
    ck_assert_int_eq(index, -1);
    must(dagpole_plan_find_box(s.plan, 1, (int64_t[]){0, 0, -1}, &index));
    ck_assert_int_eq(index, -1);
    must(dagpole_plan_find_box(s.plan, 42, (int64_t[]){0, 0, 0}, &index));
    ck_assert_int_eq(index, -1);
    close_scene(&s);
}
END_TEST

static double norm(int64_t n, const double *x) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

/* Levels 0 and 1 carry no far field. Below, boxes with sources have multipoles. */
START_TEST(expansions_and_potentials_of_boxes) {
    scene s = open_queried(_i);
    int64_t k = s.report.expansion_size, n_locals = 0, n_targets = 0;
    double *multipole = make_results(k), *local = make_results(k),
           *values = make_results(N + s.n_targets);
    for (int64_t i = 0; i < s.report.n_boxes; i++) {
        dagpole_box box = box_of(s.plan, i);
        must(dagpole_plan_expansions(s.plan, i, multipole, local, values));
        EXPECT((norm(k, multipole) > 0) == (box.level > 1 && box.source_end > box.source_begin));
        EXPECT(box.level > 1 || norm(k, local) == 0);
        EXPECT(box.target_end > box.target_begin || norm(k, local) == 0);
        n_locals += norm(k, local) > 0;
        for (int64_t t = box.target_begin; t < box.target_end; t++) {
            EXPECT(values[t - box.target_begin] == s.potentials[s.target_order[t]]);
            n_targets += box.is_leaf;
        }
    }
    ck_assert_int_eq(n_targets, s.n_targets);
    ck_assert_int_gt(n_locals, 0);
    must(dagpole_plan_expansions(s.plan, 0, NULL, NULL, NULL));
    free(multipole);
    free(local);
    free(values);
    close_scene(&s);
}
END_TEST

/* Twice the charges, twice the expansions. */
START_TEST(expansions_are_those_of_the_last_evaluation) {
    scene s = open_scene(CLOUD_CUBE, 0);
    int64_t k = s.report.expansion_size, last = s.report.n_boxes - 1;
    double *e[4];
    for (int i = 0; i < 4; i++)
        e[i] = make_results(k);
    must(dagpole_plan_expansions(s.plan, last, e[0], e[1], NULL));
    for (int i = 0; i < N; i++)
        s.charges[i] *= 2;
    must(dagpole_plan_evaluate(s.plan, s.charges, s.potentials, NULL));
    must(dagpole_plan_expansions(s.plan, last, e[2], e[3], NULL));
    for (int64_t i = 0; i < k; i++) {
        ck_assert_double_eq(e[2][i], 2 * e[0][i]);
        ck_assert_double_eq(e[3][i], 2 * e[1][i]);
    }
    for (int i = 0; i < 4; i++)
        free(e[i]);
    close_scene(&s);
}
END_TEST

/* Leaves that hold everything are all near. */
START_TEST(near_field_of_one_leaf_is_everything) {
    enum { FEW = 60 };
    dagpole_context *context = open_serial();
    dagpole_plan_options options = quick_options(0);
    double *points = cloud_make(CLOUD_CLUMP, FEW, 5), *charges = make_charges(FEW, 3);
    double near[4 * FEW], all[4 * FEW];
    int64_t targets[FEW];
    options.n_crit = 1000;
    options.digits = 12;
    for (int i = 0; i < FEW; i++)
        targets[i] = FEW - 1 - i;
    dagpole_plan *plan = open_plan(context, options, FEW, points, 0, NULL);
    must(dagpole_plan_near_field(plan, charges, FEW, targets, near, near + FEW));
    must(dagpole_plan_evaluate(plan, charges, all, all + FEW));
    for (int i = 0; i < FEW; i++) {
        int j = FEW - 1 - i;
        ck_assert_double_eq_tol(near[i], all[j], 1e-8 * all[j]);
        for (int d = 0; d < 3; d++)
            ck_assert_double_eq_tol(near[FEW + 3 * i + d], all[FEW + 3 * j + d], 1e-6);
    }
    must(dagpole_plan_near_field(plan, charges, FEW, targets, NULL, NULL));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
}
END_TEST

/* Positive charges: the near field is a part of the whole, and contains the leaf's own points. It
 * may be empty where targets lie apart. */
START_TEST(near_field_is_a_part) {
    scene s = open_queried(_i);
    int64_t target[] = {0, s.n_targets / 2, s.n_targets - 1};
    double near[3];
    must(dagpole_plan_near_field(s.plan, s.charges, 3, target, near, NULL));
    for (int i = 0; i < 3; i++) {
        ck_assert(near[i] > 0 || s.targets != s.sources);
        ck_assert_double_lt(near[i], 0.999 * s.potentials[target[i]]);
    }
    for (int64_t b = 0; b < s.report.n_boxes; b++) {
        dagpole_box box = box_of(s.plan, b);
        if (!box.is_leaf || box.target_end == box.target_begin)
            continue;
        int64_t t = s.target_order[box.target_begin];
        double sum = 0;
        for (int64_t i = box.source_begin; i < box.source_end; i++) {
            const double *p = s.sources + 3 * s.source_order[i], *q = s.targets + 3 * t;
            double r = hypot(hypot(p[0] - q[0], p[1] - q[1]), p[2] - q[2]);
            sum += r > 0 ? s.charges[s.source_order[i]] / (4 * M_PI * r) : 0;
        }
        must(dagpole_plan_near_field(s.plan, s.charges, 1, &t, near, NULL));
        EXPECT(near[0] >= sum * (1 - 1e-12));
    }
    close_scene(&s);
}
END_TEST

START_TEST(plans_pass_their_check) {
    scene s = open_queried(_i);
    must(dagpole_plan_check(s.plan, 0));
    must(dagpole_plan_check(s.plan, 1));
    close_scene(&s);
}
END_TEST

START_TEST(reports_are_sane) {
    scene s = open_queried(_i);
    const dagpole_report *r = &s.report;
    ck_assert(r->n_sources == N && r->n_targets == s.n_targets);
    int has_copies = kinds[_i / 2] == CLOUD_CLUMP;
    ck_assert((r->n_unique_sources < N) == has_copies && r->n_unique_sources > N / 2);
    ck_assert(has_copies || r->n_unique_targets == s.n_targets);
    ck_assert(r->machine_cores >= 1 && r->machine_cache_bytes >= 0 && r->block_boxes == 0);
    ck_assert(r->n_boxes > r->n_leaves && r->n_leaves > N / 10 && r->depth >= 2);
    ck_assert(r->mean_u >= 0 && r->mean_u <= 60 && r->mean_v > 0 && r->mean_v <= 189);
    ck_assert(r->mean_w >= 0 && r->mean_w <= 152 && r->mean_x >= 0 && r->mean_x <= 19);
    ck_assert(r->n_blocks > r->depth && r->n_tasks > r->n_blocks && r->work_over_span >= 1);
    ck_assert(r->kernel == DAGPOLE_LAPLACE && r->lambda == 0 && r->digits == 3);
    ck_assert(r->p >= 3 && r->n_crit == 10 && r->expansion_size > 5);
    ck_assert(r->tolerance > 0 && r->tolerance < 1e-2 && r->svd_cutoff > 0);
    ck_assert(r->root_side > 0 && r->threads == 1);
    ck_assert_str_eq(r->scheduler, "serial");
    ck_assert(*r->instruction_set);
    ck_assert_str_eq(r->coefficients, "built-in");
    double stages = r->tree_s + r->lists_s + r->operators_s + r->graph_s;
    ck_assert(r->tree_s >= 0 && r->lists_s >= 0 && r->operators_s > 0 && r->graph_s > 0);
    ck_assert(stages <= r->setup_s * 1.001 && stages >= r->setup_s * 0.5);
    ck_assert(r->operators_cached == 0 && r->n_evaluations == 1 && r->evaluate_s > 0);
    double sum = 0;
    for (int i = 0; i < DAGPOLE_N_OPERATORS; i++) {
        ck_assert_double_ge(r->operator_s[i], 0);
        sum += r->operator_s[i];
    }
    ck_assert(sum > 0 && sum <= r->evaluate_s);
    ck_assert(r->operator_s[DAGPOLE_P2P] > 0 && r->operator_s[DAGPOLE_M2L] > 0);
    ck_assert(r->share_tasks > 0 && r->share_runtime >= 0 && r->share_idle >= 0);
    ck_assert_double_eq_tol(r->share_tasks + r->share_runtime + r->share_idle, 1, 1e-9);
    ck_assert(r->n_unresolved_targets == 0);
    ck_assert(r->bytes_plan > N * 32 && r->bytes_operators > 1000);
    close_scene(&s);
}
END_TEST

static void keep_message(void *user, const char *message) {
    snprintf(user, 200, "%s", message);
}

/* So many screened targets, so far away that each needs all sources, are not all summed: the report
 * counts those that keep the common far field, and the log says so. */
START_TEST(unresolved_targets_are_counted) {
    enum { N_MANY = 200000 };
    char message[200] = "";
    dagpole_context *context = open_context(
        (dagpole_context_options){.serial = 1, .log = keep_message, .log_user = message});
    double *sources = cloud_make(CLOUD_CUBE, N_MANY, 1);
    for (int away = 0; away < 2; away++) {
        int64_t n_targets = away ? N_MANY : 1000;
        double *targets = cloud_make(CLOUD_CUBE, n_targets, 2);
        for (int64_t i = 0; i < n_targets; i++)
            targets[3 * i] += 3;
        dagpole_plan_options options = quick_options(20);
        options.n_crit = 100;
        dagpole_plan *plan = open_plan(context, options, N_MANY, sources, n_targets, targets);
        dagpole_report report = report_of(plan);
        ck_assert_int_eq(report.n_unresolved_targets > 0, away);
        ck_assert_int_lt(report.n_unresolved_targets, N_MANY);
        ck_assert_int_eq(strstr(message, "of 200000 targets are many screening lengths") != NULL,
                         away);
        must(dagpole_plan_check(plan, 0));
        dagpole_plan_destroy(plan);
        free(targets);
    }
    free(sources);
    dagpole_context_destroy(context);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("query");
    TCase *tcase = tcase_create("query");
    tcase_set_timeout(tcase, 60);
    int n = SUITE_IS_THREAD_SANITIZED ? 3 : N_QUERIED;
    tcase_add_loop_test(tcase, orders_are_permutations, 0, n);
    tcase_add_loop_test(tcase, boxes_hold_their_points, 0, n);
    tcase_add_loop_test(tcase, expansions_and_potentials_of_boxes, 0, n);
    tcase_add_loop_test(tcase, near_field_is_a_part, 0, SUITE_IS_SANITIZED ? 3 : n);
    tcase_add_loop_test(tcase, plans_pass_their_check, 0, n);
    tcase_add_loop_test(tcase, reports_are_sane, 0, n);
    if (!SUITE_IS_THREAD_SANITIZED) /* one thread, and many points */
        tcase_add_test(tcase, unresolved_targets_are_counted);
    tcase_add_test(tcase, boxes_that_are_not_there_are_not_found);
    tcase_add_test(tcase, expansions_are_those_of_the_last_evaluation);
    tcase_add_test(tcase, near_field_of_one_leaf_is_everything);
    return suite_run(suite, tcase);
}
