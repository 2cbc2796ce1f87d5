/* The file that shows what is inside a plan is read back and compared with the plan itself. */
#include "plans.h"

#include "api/internal.h"
#include "platform/scratch.h"
#include "platform/store.h"

enum { N = 3000, DIGITS = 4, N_CRIT = 30 };

typedef struct fixture {
    scratch folder;
    dagpole_context *context;
    dagpole_plan *plan;
    double *points, *charges, *potentials;
    dp_store *store;
} fixture;

/* Reads a whole dataset of so many numbers. */
static void *read_all(fixture *f, const char *name, char type, int64_t n) {
    void *values = malloc((size_t)(n + 1) * sizeof(double));
    must(dp_store_read(f->store, name, type, n, values));
    return values;
}

static int64_t length_of(fixture *f, const char *name) {
    int rank;
    int64_t shape[4];
    must(dp_store_shape(f->store, name, &rank, shape));
    return shape[0];
}

static fixture open_fixture(cloud kind, double lambda) {
    fixture f = {.folder = scratch_make("inside.h5"), .context = open_serial()};
    dagpole_plan_options options = quick_options(lambda);
    options.digits = DIGITS;
    options.n_crit = N_CRIT;
    options.block_boxes = 16;
    f.points = cloud_make(kind, N, 5);
    f.charges = make_charges(N, 6);
    f.potentials = make_results(N);
    f.plan = open_plan(f.context, options, N, f.points, 0, NULL);
    must(dagpole_plan_record_tasks(f.plan, 1));
    must(dagpole_plan_evaluate(f.plan, f.charges, f.potentials, NULL));
    must(dagpole_plan_write_inside(f.plan, f.folder.path));
    must(dp_store_open(f.folder.path, &f.store));
    return f;
}

static void close_fixture(fixture *f) {
    dp_store_close(f->store);
    dagpole_plan_destroy(f->plan);
    dagpole_context_destroy(f->context);
    scratch_remove(&f->folder);
    free(f->points);
    free(f->charges);
    free(f->potentials);
}

