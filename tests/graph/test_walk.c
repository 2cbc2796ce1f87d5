/* The stream of a graph: its shape, and what comes out when its records run as they come. */
#include "growth.h"

/* What has happened to a field so far. */
typedef struct history {
    int n_writers, n_plain_writers, n_readers;
} history;

/* Coordinates are there from the start: the first to touch a field that holds some reads and
 * writes. Others are written before they are read, plainly once, and no more after the first
 * reader. */
static void check_access(const dp_graph *g, history *h, dp_quantity quantity, dp_access mode,
                         int is_written) {
    int is_made = quantity != DP_SOURCES && (quantity != DP_TARGETS || dp_is_mutual(&g->problem));
    EXPECT((mode == DP_READ) == !is_written);
    if (mode == DP_READ) {
        EXPECT(h->n_writers > 0);
        h->n_readers++;
        return;
    }
    EXPECT(h->n_readers == 0);
    EXPECT((mode == DP_WRITE) == (is_made && h->n_writers == 0));
    h->n_writers++;
    h->n_plain_writers += mode == DP_WRITE;
    EXPECT(h->n_writers <= 4);
}

/* What a record writes; SCATTER alone writes sums only where there is a halo to add. */
static int is_output(const dp_record *r, const dp_field_place *field) {
    int is_own = field->block == r->block, op = r->op;
    switch (field->quantity) {
    case DP_SOURCES:
        return op == DAGPOLE_GATHER || op == DP_UPWARD;
    case DP_MULTIPOLES:
        return is_own && (op == DAGPOLE_M2M || op == DP_UPWARD);
    case DP_LOCALS:
        return is_own &&
               (op == DAGPOLE_M2L || op == DAGPOLE_P2L || op == DAGPOLE_L2L || op == DP_DOWNWARD);
    case DP_TARGETS:
        return op != DAGPOLE_SCATTER || r->n_access > 1;
    default:
        return op == DAGPOLE_P2P;
    }
}

static void check_stream(const dp_graph *g) {
    const dp_stream *s = &g->stream;
    history *histories = calloc((size_t)s->n_fields + 1, sizeof *histories);
    ck_assert_msg(dp_stream_check(s) == DAGPOLE_OK, "%s", dagpole_last_error());
    for (int64_t i = 0; i < s->n_records; i++) {
        const dp_record *r = &s->records[i];
        EXPECT(r->cost > 0);
        for (int32_t a = 0; a < r->n_access; a++) {
            int32_t field = s->access_field[r->access_begin + a];
            dp_access mode = (dp_access)s->access_mode[r->access_begin + a];
            const dp_field_place *place = &g->layout.field[field];
            check_access(g, &histories[field], place->quantity, mode, is_output(r, place));
        }
    }
    for (int32_t f = 0; f < s->n_fields; f++)
        EXPECT(histories[f].n_writers > 0 || g->layout.field[f].quantity == DP_LOCALS ||
               g->layout.field[f].quantity == DP_MULTIPOLES);
    free(histories);
}

START_TEST(records_are_valid_as_they_come) {
    static const int sizes[] = {0, 1, 30};
    for (int i = 0; i < 3; i++) {
        growth g;
        growth_scene(_i, 800, &(wish){.n_crit = i == 2 ? 45 : 4, .block_boxes = sizes[i]}, &g);
        check_stream(g.graph);
        growth_free(&g);
    }
}
END_TEST

/* Leaves below a box whose local is complete take that. */
static int has_l2p(const growth *g, const dp_block *block) {
    int n = 0;
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        n += dp_tree_is_leaf(&g->forest.tree, box) && dp_n_targets(&g->forest.tree, box) &&
             dp_has_local(&g->layout.blocks, dp_local_of(&g->interactions, box));
    return n > 0;
}