static void check_boxes(fixture *f) {
    int64_t n = report_of(f->plan).n_boxes, n_wrong = 0;
    ck_assert_int_eq(length_of(f, "/boxes/level"), n);
    int64_t *level = read_all(f, "/boxes/level", 'i', n),
            *key = read_all(f, "/boxes/morton", 'i', n),
            *anchor = read_all(f, "/boxes/anchor", 'i', 3 * n);
    int64_t *leaf = read_all(f, "/boxes/is_leaf", 'i', n),
            *parent = read_all(f, "/boxes/parent", 'i', n),
            *child = read_all(f, "/boxes/first_child", 'i', n),
            *n_children = read_all(f, "/boxes/n_children", 'i', n),
            *source_begin = read_all(f, "/boxes/source_begin", 'i', n),
            *source_end = read_all(f, "/boxes/source_end", 'i', n),
            *target_begin = read_all(f, "/boxes/target_begin", 'i', n),
            *target_end = read_all(f, "/boxes/target_end", 'i', n);
    double *centre = read_all(f, "/boxes/centre", 'd', 3 * n),
           *side = read_all(f, "/boxes/side", 'd', n);
    for (int64_t i = 0; i < n; i++) {
        dagpole_box b = {.size = sizeof b};
        must(dagpole_plan_box(f->plan, i, &b));
        n_wrong += b.level != level[i] || b.morton != (uint64_t)key[i] || b.is_leaf != leaf[i] ||
                   b.parent != parent[i] || b.first_child != child[i] ||
                   b.n_children != n_children[i] || b.side != side[i];
        for (int d = 0; d < 3; d++)
            n_wrong += b.anchor[d] != anchor[3 * i + d];
        n_wrong += b.source_begin != source_begin[i] || b.source_end != source_end[i] ||
                   b.target_begin != target_begin[i] || b.target_end != target_end[i];
        n_wrong += memcmp(b.centre, centre + 3 * i, sizeof b.centre) != 0;
    }
    ck_assert_int_eq(n_wrong, 0);
    void *all[] = {level,      key,          leaf,       parent, child, n_children, source_begin,
                   source_end, target_begin, target_end, centre, side,  anchor};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void check_list(fixture *f, char letter, const dp_csr *list) {
    char name[32];
    int64_t n_rows = list->n_rows, n_wrong = 0;
    snprintf(name, sizeof name, "/lists/%c/offset", letter);
    int64_t *offset = read_all(f, name, 'i', n_rows + 1);
    ck_assert_mem_eq(offset, list->offset, (size_t)(n_rows + 1) * sizeof *offset);
    snprintf(name, sizeof name, "/lists/%c/entry", letter);
    int64_t *entry = read_all(f, name, 'i', offset[n_rows]);
    for (int64_t k = 0; k < offset[n_rows]; k++)
        n_wrong += entry[k] != list->index[k];
    ck_assert_int_eq(n_wrong, 0);
    free(entry);
    free(offset);
}

/* The lists are built anew, and checked themselves: each pair of leaves is covered once. */
static void check_lists(fixture *f) {
    dp_lists lists = {0};
    must(dagpole_plan_check(f->plan, 1));
    must(dp_plan_lists(&dp_team_serial, f->plan, &lists));
    check_list(f, 'u', &lists.u);
    check_list(f, 'v', &lists.v);
    check_list(f, 'w', &lists.w);
    check_list(f, 'x', &lists.x);
    dp_lists_free(&lists);
}

static void check_order(fixture *f) {
    int64_t *expected = malloc(N * sizeof *expected);
    int64_t *order = read_all(f, "/order/sources", 'i', N);
    must(dagpole_plan_order(f->plan, expected, NULL));
    ck_assert_mem_eq(order, expected, N * sizeof *order);
    free(order);
    order = read_all(f, "/order/targets", 'i', N);
    must(dagpole_plan_order(f->plan, NULL, expected));
    ck_assert_mem_eq(order, expected, N * sizeof *order);
    free(order);
    free(expected);
}

static void check_expansions(fixture *f) {
    int64_t n = report_of(f->plan).n_boxes, k = report_of(f->plan).expansion_size;
    double *multipoles = read_all(f, "/multipoles", 'd', n * k),
           *locals = read_all(f, "/locals", 'd', n * k), *m = malloc((size_t)k * sizeof *m),
           *l = malloc((size_t)k * sizeof *l);
    for (int64_t i = 0; i < n; i++) {
        must(dagpole_plan_expansions(f->plan, i, m, l, NULL));
        ck_assert_mem_eq(m, multipoles + i * k, (size_t)k * sizeof *m);
        ck_assert_mem_eq(l, locals + i * k, (size_t)k * sizeof *l);
    }
    free(m);
    free(l);
    free(multipoles);
    free(locals);
}

static void check_tasks(fixture *f) {
    dagpole_tasks tasks = {.size = sizeof tasks, .task_size = sizeof *tasks.task};
    const dp_blocks *blocks = &f->plan->graph->layout.blocks;
    must(dagpole_plan_tasks(f->plan, &tasks));
    int64_t *op = read_all(f, "/tasks/operator", 'i', tasks.n),
            *block = read_all(f, "/tasks/block", 'i', tasks.n),
            *worker = read_all(f, "/tasks/worker", 'i', tasks.n),
            *begin = read_all(f, "/tasks/waits_begin", 'i', tasks.n + 1),
            *waits = read_all(f, "/tasks/waits_for", 'i', tasks.waits_begin[tasks.n]),
            *level = read_all(f, "/blocks/level", 'i', blocks->n),
            *box_begin = read_all(f, "/blocks/box_begin", 'i', blocks->n),
            *box_end = read_all(f, "/blocks/box_end", 'i', blocks->n);
    double *start_s = read_all(f, "/tasks/start_s", 'd', tasks.n),
           *end_s = read_all(f, "/tasks/end_s", 'd', tasks.n);
    for (int64_t i = 0; i < tasks.n; i++) {
        const dagpole_task *t = &tasks.task[i];
        ck_assert_str_eq(t->operator_name, f->plan->graph->stream.op_names[op[i]]);
        ck_assert(t->block == block[i] && t->worker == worker[i] && level[block[i]] == t->level);
        ck_assert(t->start_s == start_s[i] && t->end_s == end_s[i]);
    }
    for (int32_t b = 0; b < blocks->n; b++)
        ck_assert(box_begin[b] == blocks->block[b].box_begin &&
                  box_end[b] == blocks->block[b].box_end);
    ck_assert_mem_eq(begin, tasks.waits_begin, (size_t)(tasks.n + 1) * sizeof *begin);
    ck_assert_mem_eq(waits, tasks.waits_for, (size_t)begin[tasks.n] * sizeof *waits);
    void *all[] = {op, block, worker, begin, waits, level, box_begin, box_end, start_s, end_s};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    dagpole_tasks_free(&tasks);
}

START_TEST(what_is_written_is_what_the_plan_holds) {
    fixture f = open_fixture(_i ? CLOUD_PLUMMER : CLOUD_CUBE, _i ? 0.7 : 0);
    check_boxes(&f);
    check_lists(&f);
    check_order(&f);
    check_expansions(&f);
    check_tasks(&f);
    close_fixture(&f);
}
END_TEST

/* ---- densities ---- */

/* A surface of a level's boxes, and the matrix from an expansion to charges there. */
typedef struct surface {
    int64_t n, k;
    double *points, *matrix;
} surface;

/* From the file alone: what a reader of it has. */
typedef struct reader {
    int64_t n_boxes, n_levels, k;
    int64_t *level, *parent, *is_leaf, *source_begin, *source_end, *of_level, *order;
    int64_t *offset[3], *entry[3]; /* of u, w, x */
    double *centre, *side, *multipoles, *locals;
    surface near[DP_MAX_DEPTH + 1], far[DP_MAX_DEPTH + 1]; /* by level */
    const double *points, *charges;
    double lambda;
} reader;

enum { U, W, X };

static surface read_surface(fixture *f, int64_t set, const char *points, const char *matrix) {
    char name[64];
    int rank;
    int64_t shape[4];
    snprintf(name, sizeof name, "/operators/%lld/%s", (long long)set, matrix);
    must(dp_store_shape(f->store, name, &rank, shape));
    ck_assert_int_eq(rank, 2);
    surface s = {.n = shape[0], .k = shape[1]};
    s.matrix = read_all(f, name, 'd', s.n * s.k);
    snprintf(name, sizeof name, "/operators/%lld/%s", (long long)set, points);
    s.points = read_all(f, name, 'd', 3 * s.n);
    return s;
}

static reader open_reader(fixture *f, double lambda) {
    static const char letters[] = "uwx";
    char name[32];
    reader r = {.n_boxes = length_of(f, "/boxes/level"),
                .n_levels = length_of(f, "/operators/of_level"),
                .points = f->points,
                .charges = f->charges,
                .lambda = lambda};
    r.k = report_of(f->plan).expansion_size;
    r.level = read_all(f, "/boxes/level", 'i', r.n_boxes);
    r.parent = read_all(f, "/boxes/parent", 'i', r.n_boxes);
    r.is_leaf = read_all(f, "/boxes/is_leaf", 'i', r.n_boxes);
    r.source_begin = read_all(f, "/boxes/source_begin", 'i', r.n_boxes);
    r.source_end = read_all(f, "/boxes/source_end", 'i', r.n_boxes);
    r.of_level = read_all(f, "/operators/of_level", 'i', r.n_levels);
    r.order = read_all(f, "/order/sources", 'i', N);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "/lists/%c/offset", letters[i]);
        r.offset[i] = read_all(f, name, 'i', r.n_boxes + 1);
        snprintf(name, sizeof name, "/lists/%c/entry", letters[i]);
        r.entry[i] = read_all(f, name, 'i', r.offset[i][r.n_boxes]);
    }
    r.centre = read_all(f, "/boxes/centre", 'd', 3 * r.n_boxes);
    r.side = read_all(f, "/boxes/side", 'd', r.n_boxes);
    r.multipoles = read_all(f, "/multipoles", 'd', r.n_boxes * r.k);
    r.locals = read_all(f, "/locals", 'd', r.n_boxes * r.k);
    for (int64_t level = 0; level < r.n_levels; level++)
        if (r.of_level[level] >= 0) {
            r.near[level] =
                read_surface(f, r.of_level[level], "near_surface", "multipole_to_density");
            r.far[level] = read_surface(f, r.of_level[level], "far_surface", "local_to_density");
        }
    return r;
}

static void close_reader(reader *r) {
    void *all[] = {r->level, r->parent, r->is_leaf, r->source_begin, r->source_end, r->of_level,
                   r->order, r->centre, r->side,    r->multipoles,   r->locals};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    for (int i = 0; i < 3; i++) {
        free(r->offset[i]);
        free(r->entry[i]);
    }
    for (int64_t level = 0; level < r->n_levels; level++) {
        free(r->near[level].points);
        free(r->near[level].matrix);
        free(r->far[level].points);
        free(r->far[level].matrix);
    }
}

static double green(double lambda, const double *x, const double *y) {
    double d[3] = {x[0] - y[0], x[1] - y[1], x[2] - y[2]};
    double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    return r > 0 ? exp(-lambda * r) / (4 * M_PI * r) : 0;
}

/* The potential at x of what an expansion is on a surface of its box. */
static double of_surface(const reader *r, int64_t box, const surface *s, const double *expansion,
                         const double *x) {
    double potential = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double density = 0, y[3];
        for (int64_t j = 0; j < s->k; j++)
            density += s->matrix[i * s->k + j] * expansion[j];
        for (int d = 0; d < 3; d++)
            y[d] = r->centre[3 * box + d] + r->side[box] / 2 * s->points[3 * i + d];
        potential += density * green(r->lambda, x, y);
    }
    return potential;
}