/* One record at most of an operator for a block, and all there are for blocks with points. */
START_TEST(each_block_has_each_operator_once) {
    growth g;
    growth_scene(_i, 800, &(wish){.n_crit = 4, .block_boxes = 16}, &g);
    const dp_stream *s = &g.graph->stream;
    const dp_blocks *blocks = &g.layout.blocks;
    const dp_csr *v = &g.forest.lists.v;
    int(*n)[DAGPOLE_N_OPERATORS] = calloc((size_t)blocks->n, sizeof *n);
    for (int64_t i = 0; i < s->n_records; i++) {
        int64_t begin, n_steps = dp_stream_steps(s, i, &begin);
        for (int64_t step = begin; step < begin + n_steps; step++)
            n[s->records[i].block][dp_stream_step_op(s, i, step)]++;
    }
    for (int32_t b = 0; b < blocks->n; b++) {
        const dp_block *block = &blocks->block[b];
        int has_far = dp_expansion_size(&g.problem, block->level) > 0;
        for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
            EXPECT(n[b][op] <= 1);
        EXPECT(n[b][DAGPOLE_GATHER] == (block->n_sources > 0));
        EXPECT(n[b][DAGPOLE_P2M] == (block->n_sources > 0 && has_far));
        EXPECT(n[b][DAGPOLE_P2P] == (block->n_targets > 0));
        EXPECT(n[b][DAGPOLE_SCATTER] == (block->n_targets > 0));
        EXPECT(n[b][DAGPOLE_M2L] ==
               (has_far && v->offset[block->box_begin] < v->offset[block->box_end]));
        EXPECT(n[b][DAGPOLE_L2P] == has_l2p(&g, block));
    }
    free(n);
    growth_free(&g);
}
END_TEST

/* Four times the parallelism that 16 cores need, at a fifth of a million points. */
START_TEST(the_span_is_short) {
    growth g;
    double work, span;
    growth_scene(CLOUD_CUBE, 200000, &(wish){.n_crit = 100, .block_boxes = 16}, &g);
    ck_assert_int_eq(dp_stream_span(&g.graph->stream, &work, &span), DAGPOLE_OK);
    ck_assert_double_gt(work, 4 * 16 * span);
    ck_assert_int_eq(dp_stream_check(&g.graph->stream), DAGPOLE_OK);
    growth_free(&g);
}
END_TEST

/* Work over span of a million points at six digits, cut for 128 cores, blocks so many times as long
 * as the library makes them by itself. */
static double parallelism_for_many_cores(cloud kind, double block_scale) {
    growth g;
    double work, span;
    wish w = {.n_crit = 250,
              .p = 8,
              .tolerance = 2.5e-7,
              .n_cores = 128,
              .block_scale = block_scale,
              .precision = DP_SINGLE};
    growth_scene(kind, 1000000, &w, &g);
    ck_assert_int_eq(dp_stream_span(&g.graph->stream, &work, &span), DAGPOLE_OK);
    growth_free(&g);
    return work / span;
}

/* In tasks of 0.2 ms four times what 128 cores need; three times on a sphere, which is a quarter of
 * a second of one core. */
START_TEST(the_span_is_short_for_many_cores) {
    ck_assert_double_gt(parallelism_for_many_cores(CLOUD_CUBE, 0.22), 4 * 128);
    ck_assert_double_gt(parallelism_for_many_cores(CLOUD_SPHERE, 0.22), 3 * 128);
}
END_TEST

/* Blocks that the library makes there are longer; what that is worth is foreseen in
 * tests/api/test_foresee.c. */
START_TEST(the_cut_for_many_cores_has_work_for_all) {
    ck_assert_double_gt(parallelism_for_many_cores(CLOUD_CUBE, 1), 2 * 128);
    ck_assert_double_gt(parallelism_for_many_cores(CLOUD_SPHERE, 1), 1.4 * 128);
}
END_TEST

/* ---- the records run as they come, against the direct sum ------------------------------------ */

static void run(dp_graph *g, const double *charges, double *potentials, double *gradients) {
    const dp_stream *s = &g->stream;
    void **buffers = malloc(sizeof *buffers * (size_t)(s->n_fields + 1));
    g->call = dp_call_of_one(1, charges, potentials, gradients);
    for (int64_t i = 0; i < s->n_records; i++) {
        const dp_record *r = &s->records[i];
        for (int32_t a = 0; a < r->n_access; a++)
            buffers[a] = s->fields[s->access_field[r->access_begin + a]].data;
        int64_t begin, n = dp_stream_steps(s, i, &begin);
        for (int64_t step = begin; step < begin + n; step++)
            ck_assert_int_eq(s->body(s->argument, step, buffers, (int)(i % g->n_workers)),
                             DAGPOLE_OK);
    }
    free(buffers);
}

static double *rows_of(int64_t n, const double *points) {
    double *rows = malloc(sizeof *rows * 3 * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < 3; d++)
            rows[d * n + i] = points[3 * i + d];
    return rows;
}

static double relative_error(int64_t n, const double *is, const double *expected) {
    double error = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        error += (is[i] - expected[i]) * (is[i] - expected[i]);
        size += expected[i] * expected[i];
    }
    return size > 0 ? sqrt(error / size) : sqrt(error);
}

/* Errors of a local of relative size 1e-4 are gradients of 1e-4 over the size of the box: where
 * nothing near outweighs them, they show in small boxes. */
enum { MOST_DEPTH = 10 };

static void check_sums(dp_graph *g, int64_t n, const double *sources, const double *targets) {
    double *s = rows_of(n, sources), *t = rows_of(n, targets), lambda = g->problem.lambda;
    double *expected = calloc(12 * (size_t)n, sizeof *expected), *is = expected + 4 * n;
    double *gradients = expected + 5 * n, *charges = expected + 8 * n, *slopes = expected + 9 * n;
    uint64_t state = 9;
    for (int64_t i = 0; i < n; i++)
        charges[i] = suite_uniform(&state);
    dp_sums out = dp_sums_of_rows(expected, n, DP_GRADIENT);
    dp_p2p_ref(g->problem.kernel, ldexp(lambda, -g->problem.tree->cube.exponent), n,
               (dp_soa){t, t + n, t + 2 * n}, out, n, (dp_soa){s, s + n, s + 2 * n},
               (dp_carried){.charge = charges});
    for (int64_t i = 0; i < 4 * n; i++)
        expected[i] *= DP_KERNEL_FACTOR;
    for (int i = 0; i < n; i++)
        for (int d = 0; d < 3; d++)
            slopes[3 * i + d] = expected[(1 + d) * n + i];
    for (int k = 0; k < 2; k++) { /* nothing is left over from the first run */
        for (int64_t i = 0; i < n; i++)
            is[i] = gradients[3 * i] = NAN;
        run(g, charges, is, gradients);
        ck_assert_double_lt(relative_error(n, is, expected), 1e-3);
        if (g->problem.targets == g->problem.sources || g->problem.tree->depth < MOST_DEPTH)
            ck_assert_double_lt(relative_error(3 * n, gradients, slopes), 1e-2);
    }
    memcpy(slopes, is, sizeof *is * (size_t)n);
    run(g, charges, is, NULL);
    ck_assert_double_lt(relative_error(n, is, slopes), 1e-14);
    free(expected);
    free(s);
    free(t);
}

START_TEST(serial_execution_matches_the_direct_sum) {
    for (int variant = 0; variant < 3; variant++) {
        int64_t n = 1200;
        wish w = {.n_crit = variant == 1 ? 60 : 10,
                  .block_boxes = variant ? 0 : 8,
                  .p = 5,
                  .tolerance = 1e-4,
                  .lambda = variant == 2 ? 1 : 0,
                  .n_workers = 2,
                  .precision = variant == 0 ? DP_REDUCED : DP_DOUBLE};
        growth g;
        double *points = cloud_make((cloud)(_i % N_CLOUDS), 2 * n, (uint64_t)_i + 1);
        double *targets = _i < N_CLOUDS ? NULL : points + 3 * n;
        if (targets)
            cloud_move(n, targets, 0.6, 0.5);
        growth_make(&w, n, points, targets ? n : 0, targets, &g);
        check_sums(g.graph, n, points, targets ? targets : points);
        growth_free(&g);
        free(points);
    }
}
END_TEST

START_TEST(charges_must_be_finite) {
    growth g;
    double charges[100] = {0}, potentials[100];
    growth_scene(CLOUD_CUBE, 100, &(wish){.n_crit = 5}, &g);
    charges[63] = INFINITY;
    g.graph->call = dp_call_of_one(1, charges, potentials, NULL);
    const dp_stream *s = &g.graph->stream;
    int n_failed = 0;
    for (int64_t i = 0; i < s->n_records; i++) {
        int64_t step;
        dp_stream_steps(s, i, &step);
        if (s->step_op[step] != DAGPOLE_GATHER)
            continue;
        void *buffer = s->fields[s->access_field[s->records[i].access_begin]].data;
        dagpole_status status = s->body(s->argument, step, &buffer, 0);
        n_failed += status != DAGPOLE_OK;
        ck_assert(status == DAGPOLE_OK || status == DAGPOLE_NUMERIC);
    }
    ck_assert_int_eq(n_failed, 1);
    ck_assert_msg(strstr(dagpole_last_error(), "charges[63] is inf"), "%s", dagpole_last_error());
    growth_free(&g);
}
END_TEST