static double of_multipole(const reader *r, int64_t box, const double *x) {
    return of_surface(r, box, &r->near[r->level[box]], r->multipoles + box * r->k, x);
}

static double of_local(const reader *r, int64_t box, const double *x) {
    return of_surface(r, box, &r->far[r->level[box]], r->locals + box * r->k, x);
}

static double of_sources(const reader *r, int64_t box, const double *x) {
    double potential = 0;
    for (int64_t i = r->source_begin[box]; i < r->source_end[box]; i++)
        potential += r->charges[r->order[i]] * green(r->lambda, x, r->points + 3 * r->order[i]);
    return potential;
}

/* Just beyond the neighbours, and farther away: relative to the potential without screening, which
 * is what digits are relative to. */
static void check_multipole(const reader *r, int64_t box) {
    reader unscreened = *r;
    unscreened.lambda = 0;
    for (int d = 0; d < 3; d++) {
        double x[3] = {r->centre[3 * box], r->centre[3 * box + 1], r->centre[3 * box + 2]};
        x[d] += (d ? 1.6 : -2.1) * r->side[box];
        ck_assert_double_eq_tol(of_multipole(r, box, x), of_sources(r, box, x),
                                1e-3 * of_sources(&unscreened, box, x));
    }
}

/* 1 where all that lies beyond the neighbours reaches the leaf by M2L and L2L: no leaf is in X of
 * it or of what it lies in, which the plan may sum directly. */
static int has_whole_local(const reader *r, int64_t leaf) {
    for (int64_t box = leaf; box >= 0; box = r->parent[box])
        if (r->offset[X][box] < r->offset[X][box + 1])
            return 0;
    return r->is_leaf[leaf] && r->of_level[r->level[leaf]] >= 0;
}

/* Neighbours directly, W by its multipoles, all others by the local: that is the whole potential.
 */
static double potential_in_leaf(const reader *r, int64_t leaf, const double *x) {
    double sum = of_local(r, leaf, x);
    for (int64_t k = r->offset[U][leaf]; k < r->offset[U][leaf + 1]; k++)
        sum += of_sources(r, r->entry[U][k], x);
    for (int64_t k = r->offset[W][leaf]; k < r->offset[W][leaf + 1]; k++)
        sum += of_multipole(r, r->entry[W][k], x);
    return sum;
}

START_TEST(expansions_taken_to_densities_are_the_far_potential) {
    double lambda = _i == 1 ? 0.7 : 0, errors = 0, sizes = 0;
    fixture f = open_fixture(_i == 2 ? CLOUD_PLUMMER : CLOUD_CUBE, lambda);
    reader r = open_reader(&f, lambda);
    int n_multipoles = 0, n_leaves = 0;
    for (int64_t box = r.n_boxes - 1; box >= 0; box -= 7) {
        int has_sources = r.source_begin[box] < r.source_end[box];
        if (has_sources && r.of_level[r.level[box]] >= 0 && ++n_multipoles < 40)
            check_multipole(&r, box);
        if (!has_sources || !has_whole_local(&r, box) || ++n_leaves > 40)
            continue;
        int64_t target = r.order[r.source_begin[box]];
        double is = potential_in_leaf(&r, box, f.points + 3 * target);
        errors += pow(is - f.potentials[target], 2);
        sizes += pow(f.potentials[target], 2);
    }
    ck_assert_int_gt(n_multipoles, 3);
    if (_i < 2) { /* Plummer's leaves all have some X above them */
        ck_assert_int_gt(n_leaves, 3);
        ck_assert_double_lt(sqrt(errors / sizes), 1e-4);
    }
    close_reader(&r);
    close_fixture(&f);
}
END_TEST

/* ---- when there is nothing to write ---- */

static int stops(void *user, const char *stage, double fraction) {
    (void)fraction;
    return *(int *)user && strcmp(stage, "evaluate") == 0;
}

START_TEST(without_an_evaluation_no_file_is_written) {
    int is_stopping = 0;
    scratch folder = scratch_make("inside.h5");
    const char *path = folder.path;
    dagpole_context *context = open_context(
        (dagpole_context_options){.serial = 1, .progress = stops, .progress_user = &is_stopping});
    double *points = cloud_make(CLOUD_CUBE, N, 5), *charges = make_charges(N, 6),
           *potentials = make_results(N);
    dagpole_plan *plan = open_plan(context, quick_options(0), N, points, 0, NULL);
    expect_failure(dagpole_plan_write_inside(NULL, path), DAGPOLE_BAD_ARGUMENT, "plan is NULL");
    expect_failure(dagpole_plan_write_inside(plan, NULL), DAGPOLE_BAD_ARGUMENT, "path");
    expect_failure(dagpole_plan_write_inside(plan, path), DAGPOLE_WRONG_STATE, "nothing has been");
    must(dagpole_plan_record_tasks(plan, 1));
    must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    is_stopping = 1;
    ck_assert_int_eq(dagpole_plan_evaluate(plan, charges, potentials, NULL), DAGPOLE_CANCELLED);
    expect_failure(dagpole_plan_write_inside(plan, path), DAGPOLE_WRONG_STATE, "cancelled");
    ck_assert(dp_store_is_absent(path));
    is_stopping = 0;
    must(dagpole_plan_evaluate(plan, charges, potentials, NULL));
    expect_failure(dagpole_plan_write_inside(plan, "no/such/folder/a.h5"), DAGPOLE_FILE,
                   "no/such/folder");
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    scratch_remove(&folder);
    free(points);
    free(charges);
    free(potentials);
}
END_TEST

/* Each allocation fails in turn: no file comes of it, and nothing is left behind. */
START_TEST(without_memory_no_file_is_written) {
    fixture f = open_fixture(CLOUD_CUBE, 0);
    const char *path = f.folder.path;
    int64_t live = dp_memory_live(), k = 0;
    dagpole_status status = DAGPOLE_NO_MEMORY;
    unlink(path);
    while (status == DAGPOLE_NO_MEMORY) {
        dp_memory_fail_at(++k, 0);
        status = dagpole_plan_write_inside(f.plan, path);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(scratch_count(&f.folder), status == DAGPOLE_OK);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    must(status);
    ck_assert_int_gt(k, 50);
    close_fixture(&f);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("inside");
    TCase *tcase = tcase_create("inside");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, what_is_written_is_what_the_plan_holds, 0, 2);
    tcase_add_loop_test(tcase, expansions_taken_to_densities_are_the_far_potential, 0, 3);
    tcase_add_test(tcase, without_an_evaluation_no_file_is_written);
    tcase_add_test(tcase, without_memory_no_file_is_written);
    return suite_run(suite, tcase);
}