START_TEST(no_points_give_no_work) {
    growth g;
    double point[3] = {1, 2, 3}, potential = 7;
    growth_make(&(wish){.n_crit = 5}, 0, point, 0, NULL, &g);
    run(g.graph, NULL, NULL, NULL);
    growth_free(&g);
    growth_make(&(wish){.n_crit = 5}, 0, NULL, 1, point, &g);
    run(g.graph, NULL, &potential, NULL);
    ck_assert_double_eq(potential, 0);
    growth_free(&g);
}
END_TEST

static int is_same_record(const dp_record *a, const dp_record *b) {
    return a->op == b->op && a->block == b->block && a->priority == b->priority &&
           a->cost == b->cost && a->access_begin == b->access_begin && a->n_access == b->n_access;
}

/* A cloud that is sources and targets, or targets some of which are many screening lengths away. */
static wish grow_either(int has_far, int64_t n, growth *g) {
    wish w = {.n_crit = 10, .block_boxes = 30, .lambda = has_far ? 40 : 0};
    int n_far = 0;
    growth_scene(has_far ? N_CLOUDS + CLOUD_CUBE : CLOUD_CLUSTER, n, &w, g);
    for (int32_t box = 0; box < g->forest.tree.n_boxes; box++)
        n_far += dp_local_of(&g->interactions, box) == DP_NO_BOX;
    ck_assert_int_eq(n_far > 0, has_far);
    return w;
}

START_TEST(the_team_does_not_matter) {
    growth g;
    wish w = grow_either(_i, 3000, &g);
    dp_graph *first = g.graph;
    ck_assert_int_eq(growth_graph(&team_backwards, &w, &g), DAGPOLE_OK);
    ck_assert_int_eq(first->layout.blocks.n, g.graph->layout.blocks.n);
    ck_assert_int_eq(first->stream.n_records, g.graph->stream.n_records);
    for (int64_t i = 0; i < first->stream.n_records; i++)
        ck_assert(is_same_record(&first->stream.records[i], &g.graph->stream.records[i]));
    for (int64_t i = 0; i < first->stream.n_accesses; i++)
        ck_assert_int_eq(first->stream.access_field[i], g.graph->stream.access_field[i]);
    ck_assert_int_eq(first->walk.work_bytes, g.graph->walk.work_bytes);
    ck_assert_int_gt(dp_graph_bytes(first), 0);
    ck_assert_int_eq(dp_graph_bytes(first), dp_graph_bytes(g.graph));
    dp_graph_destroy(first);
    growth_free(&g);
}
END_TEST

START_TEST(failing_allocations_leave_nothing) {
    growth g;
    wish w = grow_either(_i, 300, &g);
    dp_graph_destroy(g.graph);
    int64_t live = dp_memory_live();
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(growth_graph(&dp_team_serial, &w, &g), DAGPOLE_OK);
    int64_t n = dp_memory_count();
    dp_graph_destroy(g.graph);
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = growth_graph(&dp_team_serial, &w, &g);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_ptr_null(g.graph);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    growth_free(&g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("walk");
    TCase *tcase = tcase_create("walk");
    tcase_set_timeout(tcase, 200);
    tcase_add_loop_test(tcase, records_are_valid_as_they_come, 0, N_SCENES);
    tcase_add_loop_test(tcase, each_block_has_each_operator_once, 0, N_SCENES);
    tcase_add_loop_test(tcase, serial_execution_matches_the_direct_sum, 0, N_SCENES);
    tcase_add_test(tcase, the_span_is_short);
    if (!SUITE_IS_SANITIZED) { /* numbers alone, of many points */
        tcase_add_test(tcase, the_span_is_short_for_many_cores);
        tcase_add_test(tcase, the_cut_for_many_cores_has_work_for_all);
    }
    tcase_add_test(tcase, charges_must_be_finite);
    tcase_add_test(tcase, no_points_give_no_work);
    tcase_add_loop_test(tcase, the_team_does_not_matter, 0, 2);
    tcase_add_loop_test(tcase, failing_allocations_leave_nothing, 0, 2);
    return suite_run(suite, tcase);
}
